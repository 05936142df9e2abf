/**
 * Cases that follow from a seed: an encoder of random options whose frames and parities are lost, repeated, reordered
 * and, in some cases, replaced by lies, before a decoder.
 *
 * Invariants: nothing throws; without lies a frame comes back as it was or not at all, and at most once; it does come
 * back when as many parities as frames were lost arrived within the time of the group; memory is bounded.
 *
 * @module
 */
import { FecDecoder, FecOutcome, MAX_SYMBOL_BYTES } from "../../src/fec/fec_decoder.ts";
import { FecEncoder } from "../../src/fec/fec_encoder.ts";
import { resolveFecOptions } from "../../src/fec/fec_options.ts";
import { ParityTables } from "../../src/fec/parity_tables.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { ClockCell } from "../../src/time/clock.ts";
import { ChannelFrameReader } from "../../src/wire/channel_frame_reader.ts";

const tables = new ParityTables();

/** Runs one case; throws when an invariant is broken. */
export class FecFuzz {
  readonly #memory = new Uint8Array(4096);

  /**
   * Runs the case that follows from a seed.
   *
   * @param seed The seed.
   * @throws {Error} When an invariant is broken.
   */
  run(seed: number): void {
    const random = new SeededRandom(seed);
    if (random.nextInt(4) === 0) lie(random, this.#memory);
    else transfer(random, this.#memory);
  }
}

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** What is known of a group on the side that knows everything. */
interface Truth {
  readonly frames: Uint8Array[];
  readonly arrived: Set<number>;
  readonly back: Set<number>;
  parities: number;
  sources: number;
}

function transfer(random: SeededRandom, memory: Uint8Array): void {
  const clock = new ClockCell();
  const isXor = random.nextInt(2) === 0;
  const sources = 1 + random.nextInt(12);
  const encoder = new FecEncoder(
    resolveFecOptions({
      scheme: isXor ? "xor" : "reedSolomon",
      sources,
      parities: isXor ? 1 : 1 + random.nextInt(Math.min(8, sources)),
      interleave: 1 + random.nextInt(3),
      maxOverhead: 1,
      adaptive: random.nextInt(2) === 0,
      flushMs: 5 + random.nextInt(30),
    }),
    clock,
    tables,
    random.nextInt(2) * 0xfffa,
  );
  const decoder = new FecDecoder(clock);
  const groups = new Map<number, Truth>();
  const loss = random.nextInt(5) / 10;
  const queue: (() => void)[] = [];
  const note = (outcome: FecOutcome, id: number): void => {
    check(outcome !== FecOutcome.Lie && outcome !== FecOutcome.Late, "a truth that is refused");
    for (let i = 0; i < decoder.recoveredCount; i++) {
      const [group, index] = [groups.get(id)!, decoder.recoveredIndexes[i]!];
      const bytes = decoder.recoveredBytes.subarray(decoder.startOf(i), decoder.endOf(i));
      const frame = group.frames[index]!;
      check(bytes.length === frame.length && frame.every((byte, at) => byte === bytes[at]), "a frame that changed");
      check(!group.back.has(index) && !group.arrived.has(index), "a frame that comes back twice");
      group.back.add(index);
    }
  };
  for (let step = 0, count = 20 + random.nextInt(60); step < count; step++) {
    clock.advance(clock.now + random.nextInt(8));
    encoder.packet = random.nextInt(3) === 0 ? encoder.packet + 1 : -1;
    const frame = new Uint8Array(8 + random.nextInt(random.nextInt(3) === 0 ? 900 : 60));
    random.fillSecret(frame);
    const { group: id, index } = encoder;
    if (!groups.has(id)) groups.set(id, { frames: [], arrived: new Set(), back: new Set(), parities: 0, sources: 0 });
    const group = groups.get(id)!;
    check(group.frames.length === index, "a place that is skipped");
    group.frames.push(frame);
    encoder.add(frame, 0, frame.length);
    const copies = random.visibleFraction() < loss ? 0 : 1 + (random.nextInt(6) === 0 ? 1 : 0);
    for (let copy = 0; copy < copies; copy++) {
      queue.push(() => {
        note(decoder.handleSource(id, index, frame, 0, frame.length), id);
        group.arrived.add(index);
      });
    }
    if (encoder.pollTimeout() <= clock.now) encoder.handleTimeout();
    encoder.packet = -1;
    while (encoder.hasParity) sendParity(random, encoder, decoder, memory, groups, loss, queue, note);
    while (queue.length > random.nextInt(6)) queue.splice(random.nextInt(Math.min(3, queue.length)), 1)[0]!();
  }
  while (queue.length > 0) queue.shift()!();
  for (const { frames, arrived, back, parities, sources } of groups.values()) {
    const isWhole = sources > 0 && frames.length - new Set([...arrived, ...back]).size === 0;
    const missing = frames.length - [...arrived].filter((index) => !back.has(index)).length;
    check(isWhole || sources === 0 || parities < missing, "a group that could have been recovered");
  }
  check(decoder.heldBytes <= MAX_SYMBOL_BYTES + 20 * 1000, "too much memory");
}

function sendParity(
  random: SeededRandom,
  encoder: FecEncoder,
  decoder: FecDecoder,
  memory: Uint8Array,
  groups: ReadonlyMap<number, Truth>,
  loss: number,
  queue: (() => void)[],
  note: (outcome: FecOutcome, id: number) => void,
): void {
  const reader = new ChannelFrameReader();
  const end = encoder.writeParity(memory, 0, 0);
  check(reader.read(memory, 0, end) === end, "a parity that cannot be read");
  const { group, index, sources, parities, offset, length } = reader;
  check(sources === groups.get(group)!.frames.length, "a parity of another group");
  if (random.visibleFraction() < loss) return;
  const bytes = memory.slice(offset, offset + length);
  queue.push(() => {
    groups.get(group)!.parities++;
    groups.get(group)!.sources = sources;
    note(decoder.handleParity(group, index, sources, parities, bytes, 0, length), group);
  });
}

/** A decoder before headers that mean nothing. */
function lie(random: SeededRandom, memory: Uint8Array): void {
  const clock = new ClockCell();
  const decoder = new FecDecoder(clock);
  random.fillSecret(memory);
  for (let step = 0; step < 200; step++) {
    clock.advance(clock.now + random.nextInt(100));
    const group = random.nextInt(10) === 0 ? random.nextInt(0x1_0000) : random.nextInt(4);
    const outcome = random.nextInt(2) === 0
      ? decoder.handleSource(group, random.nextInt(70), memory, 0, random.nextInt(600))
      : parityOf(random, decoder, group, memory);
    check(outcome >= 0 && outcome <= FecOutcome.Lie, "an outcome that is none");
    for (let i = 0; i < decoder.recoveredCount; i++) {
      check(decoder.startOf(i) <= decoder.endOf(i), "a frame of negative length");
      check(decoder.endOf(i) <= decoder.recoveredBytes.length, "a frame outside of the memory");
    }
    check(decoder.heldBytes <= MAX_SYMBOL_BYTES + 20 * 1000, "too much memory");
  }
}

function parityOf(random: SeededRandom, decoder: FecDecoder, group: number, memory: Uint8Array): FecOutcome {
  const parities = 1 + random.nextInt(8);
  const length = 10 + random.nextInt(600);
  return decoder.handleParity(group, random.nextInt(parities), 1 + random.nextInt(5), parities, memory, 9, length);
}
