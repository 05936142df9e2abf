/**
 * What a reactor does with bytes as no honest client sends them, or in pieces as no test by hand would.
 *
 * @module
 */
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { CloseCode, type DisconnectReason, type Reactor, type ReactorOptions } from "../../mod.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { frame, frames, header, joined, PlainSocket } from "../interop/plain_socket.ts";
import { openReactor } from "./framed_tcp.ts";
import { bytesOf, numbered, numberOf, textOf, upTo } from "./payloads.ts";
import { eventually, within } from "./waiting.ts";

/** A reactor that notes what it gets. */
interface Noting extends AsyncDisposable {
  readonly reactor: Reactor;
  readonly seen: string[];
  readonly reasons: DisconnectReason[];
}

Deno.test("Frames that arrive one byte at a time are whole", async () => {
  await using noting = await open();
  await using client = await PlainSocket.connect(noting.reactor.port);
  for (const byte of frames(["a", "", "hello", "x".repeat(60)])) {
    await client.write(Uint8Array.of(byte));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await eventually("all arrive", () => noting.seen.length === 4);
  assertEquals(noting.seen, ["a", "", "hello", "x".repeat(60)]);
});

Deno.test("Ten frames in one read are ten messages", async () => {
  await using noting = await open();
  await using client = await PlainSocket.connect(noting.reactor.port);
  const words = upTo(10).map((i) => "x".repeat(i));
  await client.write(frames(words));
  await eventually("all arrive", () => noting.seen.length === 10);
  assertEquals(noting.seen, words);
  assertEquals(noting.reactor.statistics().reads, 1);
});

for (const boundary of [512, 16_384, 262_144]) {
  Deno.test(`Frames that end at, before and behind ${boundary} bytes of a buffer are whole`, async () => {
    const sizes: number[] = [];
    const wrong: number[] = [];
    await using reactor = await openReactor({
      onReceived: (_, payload) => {
        sizes.push(payload.length);
        if (numberOf(payload) !== sizes.length - 1) wrong.push(sizes.length - 1);
      },
    });
    const lengths = [-9, -5, -4, -3, -1, 0, 1, 3, 4, 5, 9].map((shift) => boundary - 4 + shift);
    for (const isTogether of [false, true]) {
      sizes.length = 0;
      await using client = await PlainSocket.connect(reactor.port);
      const all = lengths.map((length, i) => frame(numbered(i, length)));
      if (isTogether) await client.write(joined(all));
      for (const [i, one] of isTogether ? [] : all.entries()) {
        await client.write(one);
        await eventually("it arrives", () => sizes.length === i + 1);
      }
      await eventually("all arrive", () => sizes.length === lengths.length);
      assertEquals(sizes, lengths);
    }
    assertEquals(wrong, []);
  });

  Deno.test(`Many frames that fill ${boundary} bytes exactly are whole`, async () => {
    const numbers: number[] = [];
    await using reactor = await openReactor({ onReceived: (_, payload) => void numbers.push(numberOf(payload)) });
    await using client = await PlainSocket.connect(reactor.port);
    const count = boundary / 16;
    await client.write(frames(upTo(count).map((i) => numbered(i, 12))));
    await eventually("all arrive", () => numbers.length === count);
    assertEquals(numbers, upTo(count));
  });
}

Deno.test("Lengths at the edge: 0 and max are messages", async () => {
  await using noting = await open({ maxFrameBytes: 1000 });
  await using client = await PlainSocket.connect(noting.reactor.port);
  await client.write(frames(["", "y".repeat(1000), ""]));
  await eventually("all arrive", () => noting.seen.length === 3);
  assertEquals(noting.seen.map((text) => text.length), [0, 1000, 0]);
});

const refused: [string, number, CloseCode, ReactorOptions][] = [
  ["-1", -1, CloseCode.NegativeLength, {}],
  ["-2^31", -(2 ** 31), CloseCode.NegativeLength, {}],
  ["max + 1", 1001, CloseCode.FrameTooLarge, { maxFrameBytes: 1000 }],
  ["the default max + 1", (16 << 20) + 1, CloseCode.FrameTooLarge, {}],
  ["2^31 - 1", 2 ** 31 - 1, CloseCode.FrameTooLarge, {}],
  ["2^31 - 1 where all is allowed", 2 ** 31 - 1, CloseCode.FrameTooLarge, { maxFrameBytes: 2 ** 31 - 9 }],
  ["0 where that is not allowed", 0, CloseCode.EmptyFrame, { allowEmptyMessages: false }],
  ["7 where 8 bytes are a timestamp", 7, CloseCode.MissingTimestamp, { timestamps: true }],
];

for (const [name, length, code, options] of refused) {
  Deno.test(`A frame of length ${name} closes its connection, and nothing behind it is looked at`, async () => {
    await using noting = await open(options);
    await using client = await PlainSocket.connect(noting.reactor.port);
    const good = options.timestamps ? "12345678ok" : "ok";
    await client.write(joined([frame(good), header(length), frames(["evil frame", good, good])]));
    await within("the end", client.ended);
    await eventually("the end is reported", () => noting.reasons.length === 1);
    assertEquals(noting.seen, ["ok"]);
    assertEquals(noting.reasons.map(({ code, origin }) => ({ code, origin })), [{ code, origin: "remote" }]);
    assertEquals(noting.reactor.statistics().messagesIn, 1);
  });

  Deno.test(`A header alone of length ${name} is refused without waiting for more`, async () => {
    await using noting = await open(options);
    await using client = await PlainSocket.connect(noting.reactor.port);
    await client.write(header(length));
    await within("the end", client.ended);
    await eventually("the end is reported", () => noting.reasons.length === 1);
    assertEquals(noting.reasons[0]!.code, code);
  });
}

Deno.test("A length that is only announced costs no memory", async () => {
  await using noting = await open({ maxFrameBytes: 1 << 30 });
  const before = Deno.memoryUsage().external;
  const clients = await Promise.all(upTo(20).map(() => PlainSocket.connect(noting.reactor.port)));
  for (const client of clients) await client.write(joined([header(1 << 30), new Uint8Array(100)]));
  await eventually("all was read", () => noting.reactor.statistics().bytesIn === 20 * 104);
  assertLessOrEqual(Deno.memoryUsage().external - before, 32 << 20);
  for (const client of clients) await client[Symbol.asyncDispose]();
});

for (
  const [where, bytes] of [
    ["a header", Uint8Array.of(5, 0)],
    ["a payload", joined([header(5), bytesOf("abc")])],
    ["a payload of which nothing came", header(5)],
  ] as const
) {
  Deno.test(`The end of the stream inside ${where} is reported as Truncated`, async () => {
    await using noting = await open();
    await using client = await PlainSocket.connect(noting.reactor.port);
    await client.write(joined([frame("whole"), bytes]));
    client.end();
    await within("the end", client.ended);
    await eventually("the end is reported", () => noting.reasons.length === 1);
    assertEquals(noting.seen, ["whole"]);
    assertEquals(noting.reasons[0]!.code, CloseCode.Truncated);
  });

  Deno.test(`A reset inside ${where} ends that connection and no other`, async () => {
    await using noting = await open();
    await using other = await PlainSocket.connect(noting.reactor.port);
    await using client = await PlainSocket.connect(noting.reactor.port);
    await client.write(joined([frame("whole"), bytes]));
    await eventually("it arrives", () => noting.seen.length === 1);
    client.reset();
    await eventually("the end is reported", () => noting.reasons.length === 1);
    assertEquals(noting.reasons[0]!.code, CloseCode.LinkLost);
    assertEquals(noting.reasons[0]!.origin, "link");
    await other.write(frame("still here"));
    await eventually("the other is served", () => noting.seen.length === 2);
  });
}

Deno.test("Random bytes never hurt a reactor", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = new SeededRandom(seed);
  await using noting = await open({ maxFrameBytes: 4096, closeTimeoutMs: 100 });
  const rounds = 60;
  for (let round = 0; round < rounds; round++) {
    await using client = await PlainSocket.connect(noting.reactor.port);
    for (let piece = random.nextUint32() % 5; piece >= 0; piece--) {
      const bytes = new Uint8Array(4 + random.nextUint32() % 3000);
      random.fillSecret(bytes);
      // Small lengths make some of it look like frames.
      if (random.visibleFraction() < 0.5) bytes.set(header(random.nextUint32() % 64));
      await client.write(bytes).catch(() => {});
    }
    // A client that breaks off before it was accepted may never be seen.
    await eventually("it is accepted", () => noting.reactor.statistics().accepted === round + 1);
    if (random.visibleFraction() < 0.3) client.reset();
    else client.end();
    await within(`the end (seed ${seed}, round ${round})`, client.ended);
  }
  await eventually("all ends are reported", () => noting.reasons.length === rounds);
  const expected: number[] = [
    CloseCode.NegativeLength,
    CloseCode.FrameTooLarge,
    CloseCode.Truncated,
    CloseCode.LinkLost,
    CloseCode.Normal,
  ];
  assert(noting.reasons.every(({ code }) => expected.includes(code)), `seed ${seed}`);
  await using client = await PlainSocket.connect(noting.reactor.port);
  noting.seen.length = 0;
  await client.write(frame("still here"));
  await eventually("it still serves", () => noting.seen.length === 1);
});

Deno.test("Two thousand clients that send nothing do not keep others from being served", async () => {
  const count = 2000;
  await using reactor = await openReactor({
    backlogCount: 4096,
    onReceived: (connection, payload) => connection.return(payload),
  });
  const idle: PlainSocket[] = [];
  try {
    for (let i = 0; i < count; i += 250) {
      idle.push(...await Promise.all(upTo(250).map(() => PlainSocket.connect(reactor.port))));
    }
    await eventually("all are accepted", () => reactor.connections.length === count);
    for (let i = 0; i < 20; i++) {
      await using client = await PlainSocket.connect(reactor.port);
      await client.write(frame(`hello ${i}`));
      assertEquals(textOf(await client.readFrame()), `hello ${i}`);
    }
    await idle[0]!.write(frame("awake"));
    assertEquals(textOf(await idle[0]!.readFrame()), "awake");
    const { connections, queuedBytes } = reactor.statistics();
    assert(connections >= count);
    assertEquals(queuedBytes, 0);
  } finally {
    await Promise.all(idle.map((client) => client[Symbol.asyncDispose]()));
  }
  await eventually("all are gone", () => reactor.statistics().connections === 0);
});

async function open(options: ReactorOptions = {}): Promise<Noting> {
  const seen: string[] = [];
  const reasons: DisconnectReason[] = [];
  const reactor = await openReactor({
    ...options,
    onReceived: (_, payload) => void seen.push(textOf(payload)),
    onDisconnected: (_, reason) => void reasons.push(reason),
  });
  return { reactor, seen, reasons, [Symbol.asyncDispose]: () => reactor.stop() };
}
