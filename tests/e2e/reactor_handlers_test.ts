/**
 * What an application's handlers can rely on: when they run, what they hold, and whom their failure hurts.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CloseCode, type Connection, type DisconnectReason, MisuseError, SendStatus } from "../../mod.ts";
import { frames, PlainSocket } from "../interop/plain_socket.ts";
import { QuietConsole, UnhandledRejections } from "./leaks.ts";
import { makeReactor, openParticle, openReactor } from "./framed_tcp.ts";
import { bytesOf, numbered, numberOf, textOf, upTo } from "./payloads.ts";
import { eventually, Gate, standstill, within } from "./waiting.ts";

Deno.test("Reactor hands over the first bytes of a client only when onConnected is done", async () => {
  const gate = new Gate();
  const events: string[] = [];
  await using reactor = await openReactor({
    onConnected: async (connection) => {
      events.push(`connected ${connection.open}`);
      await gate.whenOpen;
      events.push("ready");
    },
    onReceived: (_, payload) => void events.push(textOf(payload)),
  });
  await using client = await PlainSocket.connect(reactor.port);
  await client.write(frames(["early", "bird"]));
  await eventually("onConnected runs", () => events.length > 0);
  await standstill(() => events.length);
  assertEquals(events, ["connected true"]);
  gate.open();
  await eventually("all is handed over", () => events.length === 4);
  assertEquals(events, ["connected true", "ready", "early", "bird"]);
});

Deno.test("Reactor.start() fixes the handlers that were set as properties", async () => {
  const reactor = makeReactor();
  let received = "";
  reactor.onReceived = (_, payload) => received = textOf(payload);
  await reactor.start();
  assertThrows(() => reactor.onReceived = undefined, TypeError);
  await using particle = openParticle({ port: reactor.port });
  await particle.send(bytesOf("hello"));
  await eventually("the message arrives", () => received === "hello");
  await reactor.stop();
});

Deno.test("Reactor refuses handlers that exclude each other or would never be called", async () => {
  const nothing = (): void => {};
  assertThrows(() => makeReactor({ onReceived: nothing, onBatch: nothing }), TypeError, "onReceived, onBatch");
  assertThrows(() => makeReactor({ onMessageReceived: nothing }), TypeError, "needs peerIds");
  assertThrows(() => makeReactor({ onClientConnected: nothing }), TypeError, "needs peerIds");
  const together = makeReactor({ onReceived: nothing });
  together.onBatch = nothing;
  await assertRejects(() => together.start(), TypeError, "onReceived, onBatch");
  const wrong = makeReactor();
  Object.assign(wrong, { onConnected: "hello" });
  await assertRejects(() => wrong.start(), TypeError, "onConnected must be a function");
});

Deno.test("Reactor.port cannot be read before start()", () => {
  assertThrows(() => makeReactor().port, MisuseError);
});

for (const failing of ["onConnected", "onReceived", "onBatch"] as const) {
  for (const way of ["throws", "rejects", "rejects later"] as const) {
    Deno.test(`Reactor closes only the connection whose ${failing} ${way}, and reports the error`, async () => {
      const fault = new Error("on purpose");
      let isArmed = false;
      const fail = (): unknown => {
        if (!isArmed) return undefined;
        isArmed = false;
        if (way === "throws") throw fault;
        if (way === "rejects") return Promise.reject(fault);
        return new Promise((_, reject) => setTimeout(reject, 1, fault));
      };
      const errors: [unknown, Connection | undefined][] = [];
      const ends: [Connection, DisconnectReason][] = [];
      const onMessage = (connection: Connection): unknown => {
        connection.trySend(bytesOf("seen"));
        return failing === "onConnected" ? undefined : fail();
      };
      await using reactor = await openReactor({
        onConnected: () => failing === "onConnected" ? fail() : undefined,
        ...(failing === "onBatch" ? { onBatch: onMessage } : { onReceived: onMessage }),
        onDisconnected: (connection, reason) => void ends.push([connection, reason]),
        onError: (error, connection) => void errors.push([error, connection]),
      });
      await using other = await PlainSocket.connect(reactor.port);
      await other.write(frames(["x"]));
      assertEquals(textOf(await other.readFrame()), "seen");
      isArmed = true;
      await using victim = await PlainSocket.connect(reactor.port);
      await victim.write(frames(["y"]));
      await within("the victim's end", victim.ended);
      await eventually("its end is reported", () => ends.length > 0);
      assertEquals(errors.map(([error]) => error), [fault]);
      assertEquals(errors[0]![1], ends[0]![0]);
      const { code, origin, cause } = ends[0]![1];
      assertEquals({ code, origin }, { code: CloseCode.HandlerFailed, origin: "local" });
      assert(cause === fault);
      await other.write(frames(["z"]));
      assertEquals(textOf(await other.readFrame()), "seen");
      assertEquals(reactor.connections.length, 1);
    });
  }
}

Deno.test("Reactor survives an onError and an onDisconnected that fail, and tells the console", async () => {
  using silenced = new QuietConsole();
  let reports = 0;
  let ended = 0;
  await using reactor = await openReactor({
    onReceived: () => Promise.reject(new Error("on purpose")),
    onDisconnected: () => {
      ended++;
      return Promise.reject(new Error("on purpose"));
    },
    onError: () => {
      reports++;
      throw new Error("on purpose");
    },
  });
  for (let i = 1; i <= 2; i++) {
    await using client = await PlainSocket.connect(reactor.port);
    await client.write(frames(["x"]));
    await within("the end", client.ended);
    await eventually("both failures were reported", () => ended === i && reports === 2 * i);
  }
  assertEquals(silenced.calls.length, 4);
});

Deno.test("Reactor tells the console of a failure that no onError listens for", async () => {
  using silenced = new QuietConsole();
  const fault = new Error("on purpose");
  await using reactor = await openReactor({ onReceived: () => Promise.reject(fault) });
  await using client = await PlainSocket.connect(reactor.port);
  await client.write(frames(["x"]));
  await within("the end", client.ended);
  assert(silenced.calls.some((args) => args.includes(fault)));
});

Deno.test("Reactor survives an onError whose promise is rejected", async () => {
  using silenced = new QuietConsole();
  using escaped = new UnhandledRejections();
  let reports = 0;
  await using reactor = await openReactor({
    onReceived: () => Promise.reject(new Error("on purpose")),
    onError: () => {
      reports++;
      return Promise.reject(new Error("on purpose, too"));
    },
  });
  await using client = await PlainSocket.connect(reactor.port);
  await client.write(frames(["x"]));
  await within("the end", client.ended);
  await eventually("the failure was reported", () => reports === 1);
  await standstill(() => escaped.reasons.length);
  assertEquals(escaped.reasons, []);
  assertEquals(silenced.calls.length, 1);
});

Deno.test("A pending handler holds back the reading, keeps the order and keeps its payload", async () => {
  const gate = new Gate();
  const seen: number[] = [];
  let held: Uint8Array | undefined;
  await using reactor = await openReactor({
    readBufferBytes: 16 << 10,
    onReceived: async (_, payload) => {
      if (seen.length === 3) {
        held = payload;
        await gate.whenOpen;
      }
      seen.push(numberOf(payload));
    },
  });
  await using client = await PlainSocket.connect(reactor.port);
  const count = 20_000;
  const writing = client.write(frames(upTo(count).map((i) => numbered(i, 1000))));
  writing.catch(() => {});
  await eventually("the fourth message is held", () => held !== undefined);
  const read = await standstill(() => reactor.statistics().bytesIn);
  assert(read <= 64 << 10, `read ${read} bytes while the handler was pending`);
  assertEquals(seen, [0, 1, 2]);
  assertEquals(numberOf(held!), 3);
  gate.open();
  await writing;
  await eventually("all messages arrived", () => seen.length === count);
  assertEquals(seen, upTo(count));
});

Deno.test("A held payload stays valid when its connection is aborted meanwhile", async () => {
  const gate = new Gate();
  const kept: number[] = [];
  let first: Connection | undefined;
  let ends = 0;
  await using reactor = await openReactor({
    onReceived: async (connection, payload) => {
      if (first !== undefined) return;
      first = connection;
      await gate.whenOpen;
      kept.push(numberOf(payload));
    },
    onDisconnected: () => void ends++,
  });
  await using client = await PlainSocket.connect(reactor.port);
  await client.write(frames([numbered(7, 400)]));
  await eventually("the handler runs", () => first !== undefined);
  first!.abort();
  await eventually("the end is reported", () => ends === 1);
  // Traffic that would be read into the same memory, had it been given back.
  for (let i = 0; i < 3; i++) {
    await using other = await PlainSocket.connect(reactor.port);
    await other.write(frames([new Uint8Array(400).fill(255)]));
    await eventually("it was read", () => reactor.statistics().messagesIn >= i + 1);
  }
  gate.open();
  await eventually("the handler is done", () => kept.length === 1);
  assertEquals(kept, [7]);
});

Deno.test("An onConnected that sends while it settles never costs a message", async () => {
  for (let hops = 0; hops < 12; hops++) {
    const seen: string[] = [];
    let overlaps = 0;
    let busy = 0;
    await using reactor = await openReactor({
      peerIds: true,
      onConnected: async (connection) => {
        const started = new Promise<void>((resolve) => setTimeout(resolve, 1));
        void started.then(() => later(hops, () => connection.trySend(bytesOf("hello"))));
        await started;
      },
      onReceived: async (_, payload) => {
        if (++busy > 1) overlaps++;
        await new Promise((resolve) => setTimeout(resolve, 1));
        seen.push(textOf(payload));
        busy--;
      },
    });
    await using client = await PlainSocket.connect(reactor.port);
    await client.write(frames(["someone", "one", "two"]));
    await client.write(frames(["three"]));
    await eventually(`all messages arrived (hops ${hops})`, () => seen.length === 3);
    assertEquals(seen, ["one", "two", "three"], `hops ${hops}`);
    assertEquals(overlaps, 0, `hops ${hops}`);
    assertEquals(textOf(await client.readFrame()), "someone");
    assertEquals(textOf(await client.readFrame()), "hello");
  }
});

for (const copyPayloads of [true, false]) {
  Deno.test(`A payload ${copyPayloads ? "may" : "must not"} be kept with copyPayloads ${copyPayloads}`, async () => {
    const kept: Uint8Array[] = [];
    await using reactor = await openReactor({ copyPayloads, onReceived: (_, payload) => void kept.push(payload) });
    await using client = await PlainSocket.connect(reactor.port);
    for (let i = 0; i < 20; i++) {
      await client.write(frames([numbered(i, 100)]));
      await eventually(`message ${i} arrives`, () => kept.length === i + 1);
    }
    const isWhole = kept.every((payload, i) => numberOf(payload) === i);
    assertEquals(isWhole, copyPayloads);
    if (copyPayloads) assert(kept.every((payload) => payload.buffer.byteLength === 100));
  });
}

Deno.test("onBatch gets all frames of one read and counts what it leaves as unread", async () => {
  const batches: number[][] = [];
  let limit = Infinity;
  await using reactor = await openReactor({
    onBatch: (_, cursor) => {
      const batch: number[] = [];
      while (batch.length < limit && cursor.next()) {
        assertEquals(cursor.length, 8);
        assertEquals(
          numberOf(cursor.buffer.slice(cursor.offset, cursor.offset + cursor.length)),
          numberOf(cursor.payload()),
        );
        batch.push(numberOf(cursor.payload()));
      }
      batches.push(batch);
    },
  });
  await using client = await PlainSocket.connect(reactor.port);
  await client.write(frames(upTo(10).map((i) => numbered(i, 8))));
  await eventually("ten messages are counted", () => reactor.statistics().messagesIn === 10);
  assertEquals(batches.flat(), upTo(10));
  assertEquals(reactor.statistics().unread, 0);
  limit = 2;
  batches.length = 0;
  await client.write(frames(upTo(10).map((i) => numbered(i, 8))));
  await eventually("all are counted", () => reactor.statistics().messagesIn + reactor.statistics().unread === 20);
  assertEquals(batches.flat().length, reactor.statistics().messagesIn - 10);
  assert(reactor.statistics().unread >= 1);
});

Deno.test("A pending onBatch holds back the reading and keeps its memory", async () => {
  const gate = new Gate();
  const seen: number[] = [];
  let calls = 0;
  await using reactor = await openReactor({
    onBatch: async (_, cursor) => {
      calls++;
      await gate.whenOpen;
      while (cursor.next()) seen.push(numberOf(cursor.payload()));
    },
  });
  await using client = await PlainSocket.connect(reactor.port);
  const writing = client.write(frames(upTo(5000).map((i) => numbered(i, 1000))));
  await eventually("the batch is held", () => calls === 1);
  assert(await standstill(() => reactor.statistics().bytesIn) <= 256 << 10);
  assertEquals(calls, 1);
  gate.open();
  await writing;
  await eventually("all messages arrived", () => seen.length === 5000);
  assertEquals(seen, upTo(5000));
});

Deno.test("A handler may close its connection; nothing behind that message is handed over", async () => {
  const seen: string[] = [];
  let code = -1;
  await using reactor = await openReactor({
    onReceived: (connection, payload) => {
      seen.push(textOf(payload));
      connection.return(bytesOf("bye"));
      void connection.close();
      assertEquals(connection.open, false);
      assertEquals(connection.trySend(bytesOf("more")), SendStatus.Closed);
    },
    onDisconnected: (_, reason) => void (code = reason.code),
  });
  await using client = await PlainSocket.connect(reactor.port);
  await client.write(frames(["one", "two", "three"]));
  assertEquals(await client.readToEnd(), frames(["bye"]));
  client.end();
  await eventually("the end is reported", () => code >= 0);
  assertEquals(code, CloseCode.Normal);
  assertEquals(seen, ["one"]);
});

function later(hops: number, run: () => void): void {
  if (hops === 0) run();
  else void Promise.resolve().then(() => later(hops - 1, run));
}

Deno.test("A handler that awaits the close of its own connection is counted there, not with the next one", async () => {
  const seen: Connection[] = [];
  let delivered = 0;
  await using reactor = await openReactor({
    onConnected: (connection) => void seen.push(connection),
    onReceived: async (connection) => {
      delivered++;
      await connection.close();
    },
  });
  for (let i = 1; i <= 3; i++) {
    await using client = await PlainSocket.connect(reactor.port);
    await client.write(frames(["hello"]));
    await within("the end", client.ended);
    await eventually("it is delivered and over", () => delivered === i && reactor.connections.length === 0);
  }
  assertEquals(seen.map((connection) => connection.statistics().messagesIn), [1, 1, 1]);
  assertEquals(reactor.statistics().messagesIn, 3);
});
