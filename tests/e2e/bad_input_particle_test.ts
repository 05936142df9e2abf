/**
 * What a particle does with a server that sends it bytes as no honest one would.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { CloseCode, type DisconnectReason, type Particle, type ParticleOptions } from "../../mod.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { frame, frames, header, joined, PlainServer, type PlainSocket } from "../interop/plain_socket.ts";
import { openParticle } from "./framed_tcp.ts";
import { bytesOf, textOf, upTo } from "./payloads.ts";
import { eventually, within } from "./waiting.ts";

/** A particle that notes what it gets, and the server's end of its link. */
interface Noting extends AsyncDisposable {
  readonly particle: Particle;
  readonly socket: PlainSocket;
  readonly seen: string[];
  readonly reasons: DisconnectReason[];
}

Deno.test("A particle takes frames one byte at a time and ten in one read", async () => {
  await using noting = await open();
  const words = upTo(10).map((i) => "x".repeat(i));
  for (const byte of frames(words)) {
    await noting.socket.write(Uint8Array.of(byte));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await noting.socket.write(frames(words));
  await eventually("all arrive", () => noting.seen.length === 20);
  assertEquals(noting.seen, [...words, ...words]);
});

const refused: [string, number, CloseCode, Partial<ParticleOptions>][] = [
  ["-1", -1, CloseCode.NegativeLength, {}],
  ["max + 1", 1001, CloseCode.FrameTooLarge, { maxFrameBytes: 1000 }],
  ["2^31 - 1", 2 ** 31 - 1, CloseCode.FrameTooLarge, {}],
  ["0 where that is not allowed", 0, CloseCode.EmptyFrame, { allowEmptyMessages: false }],
  ["7 where 8 bytes are a timestamp", 7, CloseCode.MissingTimestamp, { timestamps: true }],
];

for (const [name, length, code, options] of refused) {
  Deno.test(`A particle ends its link at a frame of length ${name} and looks at nothing behind it`, async () => {
    await using noting = await open(options);
    const good = options.timestamps ? "12345678ok" : "ok";
    await noting.socket.write(joined([frame(good), header(length), frames(["evil frame", good])]));
    await within("its end", noting.particle.closed);
    assertEquals(noting.seen, ["ok"]);
    assertEquals(noting.reasons.map(({ code, origin }) => ({ code, origin })), [{ code, origin: "remote" }]);
    await within("the server's end", noting.socket.ended);
  });
}

for (
  const [where, bytes] of [
    ["a header", Uint8Array.of(5, 0, 0)],
    ["a payload", joined([header(5), bytesOf("abcd")])],
  ] as const
) {
  Deno.test(`A particle reports the end of the stream inside ${where} as Truncated`, async () => {
    await using noting = await open();
    await noting.socket.write(joined([frame("whole"), bytes]));
    noting.socket.end();
    await within("its end", noting.particle.closed);
    assertEquals(noting.seen, ["whole"]);
    assertEquals(noting.reasons.map(({ code }) => code), [CloseCode.Truncated]);
  });

  Deno.test(`A particle reports a reset inside ${where} as LinkLost`, async () => {
    await using noting = await open();
    await noting.socket.write(joined([frame("whole"), bytes]));
    await eventually("it arrives", () => noting.seen.length === 1);
    noting.socket.reset();
    await within("its end", noting.particle.closed);
    assertEquals(noting.reasons.map(({ code, origin }) => ({ code, origin })), [
      { code: CloseCode.LinkLost, origin: "link" },
    ]);
    assert(noting.reasons[0]!.cause instanceof Error);
  });
}

Deno.test("A particle gives up a server that dribbles, and one that is silent", async () => {
  await using dribbled = await open({ minFrameBytesPerSecond: 1000, frameGraceMs: 30 });
  await dribbled.socket.write(header(1000));
  await within("its end", dribbled.particle.closed);
  assertEquals(dribbled.reasons.map(({ code }) => code), [CloseCode.TooSlow]);
  await using silent = await open({ idleTimeoutMs: 30 });
  await within("its end", silent.particle.closed);
  assertEquals(silent.reasons.map(({ code }) => code), [CloseCode.IdleTimeout]);
});

Deno.test("Random bytes never hurt a particle", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = new SeededRandom(seed);
  const expected: number[] = [CloseCode.NegativeLength, CloseCode.FrameTooLarge, CloseCode.Truncated, CloseCode.Normal];
  for (let round = 0; round < 30; round++) {
    await using noting = await open({ maxFrameBytes: 4096 });
    for (let piece = random.nextUint32() % 4; piece >= 0; piece--) {
      const bytes = new Uint8Array(4 + random.nextUint32() % 3000);
      random.fillSecret(bytes);
      if (random.visibleFraction() < 0.5) bytes.set(header(random.nextUint32() % 64));
      await noting.socket.write(bytes).catch(() => {});
    }
    noting.socket.end();
    await within(`its end (seed ${seed}, round ${round})`, noting.particle.closed);
    assert(expected.includes(noting.reasons[0]!.code), `seed ${seed}, round ${round}: ${noting.reasons[0]!.message}`);
  }
});

async function open(options: Partial<ParticleOptions> = {}): Promise<Noting> {
  const server = await PlainServer.listen();
  const seen: string[] = [];
  const reasons: DisconnectReason[] = [];
  const particle = openParticle({
    ...options,
    port: server.port,
    onReceived: (payload) => void seen.push(textOf(payload)),
    onDisconnected: (reason) => void reasons.push(reason),
  });
  const socket = await server.accept();
  return {
    particle,
    socket,
    seen,
    reasons,
    [Symbol.asyncDispose]: async () => {
      particle.abort();
      await within("the end of the particle", particle.closed);
      await server[Symbol.asyncDispose]();
    },
  };
}
