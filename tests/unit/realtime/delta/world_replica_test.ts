import { assertEquals, assertThrows } from "@std/assert";
import { bytes, float, text, uint } from "../../../../src/realtime/delta/field.ts";
import { defineSchema } from "../../../../src/realtime/delta/schema.ts";
import { SnapshotSender } from "../../../../src/realtime/delta/snapshot_sender.ts";
import { SnapshotStatus } from "../../../../src/realtime/delta/snapshot_status.ts";
import { WorldReplica } from "../../../../src/realtime/delta/world_replica.ts";
import { WorldState } from "../../../../src/realtime/delta/world_state.ts";

const { Applied, AppliedLate, Duplicate, Old, UnknownBase, Malformed, TooLarge, ChecksumMismatch, SchemaMismatch } =
  SnapshotStatus;
const { EpochMismatch } = SnapshotStatus;
const fields = { n: uint(16), name: text(8) };
const schema = defineSchema(fields, { maxEntities: 50 });
const packet = new Uint8Array(1000);

/** Packets of a world of ten entities, one a tick, each built on the one before; entity 0 shows the tick. */
function film(ticks: number, options = {}, acknowledge = true): Uint8Array[] {
  const world = new WorldState(schema);
  const observer = world.observe(options);
  for (let id = 0; id < 10; id++) world.fields.n.set(world.spawn(), 1000 * id);
  return Array.from({ length: ticks }, (_, tick) => {
    world.fields.n.set(0, tick);
    world.fields.name.set(1, `t${tick}`);
    world.commit();
    const bytes = packet.slice(0, observer.encode(packet));
    if (acknowledge) observer.handleAck(tick & 0xffff);
    return bytes;
  });
}

function shows(replica: WorldReplica<typeof fields>): number {
  return replica.sample(replica.latestTick).fields.n.at(0);
}

Deno.test("WorldReplica has nothing at first and asks for a full snapshot", () => {
  const replica = new WorldReplica(schema);
  assertEquals([replica.ack, replica.latestTick, replica.visibleCount], [-1, -1, 0]);
  const { count, tick, enteredCount, leftCount } = replica.sample(3);
  assertEquals([count, tick, enteredCount, leftCount], [0, -1, 0, 0]);
});

Deno.test("WorldReplica.handlePacket() applies and acknowledges", () => {
  const replica = new WorldReplica(schema);
  film(5).forEach((bytes, tick) => {
    assertEquals(replica.handlePacket(bytes), Applied);
    assertEquals([replica.ack, replica.latestTick, replica.visibleCount, shows(replica)], [tick, tick, 10, tick]);
  });
  const { applied, full, malformed } = replica.counters();
  assertEquals([applied, full, malformed], [5, 1, 0]);
});

Deno.test("WorldReplica.handlePacket() refuses an unknown base and asks for a full snapshot", () => {
  const packets = film(3);
  const replica = new WorldReplica(schema);
  assertEquals([replica.handlePacket(packets[1]!), replica.ack], [UnknownBase, -1]);
  assertEquals([replica.handlePacket(packets[0]!), replica.ack], [Applied, 0]);
  assertEquals([replica.handlePacket(packets[2]!), replica.ack, shows(replica)], [UnknownBase, -1, 0]);
  assertEquals([replica.handlePacket(packets[1]!), replica.ack], [Applied, 1]);
});

Deno.test("WorldReplica.handlePacket() counts doubled, late and old packets", () => {
  const packets = film(60, {}, false);
  const replica = new WorldReplica(schema);
  assertEquals([0, 2, 1, 2].map((i) => replica.handlePacket(packets[i]!)), [Applied, Applied, AppliedLate, Duplicate]);
  assertEquals([replica.ack, shows(replica)], [2, 2]);
  for (let tick = 10; tick < 60; tick++) replica.handlePacket(packets[tick]!);
  assertEquals(replica.handlePacket(packets[5]!), Old);
  const { applied, appliedLate, duplicate, old } = replica.counters();
  assertEquals([applied, appliedLate, duplicate, old], [52, 1, 1, 1]);
});

Deno.test("WorldReplica keeps as many snapshots as it is told to", () => {
  const packets = film(100, {}, false);
  const replica = new WorldReplica(schema, { ringSnapshots: 40 });
  for (const bytes of packets) replica.handlePacket(bytes);
  assertEquals(replica.sample(0).tick, 60);
  assertEquals(replica.sample(1000).tick, 99);
});

Deno.test("WorldReplica.handlePacket() notices a wrong checksum, changes nothing and asks for a full snapshot", () => {
  const [first, second] = film(2, { checksum: true });
  const replica = new WorldReplica(schema);
  replica.handlePacket(first!);
  for (let bit = 0; bit < 32; bit++) {
    const bent = second!.slice();
    bent[6 + (bit >> 3)]! ^= 1 << (bit & 7);
    assertEquals([replica.handlePacket(bent), replica.ack, shows(replica)], [ChecksumMismatch, -1, 0]);
  }
  assertEquals([replica.handlePacket(second!), replica.ack, shows(replica)], [Applied, 1, 1]);
});

Deno.test("WorldReplica.handlePacket() finds most bent packets by their checksum, and never applies a wrong one", () => {
  const [first, second] = film(2, { checksum: true });
  for (let bit = 10 * 8; bit < 8 * second!.length; bit++) {
    const replica = new WorldReplica(schema);
    replica.handlePacket(first!);
    const bent = second!.slice();
    bent[bit >> 3]! ^= 0x80 >> (bit & 7);
    const status = replica.handlePacket(bent);
    assertEquals([ChecksumMismatch, Malformed, TooLarge].includes(status as 5), true, `bit ${bit}: ${status}`);
    assertEquals([shows(replica), replica.sample(0).fields.name.at(1)], [0, "t0"]);
  }
});

Deno.test("WorldReplica.handlePacket() refuses every packet that was cut short, or goes on too long", () => {
  const replica = new WorldReplica(schema);
  for (const bytes of film(2)) {
    for (let length = 0; length < bytes.length; length++) {
      assertEquals(replica.handlePacket(bytes.slice(0, length)), Malformed, `${length} of ${bytes.length}`);
    }
    assertEquals(replica.handlePacket(Uint8Array.of(...bytes, 0)), Malformed);
    assertEquals(replica.handlePacket(bytes), Applied);
  }
});

Deno.test("WorldReplica.handlePacket() refuses the packets of another schema", () => {
  const others = [
    defineSchema(fields, { maxEntities: 51 }),
    defineSchema({ ...fields, n: uint(15) }, { maxEntities: 50 }),
  ];
  for (const other of others) {
    const replica = new WorldReplica(other);
    assertEquals(replica.handlePacket(film(1)[0]!), SchemaMismatch);
    assertEquals([replica.ack, replica.counters().schemaMismatch], [-1, 1]);
  }
});

Deno.test("WorldReplica.handlePacket() refuses more entities than it may show", () => {
  const [small, enough] = [9, 10].map((maxVisible) => new WorldReplica(schema, { maxVisible }));
  const [first] = film(1);
  assertEquals([small!.handlePacket(first!), small!.ack], [TooLarge, -1]);
  assertEquals(enough!.handlePacket(first!), Applied);
});

Deno.test("WorldReplica.handlePacket() refuses more entities than it may show, when they join those that it shows", () => {
  const world = new WorldState(schema);
  const observer = world.observe();
  const replica = new WorldReplica(schema, { maxVisible: 5 });
  for (let id = 0; id < 12; id++) world.spawn();
  const views = [[4, 6, 8], [4, 6, 8, 9, 10, 11], [0, 1, 2, 4, 6, 8], [4, 5, 6, 7, 8]];
  const statuses = views.map((ids) => {
    world.commit();
    const status = replica.handlePacket(packet.slice(0, observer.encode(packet, ids)));
    if (status === Applied) observer.handleAck(replica.ack);
    return status;
  });
  assertEquals(statuses, [Applied, TooLarge, TooLarge, Applied]);
  assertEquals(replica.visibleCount, 5);
});

Deno.test("WorldReplica.handlePacket() refuses the packets of byte snapshots", () => {
  const length = new SnapshotSender().encode(new Uint8Array(20), packet);
  assertEquals(new WorldReplica(schema).handlePacket(packet.slice(0, length)), Malformed);
});

Deno.test("WorldReplica.handlePacket() does not keep the packet", () => {
  const replica = new WorldReplica(schema);
  const [first] = film(1);
  replica.handlePacket(first!);
  first!.fill(0xff);
  assertEquals([shows(replica), replica.sample(0).fields.name.at(1)], [0, "t0"]);
});

Deno.test("WorldReplica goes on after a silence of more than half the number space", () => {
  const world = new WorldState(schema);
  const observer = world.observe();
  const replica = new WorldReplica(schema);
  world.spawn();
  for (let tick = 0; tick < 40; tick++) {
    world.commit();
    replica.handlePacket(packet.slice(0, observer.encode(packet)));
    observer.handleAck(replica.ack);
  }
  while (world.tick < 40_000) world.commit();
  const statuses = Array.from({ length: 40 }, () => {
    world.commit();
    return replica.handlePacket(packet.slice(0, observer.encode(packet)));
  });
  assertEquals(statuses, [...new Array(31).fill(Old), ...new Array(9).fill(Applied)]);
  assertEquals([replica.latestTick, replica.counters().restarts], [world.tick, 1]);
});

Deno.test("WorldReplica.reset() forgets all snapshots", () => {
  const [first, second] = film(2);
  const replica = new WorldReplica(schema);
  replica.handlePacket(first!);
  replica.reset();
  assertEquals([replica.ack, replica.latestTick, replica.visibleCount], [-1, -1, 0]);
  assertEquals(replica.handlePacket(second!), UnknownBase);
});

Deno.test("WorldReplica.sample() refuses a time that is none", () => {
  assertThrows(() => new WorldReplica(schema).sample(NaN), RangeError, "NaN");
});

Deno.test("WorldReplica refuses options out of bounds", () => {
  for (const maxVisible of [0, 51, 1.5]) assertThrows(() => new WorldReplica(schema, { maxVisible }), RangeError);
  for (const ringSnapshots of [31, 1025]) assertThrows(() => new WorldReplica(schema, { ringSnapshots }), RangeError);
  assertThrows(() => new WorldReplica(schema, { checksum: true } as object), TypeError, "checksum");
  assertEquals(new WorldReplica(schema, { maxVisible: 1, ringSnapshots: 1024 }).ack, -1);
});

Deno.test("WorldReplica takes a schema with one number as well as one with one text", () => {
  const world = new WorldState(defineSchema({ name: text(3) }, { maxEntities: 1 }));
  const replica = new WorldReplica(world.schema);
  world.fields.name.set(world.spawn(), "abc");
  world.commit();
  assertEquals(replica.handlePacket(packet.slice(0, world.observe().encode(packet))), Applied);
  assertEquals(replica.sample(0).fields.name.at(0), "abc");
  const flat = new WorldState(defineSchema({ x: float({ min: 0, max: 1, precision: 1 }) }, { maxEntities: 1 }));
  const other = new WorldReplica(flat.schema);
  flat.commit();
  assertEquals(other.handlePacket(packet.slice(0, flat.observe().encode(packet))), Applied);
  assertEquals([other.visibleCount, other.ack], [0, 0]);
});

Deno.test("WorldReplica keeps a single byte that does not change", () => {
  const world = new WorldState(defineSchema({ code: bytes(1), n: uint(8) }, { maxEntities: 1 }));
  const observer = world.observe();
  const replica = new WorldReplica(world.schema);
  world.spawn();
  world.fields.code.set(0, Uint8Array.of(7));
  for (let tick = 0; tick < 5; tick++) {
    world.fields.n.set(0, tick);
    world.commit();
    replica.handlePacket(packet.slice(0, observer.encode(packet)));
    observer.handleAck(replica.ack);
    assertEquals(replica.sample(tick).fields.code.at(0), Uint8Array.of(7));
  }
});

Deno.test("WorldReplica starts over with a server that was started again, and shows its entities as others", () => {
  for (const epoch of [0, 0x1234]) {
    const replica = new WorldReplica(schema);
    for (const bytes of film(50)) replica.handlePacket(bytes);
    shows(replica);
    const world = new WorldState(schema, { epoch });
    const observer = world.observe();
    for (let id = 0; id < 10; id++) world.fields.n.set(world.spawn(), 1000 * id + 7);
    let entered = 0;
    for (let tick = 0; tick < 100; tick++) {
      world.fields.name.set(1, `u${tick}`);
      world.commit();
      const status = replica.handlePacket(packet.slice(0, observer.encode(packet)));
      if (status === Applied && (epoch > 0 || tick > 1)) {
        const frame = replica.sample(tick);
        for (let id = 0; id < 10; id++) {
          assertEquals(frame.fields.n.at(id), 1000 * id + 7, `epoch ${epoch}, tick ${tick}`);
        }
        entered += frame.enteredCount;
      }
      observer.handleAck(replica.ack);
    }
    assertEquals([replica.latestTick, entered, replica.counters().restarts], [99, 10, 1]);
    assertEquals(observer.counters().deltas! > 90, true);
  }
});

Deno.test("WorldReplica.handlePacket() refuses the deltas of another schema and asks for a full snapshot", () => {
  const world = new WorldState(defineSchema({ ...fields, n: uint(15) }, { maxEntities: 50 }));
  const replica = new WorldReplica(world.schema);
  world.commit();
  replica.handlePacket(packet.slice(0, world.observe().encode(packet)));
  assertEquals([replica.handlePacket(film(2)[1]!), replica.ack], [EpochMismatch, -1]);
});

Deno.test("WorldReplica.handlePacket() proves by the checksum what the packet did not touch", () => {
  const films = [1, 2].map((n) => {
    const world = new WorldState(schema);
    const observer = world.observe({ checksum: true });
    for (const id of [3, 4]) world.spawn(id);
    world.fields.n.set(4, n);
    return [0, 1].map(() => {
      world.fields.name.set(3, `t${world.tick}`);
      world.commit();
      const bytes = packet.slice(0, observer.encode(packet));
      observer.handleAck(0);
      return bytes;
    });
  });
  const replica = new WorldReplica(schema);
  replica.handlePacket(films[0]![0]!);
  assertEquals([replica.handlePacket(films[1]![1]!), replica.ack], [ChecksumMismatch, -1]);
  assertEquals(replica.handlePacket(films[0]![1]!), Applied);
});

Deno.test("WorldReplica.handlePacket() proves by the checksum who is there, which entity it is, and when", () => {
  /** Two snapshots of two entities with initial values; the second brings nothing new. */
  const film = (ids: readonly number[], respawns: number, ticks: number): Uint8Array[] => {
    const world = new WorldState(schema);
    const observer = world.observe({ checksum: true });
    for (const id of ids) {
      world.spawn(id);
      for (let i = 0; i < respawns; i++) {
        world.despawn(id);
        world.spawn(id);
      }
    }
    while (world.tick < ticks) world.commit();
    const first = packet.slice(0, observer.encode(packet));
    observer.handleAck(ticks);
    world.commit();
    return [first, packet.slice(0, observer.encode(packet))];
  };
  const good = film([1, 2], 0, 0);
  for (const other of [film([1, 3], 0, 0), film([1, 2], 1, 0), film([1], 0, 0)]) {
    const replica = new WorldReplica(schema);
    replica.handlePacket(good[0]!);
    assertEquals(replica.handlePacket(other[1]!), ChecksumMismatch);
    assertEquals(replica.handlePacket(good[1]!), Applied);
  }
  const late = film([1, 2], 0, 5)[0]!.slice();
  late[2] = 6;
  const other = film([1, 2], 0, 5)[0]!.slice();
  other[4]! ^= 1; // another epoch
  for (const bent of [late, other]) assertEquals(new WorldReplica(schema).handlePacket(bent), ChecksumMismatch);
});

Deno.test("WorldReplica goes on beyond 31 bits, whatever numbers a peer makes up", () => {
  const replica = new WorldReplica(schema);
  const bytes = film(1)[0]!;
  let number = 0;
  for (let i = 0; i < 66_000; i++, number = (number + 32_767) & 0xffff) {
    bytes[1] = number >>> 8;
    bytes[2] = number;
    if (replica.handlePacket(bytes) !== Applied) throw new Error(`packet ${i} was refused`);
  }
  assertEquals([replica.latestTick, replica.visibleCount], [65_999 * 32_767, 10]);
});

Deno.test("WorldReplica.handlePacket() stays with the newest tick when an old full snapshot comes again and again", () => {
  const packets = film(60);
  const replica = new WorldReplica(schema);
  for (const bytes of packets) replica.handlePacket(bytes);
  for (let i = 0; i < 100; i++) assertEquals(replica.handlePacket(packets[0]!), Old);
  assertEquals([replica.latestTick, shows(replica)], [59, 59]);
});
