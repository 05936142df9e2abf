import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  AuthenticationError,
  ClosedError,
  ConnectError,
  ResourceError,
  TimeoutError,
} from "../../../src/error/transport_error.ts";
import type { SecureEvent } from "../../../src/runtime/secure_event.ts";
import { SecureStream } from "../../../src/runtime/secure_stream.ts";
import { DatagramAddress } from "../../../src/wire/datagram_address.ts";
import { encodeHelloRefusal } from "../../../src/wire/hello_record.ts";
import { bytes, countListeners, drained, MemoryTls, type SecureEnd, SecureWorld, shortly } from "./secure_ends.ts";

/** A server and the ticket of a client that was there and closed. */
async function withTicket(world: SecureWorld, keys: { readonly ticketKey?: Uint8Array } = {}) {
  const served = world.serve(keys);
  const { client } = await world.connect();
  const ticket = client.ticket!;
  const closing = client.core.close(0);
  await world.scheduler.settle(3000);
  await closing;
  drained(served.server.core.events);
  return { ...served, ticket };
}

/** That nothing is left of a client. */
async function assertGone(world: SecureWorld, { client, links }: SecureEnd): Promise<void> {
  await world.scheduler.settle(10);
  await client.core.whenClosed;
  assertEquals(links.map(({ closed }) => closed), links.map(() => true));
  assertEquals(world.tls.opened.map(({ closed }) => closed), world.tls.opened.map(() => true));
  assertEquals((await client.core.events.next()).done, true);
}

Deno.test("connect() closes the TLS link when the server's first packet has opened, and not before", async () => {
  const world = new SecureWorld();
  world.serve();
  let isOpen = false;
  world.network.tap = ({ from }) => isOpen || from.hostname !== "192.0.2.1";
  const { connecting } = world.client();
  await world.scheduler.settle(300);
  assertEquals(world.tls.opened.map(({ closed }) => closed), [false]);
  isOpen = true;
  await world.scheduler.settle(2000);
  await connecting;
  assertEquals(world.tls.opened.map(({ closed }) => closed), [true]);
});

Deno.test("connect() gives up with a TimeoutError when no datagram comes, and leaves nothing", async () => {
  const world = new SecureWorld();
  const { server } = world.serve();
  world.network.tap = () => false;
  const end = world.client({ handshakeTimeoutMs: 2000 });
  await world.scheduler.settle(1990);
  assertEquals(end.client.core.isClosing, false);
  await world.scheduler.settle(100);
  await assertRejects(() => end.connecting, TimeoutError, "no packet came by UDP in time");
  await assertGone(world, end);
  await server.core.close(0, 0);
});

Deno.test("connect() gives up with a TimeoutError when the server does not answer inside TLS", async () => {
  const world = new SecureWorld();
  const end = world.client({ connectTimeoutMs: 700 });
  await world.scheduler.settle(690);
  assertEquals(end.client.core.isClosing, false);
  await world.scheduler.settle(20);
  await assertRejects(() => end.connecting, TimeoutError, "Cannot connect to server:7778: not within 700 ms");
  await assertGone(world, end);
  assertEquals(world.scheduler.pendingAlarms, 0);
});

Deno.test("connect() tells why the server refuses, or that it broke off or answered nonsense", async () => {
  const cases: [(stream: SecureStream) => Promise<void> | void, string][] = [
    [(stream) => stream.writeRecord(encodeHelloRefusal(72)), "NotAuthorized"],
    [(stream) => stream.writeRecord(encodeHelloRefusal(69)), "VersionMismatch"],
    [(stream) => stream.writeRecord(encodeHelloRefusal(33_000)), "Application 33000"],
    [(stream) => stream.writeRecord(Uint8Array.of(2, 1)), "BadHello"],
    [(stream) => stream.writeRecord(new Uint8Array(1025)), "the peer announced a record of a bad length"],
    [(stream) => stream.close(), "broke off"],
  ];
  for (const [answer, message] of cases) {
    const world = new SecureWorld();
    const end = world.client();
    const stream = new SecureStream(await world.tls.accept());
    await stream.readRecord();
    await answer(stream);
    await world.scheduler.settle(10);
    const error = await assertRejects(() => end.connecting, Error, message);
    assertEquals(error.name, message === "NotAuthorized" ? "AuthenticationError" : "ConnectError", message);
    await assertGone(world, end);
    stream.close();
  }
});

Deno.test("connect() passes on why TLS failed", async () => {
  const world = new SecureWorld();
  world.tls.closed = true;
  const end = world.client();
  await world.scheduler.settle(10);
  await assertRejects(() => end.connecting, ConnectError, "nobody listens");
  await assertGone(world, end);
});

Deno.test("a TLS link and a datagram link that come after the signal has fired are closed", async () => {
  for (const isTls of [true, false]) {
    const world = new SecureWorld();
    const controller = new AbortController();
    const late = Promise.withResolvers<void>();
    const connect = world.tls.connect.bind(world.tls);
    if (isTls) world.tls.connect = (hostname) => late.promise.then(() => connect(hostname));
    const end = world.client({ signal: controller.signal }, undefined, isTls ? undefined : late.promise);
    await world.scheduler.settle(10);
    controller.abort();
    await world.scheduler.settle(10);
    await assertRejects(() => end.connecting);
    late.resolve();
    await assertGone(world, end);
    assertEquals([world.tls.opened.length, end.links.length], [1, isTls ? 0 : 1]);
  }
});

Deno.test("a client that is closed does not hold on to the signal", async () => {
  const world = new SecureWorld();
  world.serve();
  const { signal } = new AbortController();
  const listening = countListeners(signal);
  const { client } = await world.connect({ signal });
  assertEquals(listening(), 1);
  void client.core.close(0, 0);
  await world.scheduler.settle(10);
  assertEquals(listening(), 0);
});

Deno.test("connect() is ended by the signal at every stage, with its reason", async () => {
  const reason = new Error("changed my mind");
  for (const stage of ["before", "hello", "datagrams"]) {
    const controller = new AbortController();
    const world = new SecureWorld({ delayMs: 500 });
    if (stage === "datagrams") world.serve();
    if (stage === "before") controller.abort(reason);
    const end = world.client({ signal: controller.signal });
    await world.scheduler.settle(100);
    if (stage !== "before") controller.abort(reason);
    await world.scheduler.settle(10);
    assertStrictEquals(await assertRejects(() => end.connecting), reason, stage);
    await assertGone(world, end);
  }
});

Deno.test("the signal closes a client that is connected", async () => {
  const controller = new AbortController();
  const world = new SecureWorld({ delayMs: 10 });
  const { server } = world.serve();
  const end = await world.connect({ signal: controller.signal });
  drained(end.client.core.events);
  drained(server.core.events);
  controller.abort();
  await world.scheduler.settle(1);
  await end.client.core.whenClosed;
  assertEquals(shortly(drained(end.client.core.events)), ["disconnected Normal local"]);
  await world.scheduler.settle(100);
  assertEquals(shortly(drained(server.core.events)), ["disconnected Normal remote"], "it was told once");
  await assertGone(world, end);
});

Deno.test("connect() fails at once when this process may not send there", async () => {
  const world = new SecureWorld({ delayMs: 500 });
  world.serve();
  const end = world.client();
  await world.scheduler.settle(100);
  const server = new DatagramAddress();
  server.parse("192.0.2.1", 7777);
  for (const why of ["unreachable", "no buffers", "too long", "other"] as const) end.links[0]!.fail(server, why);
  await world.scheduler.settle(10);
  assertEquals(end.client.core.isClosing, false, "what may pass is waited for");
  end.links[0]!.fail(server, "not permitted");
  await world.scheduler.settle(10);
  const message = "Cannot send to 192.0.2.1:7777: this process needs --allow-net for it";
  await assertRejects(() => end.connecting, ConnectError, message);
  await assertGone(world, end);
});

Deno.test("a ticket resumes by datagrams alone, and early data comes first and marked", async () => {
  const world = new SecureWorld({ delayMs: 20 });
  const { server, ticket } = await withTicket(world);
  const opened = world.tls.opened.length;
  const { client, connecting } = world.client({ ticket, earlyData: [bytes("one"), bytes("two")] }, "10.0.0.1");
  await world.scheduler.settle(30);
  assertEquals(shortly(drained(server.core.events)), ["connected", "early one", "early two"]);
  await world.scheduler.settle(20);
  await connecting;
  await client.core.send(1, 1, bytes("three"));
  await world.scheduler.settle(100);
  assertEquals(shortly(drained(server.core.events)), ["data three"]);
  const events = drained(client.core.events);
  assertEquals(shortly(events), ["connected", "ticket"]);
  assert(events[0]?.type === "connected" && events[0].isResumed);
  assertEquals(world.tls.opened.length, opened, "no TLS");
  assert(events[1]?.type === "ticket" && events[1].ticket === client.ticket && client.ticket.join() !== ticket.join());
});

Deno.test("a ticket from another address costs one round trip more", async () => {
  const world = new SecureWorld({ delayMs: 20 });
  const { server, ticket } = await withTicket(world);
  world.client({ ticket, earlyData: [bytes("one")] }, "10.0.0.77");
  await world.scheduler.settle(55);
  assertEquals(shortly(drained(server.core.events)), []);
  await world.scheduler.settle(10);
  assertEquals(shortly(drained(server.core.events)), ["connected", "early one"]);
  assertEquals(server.core.endpoint.counters().retriesSent, 1);
});

Deno.test("a ticket that the server does not know leads to TLS, and early data comes once", async () => {
  const world = new SecureWorld({ delayMs: 20 });
  const { server, ticket } = await withTicket(world);
  await server.core.close(0, 0);
  const tls = new MemoryTls();
  Object.assign(world, { tls });
  await world.scheduler.settle(10);
  const { server: again } = world.serve();
  const { client, connecting } = world.client({ ticket, earlyData: [bytes("one"), bytes("two")] });
  await world.scheduler.settle(1000);
  await connecting;
  assertEquals(tls.opened.length, 1);
  assertEquals(shortly(drained(again.core.events)), ["connected", "early one", "early two"]);
  const [first] = drained(client.core.events);
  assert(first?.type === "connected" && !first.isResumed);
  assertEquals(client.core.endpoint.sessionCount, 1);
});

Deno.test("after a restart with the same ticket key a session resumes, and its early data comes once, later", async () => {
  const ticketKey = new Uint8Array(32).fill(5);
  const world = new SecureWorld({ delayMs: 20 });
  const { server, ticket } = await withTicket(world, { ticketKey });
  await server.core.close(0, 0);
  Object.assign(world, { tls: new MemoryTls() });
  await world.scheduler.settle(10);
  const { server: again } = world.serve({ ticketKey });
  const { connecting } = world.client({ ticket, earlyData: [bytes("one")] });
  await world.scheduler.settle(1000);
  await connecting;
  assertEquals([world.tls.opened.length, shortly(drained(again.core.events))], [0, ["connected", "early one"]]);
});

Deno.test("a ticket that has expired is not tried", async () => {
  const world = new SecureWorld({ delayMs: 20 });
  const { server, ticket } = await withTicket(world);
  await world.scheduler.settle(3_600_000);
  const { connecting } = world.client({ ticket, earlyData: [bytes("one")] });
  await world.scheduler.settle(1000);
  await connecting;
  assertEquals(server.core.endpoint.counters().firstFlights, 0);
  assertEquals(shortly(drained(server.core.events)), ["connected", "data one"]);
});

Deno.test("a resumption that nobody answers is followed by TLS", async () => {
  const world = new SecureWorld({ delayMs: 20 });
  const { server, ticket } = await withTicket(world);
  let isDeaf = true;
  world.network.tap = () => !isDeaf;
  const { connecting } = world.client({ ticket, handshakeTimeoutMs: 1500, earlyData: [bytes("one")] });
  await world.scheduler.settle(1400);
  isDeaf = false;
  await world.scheduler.settle(1000);
  await connecting;
  assertEquals(shortly(drained(server.core.events)), ["connected", "early one"]);
});

Deno.test("early data without a ticket is sent when the session stands", async () => {
  const world = new SecureWorld({ delayMs: 20 });
  const { server } = world.serve();
  await world.connect({ earlyData: [bytes("one"), new Uint8Array(1159).fill(48)] });
  const events = drained(server.core.events);
  assertEquals(events.map(({ type }) => type), ["connected", "data", "data"]);
  assertEquals(events.map((event) => event.type === "data" && event.isEarly), [false, false, false]);
});

Deno.test("a client whose server is gone is told, and closes by itself", async () => {
  const world = new SecureWorld({ delayMs: 10 });
  const { server } = world.serve();
  const end = await world.connect();
  const seen: SecureEvent[] = [];
  const reading = (async () => {
    for (let next = await end.client.core.events.next(); !next.done; next = await end.client.core.events.next()) {
      seen.push(next.value);
    }
  })();
  server.core.close(1);
  await world.scheduler.settle(3000);
  await reading;
  assertEquals(shortly(seen), ["connected", "ticket", "disconnected GoingAway remote"]);
  await assertGone(world, end);
});

Deno.test("rebind() goes on by another socket, and the server follows", async () => {
  const world = new SecureWorld({ delayMs: 10 });
  const { server } = world.serve();
  const { client, links } = await world.connect();
  await client.rebind();
  await client.core.send(1, 1, bytes("from elsewhere"));
  await world.scheduler.settle(500);
  assertEquals(shortly(drained(server.core.events)), ["connected", "data from elsewhere"]);
  assertEquals(server.core.addressOf(server.core.peers.get(1)!).port, 4001);
  assertEquals(links.map(({ closed }) => closed), [true, false]);
  await server.core.send(1, 1, bytes("and back"));
  await world.scheduler.settle(100);
  assertEquals(shortly(drained(client.core.events)).at(-1), "data and back");
});

Deno.test("rebind() of a client that closes meanwhile leaves no socket", async () => {
  const world = new SecureWorld({ delayMs: 10 });
  world.serve();
  const end = await world.connect();
  drained(end.client.core.events);
  const rebinding = end.client.rebind();
  const closing = end.client.core.close(0, 0);
  await assertRejects(() => rebinding, ClosedError, "Cannot rebind: the socket is closed");
  await world.scheduler.settle(10);
  await closing;
  await assertRejects(() => end.client.rebind(), ClosedError);
  assertEquals(end.links.map(({ closed }) => closed), [true, true]);
});

Deno.test("a datagram socket that breaks ends a client, which says why", async () => {
  const world = new SecureWorld({ delayMs: 10 });
  world.serve();
  const { client, links } = await world.connect();
  const broken = new ResourceError("Cannot receive: gone");
  links[0]!.break(broken);
  await world.scheduler.settle(10);
  assertEquals(shortly(drained(client.core.events)), ["connected", "ticket", "disconnected GoingAway local"]);
  assertStrictEquals(await assertRejects(() => client.core.events.next()), broken);
});

Deno.test("connect() passes on why the datagram socket broke, whatever it waits for", async () => {
  const broken = new ResourceError("Cannot receive: gone");
  for (const stage of ["hello", "datagrams", "resumption"]) {
    const world = new SecureWorld({ delayMs: 100 });
    const { ticket } = stage === "resumption" ? await withTicket(world) : {};
    if (stage === "datagrams") world.serve();
    const end = world.client(ticket === undefined ? {} : { ticket });
    await world.scheduler.settle(10);
    end.links[0]!.break(broken);
    await world.scheduler.settle(10);
    assertStrictEquals(await assertRejects(() => end.connecting), broken, stage);
    await end.client.core.whenClosed;
    assert(world.tls.opened.every(({ closed }) => closed));
  }
});

Deno.test("connect() says by a ConnectError that the stream broke, and passes on that a certificate is refused", async () => {
  const stranger = new AuthenticationError("Refused by 192.0.2.1:7778: received fatal alert: CertificateRequired");
  for (const cause of [new Error("Connection reset by peer (os error 104)"), stranger]) {
    const world = new SecureWorld();
    const connect = world.tls.connect.bind(world.tls);
    world.tls.connect = async (hostname) =>
      Object.assign(await connect(hostname), { read: () => Promise.reject(cause) });
    const end = world.client();
    await world.scheduler.settle(10);
    const error = await assertRejects(() => end.connecting, Error);
    const { name, message } = cause === stranger
      ? stranger
      : { name: "ConnectError", message: "Cannot connect to 192.0.2.1:7778: connection reset by peer" };
    assertEquals([error.name, error.message], [name, message]);
    await assertGone(world, end);
  }
});

Deno.test("an address that datagrams cannot be sent to is refused", async () => {
  const world = new SecureWorld();
  const tls = world.tls;
  Object.assign(tls, { address: { transport: "tcp", hostname: "no address", port: 1 } });
  world.serve();
  const end = world.client();
  await world.scheduler.settle(10);
  await assertRejects(() => end.connecting, ConnectError, "this is no numeric address");
  await assertGone(world, end);
});
