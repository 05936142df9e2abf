import { assertEquals, assertGreater, assertLess, assertLessOrEqual, assertThrows } from "@std/assert";
import { MisuseError } from "../../../../src/error/transport_error.ts";
import { bytes, float, text, uint } from "../../../../src/realtime/delta/field.ts";
import { defineSchema } from "../../../../src/realtime/delta/schema.ts";
import { WorldReplica } from "../../../../src/realtime/delta/world_replica.ts";
import { WorldState } from "../../../../src/realtime/delta/world_state.ts";
import { CROWD, crowd, packet, pass, scatter, seen, values } from "./crowd.ts";

Deno.test("WorldObserver.encode() needs a commit before each snapshot", () => {
  const world = crowd(1);
  const observer = world.observe();
  assertThrows(() => observer.encode(packet), MisuseError, "commit");
  world.commit();
  observer.encode(packet);
  assertThrows(() => observer.encode(packet), MisuseError, "commit");
  world.commit();
  observer.encode(packet);
});

Deno.test("WorldObserver.encode() sends all entities, or the given ones", () => {
  const world = crowd(10);
  const [all, some] = [world.observe(), world.observe()];
  const [replica, other] = [new WorldReplica(CROWD), new WorldReplica(CROWD)];
  world.commit();
  pass(all, replica);
  pass(some, other, [7, 2, 99, 2, 50]); // in any order, one twice, two that do not exist
  assertEquals(seen(replica), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(seen(other), [2, 7]);
  assertEquals([all.visibleCount, some.visibleCount], [10, 2]);
  for (const id of [2, 7]) assertEquals(values(other.sample(0).fields, id), values(world.fields, id));
});

Deno.test("WorldObserver.encode() takes as many ids of the list as it is told to", () => {
  const world = crowd(10);
  const observer = world.observe();
  world.commit();
  observer.encode(packet, Int32Array.of(5, 3, 1), 2);
  assertEquals(observer.visibleCount, 2);
  world.commit();
  assertThrows(() => observer.encode(packet, [5, 3], 3), RangeError, "3 ids");
  assertThrows(() => observer.encode(packet, undefined, 1), RangeError, "1 ids");
});

Deno.test("WorldObserver.encode() refuses ids that are none, and goes on", () => {
  const world = crowd(10);
  const observer = world.observe();
  world.commit();
  for (const id of [100, -1, 0.5, NaN, 2 ** 32]) {
    assertThrows(() => observer.encode(packet, [3, id]), RangeError, "no entity id");
  }
  observer.encode(packet, [4]);
  assertEquals(observer.visibleCount, 1);
});

Deno.test("WorldObserver.encode() spends a few bytes when nothing changed", () => {
  const world = crowd(50);
  const [observer, replica] = [world.observe(), new WorldReplica(CROWD)];
  world.commit();
  pass(observer, replica);
  world.commit();
  assertLessOrEqual(pass(observer, replica), 7);
});

Deno.test("WorldObserver.encode() spends nothing on values that are written again", () => {
  const world = crowd(50);
  const [observer, replica] = [world.observe(), new WorldReplica(CROWD)];
  world.commit();
  pass(observer, replica);
  for (let id = 0; id < 50; id++) scatter(world, id, 1);
  world.commit();
  assertLessOrEqual(pass(observer, replica), 7);
});

Deno.test("WorldObserver.encode() spends nothing on strings that are written again", () => {
  const world = new WorldState(defineSchema({ name: text(20) }, { maxEntities: 4 }));
  const observer = world.observe();
  world.spawn();
  for (let tick = 0; tick < 3; tick++) {
    world.fields.name.set(0, "always the same");
    world.commit();
    const length = observer.encode(packet);
    assertEquals(length > 7, tick === 0);
    observer.handleAck(tick);
  }
});

Deno.test("WorldObserver.encode() does not send a string again because a number changed", () => {
  const world = new WorldState(defineSchema({ name: text(20), n: uint(8), code: bytes(20) }, { maxEntities: 4 }));
  const observer = world.observe();
  world.spawn();
  world.spawn();
  world.fields.name.set(1, "a name of its own");
  world.fields.code.set(1, new Uint8Array(20).fill(1));
  for (let tick = 0; tick < 3; tick++) {
    world.fields.n.set(1, tick);
    world.commit();
    const length = observer.encode(packet);
    assertEquals(length > 14, tick === 0);
    observer.handleAck(tick);
  }
});

Deno.test("WorldObserver.encode() lets an entity leave that is not relevant any more, and start whole when it is back", () => {
  const world = crowd(5);
  const [observer, replica] = [world.observe(), new WorldReplica(CROWD)];
  world.commit();
  pass(observer, replica);
  world.commit();
  pass(observer, replica, [0, 1, 3]);
  assertEquals(seen(replica), [0, 1, 3]);
  for (let round = 2; round < 5; round++) {
    scatter(world, 2, round);
    world.commit();
    pass(observer, replica, [0, 1, 3]);
  }
  world.commit();
  const length = pass(observer, replica, [0, 1, 2, 3]);
  assertGreater(length, 8);
  assertEquals(values(replica.sample(replica.latestTick).fields, 2), values(world.fields, 2));
});

Deno.test("WorldObserver.encode() lets an entity leave that ended, and takes a new one with its id for another", () => {
  const world = crowd(3);
  const [observer, replica] = [world.observe(), new WorldReplica(CROWD)];
  world.commit();
  pass(observer, replica);
  seen(replica);
  world.despawn(1);
  world.spawn(1);
  world.commit();
  pass(observer, replica);
  const frame = replica.sample(replica.latestTick);
  assertEquals([frame.count, frame.enteredCount, frame.entered[0], frame.leftCount, frame.left[0]], [3, 1, 1, 1, 1]);
  assertEquals(values(frame.fields, 1), [0, 0]);
  world.despawn(1);
  world.commit();
  pass(observer, replica);
  assertEquals(seen(replica), [0, 2]);
});

Deno.test("WorldObserver.encode() sends the last committed tick, whatever was written since", () => {
  const world = crowd(3);
  const [observer, replica] = [world.observe(), new WorldReplica(CROWD)];
  world.commit();
  const before = [0, 1, 2].map((id) => values(world.fields, id));
  for (const id of [0, 1]) scatter(world, id, 2);
  world.despawn(2);
  world.spawn(3);
  pass(observer, replica);
  assertEquals(seen(replica), [0, 1, 2]);
  const { fields } = replica.sample(0);
  assertEquals([0, 1, 2].map((id) => values(fields, id)), before);
  world.commit();
  pass(observer, replica);
  assertEquals(seen(replica), [0, 1, 3]);
  assertEquals(values(replica.sample(1).fields, 0), values(world.fields, 0));
});

Deno.test("WorldObserver.encode() takes an entity that was replaced after the commit for gone until the next one", () => {
  const world = crowd(3);
  const [observer, replica] = [world.observe(), new WorldReplica(CROWD)];
  world.commit();
  world.despawn(1);
  world.spawn(1);
  pass(observer, replica);
  assertEquals(seen(replica), [0, 2]);
  world.commit();
  pass(observer, replica);
  assertEquals(seen(replica), [0, 1, 2]);
});

Deno.test("WorldObserver.encode() costs each observer what it does not know, out of one world", () => {
  const world = crowd(50);
  const observers = [world.observe(), world.observe(), world.observe()];
  const replicas = observers.map(() => new WorldReplica(CROWD));
  for (let tick = 0; tick < 20; tick++) {
    scatter(world, tick, tick);
    world.commit();
    observers.forEach((observer, i) => {
      const length = observer.encode(packet);
      if (tick % (i + 1) !== 0) return; // the second gets every other one, the third every third
      assertEquals(replicas[i]!.handlePacket(packet.slice(0, length)), 0);
      observer.handleAck(replicas[i]!.ack);
    });
  }
  for (const replica of replicas) {
    const { fields } = replica.sample(replica.latestTick);
    for (let id = 0; id < replica.latestTick; id++) assertEquals(values(fields, id), values(world.fields, id));
  }
});

Deno.test("WorldObserver.handleAck() tells which tick is built on", () => {
  const world = crowd(5);
  const observer = world.observe();
  for (let tick = 0; tick < 4; tick++) {
    world.commit();
    observer.encode(packet);
  }
  assertEquals(observer.baseTick, -1);
  observer.handleAck(0);
  assertEquals(observer.baseTick, 0);
  observer.handleAck(2);
  assertEquals(observer.baseTick, 2);
  for (const ack of [2, 1, 4, 70_000, 0.5, -1]) observer.handleAck(ack);
  assertEquals(observer.baseTick, -1);
  const { acks, staleAcks, unknownAcks, fullRequests, full, deltas } = observer.counters();
  assertEquals([acks, staleAcks, unknownAcks, fullRequests, full, deltas], [2, 3, 2, 1, 4, 0]);
});

Deno.test("WorldObserver.encode() falls back to a full snapshot when its base fell out of the ring", () => {
  const world = crowd(20, { historyTicks: 100 });
  const observer = world.observe({ ringSnapshots: 40 });
  world.commit();
  const whole = observer.encode(packet);
  observer.handleAck(0);
  for (let tick = 1; tick <= 40; tick++) {
    world.commit();
    assertLess(observer.encode(packet), 10, `tick ${tick}`);
  }
  world.commit();
  assertEquals(observer.encode(packet), whole);
  assertEquals(observer.counters().expiredBases, 1);
});

Deno.test("WorldObserver.encode() does not build on a base that lies further back than a header can tell", () => {
  const world = new WorldState(defineSchema({ a: uint(8) }, { maxEntities: 2 }));
  const observer = world.observe();
  world.spawn();
  world.commit();
  observer.encode(packet);
  observer.handleAck(0);
  while (world.tick < 0x3fff) world.commit();
  observer.encode(packet);
  assertEquals(observer.counters().deltas, 1);
  world.commit();
  observer.encode(packet);
  assertEquals([observer.counters().full, observer.counters().expiredBases], [2, 1]);
});

Deno.test("WorldObserver.reset() makes the next snapshot a full one", () => {
  const world = crowd(20);
  const observer = world.observe();
  world.commit();
  const whole = observer.encode(packet);
  observer.handleAck(0);
  observer.reset();
  world.commit();
  assertEquals([observer.baseTick, observer.encode(packet)], [-1, whole]);
});

Deno.test("WorldObserver.encode() spends next to nothing on what moves as its velocity says", () => {
  const moving = defineSchema({
    x: float({ min: 0, max: 1000, precision: 0.001, velocity: "v" }),
    v: float({ min: -50, max: 50, precision: 0.01 }),
  }, { maxEntities: 64, ticksPerSecond: 10 });
  const still = defineSchema({
    x: float({ min: 0, max: 1000, precision: 0.001 }),
    v: float({ min: -50, max: 50, precision: 0.01 }),
  }, { maxEntities: 64, ticksPerSecond: 10 });
  const [told, untold] = [moving, still].map((one) => {
    const world = new WorldState(one);
    const [observer, replica] = [world.observe({ checksum: true }), new WorldReplica(one)];
    for (let id = 0; id < 64; id++) world.fields.v.set(world.spawn(), id / 2);
    let length = 0;
    for (let tick = 0; tick < 30; tick++) {
      for (let id = 0; id < 64; id++) world.fields.x.set(id, 300 + world.fields.v.at(id) * tick / 10);
      world.commit();
      length = observer.encode(packet);
      assertEquals(replica.handlePacket(packet.slice(0, length)), 0);
      if (tick > 3) observer.handleAck((tick - 3) & 0xffff);
    }
    return length;
  });
  assertLess(told!, 30);
  assertGreater(untold!, 5 * told!);
});
