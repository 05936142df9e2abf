import { assert, assertEquals } from "@std/assert";
import { FecDecoder, FecOutcome, GROUP_LIFETIME_MS, GROUPS } from "../../../src/fec/fec_decoder.ts";
import { FecEncoder, MAX_READY } from "../../../src/fec/fec_encoder.ts";
import { type FecOptions, resolveFecOptions } from "../../../src/fec/fec_options.ts";
import { divide, multiply } from "../../../src/fec/galois_field.ts";
import { residualLoss } from "../../../src/fec/group_size.ts";
import { coefficient, ParityTables } from "../../../src/fec/parity_tables.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { ClockCell } from "../../../src/time/clock.ts";
import { ChannelFrameReader } from "../../../src/wire/channel_frame_reader.ts";
import { slowCoefficient, slowDivide, slowMultiply, slowParities } from "./reference_code.ts";

const tables = new ParityTables();

function setUp(options: FecOptions = {}, firstId = 0) {
  const clock = new ClockCell();
  const config = resolveFecOptions({ adaptive: false, ...options });
  return { clock, encoder: new FecEncoder(config, clock, tables, firstId), decoder: new FecDecoder(clock) };
}

function framesOf(random: SeededRandom, count: number, maxBytes = 300): Uint8Array[] {
  return Array.from({ length: count }, () => {
    const frame = new Uint8Array(8 + random.nextInt(maxBytes - 8));
    random.fillSecret(frame);
    return frame;
  });
}

interface Parity {
  readonly group: number;
  readonly index: number;
  readonly sources: number;
  readonly parities: number;
  readonly bytes: Uint8Array;
}

/** All parities that wait, read as a receiver reads them. */
function drain(encoder: FecEncoder): Parity[] {
  const memory = new Uint8Array(2048);
  const reader = new ChannelFrameReader();
  const found: Parity[] = [];
  while (encoder.parityBytes > 0) {
    const expected = encoder.parityBytes;
    const end = encoder.writeParity(memory, 5, 3);
    assertEquals([end - 5, reader.read(memory, 5, end), reader.channel], [expected, expected, 3]);
    const { group, index, sources, parities, offset, length } = reader;
    found.push({ group, index, sources, parities, bytes: memory.slice(offset, offset + length) });
  }
  return found;
}

function give(decoder: FecDecoder, parity: Parity): FecOutcome {
  const { group, index, sources, parities, bytes } = parity;
  return decoder.handleParity(group, index, sources, parities, bytes, 0, bytes.length);
}

function recovered(decoder: FecDecoder): Map<number, Uint8Array> {
  const map = new Map<number, Uint8Array>();
  for (let i = 0; i < decoder.recoveredCount; i++) {
    map.set(decoder.recoveredIndexes[i]!, decoder.recoveredBytes.slice(decoder.startOf(i), decoder.endOf(i)));
  }
  return map;
}

Deno.test("multiply() and divide() equal the bit by bit ones", () => {
  for (let a = 0; a < 256; a++) {
    for (let b = 0; b < 256; b += 7) assertEquals(multiply(a, b), slowMultiply(a, b), `${a} * ${b}`);
  }
  for (let a = 0; a < 256; a += 5) for (let b = 1; b < 256; b += 11) assertEquals(divide(a, b), slowDivide(a, b));
});

Deno.test("coefficient() is that of a Cauchy matrix with a first row of ones", () => {
  for (let p = 0; p < 8; p++) {
    for (let s = 0; s < 64; s += 3) assertEquals(coefficient(p, s), p === 0 ? 1 : slowCoefficient(p, s));
  }
});

for (const [sources, parities] of [[4, 1], [1, 1], [8, 3], [5, 2], [16, 4], [10, 5], [64, 8]] as const) {
  Deno.test(`writeParity() of ${sources}+${parities} equals the reference`, () => {
    const random = new SeededRandom(sources * 100 + parities);
    for (let round = 0; round < 3; round++) {
      const scheme = parities === 1 ? "xor" : "reedSolomon";
      const { encoder } = setUp({ scheme, sources, parities, maxOverhead: 1 });
      const frames = framesOf(random, sources);
      for (const frame of frames) encoder.add(frame, 0, frame.length);
      const found = drain(encoder);
      assertEquals(found.map(({ bytes }) => bytes), slowParities(frames, parities), `round ${round}`);
      assertEquals(found.map(({ index }) => index), Array.from({ length: parities }, (_, i) => i));
      assert(found.every((parity) => parity.sources === sources && parity.parities === parities));
    }
  });
}

Deno.test("a group used again starts from nothing, also after a longer one", () => {
  for (const scheme of ["xor", "reedSolomon"] as const) {
    const { encoder } = setUp({ scheme, sources: 2, parities: scheme === "xor" ? 1 : 2, maxOverhead: 1 });
    const random = new SeededRandom(5);
    for (const size of [1000, 60, 200, 9]) {
      const frames = framesOf(random, 2, size);
      for (const frame of frames) encoder.add(frame, 0, frame.length);
      assertEquals(drain(encoder).map(({ bytes }) => bytes), slowParities(frames, scheme === "xor" ? 1 : 2));
    }
  }
});

Deno.test("a decoder recovers every choice of lost frames from every choice of parities", () => {
  const [sources, parities] = [5, 3];
  const random = new SeededRandom(9);
  const { encoder } = setUp({ scheme: "reedSolomon", sources, parities, maxOverhead: 1 });
  const frames = framesOf(random, sources);
  for (const frame of frames) encoder.add(frame, 0, frame.length);
  const sums = drain(encoder);
  for (let lost = 1; lost < 1 << sources; lost++) {
    for (let kept = 1; kept < 1 << parities; kept++) {
      const decoder = new FecDecoder(new ClockCell());
      frames.forEach((frame, i) => {
        if ((lost & (1 << i)) === 0) assertEquals(decoder.handleSource(0, i, frame, 0, frame.length), FecOutcome.Kept);
      });
      const back = new Map<number, Uint8Array>();
      for (const sum of sums) {
        if ((kept & (1 << sum.index)) === 0) continue;
        if (give(decoder, sum) === FecOutcome.Recovered) recovered(decoder).forEach((bytes, i) => back.set(i, bytes));
      }
      const losses = frames.map((_, i) => i).filter((i) => (lost & (1 << i)) !== 0);
      const enough = sums.filter(({ index }) => (kept & (1 << index)) !== 0).length >= losses.length;
      assertEquals([...back.keys()].sort(), enough ? losses : [], `lost ${lost}, kept ${kept}`);
      for (const [i, bytes] of back) assertEquals(bytes, frames[i], `frame ${i} of lost ${lost}, kept ${kept}`);
    }
  }
});

Deno.test("handleSource() recovers when it comes after the parity", () => {
  const { encoder, decoder } = setUp({ sources: 3 });
  const frames = framesOf(new SeededRandom(3), 3);
  for (const frame of frames) encoder.add(frame, 0, frame.length);
  assertEquals(give(decoder, drain(encoder)[0]!), FecOutcome.Kept);
  assertEquals(decoder.handleSource(0, 2, frames[2]!, 0, frames[2]!.length), FecOutcome.Kept);
  assertEquals(decoder.handleSource(0, 0, frames[0]!, 0, frames[0]!.length), FecOutcome.Recovered);
  assertEquals(recovered(decoder), new Map([[1, frames[1]!]]));
  assertEquals(decoder.handleSource(0, 1, frames[1]!, 0, frames[1]!.length), FecOutcome.Kept, "late, but no lie");
  assertEquals(decoder.recoveredCount, 0);
});

Deno.test("a decoder passes duplicates over", () => {
  const { encoder, decoder } = setUp({ scheme: "reedSolomon", sources: 3, parities: 2, maxOverhead: 1 });
  const frames = framesOf(new SeededRandom(4), 3);
  for (const frame of frames) encoder.add(frame, 0, frame.length);
  const sums = drain(encoder);
  assertEquals(decoder.handleSource(0, 0, frames[0]!, 0, frames[0]!.length), FecOutcome.Kept);
  assertEquals(decoder.handleSource(0, 0, frames[0]!, 0, frames[0]!.length), FecOutcome.Duplicate);
  assertEquals(give(decoder, sums[1]!), FecOutcome.Kept);
  assertEquals(give(decoder, sums[1]!), FecOutcome.Duplicate);
  assertEquals(give(decoder, sums[0]!), FecOutcome.Recovered);
  assertEquals([...recovered(decoder).keys()], [1, 2]);
});

Deno.test("a decoder refuses headers that contradict each other", () => {
  const frame = new Uint8Array(20).fill(1);
  const sum = new Uint8Array(30);
  const outcome = (act: (decoder: FecDecoder) => void, last: (decoder: FecDecoder) => FecOutcome) => {
    const decoder = new FecDecoder(new ClockCell());
    act(decoder);
    return last(decoder);
  };
  const parity = (sources: number, parities: number, length = 30, index = 0) => (decoder: FecDecoder) =>
    decoder.handleParity(7, index, sources, parities, sum, 0, length);
  const source = (index: number, length = 20) => (decoder: FecDecoder) =>
    decoder.handleSource(7, index, frame, 0, length);
  assertEquals(outcome(parity(4, 2), source(4)), FecOutcome.Lie, "an index beyond the group");
  assertEquals(outcome(parity(4, 2), source(3)), FecOutcome.Kept);
  assertEquals(outcome(source(4), parity(4, 2)), FecOutcome.Lie, "a group smaller than an index that came");
  assertEquals(outcome(source(3), parity(4, 2)), FecOutcome.Kept);
  assertEquals(outcome(parity(4, 2), parity(5, 2, 30, 1)), FecOutcome.Lie, "two sizes");
  assertEquals(outcome(parity(4, 2), parity(4, 3, 30, 1)), FecOutcome.Lie, "two numbers of parities");
  assertEquals(outcome(parity(4, 2), parity(4, 2, 29, 1)), FecOutcome.Lie, "two lengths");
  assertEquals(outcome(source(0), parity(4, 2, 21)), FecOutcome.Lie, "shorter than a frame that came");
  assertEquals(outcome(source(0), parity(4, 2, 22)), FecOutcome.Kept);
  assertEquals(outcome(parity(4, 2, 21), source(0)), FecOutcome.Lie, "a frame longer than the parity");
  assertEquals(outcome(() => {}, source(64)), FecOutcome.Lie, "an index beyond all groups");
});

Deno.test("a decoder refuses to recover what is no frame", () => {
  for (
    const [length, outcome] of [[7, FecOutcome.Lie], [8, FecOutcome.Recovered], [18, FecOutcome.Recovered], [
      19,
      FecOutcome.Lie,
    ], [0xffff, FecOutcome.Lie]] as const
  ) {
    const sum = new Uint8Array(20);
    sum.set([length >> 8, length & 0xff]);
    const decoder = new FecDecoder(new ClockCell());
    assertEquals(decoder.handleParity(0, 0, 1, 1, sum, 0, 20), outcome, `length ${length}`);
    assertEquals(decoder.recoveredCount, outcome === FecOutcome.Recovered ? 1 : 0);
  }
});

Deno.test("group ids wrap", () => {
  const { encoder, decoder } = setUp({ sources: 2 }, 0xfffe);
  const random = new SeededRandom(6);
  const ids: number[] = [];
  for (let round = 0; round < 5; round++) {
    const frames = framesOf(random, 2);
    ids.push(encoder.group);
    for (const frame of frames) encoder.add(frame, 0, frame.length);
    const [sum] = drain(encoder);
    decoder.handleSource(sum!.group, 0, frames[0]!, 0, frames[0]!.length);
    assertEquals(give(decoder, sum!), FecOutcome.Recovered);
    assertEquals(recovered(decoder), new Map([[1, frames[1]!]]));
  }
  assertEquals(ids, [0xfffe, 0xffff, 0, 1, 2]);
});

Deno.test("a decoder forgets groups by newer ones, and takes the id again after a turn", () => {
  const decoder = new FecDecoder(new ClockCell());
  const frame = new Uint8Array(10);
  for (let id = 0; id < GROUPS; id++) decoder.handleSource(id, 0, frame, 0, 10);
  assertEquals(decoder.handleSource(0, 1, frame, 0, 10), FecOutcome.Kept, "the oldest that is kept");
  decoder.handleSource(GROUPS, 0, frame, 0, 10);
  assertEquals(decoder.handleSource(0, 2, frame, 0, 10), FecOutcome.Late);
  assertEquals(decoder.handleSource(1, 1, frame, 0, 10), FecOutcome.Kept);
  decoder.handleSource(0xfff0, 0, frame, 0, 10);
  assertEquals(decoder.handleSource(GROUPS, 1, frame, 0, 10), FecOutcome.Kept, "an old group does not move the window");
  for (let id = GROUPS; id < 0x1_0000 + GROUPS; id += 8) decoder.handleSource(id & 0xffff, 0, frame, 0, 10);
  assertEquals(decoder.handleSource(0xfff0, 0, frame, 0, 10), FecOutcome.Late);
  assertEquals(decoder.handleSource(0x10, 3, frame, 0, 10), FecOutcome.Kept);
});

Deno.test("a decoder forgets groups by time and counts what they miss", () => {
  const { clock, decoder } = setUp();
  const frame = new Uint8Array(10);
  decoder.handleParity(5, 0, 3, 1, frame, 0, 10);
  decoder.handleSource(5, 0, frame, 0, 8);
  clock.advance(GROUP_LIFETIME_MS);
  assertEquals(decoder.handleSource(5, 0, frame, 0, 8), FecOutcome.Kept, "a new group of the same id");
  assertEquals(decoder.unrecoverable, 1);
  clock.advance(3 * GROUP_LIFETIME_MS);
  assertEquals(decoder.handleSource(5 - 1000 & 0xffff, 0, frame, 0, 8), FecOutcome.Kept, "after silence all is new");
});

Deno.test("a decoder bounds its memory and gives up groups whose bytes were overwritten", () => {
  const decoder = new FecDecoder(new ClockCell());
  const frame = new Uint8Array(60_000);
  for (let i = 0; i < 5; i++) decoder.handleSource(0, i, frame, 0, frame.length);
  assert(decoder.heldBytes <= 1 << 18, `${decoder.heldBytes}`);
  assertEquals(decoder.handleParity(0, 0, 6, 1, new Uint8Array(60_002), 0, 60_002), FecOutcome.Kept);
  assertEquals([decoder.recoveredCount, decoder.unrecoverable], [0, 1]);
});

Deno.test("groups that do not fill up end by time, with parities in proportion", () => {
  const { clock, encoder, decoder } = setUp({ scheme: "reedSolomon", sources: 8, parities: 4, maxOverhead: 1 });
  const frames = framesOf(new SeededRandom(7), 3);
  assertEquals(encoder.pollTimeout(), Infinity);
  for (const frame of frames) {
    encoder.add(frame, 0, frame.length);
    clock.advance(clock.now + 10);
  }
  assertEquals(encoder.pollTimeout(), 60);
  clock.advance(59);
  encoder.handleTimeout();
  assertEquals(encoder.parityBytes, 0);
  clock.advance(60);
  encoder.handleTimeout();
  const sums = drain(encoder);
  assertEquals(sums.map(({ sources, parities }) => [sources, parities]), [[3, 2], [3, 2]]);
  decoder.handleSource(0, 1, frames[1]!, 0, frames[1]!.length);
  give(decoder, sums[1]!);
  assertEquals(give(decoder, sums[0]!), FecOutcome.Recovered);
  assertEquals(recovered(decoder), new Map([[0, frames[0]!], [2, frames[2]!]]));
  assert(encoder.isIdle);
});

Deno.test("interleaving puts neighbours in different groups", () => {
  const { encoder } = setUp({ sources: 2, interleave: 3 });
  const frame = new Uint8Array(10);
  const places: number[][] = [];
  for (let i = 0; i < 8; i++) {
    places.push([encoder.group, encoder.index]);
    encoder.add(frame, 0, 10);
  }
  assertEquals(places, [[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1], [3, 0], [4, 0]]);
  assertEquals(drain(encoder).map(({ group }) => group), [0, 1, 2]);
});

Deno.test("an encoder whose parity nobody takes drops the oldest", () => {
  const { encoder } = setUp({ sources: 1, maxOverhead: 1 });
  const frame = new Uint8Array(10);
  for (let i = 0; i < MAX_READY + 3; i++) encoder.add(frame, 0, 10);
  assertEquals(encoder.droppedParities, 3);
  assertEquals(drain(encoder).map(({ group }) => group), Array.from({ length: MAX_READY }, (_, i) => i + 3));
});

Deno.test("residualLoss() is what counting over all cases gives", () => {
  const [sources, parities, loss] = [4, 2, 0.1];
  let stays = 0;
  for (let lost = 0; lost < 1 << 6; lost++) {
    const places = [0, 1, 2, 3, 4, 5].filter((i) => (lost >> i) & 1);
    const probability = loss ** places.length * (1 - loss) ** (6 - places.length);
    if (places.length > parities) stays += probability * places.filter((i) => i < sources).length / sources;
  }
  assert(Math.abs(residualLoss(sources, parities, loss) - stays) < 1e-12);
  assertEquals([residualLoss(4, 1, 0), residualLoss(4, 1, 1)], [0, 1]);
});

Deno.test("group sizes follow the loss within the bound", () => {
  const config = { scheme: "reedSolomon", sources: 16, parities: 6, maxOverhead: 0.5, adaptive: true } as const;
  const { encoder } = setUp(config);
  const { size } = encoder;
  assertEquals([size.sources, size.parities], [16, 1], "a link that lost nothing");
  const shares: number[] = [];
  const random = new SeededRandom(8);
  for (const loss of [0.01, 0.05, 0.15, 0.4, 0]) {
    for (let i = 0; i < 3000; i++) random.visibleFraction() < loss ? size.handleLost() : size.handleAcked();
    assert(Math.abs(size.loss - loss) < 0.1, `${size.loss} for ${loss}`);
    shares.push(size.parities / size.sources);
  }
  assert(shares[0]! < shares[1]! && shares[1]! < shares[2]!, `${shares}`);
  assert(shares.every((share) => share <= 0.5), `${shares}`);
  assertEquals(shares[4], 1 / 16);
});

Deno.test("frames of one packet are in different groups, and no parity travels with its group", () => {
  const { encoder } = setUp({ scheme: "reedSolomon", sources: 2, parities: 2, maxOverhead: 1 });
  const memory = new Uint8Array(100);
  const places: number[][] = [];
  for (encoder.packet = 0; encoder.packet < 2; encoder.packet++) {
    for (let i = 0; i < 3; i++) {
      places.push([encoder.group, encoder.index]);
      encoder.add(memory, 0, 10);
    }
  }
  assertEquals(places, [[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]]);
  encoder.packet = 1;
  assertEquals([encoder.hasParity, encoder.parityBytes], [true, 0]);
  for (const packet of [2, 3]) {
    encoder.packet = packet;
    const groups: number[] = [];
    while (encoder.parityBytes > 0) {
      encoder.writeParity(memory, 0, 0);
      groups.push(encoder.writtenGroup);
    }
    assertEquals([groups, encoder.writtenLast], [[0, 1, 2], packet === 3]);
  }
  assertEquals(encoder.hasParity, false);
});
