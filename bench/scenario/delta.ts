/**
 * `delta.savings.*`: the share of bytes that schema snapshots save on the arena's traces, against full snapshots of the
 * same schema, quantised and bit-packed. `delta.encode`: how many a second, and what is allocated for one.
 *
 * The arena's bots move as the velocities say that they publish, so that what a schema with velocities expects is right
 * but for turns; `delta.savings.busy.plain` is the same trace with a schema that expects nothing. Savings are taken with acknowledgements three ticks late and every fiftieth packet lost. Their baseline is the byte
 * level on plain records, saved against those records. The baseline of encoding is a loop that writes the same bots as
 * plain records. Both are taken by processor time: snapshots of some 20 µs would often count other programs' turns.
 * Everything runs in this one process: nothing is sent.
 *
 * @module
 */

import process from "node:process";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { defineSchema, type Schema } from "../../src/realtime/delta/schema.ts";
import { SnapshotSender } from "../../src/realtime/delta/snapshot_sender.ts";
import { WorldState } from "../../src/realtime/delta/world_state.ts";
import { allocatedBytes } from "../harness/arrivals.ts";
import type { RunContext, Sample, Scenario, Target } from "../harness/scenario.ts";
import {
  type ArenaFields,
  arenaSchema,
  ArenaTrace,
  BotColumns,
  type Mood,
  play,
  playPlain,
  RECORD_BYTES,
} from "./delta_trace.ts";

const BOTS = 256;
const SEED = 5;
const ACK_DELAY_TICKS = 3;
const LOSS = 0.02;

/** Ticks before the figures begin: the first full snapshots are over. */
const WARM_TICKS = 20;

/** Ticks of the trace that `delta.encode` writes again and again. */
const ENCODE_TICKS = 512;

/** Snapshots before the figures of `delta.encode` begin. */
const ENCODE_WARM_COUNT = 10_000;

/** So many that the counter's own steps of some 200 KiB hardly show. */
const ALLOC_COUNT = 100_000;

/** Little happens. */
export const deltaSavingsCalm: Scenario = savings("calm", { of: "value", bound: "at least", limit: 0.95 });

/** Most bots move smoothly. */
export const deltaSavingsBusy: Scenario = savings("busy", { of: "value", bound: "at least", limit: 0.8 });

/** Most bots move smoothly, and nobody expects it. */
export const deltaSavingsBusyPlain: Scenario = savings("busy", undefined, true);

/** All bots jump in every tick: what is left is that a difference never costs more than the whole. */
export const deltaSavingsChaotic: Scenario = savings("chaotic", { of: "value", bound: "at least", limit: 0 });

/** Snapshots of 256 busy bots with 8 fields each, from writing the values to the packet. */
export const deltaEncodeRate: Scenario = {
  name: "delta.encode",
  metric: "rate",
  unit: "/s",
  target: { of: "value", bound: "at least", limit: 20_000 },
  rounds: 5,
  lessBaseline: false,
  baseline: (context) => Promise.resolve(rate(plainRecords(), context)),
  product: (context) => Promise.resolve(rate(snapshots(), context)),
};

/** What the same loop allocates; a small object takes 16 to 64 bytes. */
export const deltaEncodeAlloc: Scenario = {
  name: "delta.encode",
  metric: "alloc",
  unit: "B/snapshot",
  target: { of: "value", bound: "at most", limit: 64 },
  rounds: 5,
  lessBaseline: true,
  baseline: () => Promise.resolve(allocated(plainRecords())),
  product: () => Promise.resolve(allocated(snapshots())),
};

/** Does the work of one snapshot and says how many bytes it gave. */
type Work = (tick: number) => number;

function snapshots(): Work {
  const world = new WorldState(arenaSchema(BOTS));
  const trace = new ArenaTrace(BOTS, "busy", SEED);
  trace.populate(world);
  const tape = taped(trace);
  const observer = world.observe();
  const packet = new Uint8Array(BOTS * RECORD_BYTES);
  return (tick) => {
    play(tape[tick % ENCODE_TICKS]!, world);
    world.commit();
    const length = observer.encode(packet);
    if (tick >= ACK_DELAY_TICKS) observer.handleAck((tick - ACK_DELAY_TICKS) & 0xffff);
    return length;
  };
}

function plainRecords(): Work {
  const tape = taped(new ArenaTrace(BOTS, "busy", SEED));
  const view = new DataView(new ArrayBuffer(BOTS * RECORD_BYTES));
  return (tick) => {
    playPlain(tape[tick % ENCODE_TICKS]!, view);
    return view.byteLength;
  };
}

function taped(trace: ArenaTrace): BotColumns[] {
  return Array.from({ length: ENCODE_TICKS }, () => {
    trace.step();
    return new BotColumns(BOTS, trace.bots);
  });
}

function rate(work: Work, { quick }: RunContext): Sample {
  const count = quick ? 10_000 : 40_000;
  run(work, 0, ENCODE_WARM_COUNT);
  const start = process.cpuUsage();
  const bytes = run(work, ENCODE_WARM_COUNT, count);
  const { user, system } = process.cpuUsage(start);
  const seconds = (user + system) / 1e6;
  return { value: count / seconds, note: `${(bytes / count).toFixed(0)} B` };
}

function allocated(work: Work): Sample {
  run(work, 0, ENCODE_WARM_COUNT);
  const before = allocatedBytes();
  run(work, ENCODE_WARM_COUNT, ALLOC_COUNT);
  return { value: (allocatedBytes() - before) / ALLOC_COUNT };
}

function run(work: Work, first: number, count: number): number {
  let bytes = 0;
  for (let tick = first; tick < first + count; tick++) bytes += work(tick);
  return bytes;
}

function savings(mood: Mood, target: Target | undefined, isPlain = false): Scenario {
  return {
    name: `delta.savings.${mood}${isPlain ? ".plain" : ""}`,
    metric: "share",
    unit: "of bytes",
    target,
    rounds: 3,
    lessBaseline: false,
    baseline: (context) => Promise.resolve(byteSavings(mood, context)),
    product: (context) => Promise.resolve(schemaSavings(mood, isPlain, context)),
  };
}

/** Hands acknowledgements over late, and some not at all. */
class LateAcks {
  readonly #random = new SeededRandom(SEED);
  readonly #waiting: number[] = [];

  next(acknowledged: number): number | undefined {
    this.#waiting.push(this.#random.visibleFraction() < LOSS ? -1 : acknowledged);
    const due = this.#waiting.length > ACK_DELAY_TICKS ? this.#waiting.shift()! : -1;
    return due < 0 ? undefined : due;
  }
}

/** The arena's schema without velocities to expect places by; the fields are the same. */
function plainSchema(): Schema<ArenaFields> {
  const { fields, maxEntities, ticksPerSecond } = arenaSchema(BOTS);
  return defineSchema({ ...fields, position: { ...fields.position, velocity: "" } }, { maxEntities, ticksPerSecond });
}

function schemaSavings(mood: Mood, isPlain: boolean, { quick }: RunContext): Sample {
  const schema = isPlain ? plainSchema() : arenaSchema(BOTS);
  const world = new WorldState(schema);
  const trace = new ArenaTrace(BOTS, mood, SEED);
  trace.populate(world);
  const observer = world.observe();
  const reference = world.observe();
  const packet = new Uint8Array(BOTS * RECORD_BYTES);
  const acks = new LateAcks();
  let [whole, sent] = [0, 0];
  const ticks = quick ? 300 : 2000;
  for (let tick = 0; tick < ticks; tick++) {
    trace.step();
    play(trace.bots, world);
    world.commit();
    reference.reset();
    const full = reference.encode(packet);
    const length = observer.encode(packet);
    const ack = acks.next(world.tick & 0xffff);
    if (ack !== undefined) observer.handleAck(ack);
    if (tick < WARM_TICKS) continue;
    whole += full;
    sent += length;
  }
  const [mean, meanWhole] = [sent / (ticks - WARM_TICKS), whole / (ticks - WARM_TICKS)];
  return { value: 1 - sent / whole, note: `${mean.toFixed(0)} of ${meanWhole.toFixed(0)} B a snapshot` };
}

function byteSavings(mood: Mood, { quick }: RunContext): Sample {
  const trace = new ArenaTrace(BOTS, mood, SEED);
  const record = new Uint8Array(BOTS * RECORD_BYTES);
  const view = new DataView(record.buffer);
  const sender = new SnapshotSender({ maxStateBytes: record.length });
  const packet = new Uint8Array(record.length + 100);
  const acks = new LateAcks();
  let sent = 0;
  const ticks = quick ? 300 : 2000;
  for (let tick = 0; tick < ticks; tick++) {
    trace.step();
    playPlain(trace.bots, view);
    const length = sender.encode(record, packet);
    const ack = acks.next(tick & 0xffff);
    if (ack !== undefined) sender.handleAck(ack);
    if (tick >= WARM_TICKS) sent += length;
  }
  const mean = sent / (ticks - WARM_TICKS);
  return { value: 1 - mean / record.length, note: `${mean.toFixed(0)} of ${record.length} B` };
}
