/**
 * One suite of behaviour for UDP links, run over `node:dgram` and over the runtime's own sockets. Where the unstable
 * network API is not enabled, those are tried out in a process of their own that has it.
 *
 * @module
 */
import { assert, assertEquals, assertGreaterOrEqual, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { SendStatus } from "../../src/error/send_status.ts";
import { ResourceError } from "../../src/error/transport_error.ts";
import { udpBackend, udpFabric } from "../../src/io/udp/udp_fabric.ts";
import type { UdpBackend, UdpOptions } from "../../src/io/udp/udp_options.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import type { DatagramReceiver } from "../../src/transport/datagram_link.ts";
import { DatagramAddress } from "../../src/wire/datagram_address.ts";
import { numbered, numberOf, upTo } from "./payloads.ts";
import { UdpEnd } from "./udp_end.ts";
import { eventually, standstill, within } from "./waiting.ts";

const hasFlag = udpBackend() === "deno";
const backends: readonly UdpBackend[] = hasFlag ? ["node", "deno"] : ["node"];
const hasIpv6 = canListen("::1");
const isDualStack = hasIpv6 && canListen("::");

for (const backend of backends) {
  const test = (name: string, fn: () => Promise<void>, ignore = false): void => {
    Deno.test({ name: `udp by ${backend}: ${name}`, ignore, sanitizeOps: true, sanitizeResources: true, fn });
  };
  const open = (options: Partial<UdpOptions> = {}, methods: Partial<DatagramReceiver> = {}): Promise<UdpEnd> =>
    UdpEnd.open(backend, options, methods);
  /** One that returns every datagram to where it came from. */
  const openEcho = async (): Promise<UdpEnd> => {
    const source = new DatagramAddress();
    const echo: UdpEnd = await open({}, {
      source,
      handleDatagram: (buffer, start, end) => void echo.link.send(buffer, start, end, source),
    });
    return echo;
  };

  test("carries datagrams of any length both ways, and says where they come from", async () => {
    await using one = await open();
    await using other = await open();
    const random = new SeededRandom(Math.floor(Math.random() * 2 ** 32));
    const lengths = [0, 1, 64, 1_200, 1_452, 9_000, 65_507];
    for (const [i, length] of lengths.entries()) {
      const bytes = new Uint8Array(length);
      random.fillSecret(bytes);
      one.send(bytes, other);
      await other.has(i + 1);
      assertEquals(other.received[i]!.bytes, bytes, `seed ${random.seed}`);
      assert(other.received[i]!.from.equals(one.address));
      other.send(bytes, other.received[i]!.from);
      await one.has(i + 1);
      assertEquals(one.received[i]!.bytes, bytes, `seed ${random.seed}`);
      assert(one.received[i]!.from.equals(other.address));
    }
    const bytes = lengths.reduce((sum, length) => sum + length, 0);
    for (const { link } of [one, other]) {
      const { sent, sentBytes, received, receivedBytes, ...rest } = link.counters();
      assertEquals([sent, sentBytes, received, receivedBytes], [lengths.length, bytes, lengths.length, bytes]);
      assertEquals(Object.values(rest).filter((count) => count !== 0), []);
    }
  });

  test("knows the port that was bound and what kind of link it is", async () => {
    await using end = await open({ maxDatagramBytes: 1_200 });
    const { local, dontFragment, maxDatagramBytes } = end.link;
    assert(local.port > 0);
    assertEquals(local, { transport: "udp", hostname: "127.0.0.1", port: local.port });
    assertEquals([dontFragment, maxDatagramBytes], [false, 1_200]);
  });

  test("takes a host name", async () => {
    await using end = await open({ hostname: "localhost" });
    assert(["127.0.0.1", "::1"].includes(end.link.local.hostname));
  });

  test("carries thousands of datagrams, each once and whole, while as many as allowed are under way", async () => {
    const count = 5_000;
    await using echo = await openEcho();
    await using end = await open();
    for (let sent = 0; sent < count;) {
      for (const _ of upTo(20)) end.send(numbered(sent++, 600), echo);
      await end.has(sent);
    }
    const numbers = end.received.map(({ bytes }) => numberOf(bytes)).sort((a, b) => a - b);
    assertEquals(numbers, upTo(count));
  });

  test("sends in order, the first datagrams of a socket too, and as many at once as may be under way", async () => {
    await using other = await open({ receiveCount: 1 });
    await using one = await open();
    for (const burst of upTo(5)) {
      for (const i of upTo(64)) one.send(numbered(64 * burst + i), other);
      await other.has(64 * burst + 64);
    }
    assertEquals(other.received.map(({ bytes }) => numberOf(bytes)), upTo(320));
  });

  test("keeps many peers apart", async () => {
    await using echo = await openEcho();
    const peers = await Promise.all(upTo(60).map(() => open()));
    for (const [i, peer] of peers.entries()) peer.send(numbered(i), echo);
    for (const [i, peer] of peers.entries()) {
      await peer.has(1);
      assertEquals(numberOf(peer.received[0]!.bytes), i);
      assert(peer.received[0]!.from.equals(echo.address));
      await peer[Symbol.asyncDispose]();
    }
  });

  test("carries datagrams over IPv6", async () => {
    await using one = await open({ hostname: "::1" });
    await using other = await open({ hostname: "::1" });
    one.send(Uint8Array.of(1, 2), other);
    await other.has(1);
    assertEquals([...other.received[0]!.bytes], [1, 2]);
    assert(other.received[0]!.from.equals(one.address));
    other.send(Uint8Array.of(3), other.received[0]!.from);
    await one.has(1);
  }, !hasIpv6);

  test("speaks to IPv4 and to IPv6 by one socket, and shows IPv4 as IPv4", async () => {
    await using both = await open({ hostname: "::" });
    await using four = await open();
    await using six = await open({ hostname: "::1" });
    const { port } = both.link.local;
    four.send(Uint8Array.of(4), addressOf("127.0.0.1", port));
    await both.has(1);
    six.send(Uint8Array.of(6), addressOf("::1", port));
    await both.has(2);
    assertEquals(both.received.map(({ from }) => from.hostname), ["127.0.0.1", "0:0:0:0:0:0:0:1"]);
    for (const { bytes, from } of both.received) both.send(bytes, from);
    await Promise.all([four.has(1), six.has(1)]);
    assertEquals(four.received[0]!.from.hostname, "127.0.0.1");
  }, !isDualStack);

  test("drops a datagram that is longer than allowed, counts it, and takes the next", async () => {
    await using end = await open({ maxDatagramBytes: 100 });
    await using peer = await open();
    for (const length of [101, 65_507, 100]) peer.send(new Uint8Array(length).fill(length), end);
    await end.has(1);
    assertEquals(end.received.map(({ bytes }) => bytes.length), [100]);
    assertEquals(end.link.counters()["droppedTooLarge"], 2);
  });

  test("refuses what is too long, has no port, or lies in the other kind of network", async () => {
    await using end = await open({ maxDatagramBytes: 100 });
    const bytes = new Uint8Array(101);
    assertEquals(end.link.send(bytes, 0, 101, end.address), SendStatus.TooLarge);
    assertEquals(end.link.send(bytes, 0, 1, addressOf("127.0.0.1", 0)), SendStatus.NotConnected);
    assertEquals(end.link.send(bytes, 0, 1, addressOf("::1", 9)), SendStatus.NotConnected);
    assertThrows(() => end.link.send(bytes, 0, 102, end.address), RangeError);
  });

  test("lets the caller have its memory back at once", async () => {
    await using one = await open();
    await using other = await open();
    const bytes = new Uint8Array(1_200);
    const to = other.address;
    for (const i of upTo(40)) {
      bytes.fill(i);
      assertEquals(one.link.send(bytes, 0, 1_200, to), SendStatus.Queued);
    }
    bytes.fill(99);
    to.parse("127.0.0.1", 1);
    await other.has(40);
    const values = other.received.map((datagram) => datagram.bytes[0]!).sort((a, b) => a - b);
    assertEquals(values, upTo(40));
    assert(other.received.every((datagram) => datagram.bytes.every((byte) => byte === datagram.bytes[0])));
  });

  test("refuses what is beyond the bounds, says when there is room, and loses nothing that it took", async () => {
    const { promise: room, resolve } = Promise.withResolvers<void>();
    await using one = await open({ maxInFlightCount: 8 }, { handleRoom: resolve });
    await using other = await open();
    const statuses = upTo(12).map((i) => one.link.send(numbered(i), 0, 4, other.address));
    const { Queued, BackPressured } = SendStatus;
    assertEquals(statuses, [...upTo(8).map(() => Queued), ...upTo(4).map(() => BackPressured)]);
    assertEquals(one.link.hasRoom, false);
    await within("room", room);
    assert(one.link.hasRoom);
    one.send(numbered(8), other);
    await other.has(9);
    assertEquals(other.received.map(({ bytes }) => numberOf(bytes)).sort((a, b) => a - b), upTo(9));
    assertEquals(one.link.counters()["refusedFull"], 4);
  });

  test("hands over what came before it was started", async () => {
    const link = await udpFabric({ hostname: "127.0.0.1", port: 0, backend }).open();
    await using peer = await open();
    for (const i of upTo(5)) peer.send(numbered(i), addressOf("127.0.0.1", link.local.port));
    await eventually("all are sent", () => peer.link.counters()["sent"] === 5);
    await new Promise((resolve) => setTimeout(resolve, 0));
    await using end = new UdpEnd(link);
    assertEquals(end.received.length, 0);
    await end.has(5);
    peer.send(numbered(5), end);
    await end.has(6);
    assertEquals(end.received.map(({ bytes }) => numberOf(bytes)), upTo(6));
  });

  test("keeps only so many that came before it was started", async () => {
    const link = await udpFabric({ hostname: "127.0.0.1", port: 0, backend }).open();
    await using peer = await open({ maxInFlightCount: 100 });
    for (const i of upTo(100)) peer.send(numbered(i), addressOf("127.0.0.1", link.local.port));
    await eventually("all are sent", () => peer.link.counters()["sent"] === 100);
    await new Promise((resolve) => setTimeout(resolve, 0));
    await using end = new UdpEnd(link);
    await standstill(() => end.received.length);
    const { received, droppedEarly } = link.counters();
    assertGreaterOrEqual(received!, 64);
    assert(received! + droppedEarly! <= 100);
  });

  test("settles everything when it is closed, and hands nothing over any more", async () => {
    const end = await open({ maxInFlightCount: 64 });
    await using peer = await open();
    for (const _ of upTo(20)) peer.send(new Uint8Array(9), end);
    for (const _ of upTo(64)) end.send(new Uint8Array(9), peer);
    end.link.close();
    end.link.close();
    assertEquals(end.link.send(new Uint8Array(1), 0, 1, peer.address), SendStatus.Closed);
    assertEquals(end.link.hasRoom, false);
    const receivedCount = end.received.length;
    await within("the end", end.link.whenClosed);
    const counters = end.link.counters();
    assertEquals(
      Object.entries(counters).reduce((sum, [name, n]) => sum + (/^(sent|failed.*)$/.test(name) ? n : 0), 0),
      64,
    );
    await standstill(() => peer.received.length);
    assertEquals(end.received.length, receivedCount);
    assertEquals(end.notices, []);
  });

  test("gives the port back once it is closed", async () => {
    let port = 0;
    for (const _ of upTo(10)) {
      const end = await open({ port });
      port = end.link.local.port;
      end.send(new Uint8Array(3), end);
      await end[Symbol.asyncDispose]();
    }
  });

  test("can be closed before it was started, and from within a datagram", async () => {
    const link = await udpFabric({ hostname: "127.0.0.1", port: 0, backend }).open();
    link.close();
    await within("the end", link.whenClosed);
    const end: UdpEnd = await open({}, { handleDatagram: () => end.link.close() });
    await using peer = await open();
    for (const _ of upTo(5)) peer.send(new Uint8Array(3), end);
    await within("the end", end.link.whenClosed);
    assertEquals(end.link.counters()["received"], 1);
  });

  test("ends with what its receiver throws", async () => {
    const end: UdpEnd = await open({}, {
      handleDatagram: () => {
        throw new Error("thrown here");
      },
    });
    await using peer = await open();
    peer.send(new Uint8Array(3), end);
    await within("the end", end.link.whenClosed);
    assertEquals(end.notices, ["lost: thrown here"]);
  });

  test("says where it cannot be bound and why not", async () => {
    await using end = await open();
    const { port } = end.link.local;
    const taken = await assertRejects(() => open({ port }), ResourceError);
    assertEquals(taken.message, `Cannot bind 127.0.0.1:${port}: address already in use`);
    assertInstanceOf(taken.cause, Error);
    const foreign = await assertRejects(() => open({ hostname: "203.0.113.7" }), ResourceError);
    assertEquals(foreign.message, "Cannot bind 203.0.113.7:0: no such address on this machine");
    await assertRejects(
      () => open({ hostname: "no.such.host.invalid" }),
      ResourceError,
      "Cannot bind no.such.host.invalid:0",
    );
  });

  test("survives that nobody listens where it sends to, and that nothing leads there", async () => {
    await using end = await open();
    const gone = await open();
    const address = gone.address;
    await gone[Symbol.asyncDispose]();
    for (const _ of upTo(50)) {
      end.send(new Uint8Array(3), address);
      end.send(new Uint8Array(3), addressOf("192.0.2.1", 9));
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await eventually("all are settled", () => {
      const { sent, failedUnreachable, failedOther } = end.link.counters();
      return sent! + failedUnreachable! + failedOther! === 100;
    });
    end.send(Uint8Array.of(7), end);
    await end.has(1);
    assertEquals([...end.received[0]!.bytes], [7]);
  });

  test("is refused, counted and told where permissions are missing, and the process lives", async () => {
    const script = new URL("io_udp_permission_child.ts", import.meta.url).pathname;
    const flags = backend === "deno" ? ["--unstable-net"] : [];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--quiet", "--allow-net=127.0.0.1:0", ...flags, script, backend],
      env: { NO_COLOR: "1" },
    }).output();
    const printed = new TextDecoder().decode(stdout).trim().split("\n");
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assertEquals(printed, [
      `ResourceError Cannot bind 127.0.0.2:0: Requires net access to "127.0.0.2:0", run again with the --allow-net flag`,
      "0 not permitted",
      "0 not permitted",
      "sent 0, failedNotPermitted 2",
    ]);
  });
}

Deno.test("udpFabric() takes node:dgram, or the runtime's sockets where they are enabled", () => {
  const address = { hostname: "127.0.0.1", port: 0 };
  assertEquals(udpFabric(address).backend, hasFlag ? "deno" : "node");
  assertEquals(udpFabric(address).target, { transport: "udp", ...address });
  assertEquals(udpFabric({ ...address, backend: "node" }).backend, "node");
  if (hasFlag) return;
  const error = assertThrows(() => udpFabric({ ...address, backend: "deno" }), ResourceError);
  assertEquals(
    error.message,
    'Cannot bind 127.0.0.1:0: the backend deno needs --unstable-net, or "unstable": ["net"] in deno.json',
  );
});

Deno.test({
  name: "The suite holds over the runtime's own sockets, in a process with --unstable-net",
  ignore: hasFlag,
  fn: async () => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--quiet", "--unstable-net", "--filter", "udp by deno", import.meta.filename!],
      env: { NO_COLOR: "1" },
    }).output();
    const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assertEquals(code, 0, output);
    assert(/ok \| [1-9]\d+ passed \| 0 failed/.test(output), output);
  },
});

function addressOf(hostname: string, port: number): DatagramAddress {
  const address = new DatagramAddress();
  assert(address.parse(hostname, port));
  return address;
}

function canListen(hostname: string): boolean {
  try {
    Deno.listen({ hostname, port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}
