/**
 * Seeded fuzzing of what peers can send to the delta: bent and made-up deltas, packets and acknowledgements.
 *
 * What must hold: nothing throws; what is refused changes nothing; what is not refused keeps every value inside its
 * field; and a sound packet is still applied afterwards and gives what was sent.
 *
 * @module
 */
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { ByteDelta, DeltaRefusal } from "../../src/realtime/delta/byte_delta.ts";
import { SnapshotReceiver } from "../../src/realtime/delta/snapshot_receiver.ts";
import { SnapshotSender } from "../../src/realtime/delta/snapshot_sender.ts";
import { SnapshotStatus } from "../../src/realtime/delta/snapshot_status.ts";
import type { WorldFrame } from "../../src/realtime/delta/world_frame.ts";
import { WorldReplica } from "../../src/realtime/delta/world_replica.ts";
import { WorldState } from "../../src/realtime/delta/world_state.ts";
import { drawState, editState } from "../unit/realtime/delta/byte_edits.ts";
import { live, type Portrait, portrait, shown, type ZooFields, zooSchema } from "../unit/realtime/delta/zoo.ts";

const MAX_STATE_BYTES = 200;
const ENTITIES = 12;
const UNTOUCHED = 0xee;

/** Runs one case; throws when an invariant is broken. */
export class DeltaFuzz {
  readonly #delta = new ByteDelta({ maxStateBytes: MAX_STATE_BYTES });
  readonly #packet = new Uint8Array(4000);
  readonly #out = new Uint8Array(MAX_STATE_BYTES + 50);
  readonly #schema = zooSchema(ENTITIES);

  /**
   * Runs the case that follows from a seed.
   *
   * @param seed The seed.
   * @throws {Error} When an invariant is broken.
   */
  run(seed: number): void {
    const random = new SeededRandom(seed);
    const draw = random.nextInt(20);
    if (draw < 15) this.#bytes(random);
    else if (draw < 18) this.#snapshots(random);
    else this.#world(random);
  }

  /** A delta of bytes, bent or made up. */
  #bytes(random: SeededRandom): void {
    const out = this.#out.fill(UNTOUCHED);
    const base = drawState(random, random.nextInt(MAX_STATE_BYTES + 1));
    const state = editState(random, base, MAX_STATE_BYTES);
    const length = this.#delta.encode(base, state, this.#packet);
    check(length >= 1 && length <= state.length + 1, "a delta longer than the state");
    const bent = bend(random, this.#packet.slice(0, length));
    const room = out.subarray(0, random.nextInt(4) === 0 ? random.nextInt(out.length) : out.length);
    const result = this.#delta.decode(base, bent, room);
    if (result < 0) {
      check(result === DeltaRefusal.Malformed || result === DeltaRefusal.TooLarge, "an unknown refusal");
      check(out.every((byte) => byte === UNTOUCHED), "a refused delta changed something");
    } else {
      check(result <= Math.min(room.length, MAX_STATE_BYTES), "a state that is too long");
      check(out.subarray(result).every((byte) => byte === UNTOUCHED), "a write behind the state");
    }
    check(this.#delta.decode(base, this.#packet.subarray(0, length), out) === state.length, "another length");
    check(same(out.subarray(0, state.length), state), "another state");
  }

  /** Both ends of byte snapshots, with bent packets and acknowledgements between sound ones. */
  #snapshots(random: SeededRandom): void {
    const sender = new SnapshotSender({ maxStateBytes: MAX_STATE_BYTES, checksum: random.nextInt(2) === 0 });
    const receiver = new SnapshotReceiver({ maxStateBytes: MAX_STATE_BYTES });
    let state: Uint8Array = drawState(random, random.nextInt(MAX_STATE_BYTES + 1));
    for (let tick = 0; tick < 6; tick++) {
      state = editState(random, state, MAX_STATE_BYTES);
      const packet = this.#packet.slice(0, sender.encode(state, this.#packet));
      const before = [receiver.number, receiver.state.slice()] as const;
      const status = receiver.handlePacket(bend(random, packet.slice()));
      if (status !== SnapshotStatus.Applied) {
        check(receiver.number === before[0] && same(receiver.state, before[1]), "a refused packet changed something");
      } else {
        receiver.reset();
      }
      // Whatever a bent acknowledgement makes it do, the next snapshot must be sound.
      sender.handleAck(random.nextInt(2) === 0 ? random.nextInt(70_000) - 10 : random.visibleFraction() * 1e9);
      sender.handleAck(receiver.ack);
      state = editState(random, state, MAX_STATE_BYTES);
      const sound = this.#packet.subarray(0, sender.encode(state, this.#packet));
      const applied = receiver.handlePacket(sound) === SnapshotStatus.Applied;
      check(!applied || same(receiver.state, state), "another state");
      sender.handleAck(receiver.ack);
      check(Object.values(receiver.counters()).every((count) => count >= 0), "a negative count");
    }
  }

  /** Both ends of a world, with bent packets between sound ones. */
  #world(random: SeededRandom): void {
    const world = new WorldState(this.#schema, { historyTicks: 32 });
    const observer = world.observe({ checksum: random.nextInt(3) === 0 });
    const replica = new WorldReplica(this.#schema, { maxVisible: ENTITIES - random.nextInt(3) });
    for (let tick = 0; tick < 6; tick++) {
      live(world, random, 0.6);
      world.commit();
      const length = observer.encode(this.#packet);
      const before = albumOf(replica.sample(replica.latestTick));
      const status = replica.handlePacket(bend(random, this.#packet.slice(0, length)));
      const frame = replica.sample(replica.latestTick);
      if (status > SnapshotStatus.AppliedLate) {
        check(sameAlbum(albumOf(frame), before), "a refused packet changed something");
      } else if (status === SnapshotStatus.Applied) this.#checkRanges(frame);
      if (status <= SnapshotStatus.AppliedLate) replica.reset();
      const applied = replica.handlePacket(this.#packet.subarray(0, length)) === SnapshotStatus.Applied;
      if (applied) this.#compare(world, replica.sample(replica.latestTick));
      observer.handleAck(replica.ack);
    }
  }

  /** Everything that is shown fits its field, and the entities ascend. */
  #checkRanges(frame: WorldFrame<ZooFields>): void {
    const f = frame.fields;
    for (let i = 0; i < frame.count; i++) {
      const id = frame.ids[i]!;
      check(id < ENTITIES && (i === 0 || id > frame.ids[i - 1]!), "ids out of order");
      check(Math.abs(f.position.x(id)) <= 100.001 && Math.abs(f.velocity.y(id)) <= 20.001, "a vector out of range");
      check(f.place.z(id) >= 0 && f.place.z(id) <= 10 && Math.abs(f.height.at(id)) <= 3.001, "a number out of range");
      check(f.heading.at(id) >= -Math.PI && f.heading.at(id) < Math.PI, "an angle out of range");
      check(f.health.at(id) <= 127 && ["calm", "angry", "afraid"].includes(f.mood.at(id)), "a name out of range");
      check(f.data.at(id).length <= 5 && f.name.at(id).length <= 12, "bytes out of range");
    }
  }

  #compare(world: WorldState<ZooFields>, frame: WorldFrame<ZooFields>): void {
    check(frame.count === world.entityCount, "another number of entities");
    for (let i = 0; i < frame.count; i++) {
      const id = frame.ids[i]!;
      check(JSON.stringify(shown(frame, id)) === JSON.stringify(portrait(world, id)), "another entity");
    }
  }
}

/** Bends bytes: flips, cuts, appends, or replaces them by noise. */
function bend(random: SeededRandom, bytes: Uint8Array): Uint8Array {
  const draw = random.nextInt(10);
  if (draw === 0) {
    const noise = new Uint8Array(random.nextInt(60));
    random.fillSecret(noise);
    if (noise.length > 0 && random.nextInt(2) === 0) noise[0] = random.nextInt(4);
    return noise;
  }
  if (draw === 1) return bytes.slice(0, random.nextInt(bytes.length + 1));
  if (draw === 2) return Uint8Array.of(...bytes, random.nextInt(256));
  for (let flips = 1 + random.nextInt(3); flips > 0 && bytes.length > 0; flips--) {
    const at = random.nextInt(random.nextInt(2) === 0 ? bytes.length : Math.min(bytes.length, 12));
    if (random.nextInt(2) === 0) bytes[at]! ^= 1 << random.nextInt(8);
    else bytes[at] = [0, 1, 2, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff][random.nextInt(10)]!;
  }
  return bytes;
}

function albumOf(frame: WorldFrame<ZooFields>): Portrait[] {
  return Array.from({ length: frame.count }, (_, i) => [frame.ids[i]!, shown(frame, frame.ids[i]!)]);
}

function sameAlbum(a: readonly Portrait[], b: readonly Portrait[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
