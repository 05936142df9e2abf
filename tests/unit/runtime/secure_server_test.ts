import { assert, assertEquals, assertRejects } from "@std/assert";
import type { PeerCertificate } from "../../../src/io/tls/tls_link.ts";
import type { TcpAddress, UdpAddress } from "../../../src/transport/address.ts";
import { SecureStream } from "../../../src/runtime/secure_stream.ts";
import { decodeHelloRefusal, encodeClientHello } from "../../../src/wire/hello_record.ts";
import { SessionCloseCode } from "../../../src/session/session_close_code.ts";
import { QuietConsole } from "../../e2e/leaks.ts";
import { bytes, countListeners, drained, SecureWorld, shortly, text } from "./secure_ends.ts";

const CLIENT = "10.0.0.9";

Deno.test("SecureServer serves: hello, messages both ways, close", async () => {
  const world = new SecureWorld({ delayMs: 10 });
  const { server } = world.serve();
  const { client } = await world.connect();
  await client.core.send(1, 1, bytes("to server"));
  await server.core.send(1, 1, bytes("to client"));
  await world.scheduler.settle(100);
  assertEquals(shortly(drained(server.core.events)), ["connected", "data to server"]);
  assertEquals(shortly(drained(client.core.events)), ["connected", "ticket", "data to client"]);
  const closing = client.core.close(0);
  await world.scheduler.settle(2000);
  await closing;
  assertEquals(shortly(drained(server.core.events)), ["disconnected Normal remote"]);
  const stopping = server.core.close(1);
  await world.scheduler.settle(2000);
  await stopping;
  assert(world.tls.closed);
  assertEquals(world.scheduler.pendingAlarms, 0);
});

Deno.test("connected tells address, token and certificate", async () => {
  const world = new SecureWorld();
  const certificate: PeerCertificate = { der: Uint8Array.of(1, 2), pin: "ab" };
  world.tls.facts = { ...world.tls.facts, peerCertificate: certificate };
  const { server } = world.serve();
  await world.connect({ token: bytes("letter") });
  assertEquals(drained(server.core.events), [{
    type: "connected",
    peerId: 1,
    address: { transport: "udp", hostname: "10.0.0.1", port: 4000 },
    isResumed: false,
    token: bytes("letter"),
    certificate,
  }]);
});

Deno.test("authorize is shown token, address and certificate, and whoever it refuses leaves nothing behind", async () => {
  const world = new SecureWorld();
  const certificate: PeerCertificate = { der: Uint8Array.of(1, 2), pin: "ab" };
  world.tls.facts = { ...world.tls.facts, peerCertificate: certificate };
  const asked: [string, TcpAddress | UdpAddress, PeerCertificate | undefined][] = [];
  const { server } = world.serve({
    authorize: (token, address, shown) => {
      asked.push([text(token), address, shown]);
      return text(token) === "friend";
    },
  });
  const { connecting } = world.client({ token: bytes("foe") });
  await world.scheduler.settle(100);
  const error = await assertRejects(() => connecting, Error, "NotAuthorized");
  assertEquals(error.name, "AuthenticationError");
  assertEquals([server.core.endpoint.sessionCount, server.handshakes().hellosRefused], [0, 1]);
  await world.connect({ token: bytes("friend") });
  assertEquals(asked.map(([token]) => token), ["foe", "friend"]);
  assertEquals(asked[1]!.slice(1), [{ transport: "tcp", hostname: "10.0.0.2", port: 50_000 }, certificate]);
  assertEquals([server.handshakes().hellosAccepted, server.core.peers.size], [1, 1]);
});

Deno.test("authorize that takes its time holds up nobody else", async () => {
  const world = new SecureWorld();
  const slow = Promise.withResolvers<boolean>();
  const { server } = world.serve({ authorize: (token) => text(token) === "slow" ? slow.promise : true });
  const { connecting } = world.client({ token: bytes("slow") });
  await world.scheduler.settle(10);
  await world.connect({ token: bytes("quick") });
  assertEquals(server.core.peers.size, 1);
  slow.resolve(true);
  await world.scheduler.settle(100);
  await connecting;
  assertEquals(server.core.peers.size, 2);
});

Deno.test("authorize that throws refuses, and is reported", async () => {
  const errors: unknown[] = [];
  const thrown = new Error("the list cannot be read");
  const authorize = (): boolean => {
    throw thrown;
  };
  const world = new SecureWorld();
  world.serve({ authorize, onError: (error) => errors.push(error) });
  const { connecting } = world.client();
  await world.scheduler.settle(100);
  await assertRejects(() => connecting, Error, "NotAuthorized");
  assertEquals(errors, [thrown]);
  const other = new SecureWorld();
  other.serve({ authorize: () => Promise.reject(thrown) });
  using quiet = new QuietConsole();
  other.client();
  await other.scheduler.settle(100);
  assertEquals(quiet.calls, [["Ringwire secure server:", thrown]]);
});

Deno.test("authorize has to say true: anything else refuses", async () => {
  const world = new SecureWorld();
  const { server } = world.serve({ authorize: () => 1 as unknown as boolean });
  world.client();
  await world.scheduler.settle(100);
  assertEquals(server.handshakes().hellosRefused, 1);
});

Deno.test("an error handler that fails is reported as well", async () => {
  const world = new SecureWorld();
  const authorize = (): never => {
    throw new Error("first");
  };
  const onError = (): never => {
    throw new Error("second");
  };
  world.serve({ authorize, onError });
  using quiet = new QuietConsole();
  world.client();
  await world.scheduler.settle(100);
  assertEquals(quiet.calls.map(([text, error]) => `${text} ${(error as Error).message}`), [
    "Ringwire secure server: onError failed: second",
  ]);
});

Deno.test("the TLS link stays open until the client's first packet has come, and is closed then", async () => {
  const world = new SecureWorld();
  world.serve();
  let isOpen = false;
  world.network.tap = () => isOpen;
  world.client();
  await world.scheduler.settle(500);
  assertEquals(world.tls.accepted.map(({ closed }) => closed), [false]);
  isOpen = true;
  await world.scheduler.settle(2000);
  assertEquals(world.tls.accepted.map(({ closed }) => closed), [true]);
});

Deno.test("the TLS link of a client that never sends a packet is closed with its session", async () => {
  const world = new SecureWorld();
  const { server } = world.serve({ handshakeTimeoutMs: 3000 });
  world.network.tap = () => false;
  const { connecting } = world.client({ handshakeTimeoutMs: 60_000 });
  await world.scheduler.settle(2990);
  assertEquals([server.core.endpoint.halfOpenCount, world.tls.accepted[0]!.closed], [1, false]);
  await world.scheduler.settle(20);
  assertEquals([server.core.endpoint.sessionCount, world.tls.accepted[0]!.closed], [0, true]);
  assertEquals(drained(server.core.events), []);
  connecting.catch(() => {});
});

Deno.test("a hello that cannot be read is refused, one that breaks off is counted, neither holds up others", async () => {
  const world = new SecureWorld();
  const { server } = world.serve();
  const bad = new SecureStream(await world.tls.connect(CLIENT));
  await bad.writeRecord(Uint8Array.of(1, 2, 3));
  assertEquals(decodeHelloRefusal((await bad.readRecord())!), SessionCloseCode.BadHello);
  assertEquals(await bad.readRecord(), undefined);
  const long = await world.tls.connect(CLIENT);
  await long.write(Uint8Array.of(0xff, 0xff));
  const gone = await world.tls.connect(CLIENT);
  gone.close();
  const half = await world.tls.connect(CLIENT);
  await half.write(Uint8Array.of(0, 9, 1));
  half.close();
  await world.scheduler.settle(10);
  const { hellosRefused, hellosFailed, hellosAccepted } = server.handshakes();
  assertEquals([hellosRefused, hellosFailed, hellosAccepted], [1, 3, 0]);
  assert(world.tls.accepted.every(({ closed }) => closed));
  await world.connect();
});

Deno.test("hellos under way are bounded for each address, and the oldest makes way", async () => {
  const world = new SecureWorld();
  const { server } = world.serve({ maxHandshakesPerAddressCount: 2 });
  const silent = [await world.tls.connect(CLIENT), await world.tls.connect(CLIENT)];
  await world.scheduler.settle(1);
  await world.connect();
  const [third, elsewhere] = [await world.tls.connect(CLIENT), await world.tls.connect("10.0.0.8")];
  await world.scheduler.settle(1);
  const open = world.tls.accepted.filter(({ closed }) => !closed).map(({ remote }) => remote.hostname);
  assertEquals(open, [CLIENT, CLIENT, "10.0.0.8"]);
  assertEquals([server.handshakes().hellosCrowdedOut, world.tls.accepted[0]!.closed], [1, true]);
  for (const link of [...silent, third, elsewhere]) link.close();
  await world.scheduler.settle(1);
  assertEquals(server.handshakes().hellosFailed, 3);
});

Deno.test("what authorize says of a client that was crowded out meanwhile is of no account", async () => {
  const world = new SecureWorld();
  const slow = Promise.withResolvers<boolean>();
  const { server } = world.serve({ maxHandshakesPerAddressCount: 1, authorize: () => slow.promise });
  const { connecting } = world.client();
  await world.scheduler.settle(1);
  const other = await world.tls.connect("10.0.0.1");
  await world.scheduler.settle(1);
  slow.resolve(true);
  await world.scheduler.settle(1);
  await assertRejects(() => connecting);
  assertEquals([server.core.endpoint.sessionCount, server.handshakes().hellosCrowdedOut], [0, 1]);
  assertEquals([...server.core.endpoint.transitions()], [], "there was no session for a moment either");
  other.close();
  await world.scheduler.settle(1);
});

Deno.test("accepting that fails is reported, pauses, and goes on", async () => {
  const errors: string[] = [];
  const world = new SecureWorld();
  world.tls.failing = true;
  world.serve({ onError: (error) => errors.push((error as Error).message) });
  await world.scheduler.settle(120);
  assertEquals(errors, ["too many open files", "too many open files", "too many open files"]);
  world.tls.failing = false;
  await world.connect();
});

Deno.test("closing while accepting pauses ends the pause", async () => {
  const world = new SecureWorld();
  world.tls.failing = true;
  const { server } = world.serve({ onError: () => {} });
  await world.scheduler.settle(10);
  const closing = server.core.close(0);
  await world.scheduler.settle(1);
  await closing;
  assertEquals(world.scheduler.pendingAlarms, 0);
});

Deno.test("clients are told the advertised port, or the bound one", async () => {
  for (const advertisedUdpPort of [undefined, 9999]) {
    const world = new SecureWorld();
    world.serve(advertisedUdpPort === undefined ? {} : { advertisedUdpPort });
    const ports = new Set<number>();
    world.network.tap = ({ from, to }) => {
      if (from.hostname !== "192.0.2.1") ports.add(to.port);
      return false;
    };
    world.client();
    await world.scheduler.settle(100);
    assertEquals([...ports], [advertisedUdpPort ?? 7777]);
  }
});

Deno.test("a hello that is judged while the server closes makes no session", async () => {
  const world = new SecureWorld({ delayMs: 1000 });
  const slow = Promise.withResolvers<boolean>();
  const { server } = world.serve({ authorize: (token) => token.length === 0 || slow.promise });
  await world.connect({}, 5000);
  const stream = new SecureStream(await world.tls.connect(CLIENT));
  const { client, connecting } = world.client({ token: bytes("x") });
  await world.scheduler.settle(1);
  const closing = server.core.close(1);
  await world.scheduler.settle(1);
  slow.resolve(true);
  await world.scheduler.settle(10);
  await assertRejects(() => connecting);
  assertEquals(server.core.endpoint.sessionCount, 1);
  assertEquals(client.core.isClosing, true);
  stream.close();
  await world.scheduler.settle(5000);
  await closing;
});

Deno.test("the signal closes at once, also when it has fired before", async () => {
  for (const isEarly of [false, true]) {
    const controller = new AbortController();
    const world = new SecureWorld({ delayMs: 1000 });
    if (isEarly) controller.abort();
    const { server, link } = world.serve({ signal: controller.signal });
    if (!isEarly) {
      await world.connect({}, 5000);
      controller.abort();
    }
    await world.scheduler.settle(1);
    await server.core.whenClosed;
    assertEquals([link.closed, world.tls.closed], [true, true]);
  }
});

Deno.test("a server that is closed does not hold on to the signal", async () => {
  const world = new SecureWorld();
  const { signal } = new AbortController();
  const listening = countListeners(signal);
  const { server } = world.serve({ signal });
  assertEquals(listening(), 1);
  void server.core.close(0, 0);
  await world.scheduler.settle(10);
  assertEquals(listening(), 0);
});

Deno.test("a session whose answer could not be written is given up at once", async () => {
  const world = new SecureWorld();
  const { server } = world.serve();
  const stream = new SecureStream(await world.tls.connect(CLIENT));
  world.tls.accepted[0]!.write = () => Promise.reject(new Error("reset"));
  const limits = { maxDatagramBytes: 1200, maxAckDelayMs: 25, idleTimeoutMs: 0, features: 0 };
  const connectionId = new Uint8Array(8).fill(7);
  const token = new Uint8Array(0);
  await stream.writeRecord(
    encodeClientHello({ lowestVersion: 1, highestVersion: 1, connectionId, limits, early: undefined, token }),
  );
  await world.scheduler.settle(1);
  assertEquals([server.core.endpoint.sessionCount, server.core.endpoint.halfOpenCount], [0, 0]);
  assertEquals([server.handshakes().hellosFailed, world.tls.accepted[0]!.closed], [1, true]);
});
