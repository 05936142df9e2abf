/**
 * Clients that announce themselves: ids, refusals that hold up nobody, and sending by id.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CloseCode, ClosedError, type DisconnectReason, type ReactorOptions, SendStatus } from "../../mod.ts";
import { frame, frames, header, joined, PlainServer, PlainSocket } from "../interop/plain_socket.ts";
import { openParticle, openReactor } from "./framed_tcp.ts";
import { UnhandledRejections } from "./leaks.ts";
import { bytesOf, numbered, numberOf, textOf, upTo } from "./payloads.ts";
import { eventually, standstill, within } from "./waiting.ts";

Deno.test("Particles announce themselves and are sent to by their ids", async () => {
  const events: string[] = [];
  await using reactor = await openReactor({
    peerIds: true,
    onConnected: (connection) => void events.push(`connection ${connection.peerId}`),
    onClientConnected: (peerId) => void events.push(`connected ${peerId}`),
    onMessageReceived: (peerId, payload) => void events.push(`${peerId}: ${textOf(payload)}`),
    onClientDisconnected: (peerId, reason) => void events.push(`disconnected ${peerId} ${reason.code}`),
  });
  const inbox: string[] = [];
  const alice = openParticle({
    port: reactor.port,
    peerId: "alice",
    onReceived: (payload) => void inbox.push(textOf(payload)),
  });
  await alice.send(bytesOf("hi"));
  await eventually("her message arrives", () => events.length === 3);
  assertEquals(events, ["connection alice", "connected alice", "alice: hi"]);
  await reactor.send("alice", bytesOf("hello"));
  assertEquals(reactor.trySend("alice", bytesOf("again")), SendStatus.Queued);
  await eventually("both arrive", () => inbox.length === 2);
  assertEquals(inbox, ["hello", "again"]);
  assertEquals(reactor.connection("alice")?.peerId, "alice");
  await alice.close();
  await eventually("her end is reported", () => events.length === 4);
  assertEquals(events[3], `disconnected alice ${CloseCode.Normal}`);
  assertEquals(reactor.connection("alice"), undefined);
  assertEquals(reactor.trySend("alice", bytesOf("gone")), SendStatus.NotConnected);
  await assertRejects(() => reactor.send("alice", bytesOf("gone")), ClosedError);
});

Deno.test("A second client with a live id is refused; the first one stays, and the id is free after its end", async () => {
  const connected: string[] = [];
  await using reactor = await openReactor({
    peerIds: true,
    onClientConnected: (peerId) => void connected.push(peerId),
    onReceived: (connection, payload) => connection.return(payload),
  });
  await using first = openParticle({ port: reactor.port, peerId: "twin" });
  await first.connected;
  const reasons: DisconnectReason[] = [];
  const second = openParticle({
    port: reactor.port,
    peerId: "twin",
    onDisconnected: (reason) => void reasons.push(reason),
  });
  const error = await assertRejects(() => within("the refusal", second.connected), ClosedError);
  assertEquals(error.closeCode, CloseCode.HandshakeRefused);
  await within("its end", second.closed);
  assertEquals(reasons.map(({ code, origin }) => ({ code, origin })), [
    { code: CloseCode.HandshakeRefused, origin: "remote" },
  ]);
  assertEquals(connected, ["twin"]);
  assertEquals(first.isConnected, true);
  assertEquals(reactor.trySend("twin", bytesOf("x")), SendStatus.Queued);
  await first.close();
  await eventually("the id is free", () => reactor.connection("twin") === undefined);
  await using third = openParticle({ port: reactor.port, peerId: "twin" });
  await third.connected;
  assertEquals(connected, ["twin", "twin"]);
});

const wrongIds: [string, Uint8Array][] = [
  ["empty", frame("")],
  ["longer than 127 bytes", frame("x".repeat(128))],
  ["announced longer than 127 bytes", header(128)],
  ["announced far too long", header(2 ** 31 - 1)],
  ["announced with a negative length", header(-1)],
  ["not printable", frame("a\nb")],
  ["not ASCII", frame("é")],
  ["zero bytes", frame(new Uint8Array(5))],
];

for (const [name, bytes] of wrongIds) {
  Deno.test(`A peer id that is ${name} is refused without an answer`, async () => {
    let calls = 0;
    await using reactor = await openReactor({
      peerIds: true,
      onConnected: () => void calls++,
      onReceived: () => void calls++,
      onDisconnected: () => void calls++,
    });
    await using client = await PlainSocket.connect(reactor.port);
    await client.write(joined([bytes, frames(["honest", "message"])])).catch(() => {});
    assertEquals(await client.readToEnd(), new Uint8Array(0));
    await eventually("it is gone", () => reactor.statistics().connections === 0);
    assertEquals(calls, 0);
  });
}

Deno.test("A peer id of 127 printable characters is taken, and messages may follow it at once", async () => {
  const id = Array.from({ length: 127 }, (_, i) => String.fromCharCode(0x20 + i % 95)).join("");
  const seen: string[] = [];
  await using reactor = await openReactor({
    peerIds: true,
    onMessageReceived: (peerId, payload) => {
      assertEquals(peerId, id);
      seen.push(textOf(payload));
    },
  });
  await using client = await PlainSocket.connect(reactor.port);
  await client.write(frames([id, "one", "", "three"]));
  assertEquals(await client.read(131), frame(id));
  await eventually("all arrive", () => seen.length === 3);
  assertEquals(seen, ["one", "", "three"]);
});

Deno.test("Clients that say nothing are refused at the deadline and hold up nobody", async () => {
  await using reactor = await openReactor({
    peerIds: true,
    handshakeTimeoutMs: 100,
    onReceived: (connection, payload) => connection.return(payload),
  });
  const silent = await Promise.all(upTo(50).map(() => PlainSocket.connect(reactor.port)));
  await silent[0]!.write(header(5));
  await using client = await PlainSocket.connect(reactor.port);
  await client.write(frames(["speaker", "hello"]));
  assertEquals(await client.read(11 + 9), frames(["speaker", "hello"]));
  for (const one of silent) {
    assertEquals(await one.readToEnd(), new Uint8Array(0));
    await one[Symbol.asyncDispose]();
  }
  await eventually("they are gone", () => reactor.statistics().connections === 1);
  assertEquals(reactor.connections.length, 1);
});

Deno.test("A handler for a client that is still pending does not let its deadline pass", async () => {
  const seen: string[] = [];
  await using reactor = await openReactor({
    peerIds: true,
    handshakeTimeoutMs: 500,
    onConnected: () => new Promise((resolve) => setTimeout(resolve, 700)),
    onMessageReceived: (_, payload) => void seen.push(textOf(payload)),
  });
  await using client = await PlainSocket.connect(reactor.port);
  await client.write(frames(["patient", "hello"]));
  await eventually("the message arrives", () => seen.length === 1);
});

Deno.test("Many clients with ids each get only what is theirs, in order", async () => {
  await using reactor = await openReactor({ peerIds: true });
  const inboxes = upTo(20).map((): number[] => []);
  const particles = upTo(20).map((i) =>
    openParticle({
      port: reactor.port,
      peerId: `client ${i}`,
      onReceived: (payload) => void inboxes[i]!.push(numberOf(payload)),
    })
  );
  await Promise.all(particles.map((particle) => particle.connected));
  await eventually("all are known", () => upTo(20).every((i) => reactor.connection(`client ${i}`) !== undefined));
  for (let i = 0; i < 2000; i++) await reactor.send(`client ${i % 20}`, numbered(i));
  await eventually("all arrive", () => inboxes.every((inbox) => inbox.length === 100));
  inboxes.forEach((inbox, i) => assertEquals(inbox, upTo(100).map((n) => n * 20 + i)));
  await Promise.all(particles.map((particle) => particle.close()));
});

for (const failing of ["onClientConnected", "onMessageReceived"] as const) {
  for (const way of ["throws", "rejects"] as const) {
    Deno.test(`A ${failing} that ${way} closes its own client and nothing else`, async () => {
      using escaped = new UnhandledRejections();
      const errors: unknown[] = [];
      const codes: number[] = [];
      const fault = new Error("on purpose");
      const fail = (peerId: string): unknown => {
        if (peerId !== "victim") return undefined;
        if (way === "throws") throw fault;
        return Promise.reject(fault);
      };
      const handlers: ReactorOptions = { [failing]: fail };
      await using reactor = await openReactor({
        peerIds: true,
        ...handlers,
        onClientDisconnected: (_, reason) => void codes.push(reason.code),
        onError: (error) => void errors.push(error),
      });
      await using other = openParticle({ port: reactor.port, peerId: "other" });
      await other.connected;
      await using victim = await PlainSocket.connect(reactor.port);
      await victim.write(frames(["victim", "hello"]));
      await within("its end", victim.ended);
      await eventually("its end is reported", () => codes.length === 1);
      await standstill(() => escaped.reasons.length);
      assertEquals(escaped.reasons, []);
      assertEquals(errors, [fault]);
      assertEquals(codes, [CloseCode.HandlerFailed]);
      assertEquals(reactor.trySend("other", bytesOf("x")), SendStatus.Queued);
    });
  }
}

Deno.test("A particle refuses a server that repeats another id", async () => {
  await using server = await PlainServer.listen();
  const reasons: DisconnectReason[] = [];
  const particle = openParticle({
    port: server.port,
    peerId: "alice",
    onReceived: () => assert(false, "nothing may be handed over"),
    onDisconnected: (reason) => void reasons.push(reason),
  });
  particle.trySend(bytesOf("waits for the answer"));
  const socket = await server.accept();
  assertEquals(textOf(await socket.readFrame()), "alice");
  await standstill(() => socket.count);
  assertEquals(socket.count, 0);
  await socket.write(frames(["bob", "message"]));
  await within("its end", particle.closed);
  assertEquals(reasons.map(({ code, unsentCount }) => ({ code, unsentCount })), [
    { code: CloseCode.HandshakeMismatch, unsentCount: 1 },
  ]);
  await assertRejects(() => particle.connected, ClosedError);
});

Deno.test("A particle gives a server that does not answer its handshake deadline", async () => {
  await using server = await PlainServer.listen();
  const particle = openParticle({ port: server.port, peerId: "alice", handshakeTimeoutMs: 30 });
  const error = await assertRejects(() => within("the deadline", particle.connected), ClosedError);
  assertEquals(error.closeCode, CloseCode.HandshakeTimeout);
  await within("its end", particle.closed);
});

Deno.test("reactor.send() to a client that is gone rejects, and ends nothing when nobody awaits it", async () => {
  using unhandled = new UnhandledRejections();
  await using reactor = await openReactor({ peerIds: true });
  void reactor.send("nobody", bytesOf("hello"));
  await assertRejects(() => reactor.send("nobody", bytesOf("hello")), ClosedError, "UnknownPeer");
  assertEquals(reactor.trySend("nobody", bytesOf("hello")), SendStatus.NotConnected);
  await standstill(() => unhandled.reasons.length);
  assertEquals(unhandled.reasons, []);
});

Deno.test("An onConnected that rejects and an onClientConnected that throws close their own client and nothing else", async () => {
  using unhandled = new UnhandledRejections();
  const errors: unknown[] = [];
  const ends: DisconnectReason[] = [];
  await using reactor = await openReactor({
    peerIds: true,
    onConnected: async (connection) => {
      await Promise.resolve();
      if (connection.peerId === "bad") throw new Error("one");
    },
    onClientConnected: (peerId) => {
      if (peerId === "bad") throw new Error("two");
    },
    onClientDisconnected: (_, reason) => void ends.push(reason),
    onError: (error) => void errors.push(error),
  });
  await using good = openParticle({ port: reactor.port, peerId: "good" });
  await good.connected;
  const bad = openParticle({ port: reactor.port, peerId: "bad" });
  await within("its end", bad.closed);
  await eventually("it is told", () => ends.length === 1);
  assertEquals([ends[0]!.code, errors.length], [CloseCode.HandlerFailed, 1]);
  assert(good.isConnected);
  await standstill(() => unhandled.reasons.length);
  assertEquals(unhandled.reasons, []);
});
