/**
 * Encrypted UDP on real sockets of this process: handshake, messages, refusals, the end.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  AuthenticationError,
  ClosedError,
  ConnectError,
  developmentCertificate,
  MisuseError,
  ResourceError,
  SecureSocket,
  SendStatus,
  SessionCloseCode,
  TimeoutError,
} from "../../src/api/secure_mod.ts";
import { bytesOf, numbered, numberOf, textOf, upTo } from "./payloads.ts";
import { certificate, connect, openClient, openEcho, openServer } from "./secure_ends.ts";
import { eventually, within } from "./waiting.ts";

const { cert, key, pin } = certificate;
const hostname = "127.0.0.1";

Deno.test("SecureSocket echoes, and tells both ends of the other's coming and going", async () => {
  await using server = await openEcho();
  const client = await openClient(server.socket.tcpPort, { token: bytesOf("me") });
  await client.socket.send(1, 1, bytesOf("Hello, server!"));
  await client.messages(1);
  assertEquals(client.texts, ["Hello, server!"]);
  assertEquals(client.types.filter((type) => type !== "ticket"), ["connected", "data"]);
  const [first] = server.events;
  assert(first?.type === "connected");
  assertEquals([first.peerId, textOf(first.token), first.isResumed, first.certificate], [1, "me", false, undefined]);
  assertEquals([first.address.hostname, server.socket.peers], [hostname, [1]]);
  await client.socket.close();
  await server.event("disconnected");
  assertEquals([server.ends, server.socket.peers], [["Normal remote"], []]);
  assertEquals(client.ends, ["Normal local"]);
  await client.whenDone;
});

Deno.test("SecureSocket carries many messages both ways, none damaged and none twice", async () => {
  await using server = await openEcho();
  await using client = await openClient(server.socket.tcpPort);
  const count = 2000;
  for (let n = 0; n < count; n++) {
    await client.socket.send(1, 1, numbered(n, 4 + n % 1156));
    // Loopback loses what a socket's buffer cannot hold: a window keeps both directions below that.
    if (n % 32 === 31) await eventually(`message ${n} came back`, () => client.data.length >= n - 15);
  }
  await client.messages(count);
  const numbers = client.data.map((data) => {
    const number = numberOf(data);
    assertEquals(data.length, 4 + number % 1156);
    return number;
  });
  assertEquals(numbers.toSorted((a, b) => a - b), upTo(count));
  const { counters, smoothedRttMs, address } = client.socket.peerStatistics(1)!;
  assertEquals([counters.messagesIn, counters.messagesOut], [count, count]);
  assertGreater(smoothedRttMs, 0);
  assertEquals(address.port, server.socket.udpPort);
});

Deno.test("poll() takes events without waiting", async () => {
  await using server = await openEcho();
  const socket = await connect(server.socket.tcpPort);
  const seen: string[] = [];
  await socket.send(1, 1, bytesOf("one"));
  await eventually("the echo was polled", () => {
    for (let event = socket.poll(); event !== undefined; event = socket.poll()) seen.push(event.type);
    return seen.includes("data");
  });
  assertEquals([seen[0], socket.poll()], ["connected", undefined]);
  await socket.close();
  assertEquals(socket.poll()?.type, "disconnected");
});

Deno.test("a hundred clients at once are told apart", async () => {
  await using server = await openEcho();
  const clients = await Promise.all(
    upTo(100).map(() => openClient(server.socket.tcpPort, { caCerts: [cert], ...noPin })),
  );
  assertEquals(server.socket.statistics().peers, 100);
  await Promise.all(clients.map(({ socket }, n) => socket.send(1, 1, bytesOf(`client ${n}`))));
  await Promise.all(clients.map((client) => client.messages(1)));
  assertEquals(clients.map(({ texts }) => texts), upTo(100).map((n) => [`client ${n}`]));
  await Promise.all(clients.map(({ socket }) => socket.close()));
  await eventually("all were told", () => server.ends.length === 100);
  assertEquals(new Set(server.ends), new Set(["Normal remote"]));
  await Promise.all(clients.map(({ whenDone }) => whenDone));
});

/** Takes the pin of the defaults away. */
const noPin = { pin: undefined } as unknown as { readonly pin: string };

Deno.test("connect() refuses a server that it does not know", async () => {
  await using server = await openServer();
  const port = server.socket.tcpPort;
  const other = developmentCertificate();
  const unknown = [
    { caCerts: [other.cert] },
    { pin: other.pin },
    { serverName: "elsewhere.example", caCerts: [cert] },
    {},
  ];
  for (const how of unknown) {
    await assertRejects(() => SecureSocket.connect({ hostname, port, ...how }), AuthenticationError);
  }
  await using known = await SecureSocket.connect({ hostname, port, dangerouslyAcceptAnyCertificate: true });
  assertEquals(known.peers, [1]);
  assertEquals(server.socket.statistics().endpoint.hellosRefused, 0, "nobody has come as far as a hello");
});

Deno.test("connect() is told that this client is not wanted", async () => {
  const asked: string[] = [];
  await using server = await openServer({
    authorize: (token, address) => {
      asked.push(`${textOf(token)} from ${address.hostname}`);
      return textOf(token) === "secret";
    },
  });
  const { tcpPort } = server.socket;
  const error = await assertRejects(() => connect(tcpPort, { token: bytesOf("guess") }), AuthenticationError);
  assert(error.message.includes("NotAuthorized"));
  await using client = await openClient(tcpPort, { token: bytesOf("secret") });
  assertEquals([client.socket.peers, asked], [[1], ["guess from 127.0.0.1", "secret from 127.0.0.1"]]);
  assertEquals(server.types.filter((type) => type === "connected").length, 1);
});

Deno.test("a server that asks for certificates takes the clients that have one, and says who they are", async () => {
  const own = developmentCertificate();
  await using server = await openServer({ clientCaCerts: [own.cert] });
  const { tcpPort } = server.socket;
  await assertRejects(() => connect(tcpPort));
  const foreign = developmentCertificate();
  await assertRejects(() => connect(tcpPort, { cert: foreign.cert, key: foreign.key }));
  await using client = await openClient(tcpPort, { cert: own.cert, key: own.key });
  await server.event("connected");
  const [first] = server.events;
  assert(first?.type === "connected");
  assertEquals([client.socket.peers, first.certificate?.pin], [[1], own.pin]);
});

Deno.test("forged and random datagrams at the port disturb nobody and are counted", async () => {
  await using server = await openEcho();
  await using client = await openClient(server.socket.tcpPort);
  const { createSocket } = await import("node:dgram");
  const socket = createSocket("udp4");
  const send = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve) => socket.send(bytes, server.socket.udpPort, hostname, () => resolve()));
  for (let n = 0; n < 300; n++) {
    const bytes = crypto.getRandomValues(new Uint8Array(n * 4));
    // Every third looks like one of ours at first sight.
    if (n % 3 === 0 && bytes.length > 0) bytes[0] = 0xd0 | (n & 15);
    await send(bytes);
    if (n % 50 === 49) {
      await client.socket.send(1, 1, numbered(n));
      await client.messages((n + 1) / 50);
    }
  }
  const { endpoint } = server.socket.statistics();
  const dropped = ["foreign", "malformed", "unknownId", "firstFlights", "answersStray"] as const;
  await eventually("all were counted", () => {
    const counts = server.socket.statistics().endpoint;
    return dropped.reduce((sum, name) => sum + counts[name]!, 0) >= 290;
  });
  assertEquals([endpoint.resetsSent, server.socket.peers], [0, [1]]);
  await new Promise<void>((resolve) => socket.close(resolve));
});

Deno.test("a client that never finishes is cut off, and holds up nobody", async () => {
  await using server = await openServer({ handshakeTimeoutMs: 150 });
  const { tcpPort } = server.socket;
  const silent = await Deno.connect({ hostname, port: tcpPort });
  const { connect: connectTls } = await import("node:tls");
  const stalled = connectTls({ host: hostname, port: tcpPort, rejectUnauthorized: false });
  const cut = new Promise<void>((resolve) => stalled.on("close", resolve));
  stalled.on("error", () => {});
  await new Promise<void>((resolve) => stalled.on("secureConnect", resolve));
  await using client = await openClient(tcpPort);
  assertEquals(client.socket.peers, [1]);
  await within("the silent client is cut off", silent.read(new Uint8Array(1)).catch(() => null));
  silent.close();
  await within("the one without a hello is cut off", cut);
  const { handshakes, halfOpen } = server.socket.statistics();
  assertEquals([handshakes.timedOut, handshakes.hellosTimedOut, halfOpen], [1, 1, 0]);
});

Deno.test("TLS 1.2 is refused, and concerns nobody else", async () => {
  await using server = await openServer();
  const { tcpPort: port } = server.socket;
  const { connect: connectTls } = await import("node:tls");
  const old = connectTls({ host: hostname, port, rejectUnauthorized: false, maxVersion: "TLSv1.2" });
  const outcome = await within(
    "the refusal",
    new Promise<string>((resolve) => {
      old.on("secureConnect", () => resolve("connected"));
      old.on("error", () => resolve("refused"));
      old.on("close", () => resolve("refused"));
    }),
  );
  old.destroy();
  await using client = await openClient(port);
  assertEquals([outcome, client.socket.peers], ["refused", [1]]);
  assertEquals(server.socket.statistics().handshakes.failed, 1);
});

Deno.test("datagrams go to the address that TLS has reached for a name", async () => {
  await using server = await openEcho();
  await using client = await openClient(server.socket.tcpPort, { hostname: "localhost" });
  const { hostname: reached, port } = client.socket.peerStatistics(1)!.address;
  assertEquals([reached, port], [hostname, server.socket.udpPort]);
});

Deno.test("a client whose datagrams do not arrive is told so, and the server forgets it", async () => {
  // Nobody is at this port.
  await using server = await openServer({ handshakeTimeoutMs: 200, advertisedUdpPort: 9 });
  const error = await assertRejects(() => connect(server.socket.tcpPort, { handshakeTimeoutMs: 200 }), TimeoutError);
  assert(error.message.includes("no packet came by UDP in time"));
  await eventually("the server has forgotten it", () => server.socket.statistics().sessions === 0);
  assertEquals(server.events, []);
});

Deno.test("connect() fails where nobody listens, and is ended by its signal", async () => {
  const server = await openServer();
  const { tcpPort } = server.socket;
  await server[Symbol.asyncDispose]();
  await assertRejects(() => connect(tcpPort), ConnectError);
  const reason = new Error("enough");
  await assertRejects(() => connect(tcpPort, { signal: AbortSignal.abort(reason) }), Error, "enough");
  await using deaf = await openServer({ authorize: () => new Promise(() => {}), handshakeTimeoutMs: 300 });
  const controller = new AbortController();
  const connecting = connect(deaf.socket.tcpPort, { signal: controller.signal });
  await eventually("its hello is under way", () => deaf.socket.statistics().handshakes.established === 1);
  controller.abort(reason);
  await assertRejects(() => connecting, Error, "enough");
});

Deno.test("bindServer() says which address cannot be had, and leaves no socket", async () => {
  await using server = await openServer();
  const { udpPort, tcpPort } = server.socket;
  await assertRejects(() => openServer({ udp: udpPort }), ResourceError, `${udpPort}`);
  await assertRejects(() => openServer({ tcp: tcpPort }), ResourceError, `${tcpPort}`);
  await assertRejects(() => openServer({ cert: "none" }), TypeError);
  await assertRejects(() => SecureSocket.connect({ hostname, port: tcpPort, pin: "12" }), TypeError);
});

Deno.test("bindServer() binds both sockets of a name to one address", async () => {
  await using server = await openServer({ hostname: "localhost" });
  const { address, tcpAddress } = server.socket;
  assertEquals(address.hostname, tcpAddress.hostname);
  await using client = await openClient(tcpAddress.port, { hostname: "localhost" });
  assertEquals(client.socket.peers, [1]);
});

Deno.test("disconnect() ends one session with a number and a text", async () => {
  await using server = await openServer();
  await using one = await openClient(server.socket.tcpPort);
  await using other = await openClient(server.socket.tcpPort);
  assertEquals(server.socket.disconnect(9), false);
  assertEquals(server.socket.disconnect(1, 40_001, "cheating"), true);
  await within("the client's end", one.whenDone);
  const last = one.events.at(-1);
  assert(last?.type === "disconnected");
  assertEquals([last.reason.code, last.reason.text, last.reason.origin], [40_001, "cheating", "remote"]);
  assertEquals([server.socket.peers, other.socket.peers], [[2], [1]]);
  await assertRejects(() => one.socket.send(1, 1, bytesOf("late")), ClosedError);
  assertEquals(one.socket.trySend(1, 1, bytesOf("late")), SendStatus.NotConnected);
});

Deno.test("close() of a server ends every client and every promise in bounded time", async () => {
  const server = await openServer();
  const clients = await Promise.all(upTo(5).map(() => openClient(server.socket.tcpPort)));
  await within("the server's close", server.socket.close());
  await within("the clients' ends", Promise.all(clients.map(({ whenDone }) => whenDone)));
  assertEquals(clients.map(({ ends }) => ends), upTo(5).map(() => ["GoingAway remote"]));
  assertEquals(server.ends, upTo(5).map(() => "GoingAway local"));
  await server.whenDone;
  await server.socket.closed;
  await Promise.all(clients.map(({ socket }) => socket.closed));
});

Deno.test("close() does not wait longer than closeTimeoutMs for a client that is gone", async () => {
  const server = await openServer({ closeTimeoutMs: 100 });
  const controller = new AbortController();
  const client = await openClient(server.socket.tcpPort, { signal: controller.signal });
  // Its port is gone before the server says anything.
  controller.abort();
  await client.whenDone;
  await within("the server's close", server.socket.close());
  await server.whenDone;
});

Deno.test("a client has no TLS address and a server no ticket, and only clients rebind", async () => {
  await using server = await openServer();
  await using client = await openClient(server.socket.tcpPort);
  await client.event("ticket");
  assertThrows(() => client.socket.tcpPort, MisuseError);
  assertEquals(server.socket.ticket, undefined);
  assertInstanceOf(client.socket.ticket, Uint8Array);
  await assertRejects(() => server.socket.rebind(), MisuseError);
  assertEquals(server.socket.tcpAddress, { transport: "tcp", hostname, port: server.socket.tcpPort });
  assertEquals([server.socket.peerStatistics(9), client.socket.statistics().handshakes], [undefined, {}]);
});

Deno.test("leaving the loop leaves the socket open, and another loop goes on", async () => {
  await using server = await openEcho();
  await using socket = await connect(server.socket.tcpPort);
  for (const word of ["one", "two"]) {
    await socket.send(1, 1, bytesOf(word));
    for await (const event of socket) {
      if (event.type !== "data") continue;
      assertEquals(textOf(event.data), word);
      break;
    }
  }
  assertEquals(socket.peers, [1]);
});

Deno.test("a server by IPv6 and a client by name", async () => {
  await using server = await openEcho({ hostname: "::1" });
  await using byAddress = await openClient(server.socket.tcpPort, { hostname: "::1" });
  await byAddress.socket.send(1, 1, bytesOf("six"));
  await byAddress.messages(1);
  await using named = await openEcho();
  const client = await SecureSocket.connect({ hostname: "localhost", port: named.socket.tcpPort, caCerts: [cert] });
  await client.send(1, 1, bytesOf("by name"));
  await eventually("it was echoed", () => named.texts.includes("by name"));
  await client.close();
});

Deno.test("bindServer() is ended by its signal while it binds, and leaves no socket", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const binding = SecureSocket.bindServer({ hostname, cert, key, signal: controller.signal });
  controller.abort(reason);
  assertEquals(await assertRejects(() => binding), reason);
});

Deno.test("a channel that nobody has configured is refused with an error that says so", async () => {
  await using server = await openServer();
  await using client = await openClient(server.socket.tcpPort);
  await assertRejects(() => client.socket.send(1, 4, bytesOf("x")), RangeError, "Cannot send on channel 4");
  assertThrows(() => client.socket.trySend(1, 255, bytesOf("x")), RangeError, "the option channels adds one");
  assertEquals(SessionCloseCode.Normal, 0);
  assertEquals([typeof key, typeof pin], ["string", "string"]);
});
