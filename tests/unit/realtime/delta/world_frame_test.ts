import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { angle, bool, choice, float, text, uint, vec2, vec3 } from "../../../../src/realtime/delta/field.ts";
import { defineSchema, type FieldSet, type Schema } from "../../../../src/realtime/delta/schema.ts";
import { WorldReplica } from "../../../../src/realtime/delta/world_replica.ts";
import { WorldState } from "../../../../src/realtime/delta/world_state.ts";

const packet = new Uint8Array(1000);

/** A replica that was sent the ticks given; `write` says what happens in each. */
function replicaOf<F extends FieldSet>(
  schema: Schema<F>,
  ticks: number,
  write: (world: WorldState<F>, tick: number) => readonly number[] | void,
  skip: readonly number[] = [],
): WorldReplica<F> {
  const world = new WorldState(schema);
  const observer = world.observe();
  const replica = new WorldReplica(schema);
  for (let tick = 0; tick < ticks; tick++) {
    const ids = write(world, tick);
    world.commit();
    const length = observer.encode(packet, ids ?? undefined);
    if (skip.includes(tick)) continue;
    assertEquals(replica.handlePacket(packet.slice(0, length)), 0);
    observer.handleAck(replica.ack);
  }
  return replica;
}

const range = { min: -100, max: 100, precision: 0.25 };

Deno.test("WorldReplica.sample() at the time of a snapshot shows exactly that", () => {
  const schema = defineSchema({ x: float(range), a: angle(), c: choice(["a", "b"]) });
  const replica = replicaOf(schema, 4, (world, tick) => {
    if (tick === 0) world.spawn();
    world.fields.x.set(0, tick * tick);
    world.fields.a.set(0, tick);
    world.fields.c.set(0, tick % 2 === 0 ? "a" : "b");
  });
  for (let tick = 0; tick < 4; tick++) {
    const { fields, tick: time } = replica.sample(tick);
    assertEquals([fields.x.at(0), fields.c.at(0), time], [tick * tick, tick % 2 === 0 ? "a" : "b", tick]);
    assertAlmostEquals(fields.a.at(0), tick, 0.01);
  }
});

Deno.test("WorldReplica.sample() between two snapshots shows numbers and vectors on the line between", () => {
  const schema = defineSchema({ x: float(range), v: vec2(range), w: vec3(range), n: uint(8, { blending: "linear" }) });
  const replica = replicaOf(schema, 2, (world, tick) => {
    if (tick === 0) world.spawn();
    world.fields.x.set(0, 10 * tick);
    world.fields.v.set(0, -20 * tick, 40 * tick);
    world.fields.w.set(0, tick, 2 * tick, -4 * tick);
    world.fields.n.set(0, 200 * tick);
  });
  const { fields, tick } = replica.sample(0.25);
  assertEquals([fields.x.at(0), fields.v.x(0), fields.v.y(0), fields.n.at(0), tick], [2.5, -5, 10, 50, 0.25]);
  assertEquals([fields.w.x(0), fields.w.y(0), fields.w.z(0)], [0.25, 0.5, -1]);
});

Deno.test("WorldReplica.sample() between two snapshots shows what is discrete as it was", () => {
  const schema = defineSchema({
    n: uint(8),
    b: bool(),
    c: choice(["a", "b"]),
    t: text(4),
    x: float({ ...range, blending: "step" }),
    a: angle({ blending: "step" }),
  });
  const replica = replicaOf(schema, 2, (world, tick) => {
    if (tick === 0) world.spawn();
    const f = world.fields;
    f.n.set(0, tick);
    f.b.set(0, tick === 1);
    f.c.set(0, tick === 1 ? "b" : "a");
    f.t.set(0, `t${tick}`);
    f.x.set(0, tick);
    f.a.set(0, tick);
  });
  for (const time of [0, 0.5, 0.999]) {
    const { n, b, c, t, x, a } = replica.sample(time).fields;
    assertEquals([n.at(0), b.at(0), c.at(0), t.at(0), x.at(0), a.at(0)], [0, false, "a", "t0", 0, 0]);
  }
  const { n, b, c, t, x } = replica.sample(1).fields;
  assertEquals([n.at(0), b.at(0), c.at(0), t.at(0), x.at(0)], [1, true, "b", "t1", 1]);
});

Deno.test("WorldReplica.sample() turns angles the short way round", () => {
  const schema = defineSchema({ a: angle({ bits: 12 }) });
  const cases = [[0, 1, 0.5], [1, 0, 0.5], [3, -3, Math.PI], [-3, 3, Math.PI], [-0.5, 0.5, 0], [-3, -2, -2.5], [
    3.1,
    2,
    2.55,
  ]];
  for (const [from, to, half] of cases) {
    const replica = replicaOf(schema, 2, (world, tick) => {
      if (tick === 0) world.spawn();
      world.fields.a.set(0, tick === 0 ? from! : to!);
    });
    const shown = replica.sample(0.5).fields.a.at(0);
    assertAlmostEquals(Math.cos(shown), Math.cos(half!), 0.01, `${from} to ${to}`);
    assertAlmostEquals(Math.sin(shown), Math.sin(half!), 0.01, `${from} to ${to}`);
    assertEquals(shown >= -Math.PI && shown < Math.PI, true, `${from} to ${to}`);
  }
});

Deno.test("WorldReplica.sample() follows a curve where velocities are known", () => {
  const schema = defineSchema({
    x: float({ ...range, precision: 1e-6, velocity: "v", blending: "hermite" }),
    v: float({ ...range, precision: 1e-6 }),
  }, { ticksPerSecond: 4 });
  // A cubic of the time in seconds, which a cubic curve follows exactly; the second snapshot is lost.
  const x = (t: number): number => 3 + 5 * t - 7 * t * t + 4 * t * t * t;
  const v = (t: number): number => 5 - 14 * t + 12 * t * t;
  const replica = replicaOf(schema, 3, (world, tick) => {
    if (tick === 0) { for (let id = 0; id < 6; id++) world.spawn(); }
    for (let id = 0; id < 6; id++) {
      world.fields.x.set(id, x(tick / 4) * id);
      world.fields.v.set(id, v(tick / 4) * id);
    }
    return tick === 0 ? [0, 1, 3, 4] : [1, 2, 3, 4, 5]; // the same entities, at other places
  }, [1]);
  for (const tick of [0, 0.2, 0.5, 1, 1.5, 1.9]) {
    for (const id of [1, 3, 4]) {
      assertAlmostEquals(replica.sample(tick).fields.x.at(id), x(tick / 4) * id, 1e-4, `tick ${tick}, entity ${id}`);
    }
  }
});

Deno.test("WorldReplica.sample() outside of the snapshots shows the nearest one", () => {
  const schema = defineSchema({ x: float(range) });
  const replica = replicaOf(schema, 3, (world, tick) => {
    if (tick === 0) world.spawn();
    world.fields.x.set(0, tick);
  });
  for (const [time, tick] of [[-5, 0], [-Infinity, 0], [2, 2], [2.5, 2], [1e9, 2], [Infinity, 2]] as const) {
    const frame = replica.sample(time);
    assertEquals([frame.fields.x.at(0), frame.tick], [tick, tick], `${time}`);
  }
});

Deno.test("WorldReplica.sample() bridges lost snapshots, and uses those that come late", () => {
  const schema = defineSchema({ x: float(range) });
  const world = new WorldState(schema);
  const observer = world.observe();
  const replica = new WorldReplica(schema);
  world.spawn();
  const packets = [0, 10, 50, 90].map((x) => {
    world.fields.x.set(0, x);
    world.commit();
    return packet.slice(0, observer.encode(packet));
  });
  for (const i of [0, 3]) replica.handlePacket(packets[i]!);
  assertEquals(replica.sample(1.5).fields.x.at(0), 45);
  replica.handlePacket(packets[1]!);
  assertEquals(replica.sample(1.5).fields.x.at(0), 30);
  replica.handlePacket(packets[2]!);
  assertEquals([replica.sample(1.5).fields.x.at(0), replica.sample(0.5).fields.x.at(0)], [30, 5]);
});

Deno.test("WorldReplica.sample() shows an entity from its first to its last snapshot and says who came and went", () => {
  const schema = defineSchema({ x: float(range) });
  const views = [[1, 2], [1, 2, 3], [2, 3, 4], [0]];
  const replica = replicaOf(schema, 4, (world, tick) => {
    if (tick === 0) { for (let id = 0; id < 5; id++) world.spawn(); }
    for (let id = 0; id < 5; id++) world.fields.x.set(id, id + tick);
    return views[tick]!;
  });
  const all: [number, number[], number[], number[]][] = [];
  for (const time of [0, 0.5, 1, 1.5, 2, 2, 3]) {
    const { tick, count, ids, entered, enteredCount, left, leftCount } = replica.sample(time);
    all.push([tick, [...ids.subarray(0, count)], [...entered.subarray(0, enteredCount)], [
      ...left.subarray(0, leftCount),
    ]]);
  }
  assertEquals(all, [
    [0, [1, 2], [1, 2], []],
    [0.5, [1, 2], [], []],
    [1, [1, 2, 3], [3], []],
    [1.5, [1, 2, 3], [], []],
    [2, [2, 3, 4], [4], [1]],
    [2, [2, 3, 4], [], []],
    [3, [0], [0], [2, 3, 4]],
  ]);
  // In time, entity 1 stays where it was, because it is not in the later snapshot.
  const frame = replica.sample(1.5);
  assertEquals([frame.fields.x.at(1), frame.fields.x.at(2)], [2, 3.5]);
  assertEquals([frame.has(1), frame.has(4), frame.has(-1), frame.has(1e9)], [true, false, false, false]);
  assertEquals([frame.entered[0], frame.left[0]], [1, 0]);
});

Deno.test("WorldReplica.sample() does not blend an entity with another one that took over its id", () => {
  const schema = defineSchema({ x: float(range) });
  const replica = replicaOf(schema, 2, (world, tick) => {
    if (tick === 0) { for (let id = 0; id < 3; id++) world.spawn(); }
    else {
      world.despawn(1);
      world.spawn(1);
    }
    for (let id = 0; id < 3; id++) world.fields.x.set(id, id + 10 * tick);
  });
  replica.sample(0);
  const frame = replica.sample(0.5);
  assertEquals([0, 1, 2].map((id) => frame.fields.x.at(id)), [5, 1, 7]);
  assertEquals([frame.enteredCount, frame.leftCount], [0, 0]);
  replica.sample(1);
  assertEquals([frame.enteredCount, frame.entered[0], frame.leftCount, frame.left[0]], [1, 1, 1, 1]);
});

Deno.test("WorldFrame stays as it is while packets arrive", () => {
  const schema = defineSchema({ x: float(range), t: text(8) });
  const world = new WorldState(schema);
  const observer = world.observe();
  const replica = new WorldReplica(schema);
  world.spawn();
  for (let tick = 0; tick < 200; tick++) {
    world.fields.x.set(0, tick % 100);
    world.fields.t.set(0, `t${tick}`);
    world.commit();
    replica.handlePacket(packet.slice(0, observer.encode(packet)));
    if (tick === 0) replica.sample(0);
  }
  const frame = replica.sample(-1);
  assertEquals([frame.tick, frame.fields.t.at(0)], [168, "t168"]);
});

Deno.test("WorldFrame's readers refuse entities that are not there", () => {
  const schema = defineSchema({ x: float(range), v: vec2(range), b: bool(), t: text(4), c: choice(["a", "b"]) });
  const replica = replicaOf(schema, 1, (world) => {
    world.spawn(3);
  });
  const frame = replica.sample(0);
  const { x, v, b, t, c } = frame.fields;
  for (const id of [0, 2, 4, -1, 1024, 0.5]) {
    for (const read of [() => x.at(id), () => v.x(id), () => v.y(id), () => b.at(id), () => t.at(id), () => c.at(id)]) {
      assertThrows(read, RangeError, "no entity");
    }
  }
  assertEquals([x.at(3), v.y(3), b.at(3), t.at(3), c.at(3)], [0, 0, false, "", "a"]);
});
