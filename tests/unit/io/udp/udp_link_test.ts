import { assert, assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { SendStatus } from "../../../../src/error/send_status.ts";
import { MisuseError, ResourceError } from "../../../../src/error/transport_error.ts";
import { MAX_RECEIVE_FAILURES } from "../../../../src/io/udp/udp_failure.ts";
import { UDP_COUNTER_NAMES } from "../../../../src/io/udp/udp_counter.ts";
import { UdpLink } from "../../../../src/io/udp/udp_link.ts";
import { resolveUdpOptions, type UdpOptions } from "../../../../src/io/udp/udp_options.ts";
import type { DatagramReceiver, NumericAddress } from "../../../../src/transport/datagram_link.ts";
import { DatagramAddress } from "../../../../src/wire/datagram_address.ts";
import { FakeUdpSocket } from "./fake_udp_socket.ts";

interface Rig {
  readonly socket: FakeUdpSocket;
  readonly link: UdpLink;
  readonly received: string[];
  readonly calls: string[];
}

function rig(options: Partial<UdpOptions> = {}, methods: Partial<DatagramReceiver> = {}, hostname?: string): Rig {
  const socket = new FakeUdpSocket(hostname);
  const link = new UdpLink(socket, resolveUdpOptions({ hostname: "127.0.0.1", port: 0, ...options }));
  const received: string[] = [];
  const calls: string[] = [];
  const source = new DatagramAddress();
  link.start({
    source,
    handleDatagram: (buffer, start, end) =>
      void received.push(`${buffer.subarray(start, end)} from ${source.hostname} ${source.port}`),
    handleRoom: () => void calls.push("room"),
    handleSendFailure: (to, failure) => void calls.push(`${failure} ${[...to.words]}`),
    handleLost: (error) => void calls.push(`lost ${error.message}`),
    ...methods,
  });
  return { socket, link, received, calls };
}

function at(hostname: string, port = 4433): DatagramAddress {
  const address = new DatagramAddress();
  assert(address.parse(hostname, port));
  return address;
}

/** The counters that are not 0. */
function counted(link: UdpLink): Record<string, number> {
  return Object.fromEntries(Object.entries(link.counters()).filter(([, count]) => count !== 0));
}

const peer = at("192.0.2.7");
const bytes = Uint8Array.of(1, 2, 3, 4);

Deno.test("UdpLink names each counter once", () => {
  const { link } = rig();
  assertEquals(Object.keys(link.counters()), [...UDP_COUNTER_NAMES]);
  assertEquals(UDP_COUNTER_NAMES.slice(0, 5), ["sent", "sentBytes", "received", "receivedBytes", "refusedFull"]);
});

Deno.test("UdpLink.handleReceived() hands over the datagram and its source in numbers", () => {
  const { link, socket, received } = rig();
  socket.receive(bytes, "198.51.100.2", 5);
  socket.receive(new Uint8Array(0), "::ffff:198.51.100.3", 6);
  assertEquals(received, ["1,2,3,4 from 198.51.100.2 5", " from 198.51.100.3 6"]);
  assertEquals(counted(link), { received: 2, receivedBytes: 4 });
});

Deno.test("UdpLink.handleReceived() drops what is too long or comes from nowhere, and counts it", () => {
  const { link, socket, received } = rig({ maxDatagramBytes: 4 });
  socket.receive(new Uint8Array(5));
  socket.receive(bytes, "a.name", 5);
  socket.receive(bytes);
  assertEquals(received.length, 1);
  assertEquals(counted(link), { received: 1, receivedBytes: 4, droppedTooLarge: 1, droppedSource: 1 });
});

Deno.test("UdpLink.send() copies the datagram and its destination", () => {
  const { link, socket } = rig();
  const memory = Uint8Array.of(9, 1, 2, 9);
  const to = at("192.0.2.7", 443);
  assertEquals(link.send(memory, 1, 3, to), SendStatus.Queued);
  memory.fill(0);
  to.parse("192.0.2.8", 444);
  assertEquals([...socket.slots[0]!.bytes], [1, 2]);
  assertEquals(socket.slots[0]!.to.address, { transport: "udp", hostname: "192.0.2.7", port: 443 });
  assertEquals(counted(link), {});
  socket.settle();
  assertEquals(counted(link), { sent: 1, sentBytes: 2 });
});

Deno.test("UdpLink.send() refuses by status, and counts each refusal", () => {
  const { link } = rig({ maxDatagramBytes: 4 });
  assertEquals(link.send(new Uint8Array(5), 0, 5, peer), SendStatus.TooLarge);
  assertEquals(link.send(new Uint8Array(5), 1, 5, peer), SendStatus.Queued);
  assertEquals(link.send(bytes, 0, 4, at("192.0.2.7", 0)), SendStatus.NotConnected);
  assertEquals(link.send(bytes, 0, 4, at("2001:db8::1")), SendStatus.NotConnected);
  assertEquals(counted(link), { refusedTooLarge: 1, refusedDestination: 2 });
});

Deno.test("UdpLink.send() of an IPv6 socket takes both kinds of address", () => {
  const { link, socket } = rig({}, {}, "::");
  assertEquals(link.send(bytes, 0, 4, at("2001:db8::1")), SendStatus.Queued);
  assertEquals(link.send(bytes, 0, 4, peer), SendStatus.Queued);
  const hostnames = socket.slots.map(({ to }) => to.address.hostname);
  assertEquals(hostnames[0], "2001:db8:0:0:0:0:0:1");
  assertEquals(hostnames[1], Deno.build.os === "linux" ? "192.0.2.7" : "::ffff:192.0.2.7");
});

Deno.test("UdpLink.send() throws on a range that does not lie in the memory", () => {
  const { link } = rig();
  for (const [start, end] of [[-1, 2], [3, 2], [0, 5], [NaN, 2], [0, NaN]] as const) {
    assertThrows(() => link.send(bytes, start, end, peer), RangeError);
  }
});

Deno.test("UdpLink.send() takes no more than maxInFlightCount datagrams, and tells of room when half are gone", () => {
  const { link, socket, calls } = rig({ maxInFlightCount: 4 });
  for (let i = 0; i < 4; i++) {
    assert(link.hasRoom);
    assertEquals(link.send(bytes, 0, 4, peer), SendStatus.Queued);
  }
  assertEquals(link.hasRoom, false);
  assertEquals(link.send(bytes, 0, 4, peer), SendStatus.BackPressured);
  assertEquals(link.send(bytes, 0, 4, peer), SendStatus.BackPressured);
  socket.settle();
  assert(link.hasRoom);
  assertEquals(calls, []);
  socket.settle();
  assertEquals(calls, ["room"]);
  socket.settle();
  socket.settle();
  assertEquals(calls, ["room"]);
  assertEquals(counted(link), { sent: 4, sentBytes: 16, refusedFull: 2 });
});

Deno.test("UdpLink.send() takes no more than maxInFlightBytes", () => {
  const { link, socket, calls } = rig({ maxDatagramBytes: 60, maxInFlightBytes: 100 });
  const long = new Uint8Array(60);
  assertEquals(link.send(long, 0, 60, peer), SendStatus.Queued);
  assertEquals(link.hasRoom, false);
  assertEquals(link.send(long, 0, 41, peer), SendStatus.BackPressured);
  assertEquals(link.send(long, 0, 40, peer), SendStatus.Queued);
  assertEquals(link.send(long, 0, 0, peer), SendStatus.Queued);
  assertEquals(link.send(long, 0, 1, peer), SendStatus.BackPressured);
  socket.settle();
  assertEquals(calls, ["room"]);
  assertEquals(link.send(long, 0, 60, peer), SendStatus.Queued);
});

Deno.test("UdpLink.handleRoom may send, and what it sends is taken", () => {
  const statuses: SendStatus[] = [];
  const one = rig({ maxInFlightCount: 1 }, { handleRoom: () => void statuses.push(one.link.send(bytes, 0, 4, peer)) });
  one.link.send(bytes, 0, 4, peer);
  one.link.send(bytes, 0, 4, peer);
  one.socket.settle();
  assertEquals(statuses, [SendStatus.Queued]);
});

Deno.test("UdpLink.handleSendFailed() counts and reports by kind, and goes on", () => {
  const { link, socket, calls } = rig();
  const kinds: [unknown, string][] = [
    [new Deno.errors.NotCapable("x"), "not permitted"],
    [coded("EPERM"), "not permitted"],
    [coded("EMSGSIZE"), "too long"],
    [coded("ECONNREFUSED"), "unreachable"],
    [coded("EINVAL"), "unreachable"],
    [coded("ENOBUFS"), "no buffers"],
    [coded("EIO"), "other"],
    ["a string", "other"],
  ];
  for (const [error] of kinds) {
    link.send(bytes, 0, 4, peer);
    socket.settle(error);
  }
  assertEquals(calls, kinds.map(([, kind]) => `${kind} ${[...peer.words]}`));
  assertEquals(counted(link), {
    failedNotPermitted: 2,
    failedTooLong: 1,
    failedUnreachable: 2,
    failedNoBuffers: 1,
    failedOther: 2,
  });
  assertEquals(link.send(bytes, 0, 4, peer), SendStatus.Queued);
});

Deno.test("UdpLink goes on after receives that fail, with pauses that grow, and gives up after too many in a row", () => {
  const { link, socket, calls, received } = rig();
  const owner = socket.owner!;
  for (let i = 1; i < MAX_RECEIVE_FAILURES; i++) assert(owner.handleReceiveFailure(coded("ECONNREFUSED")) >= 0);
  socket.receive(bytes);
  assertEquals(received.length, 1);
  const pauses: number[] = [];
  for (let i = 0; i < MAX_RECEIVE_FAILURES; i++) pauses.push(owner.handleReceiveFailure(coded("ECONNREFUSED")));
  assertEquals(pauses.slice(0, 12), [0, 0, 0, 0, 0, 0, 0, 0, 2, 4, 8, 16]);
  assertEquals(Math.max(...pauses), 100);
  assertEquals(pauses.at(-1), -1);
  assertEquals(calls, ["lost Cannot receive on 127.0.0.1:7: ECONNREFUSED"]);
  assertEquals(socket.closeCount, 1);
  assertEquals(link.send(bytes, 0, 4, peer), SendStatus.Closed);
  assertEquals(counted(link)["receiveFailures"], 2 * MAX_RECEIVE_FAILURES - 1);
});

Deno.test("UdpLink is lost at once when its socket is gone, with a typed error", () => {
  for (const cause of [new Deno.errors.BadResource("gone"), new Deno.errors.Interrupted("gone")]) {
    let lost: Error | undefined;
    const { socket } = rig({}, { handleLost: (error) => lost = error });
    assertEquals(socket.owner!.handleReceiveFailure(cause), -1);
    assertInstanceOf(lost, ResourceError);
    assertStrictEquals(lost.cause, cause);
  }
});

Deno.test("UdpLink ends with what its receiver throws, whichever method throws it", () => {
  const error = new Error("thrown");
  const fail = (): never => {
    throw error;
  };
  const triggers: [Partial<DatagramReceiver>, (one: Rig) => void][] = [
    [{ handleDatagram: fail }, ({ socket }) => socket.receive(bytes)],
    [{ handleSendFailure: fail }, ({ link, socket }) => {
      link.send(bytes, 0, 4, peer);
      socket.settle(coded("EIO"));
    }],
    [{ handleRoom: fail }, ({ link, socket }) => {
      link.send(bytes, 0, 4, peer);
      link.send(bytes, 0, 4, peer);
      socket.settle();
    }],
  ];
  for (const [methods, trigger] of triggers) {
    const lost: Error[] = [];
    const one = rig({ maxInFlightCount: 1 }, { ...methods, handleLost: (thrown) => void lost.push(thrown) });
    trigger(one);
    assertEquals(lost.length, 1);
    assertStrictEquals(lost[0], error);
    assertEquals(one.socket.closeCount, 1);
  }
});

Deno.test("UdpLink works for a receiver that only takes datagrams", () => {
  const socket = new FakeUdpSocket();
  const link = new UdpLink(socket, resolveUdpOptions({ hostname: "127.0.0.1", port: 0, maxInFlightCount: 1 }));
  link.start({ source: { words: new Int32Array(6) }, handleDatagram: () => {} });
  for (let i = 0; i < 2; i++) link.send(bytes, 0, 4, peer);
  socket.settle(coded("EIO"));
  socket.owner!.handleReceiveFailure(new Deno.errors.BadResource("gone"));
  assertEquals(link.hasRoom, false);
});

Deno.test("UdpLink.close() closes once, hands nothing over any more, and waits for what is under way", async () => {
  const { link, socket, received, calls } = rig({ maxInFlightCount: 2 });
  for (let i = 0; i < 3; i++) link.send(bytes, 0, 4, peer);
  link.close();
  link.close();
  assertEquals(socket.closeCount, 1);
  socket.receive(bytes);
  assertEquals(socket.owner!.handleReceiveFailure(coded("EIO")), -1);
  assertEquals(link.send(bytes, 0, 4, peer), SendStatus.Closed);
  let isClosed = false;
  const closed = link.whenClosed.then(() => isClosed = true);
  socket.settle();
  for (let i = 0; i < 5; i++) await Promise.resolve();
  assertEquals(isClosed, false);
  socket.settle(coded("EIO"));
  await closed;
  assertEquals(received, []);
  assertEquals(calls, []);
  assertEquals(counted(link), { sent: 1, sentBytes: 4, failedOther: 1, refusedFull: 1 });
});

Deno.test("UdpLink.close() without anything under way settles whenClosed, before the start too", async () => {
  const { link } = rig();
  link.close();
  await link.whenClosed;
  const socket = new FakeUdpSocket();
  const other = new UdpLink(socket, resolveUdpOptions({ hostname: "127.0.0.1", port: 0 }));
  other.close();
  await other.whenClosed;
  other.start({ source: { words: new Int32Array(6) }, handleDatagram: () => {} });
  assertEquals(socket.owner, undefined);
});

Deno.test("UdpLink is started once and before the first send", () => {
  const socket = new FakeUdpSocket();
  const link = new UdpLink(socket, resolveUdpOptions({ hostname: "127.0.0.1", port: 0 }));
  assertThrows(() => link.send(bytes, 0, 4, peer), MisuseError);
  const receiver = { source: { words: new Int32Array(6) } satisfies NumericAddress, handleDatagram: () => {} };
  link.start(receiver);
  assertThrows(() => link.start(receiver), MisuseError);
});

Deno.test("UdpLink counts what was dropped before the start", () => {
  const { link, socket } = rig();
  socket.owner!.handleDroppedEarly(3);
  assertEquals(counted(link), { droppedEarly: 3 });
});

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}
