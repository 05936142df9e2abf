/**
 * `deno bench bench/micro_delta.ts`: the hot functions of the delta: writing, encoding, decoding and showing snapshots.
 *
 * The worlds are those of `delta.encode`: 256 bots of the busy arena with 8 fields, acknowledged three ticks late. The
 * byte states are 4 KiB.
 *
 * @module
 */
import { ByteDelta } from "../src/realtime/delta/byte_delta.ts";
import { hashBytes } from "../src/realtime/delta/state_hash.ts";
import { WorldReplica } from "../src/realtime/delta/world_replica.ts";
import { WorldState } from "../src/realtime/delta/world_state.ts";
import { arenaSchema, ArenaTrace, BotColumns, play } from "./scenario/delta_trace.ts";

const BOTS = 256;
const TICKS = 512;
const ACK_DELAY_TICKS = 3;

const schema = arenaSchema(BOTS);
const trace = new ArenaTrace(BOTS, "busy", 5);
const tape = Array.from({ length: TICKS }, () => {
  trace.step();
  return new BotColumns(BOTS, trace.bots);
});
const packet = new Uint8Array(8000);

const written = new WorldState(schema);
trace.populate(written);
Deno.bench("WorldState: write and commit", () => {
  play(tape[(written.tick + 1) % TICKS]!, written);
  written.commit();
});

const world = new WorldState(schema);
trace.populate(world);
const observer = world.observe();
Deno.bench("WorldState and WorldObserver: write, commit, encode", () => {
  play(tape[(world.tick + 1) % TICKS]!, world);
  world.commit();
  observer.encode(packet);
  if (world.tick >= ACK_DELAY_TICKS) observer.handleAck((world.tick - ACK_DELAY_TICKS) & 0xffff);
});

const shared = new WorldState(schema);
trace.populate(shared);
const observers = Array.from({ length: 16 }, () => shared.observe());
Deno.bench("WorldState and 16 WorldObservers: write, commit, encode", () => {
  play(tape[(shared.tick + 1) % TICKS]!, shared);
  shared.commit();
  for (const one of observers) {
    one.encode(packet);
    if (shared.tick >= ACK_DELAY_TICKS) one.handleAck((shared.tick - ACK_DELAY_TICKS) & 0xffff);
  }
});

const source = new WorldState(schema);
trace.populate(source);
const sender = source.observe();
const replica = new WorldReplica(schema);
Deno.bench("WorldReplica.handlePacket", (bench) => {
  play(tape[(source.tick + 1) % TICKS]!, source);
  source.commit();
  const bytes = packet.subarray(0, sender.encode(packet));
  if (source.tick >= ACK_DELAY_TICKS) sender.handleAck((source.tick - ACK_DELAY_TICKS) & 0xffff);
  bench.start();
  replica.handlePacket(bytes);
  bench.end();
});

let time = 0;
Deno.bench("WorldReplica.sample", () => {
  time += 0.25;
  replica.sample(replica.latestTick - 4 + time % 4);
});

const delta = new ByteDelta({ maxStateBytes: 4096 });
const base = Uint8Array.from({ length: 4096 }, (_, i) => i * 167 >>> 3);
const changed = base.slice();
for (let i = 0; i < 4096; i += 100) changed[i]! ^= 0x55;
const moved = Uint8Array.of(...base.subarray(0, 1000), 1, 2, 3, ...base.subarray(1000, 4093));
const rebuilt = new Uint8Array(4096);
const [changedDelta, movedDelta] = [changed, moved].map((state) => packet.slice(0, delta.encode(base, state, packet)));

Deno.bench("ByteDelta.encode: 41 bytes changed in place", () => {
  delta.encode(base, changed, packet);
});
Deno.bench("ByteDelta.encode: 3 bytes inserted", () => {
  delta.encode(base, moved, packet);
});
Deno.bench("ByteDelta.decode: 41 bytes changed in place", () => {
  delta.decode(base, changedDelta!, rebuilt);
});
Deno.bench("ByteDelta.decode: 3 bytes inserted", () => {
  delta.decode(base, movedDelta!, rebuilt);
});
Deno.bench("hashBytes", () => {
  hashBytes(base, 0, base.length);
});
