import { assertEquals, assertGreater, assertLess, assertLessOrEqual } from "@std/assert";
import { WorldReplica } from "../../../../src/realtime/delta/world_replica.ts";
import { WorldState } from "../../../../src/realtime/delta/world_state.ts";
import { CROWD, crowd, packet, pass, scatter, seen, values } from "./crowd.ts";

Deno.test("WorldObserver.encode() lets the most important entities in when more are relevant than it may show", () => {
  const world = crowd(10);
  const observer = world.observe({ maxVisible: 4 });
  const replica = new WorldReplica(CROWD, { maxVisible: 4 });
  world.commit();
  pass(observer, replica, [9, 3, 99, 7, 1, 5, 2]);
  assertEquals(seen(replica), [1, 3, 7, 9]);
  assertEquals([observer.upToDateCount, observer.counters().overLimitEntities], [5, 2]);
  world.commit();
  pass(observer, replica, [2, 5, 9]);
  assertEquals([seen(replica), observer.upToDateCount], [[2, 5, 9], 3]);
});

Deno.test("WorldObserver.encode() fits into the memory that it is given and sends the most important changes", () => {
  const world = crowd(60);
  const [observer, replica] = [world.observe(), new WorldReplica(CROWD)];
  const ids = Array.from({ length: 60 }, (_, i) => 59 - i);
  world.commit();
  pass(observer, replica);
  for (const room of [40, 100, 200, 300]) {
    for (let id = 0; id < 60; id++) scatter(world, id, room);
    world.commit();
    assertLessOrEqual(pass(observer, replica, ids, room), room);
    const current = observer.upToDateCount;
    assertGreater(current, room / 9 - 2);
    assertLess(current, room / 6);
    assertEquals(observer.deferredCount, 60 - current);
    const frame = replica.sample(replica.latestTick);
    for (const id of ids.slice(0, current)) assertEquals(values(frame.fields, id), values(world.fields, id));
  }
});

Deno.test("WorldObserver.encode() brings everybody up to date in turn when the memory is small and no list is given", () => {
  const world = crowd(60);
  const [observer, replica] = [world.observe(), new WorldReplica(CROWD)];
  let rounds = 0;
  for (;; rounds++) {
    world.commit();
    pass(observer, replica, undefined, 100);
    assertEquals(observer.upToDateCount, rounds === 0 ? 0 : 60 - observer.deferredCount);
    if (observer.deferredCount === 0) break;
  }
  assertLess(rounds, 12);
  const frame = replica.sample(replica.latestTick);
  for (let id = 0; id < 60; id++) assertEquals(values(frame.fields, id), values(world.fields, id));
  // All change in every tick: each gets its turn all the same.
  const turns = new Array<number>(60).fill(0);
  for (let round = 2; round < 42; round++) {
    for (let id = 0; id < 60; id++) scatter(world, id, round);
    world.commit();
    pass(observer, replica, undefined, 100);
    const { fields } = replica.sample(replica.latestTick);
    for (let id = 0; id < 60; id++) if (fields.a.at(id) === world.fields.a.at(id)) turns[id]! += 1;
  }
  assertLessOrEqual(Math.max(...turns) - Math.min(...turns), 2);
});

Deno.test("WorldObserver.encode() brings the same entities again until some are acknowledged", () => {
  const world = crowd(60);
  const replica = new WorldReplica(CROWD);
  for (const ids of [undefined, Array.from({ length: 60 }, (_, i) => 59 - i)]) {
    const observer = world.observe();
    const views = Array.from({ length: 4 }, () => {
      world.commit();
      const length = observer.encode(packet.subarray(0, 100), ids);
      assertEquals([observer.upToDateCount, replica.handlePacket(packet.slice(0, length))], [0, 0]);
      return seen(replica);
    });
    assertEquals(views.map((view) => view.join()), new Array(4).fill(views[0]!.join()));
    observer.handleAck(replica.ack);
    world.commit();
    observer.encode(packet.subarray(0, 100), ids);
    assertGreater(observer.visibleCount, views[0]!.length + 5);
    assertGreater(observer.upToDateCount, 0);
  }
});

Deno.test("WorldObserver.encode() holds an entity back without telling it from one that rests", () => {
  const world = crowd(30);
  const [observer, replica] = [world.observe({ checksum: true }), new WorldReplica(CROWD)];
  const ids = Array.from({ length: 30 }, (_, i) => i);
  world.commit();
  pass(observer, replica, ids);
  const before = values(world.fields, 29);
  for (let id = 0; id < 30; id++) scatter(world, id, 2);
  world.commit();
  pass(observer, replica, ids, 100);
  assertEquals(values(replica.sample(replica.latestTick).fields, 29), before);
  world.commit();
  pass(observer, replica, ids);
  assertEquals(values(replica.sample(replica.latestTick).fields, 29), values(world.fields, 29));
});

Deno.test("WorldObserver.encode() sends an entity whole that was held back for longer than the history", () => {
  const world = crowd(30, { historyTicks: 32 });
  const [observer, replica] = [world.observe({ checksum: true }), new WorldReplica(CROWD)];
  const ids = Array.from({ length: 30 }, (_, i) => i);
  world.commit();
  pass(observer, replica, ids);
  seen(replica);
  for (let round = 2; round < 50; round++) {
    for (let id = 0; id < 30; id++) scatter(world, id, round);
    world.commit();
    pass(observer, replica, ids, 60);
  }
  world.commit();
  pass(observer, replica, ids);
  const frame = replica.sample(replica.latestTick);
  for (const id of ids) assertEquals(values(frame.fields, id), values(world.fields, id));
  assertEquals([frame.enteredCount, frame.leftCount], [0, 0]); // it stayed in view all the time
});

Deno.test("WorldObserver.encode() returns 0 when not even an empty full snapshot fits, and nothing counts as sent", () => {
  const world = crowd(60);
  const [observer, replica] = [world.observe(), new WorldReplica(CROWD)];
  world.commit();
  pass(observer, replica);
  world.commit();
  const ids = Array.from({ length: 30 }, (_, i) => 2 * i);
  for (const room of [0, 3, 4, 8]) assertEquals(observer.encode(packet.subarray(0, room), ids), 0);
  assertEquals(observer.counters().refusedNoRoom, 4);
  assertEquals(observer.visibleCount, 60);
  pass(observer, replica, ids);
  assertEquals(seen(replica), ids);
});

Deno.test("WorldObserver.encode() starts over with a full snapshot when who leaves does not fit", () => {
  const world = new WorldState(CROWD);
  for (let id = 0; id < 100; id++) world.spawn();
  const [observer, replica] = [world.observe({ checksum: true }), new WorldReplica(CROWD)];
  world.commit();
  pass(observer, replica);
  world.commit();
  const ids = Array.from({ length: 100 }, (_, i) => i).filter((i) => i * i % 7 < 3);
  for (let round = 0; round < 40; round++) {
    assertLessOrEqual(pass(observer, replica, ids, 22), 22);
    world.commit();
  }
  assertEquals(seen(replica), ids);
  assertEquals(observer.counters(), { ...observer.counters(), full: 2, expiredBases: 1, refusedNoRoom: 0 });
});
