/**
 * A secure server whose sessions are in workers, on real sockets of this process.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { ResourceError, SendStatus } from "../../src/api/secure_mod.ts";
import { bytesOf, numbered, numberOf, textOf, upTo } from "./payloads.ts";
import { connect, openClient, openEcho, openServer, type Told, UdpRelay } from "./secure_ends.ts";
import { eventually, within } from "./waiting.ts";

const workers = 2;

/** Keeps the threads that are started while it is in use. */
class Threads implements Disposable {
  readonly all: Worker[] = [];
  readonly #Worker = Worker;

  constructor() {
    const { all } = this;
    globalThis.Worker = class extends Worker {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        all.push(this);
      }
    };
  }

  [Symbol.dispose](): void {
    globalThis.Worker = this.#Worker;
  }
}

/** Clients with a message each that came back. */
async function echoed(server: Told, count: number): Promise<Told[]> {
  const clients = await Promise.all(upTo(count).map(() => openClient(server.socket.tcpPort)));
  await Promise.all(clients.map(({ socket }, n) => socket.send(1, 1, bytesOf(`client ${n}`))));
  await Promise.all(clients.map((client) => client.messages(1)));
  return clients;
}

Deno.test("two workers echo to many peers and tell them apart, and their counters add up", async () => {
  await using server = await openEcho({ workers });
  const clients = await echoed(server, 8);
  assertEquals(clients.map(({ texts }) => texts), upTo(8).map((n) => [`client ${n}`]));
  assertEquals(server.socket.peers.length, 8);
  await eventually("all was counted", () => {
    const { messagesIn, messagesOut } = server.socket.statistics().session;
    return messagesIn === 8 && messagesOut === 8;
  });
  const { peers, sessions, endpoint, handshakes } = server.socket.statistics();
  assertEquals([peers, sessions, endpoint.unknownId], [8, 8, 0]);
  assertEquals(handshakes.hellosAccepted, 8);
  const [first] = server.socket.peers;
  await eventually("a peer was counted", () => server.socket.peerStatistics(first!)!.counters.messagesIn === 1);
  await Promise.all(clients.map(({ socket }) => socket.close()));
  await eventually("all were told", () => server.ends.length === 8);
  assertEquals(new Set(server.ends), new Set(["Normal remote"]));
});

Deno.test("reliable messages of any length cross workers both ways, in order, with credit", async () => {
  await using server = await openEcho({ workers });
  await using client = await openClient(server.socket.tcpPort);
  const lengths = upTo(100).map((n) => n % 20 === 0 ? 100_000 : 4 + n);
  for (const [n, length] of lengths.entries()) await client.socket.send(1, 0, numbered(n, length));
  await client.messages(100);
  assertEquals(client.data.map((data) => [numberOf(data), data.length]), lengths.map((length, n) => [n, length]));
});

Deno.test("a peer that does not read holds back its own channel, and gets all of it later", async () => {
  await using server = await openServer({ workers });
  const socket = await connect(server.socket.tcpPort);
  await server.event("connected");
  const [peerId] = server.socket.peers;
  let sent = 0;
  await eventually("there was no room", () => {
    const status = server.socket.trySend(peerId!, 0, numbered(sent, 60_000));
    if (status === SendStatus.Queued) sent++;
    return status === SendStatus.BackPressured;
  });
  assertEquals(server.socket.trySend(peerId!, 2, bytesOf("another channel")), SendStatus.Queued);
  const numbers: number[] = [];
  await eventually("all came", () => {
    for (let event = socket.poll(); event !== undefined; event = socket.poll()) {
      if (event.type === "data" && event.channel === 0) numbers.push(numberOf(event.data));
    }
    return numbers.length === sent;
  });
  assertEquals(numbers, upTo(sent));
  await server.event("drained");
  await socket.close();
});

Deno.test("a peer whose address changes stays with its worker", async () => {
  await using relay = await UdpRelay.open();
  await using server = await openEcho({ workers, advertisedUdpPort: relay.port });
  relay.serverPort = server.socket.udpPort;
  await using client = await openClient(server.socket.tcpPort);
  for (const n of upTo(5)) {
    if (n > 0) await relay.rebind();
    await client.socket.send(1, 0, bytesOf(`message ${n}`));
    await client.messages(n + 1);
  }
  await eventually("the moves were counted", () => server.socket.statistics().session.migrations! >= 4);
  assertEquals([server.socket.statistics().endpoint.unknownId, server.types.slice(0, 2)], [0, ["connected", "data"]]);
  const [peerId] = server.socket.peers;
  await eventually("the address is known", () => {
    return server.socket.peerStatistics(peerId!)!.address.port === relay.seenPort;
  });
});

Deno.test("a worker that is lost takes its own peers with it, which notice at once, and is replaced", async () => {
  using threads = new Threads();
  const errors: unknown[] = [];
  await using server = await openEcho({ workers, onError: (error) => errors.push(error) });
  const clients = await echoed(server, 8);
  threads.all[0]!.terminate();
  await eventually("half of the peers are gone", () => server.ends.length === 4);
  assertEquals(new Set(server.ends), new Set(["GoingAway local"]));
  assertEquals(server.socket.peers.length, 4);
  await eventually("the worker is replaced", () => threads.all.length === 3);
  await eventually("its clients were told", () => {
    for (const { socket, ends } of clients) if (ends.length === 0) socket.trySend(1, 1, bytesOf("still there?"));
    return clients.filter(({ ends }) => ends[0] === "StatelessReset remote").length === 4;
  });
  assertEquals(errors.length, 1);
  const more = await echoed(server, 4);
  assertEquals(server.socket.peers.length, 8);
  // What the lost one had counted since its last report is lost with it.
  await eventually("all was counted", () => server.socket.statistics().session.messagesIn! >= 8);
  await Promise.all([...clients, ...more].map((client) => client[Symbol.asyncDispose]()));
});

Deno.test("a ticket is good once, whichever worker a client meets otherwise, and authorize() is asked each time", async () => {
  const tokens: string[] = [];
  await using server = await openEcho({
    workers,
    authorize: (token) => {
      tokens.push(textOf(token));
      return textOf(token) === "me";
    },
  });
  await assertRejects(() => connect(server.socket.tcpPort, { token: bytesOf("you") }));
  const token = bytesOf("me");
  const first = await openClient(server.socket.tcpPort, { token });
  await first.event("ticket");
  const ticket = first.socket.ticket!;
  await first[Symbol.asyncDispose]();
  for (const text of ["once", "twice"]) {
    await using client = await openClient(server.socket.tcpPort, { token, ticket, earlyData: [bytesOf(text)] });
    await client.messages(1);
    assertEquals(client.texts, [text]);
  }
  const data = server.events.filter((event) => event.type === "data");
  assertEquals(data.map(({ data, isEarly }) => [textOf(data), isEarly]), [["once", true], ["twice", true]]);
  assertEquals(tokens, ["you", "me", "me", "me"]);
  await eventually("the second was refused", () => server.socket.statistics().endpoint.firstFlightsRefused! > 0);
  assertEquals(server.socket.statistics().endpoint.earlyAccepted, 1);
});

Deno.test("close() tells every peer, behind what was sent, and ends all threads", async () => {
  const server = await openServer({ workers });
  const clients = await Promise.all(upTo(6).map(() => openClient(server.socket.tcpPort)));
  await eventually("all are there", () => server.socket.peers.length === 6);
  for (const peerId of server.socket.peers) void server.socket.send(peerId, 0, numbered(7, 50_000));
  await within("the end", server.socket.close(), 4000);
  await Promise.all(clients.map(({ whenDone }) => within("the client's end", whenDone)));
  for (const client of clients) {
    assertEquals([client.data.map(numberOf), client.ends], [[7], ["GoingAway remote"]]);
  }
  assertEquals(server.ends, upTo(6).map(() => "GoingAway local"));
  assertGreater(
    server.socket.statistics().session.packetsOut!,
    6 * 50_000 / 1200,
    "the last words of the workers count",
  );
});

Deno.test("a server whose port is taken starts no workers", async () => {
  using threads = new Threads();
  await using server = await openServer({ workers: 0 });
  await assertRejects(() => openServer({ workers, udp: server.socket.udpPort }), ResourceError);
  assert(threads.all.length === 0);
});
