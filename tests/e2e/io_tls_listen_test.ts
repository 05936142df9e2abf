/**
 * Hostile and stalled TLS clients over real sockets, and the honest one who gets through meanwhile.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { connect as connectSocket, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectNodeTls } from "node:tls";
import { ResourceError } from "../../src/error/transport_error.ts";
import { tcpFabric } from "../../src/io/tcp/tcp_fabric.ts";
import { connectTls } from "../../src/io/tls/connect_tls.ts";
import { developmentCertificate } from "../../src/io/tls/development_certificate.ts";
import { NodeTlsLink } from "../../src/io/tls/node_tls_link.ts";
import { listenTls, type TlsListener } from "../../src/io/tls/tls_listener.ts";
import type { TlsListenOptions } from "../../src/io/tls/tls_listen_options.ts";
import type { StreamLink, StreamListener } from "../../src/transport/stream_link.ts";
import { upTo } from "./payloads.ts";
import { eventually, Gate, standstill, within } from "./waiting.ts";

const hostname = "127.0.0.1";
const { cert, key, pin } = developmentCertificate();
const isLinux = Deno.build.os === "linux";

function test(name: string, fn: () => Promise<void>, ignore = false): void {
  Deno.test({ name, ignore, sanitizeOps: true, sanitizeResources: true, fn });
}

interface Server {
  readonly listener: TlsListener;
  readonly port: number;
}

function listen(options: Partial<TlsListenOptions> = {}): Server {
  const raw = tcpFabric({ hostname: "0.0.0.0", port: 0 }).listen();
  const listener = listenTls(raw, { cert, key, connectionsPerSecond: Infinity, ...options });
  assert(listener.address.transport === "tcp");
  return { listener, port: listener.address.port };
}

/** Connects as an honest client does, and hears what it says. */
async function talkHonestly({ listener, port }: Server): Promise<void> {
  const [client, server] = await within(
    "a link",
    Promise.all([connectTls({ hostname, port, pin }), listener.accept()]),
  );
  await client.write(Uint8Array.of(5));
  const into = new Uint8Array(2);
  assertEquals([await server.read(into), into[0]], [1, 5]);
  await closeAll(client, server);
}

async function closeAll(...links: readonly StreamLink[]): Promise<void> {
  for (const link of links) link.close();
  await Promise.all(links.map((link) => link instanceof NodeTlsLink ? link.whenClosed : undefined));
}

/** A bare connection, from another address of this machine where one is given. */
async function openSocket(port: number, localAddress?: string): Promise<Socket> {
  const socket = connectSocket({ host: hostname, port, ...localAddress === undefined ? {} : { localAddress } });
  socket.on("error", () => {});
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  return socket;
}

/** Waits until the other end has ended or broken a connection. */
async function isCut(socket: Socket): Promise<void> {
  if (socket.closed) return;
  socket.resume();
  await within("the end of a connection", new Promise<void>((resolve) => void socket.once("close", () => resolve())));
}

/** The first message of a TLS client. */
async function clientHello(): Promise<Uint8Array> {
  const hello = Promise.withResolvers<Uint8Array>();
  const stream = new Duplex({ read: () => {}, write: (chunk: Uint8Array, _, done) => (hello.resolve(chunk), done()) });
  const socket = connectNodeTls({ socket: stream, host: "localhost", ca: cert });
  socket.on("error", () => {});
  const bytes = Uint8Array.from(await hello.promise);
  socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 0));
  return bytes;
}

function counted(listener: TlsListener): Record<string, number> {
  return Object.fromEntries(Object.entries(listener.counters()).filter(([, count]) => count !== 0));
}

test("A client that connects and says nothing is cut off, and holds nobody up", async () => {
  const server = listen({ handshakeTimeoutMs: 500 });
  const silent = await openSocket(server.port);
  await talkHonestly(server);
  await isCut(silent);
  assertEquals(counted(server.listener), { established: 1, timedOut: 1 });
  server.listener.close();
});

test("A client that sends its first message byte by byte is cut off, and holds nobody up", async () => {
  const server = listen({ handshakeTimeoutMs: 500 });
  const hello = await clientHello();
  assertGreater(hello.length, 100);
  const slow = await openSocket(server.port);
  let sent = 0;
  const trickle = setInterval(() => void slow.write(hello.subarray(sent, ++sent)), 20);
  slow.once("close", () => clearInterval(trickle));
  await talkHonestly(server);
  await isCut(slow);
  assertLess(sent, hello.length);
  assertEquals(counted(server.listener), { established: 1, timedOut: 1 });
  server.listener.close();
});

test("A client that sends its first message byte by byte, and in time, gets through", async () => {
  const server = listen();
  const below = await openSocket(server.port);
  const stream = new Duplex({
    read: () => {},
    write: (chunk: Uint8Array, _, done) => {
      for (const byte of chunk) below.write(Uint8Array.of(byte));
      done();
    },
  });
  below.setNoDelay(true);
  below.on("data", (chunk) => stream.push(chunk));
  const socket = connectNodeTls({ socket: stream, host: "localhost", ca: cert });
  const [link] = await Promise.all([
    within("a link", server.listener.accept()),
    new Promise((resolve) => socket.once("secureConnect", resolve)),
  ]);
  socket.write("hi");
  assertEquals(await link.read(new Uint8Array(5)), 2);
  socket.destroy();
  below.destroy();
  await closeAll(link);
  server.listener.close();
});

test("Clients that send garbage are dropped, and hold nobody up", async () => {
  const server = listen();
  const hello = await clientHello();
  const garbage = [
    new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"),
    crypto.getRandomValues(new Uint8Array(50_000)),
    new Uint8Array(5_000),
    // A record that announces more than one may be, and a message that announces 16 MiB.
    Uint8Array.of(22, 3, 1, 255, 255, ...new Uint8Array(70_000)),
    Uint8Array.of(22, 3, 1, 64, 0, 1, 255, 255, 255, ...new Uint8Array(100_000)),
    // An alert, and the first message with some bits turned.
    Uint8Array.of(21, 3, 3, 0, 2, 2, 40),
    hello.map((byte, at) => at < 9 ? byte : byte ^ 0xff),
  ];
  const sockets = await Promise.all(garbage.map(() => openSocket(server.port)));
  for (const [i, socket] of sockets.entries()) socket.write(garbage[i]!);
  await talkHonestly(server);
  await Promise.all(sockets.map(isCut));
  assertEquals(counted(server.listener), { established: 1, failed: garbage.length });
  assertEquals(server.listener.handshakesCount, 0);
  server.listener.close();
});

test("Clients that leave or reset the connection in the middle of the handshake leave nothing behind", async () => {
  const server = listen();
  const hello = await clientHello();
  for (
    const [length, resets] of [[0, true], [0, false], [9, true], [9, false], [hello.length, true], [
      hello.length,
      false,
    ]] as const
  ) {
    const socket = await openSocket(server.port);
    if (length > 0) await new Promise((resolve) => socket.write(hello.subarray(0, length), resolve));
    if (length === hello.length) await new Promise((resolve) => socket.once("data", resolve));
    if (resets) socket.resetAndDestroy();
    else socket.destroy();
  }
  await eventually("all are counted", () => server.listener.counters()["failed"] === 6);
  assertEquals(server.listener.handshakesCount, 0);
  await talkHonestly(server);
  server.listener.close();
});

test("Hundreds of half-open connections of one address take only places of that address", async () => {
  const server = listen({ maxHandshakesPerAddressCount: 20, handshakeTimeoutMs: 60_000 });
  const sockets = await Promise.all(upTo(300).map(() => openSocket(server.port, "127.0.0.2")));
  const stalled = await openSocket(server.port);
  // The one of the other address may be accepted after all that are crowded out, and before the last of them.
  const { listener } = server;
  await eventually("all have come", () => listener.handshakesCount + listener.counters()["crowdedOut"]! === 301);
  assertEquals(listener.handshakesCount, 21);
  await talkHonestly(server);
  assertEquals(counted(server.listener), { established: 1, crowdedOut: 280 });
  server.listener.close();
  await Promise.all([...sockets, stalled].map(isCut));
  assertEquals(counted(server.listener), { established: 1, crowdedOut: 280, closed: 21 });
}, !isLinux);

test("Hundreds of half-open connections do not keep out an honest client of the same address", async () => {
  const server = listen({ maxHandshakesPerAddressCount: 20 });
  const sockets: Socket[] = [];
  const flood = (async () => {
    for (const _ of upTo(300)) sockets.push(await openSocket(server.port));
  })();
  for (const _ of upTo(3)) await talkHonestly(server);
  await flood;
  await talkHonestly(server);
  await eventually("most are gone", () => server.listener.counters()["crowdedOut"]! >= 280);
  server.listener.close();
  await Promise.all(sockets.map(isCut));
});

test("An address that connects too often is turned away, and others are not", async () => {
  const server = listen({ connectionsPerSecond: 0.001, connectionBurstCount: 5 });
  const sockets = await Promise.all(upTo(30).map(() => openSocket(server.port, "127.0.0.2")));
  await eventually("all have come", () => server.listener.counters()["tooMany"] === 25);
  assertEquals(server.listener.handshakesCount, 5);
  await talkHonestly(server);
  server.listener.close();
  await Promise.all(sockets.map(isCut));
  assertEquals(counted(server.listener), { established: 1, tooMany: 25, closed: 5 });
}, !isLinux);

test("A client of TLS 1.2 is refused, and one of TLS 1.3 is not", async () => {
  const server = listen();
  const outcome = (maxVersion: "TLSv1.2" | "TLSv1.3"): Promise<string> =>
    new Promise((resolve) => {
      const socket = connectNodeTls({ host: hostname, port: server.port, ca: cert, minVersion: "TLSv1.2", maxVersion });
      socket.on("secureConnect", () => {
        resolve(socket.getProtocol()!);
        socket.destroy();
      });
      socket.on("error", (error) => resolve(error.message));
    });
  assertEquals(await outcome("TLSv1.2"), "received fatal alert: ProtocolVersion");
  const [protocol, link] = await Promise.all([outcome("TLSv1.3"), server.listener.accept()]);
  assertEquals(protocol, "TLSv1.3");
  await closeAll(link);
  await eventually("the other is counted", () => server.listener.counters()["failed"] === 1);
  server.listener.close();
});

test("A peer that never stops sends no more than the kernel and one mark hold", async () => {
  const server = listen();
  const { port } = server;
  const [client, link] = await Promise.all([connectTls({ hostname, port, pin }), server.listener.accept()]);
  let written = 0;
  const writing = (async () => {
    for (const chunk = new Uint8Array(65_536);;) written += await client.write(chunk);
  })().catch(() => {});
  const unread = await standstill(() => written);
  const before = Deno.memoryUsage();
  assertEquals(await link.read(new Uint8Array(10)), 10);
  await standstill(() => written);
  assertLess(Deno.memoryUsage().external - before.external, 4 * 2 ** 20);
  assertGreater(unread, 0);
  let read = 10;
  for (const into = new Uint8Array(65_536); read < unread;) read += (await link.read(into))!;
  await closeAll(client, link);
  await writing;
  server.listener.close();
});

test("A link that is closed ends its stream as TLS wants it, behind what was written", async () => {
  const { listener, port } = listen();
  for (const how of [{ pin }, { caCerts: [cert] }]) {
    const [client, link] = await Promise.all([connectTls({ hostname, port, ...how }), listener.accept()]);
    await link.write(Uint8Array.of(7));
    link.close();
    const into = new Uint8Array(2);
    assertEquals([await client.read(into), into[0]], [1, 7]);
    assertEquals(await client.read(into), null);
    await closeAll(client, link);
  }
  listener.close();
});

test("A link ends its stream properly though something else is still on its way", async () => {
  const raw = tcpFabric({ hostname, port: 0 }).listen();
  const gate = new Gate();
  let writes = 0;
  const slow: StreamListener = {
    address: raw.address,
    get closed() {
      return raw.closed;
    },
    close: () => raw.close(),
    accept: async () => {
      const link = await raw.accept();
      return {
        local: link.local,
        remote: link.remote,
        read: (into) => link.read(into),
        closeWrite: () => link.closeWrite(),
        close: () => link.close(),
        // All but the first, which is the server's part of the handshake.
        write: async (from) => (writes++ > 0 && await gate.whenOpen, await link.write(from)),
      };
    },
  };
  const listener = listenTls(slow, { cert, key });
  assert(listener.address.transport === "tcp");
  const { port } = listener.address;
  const [client, link] = await Promise.all([connectTls({ hostname, port, caCerts: [cert] }), listener.accept()]);
  await client.closeWrite();
  assertEquals(await link.read(new Uint8Array(1)), null);
  const ending = link.closeWrite();
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  gate.open();
  assertEquals(await client.read(new Uint8Array(1)), null);
  await ending;
  assertGreater(writes, 1);
  await closeAll(client, link);
  listener.close();
});

test("TlsListener says that its address is taken, at once or when it is asked", async () => {
  const { listener, port } = listen();
  const error = await assertRejects(async () => {
    const second = listenTls(tcpFabric({ hostname: "0.0.0.0", port }).listen(), { cert, key });
    await second.accept();
  }, ResourceError);
  assertEquals(error.message, `Cannot listen on 0.0.0.0:${port}: address already in use`);
  listener.close();
});

test("TlsListener shares its port where that is asked of the listener below", async () => {
  const options = { hostname, port: 0, sharePort: true };
  const first = listenTls(tcpFabric(options).listen(), { cert, key });
  await first.listening;
  assert(first.address.transport === "tcp");
  const { port } = first.address;
  const second = listenTls(tcpFabric({ ...options, port }).listen(), { cert, key });
  await second.listening;
  const links: StreamLink[] = [];
  const accepting = [first, second].map(async (listener) => {
    for (;;) links.push(await listener.accept());
  });
  const clients = await Promise.all(upTo(20).map(() => connectTls({ hostname, port, pin })));
  await eventually("all are there", () => links.length === 20);
  await closeAll(...clients, ...links);
  for (const listener of [first, second]) listener.close();
  await Promise.allSettled(accepting);
  await Promise.all([first, second].map(({ whenClosed }) => whenClosed));
  assertEquals(first.counters()["established"]! + second.counters()["established"]!, 20);
}, !isLinux);
