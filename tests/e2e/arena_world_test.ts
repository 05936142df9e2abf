/**
 * The arena's world and what it makes snapshots of, tick by tick, without sockets and without time.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import { SystemScheduler } from "../../src/io/system/system_scheduler.ts";
import { SnapshotStatus, WorldReplica } from "../../src/realtime/mod.ts";
import { ArenaClient } from "../../examples/arena/client/arena_client.ts";
import { decodeNotice, encodeControl, type Request } from "../../examples/arena/protocol/control.ts";
import { decodeSnapshotHead, encodeInput, MessageKind } from "../../examples/arena/protocol/datagrams.ts";
import { Player } from "../../examples/arena/server/player.ts";
import { SnapshotMaker, WholeSnapshots } from "../../examples/arena/server/snapshot_maker.ts";
import { type ArenaFields, TOP_SPEED } from "../../examples/arena/world/arena_schema.ts";
import { ArenaWorld } from "../../examples/arena/world/arena_world.ts";

const SIGHT = { radius: 150, budgetBytes: 1200 };
const LEAVE_RADIUS = 1.125 * SIGHT.radius;

Deno.test("SnapshotMaker sends what is in sight, by what really encoding it takes", () => {
  const { world, me, maker, replica, room } = arena(200);
  for (let tick = 0; tick < 150; tick++) {
    world.step();
    const length = maker.make(room);
    const compared = maker.compare(length);
    assertEquals(replica.handlePacket(room.subarray(0, length)), SnapshotStatus.Applied);
    maker.handleAck(replica.ack);
    const seen = idsOf(replica);
    for (let id = 0; id < world.inhabitants; id++) {
      const distance = distanceBetween(world, id, me);
      if (distance <= SIGHT.radius) assert(seen.has(id), `tick ${tick}: entity ${id} is missing`);
      if (distance > LEAVE_RADIUS) assert(!seen.has(id), `tick ${tick}: entity ${id} is too much`);
    }
    assertEquals(compared.deltaAndInterest, length);
    assertEquals(compared.everything, world.state.observe().encode(new Uint8Array(9000)));
    const near = world.state.observe({ checksum: true }).encode(new Uint8Array(9000), [...seen]);
    assertEquals(compared.interestOnly, near);
  }
  assertEquals(replica.counters().checksumMismatch, 0);
});

Deno.test("SnapshotMaker keeps to its budget, and in the end nobody was left out", () => {
  const { world, maker, replica, room } = arena(200);
  const budgetBytes = 80;
  world.mood = "calm";
  maker.configure({ radius: 400, budgetBytes });
  let waited = 0;
  for (let tick = 0; tick < 300; tick++) {
    world.step();
    const length = maker.make(room);
    assertLess(length, budgetBytes + 1);
    waited = Math.max(waited, maker.waitingCount);
    replica.handlePacket(room.subarray(0, length));
    maker.handleAck(replica.ack);
  }
  assertGreater(waited, 20);
  assertEquals(maker.waitingCount, 0);
  assertGreater(replica.visibleCount, 60);
});

Deno.test("SnapshotMaker with too small a budget updates what is near more often, and what is far in the end", () => {
  const { world, me, maker, replica, room } = arena(400);
  maker.configure({ radius: 400, budgetBytes: 80 });
  const ages = new Int32Array(world.capacity);
  const sums = { near: 0, nearCount: 0, far: 0, farCount: 0 };
  let [oldest, waited] = [0, 0];
  for (let tick = 0; tick < 500; tick++) {
    world.step();
    const length = maker.make(room);
    replica.handlePacket(room.subarray(0, length));
    maker.handleAck(replica.ack);
    if (tick < 200) continue;
    waited += maker.waitingCount;
    const { ids, count, fields: { position } } = replica.sample(replica.latestTick);
    for (const id of ids.subarray(0, count)) {
      const [x, y] = placeOf(world, id);
      const isCurrent = Math.hypot(position.x(id) - x, position.y(id) - y) < 0.03;
      ages[id] = isCurrent ? 0 : ages[id]! + 1;
      oldest = Math.max(oldest, ages[id]!);
      const isNear = distanceBetween(world, id, me) < 150;
      sums[isNear ? "near" : "far"] += ages[id]!;
      sums[isNear ? "nearCount" : "farCount"]++;
    }
  }
  assertGreater(waited, 20 * 300);
  assertLess(2 * sums.near / sums.nearCount, sums.far / sums.farCount);
  assertLess(oldest, 80);
});

Deno.test("ArenaClient counts ticks as the server does, also when it joins late", async () => {
  const world = new ArenaWorld(3, 2);
  for (let tick = 0; tick < 66_000; tick++) world.step();
  const client = new ArenaClient();
  const { player } = playerOf(world, (message) => client.handleMessage(message, 50 * world.state.tick));
  for (let tick = 0; tick < 20; tick++) {
    world.step();
    player.sendSnapshot();
  }
  await nextTurn();
  assertEquals(client.latestTick, world.state.tick);
  const nowMs = 50 * world.state.tick;
  for (let ms = 0; ms < 400; ms += 10) client.frame(nowMs + ms);
  const frame = client.frame(nowMs + 400)!;
  assert(frame.has(player.avatar));
  assertGreater(frame.tick, world.state.tick % 65_536 - 20);
});

Deno.test("ArenaWorld lets avatars go no faster than they may and not beyond its border", () => {
  const world = new ArenaWorld(1, 2);
  const me = world.join(100, true);
  const [x, y] = placeOf(world, me);
  world.steer(me, 3, 4);
  for (let tick = 0; tick < 20; tick++) world.step();
  const [nextX, nextY] = placeOf(world, me);
  assertAlmostEquals(nextX - x, 0.6 * TOP_SPEED, 1e-6);
  assertAlmostEquals(nextY - y, 0.8 * TOP_SPEED, 1e-6);
  world.steer(me, 0.5, 0);
  for (let tick = 0; tick < 20; tick++) world.step();
  assertAlmostEquals(placeOf(world, me)[0] - nextX, 0.5 * TOP_SPEED, 1e-6);
  for (let tick = 0; tick < 1000; tick++) world.step();
  assertEquals(placeOf(world, me)[0], 500);
});

Deno.test("ArenaWorld shows people to everybody and bots to those who are near", () => {
  const world = new ArenaWorld(1, 4);
  const [me, other, bot] = [world.join(60, true), world.join(60, true), world.join(60, false)];
  world.steer(me, 1, 0);
  world.steer(other, -1, 0);
  for (let tick = 0; tick < 300; tick++) world.step();
  assertGreater(distanceBetween(world, me, other), 400);
  assertGreater(distanceBetween(world, me, bot), 100);
  assertEquals([world.interest.isRelevant(me, other), world.interest.isRelevant(me, bot)], [true, false]);
});

Deno.test("ArenaWorld has room for as many avatars as it says, and for others when some leave", () => {
  const world = new ArenaWorld(3, 2);
  assertEquals([world.join(100, true), world.join(100, false), world.join(100, true)], [3, 4, -1]);
  world.step();
  for (let turn = 0; turn < 10; turn++) {
    world.leave(3);
    assertEquals(world.join(100, true), 3);
    world.leave(4);
    assertEquals(world.join(100, true), 4);
    world.step();
  }
  world.leave(3);
  world.leave(3);
  assertEquals(world.state.entityCount, 4);
});

Deno.test("Player takes a few inputs a tick, the newest by its client's clock, and drops what floods", async () => {
  const { player, told } = playerOf(new ArenaWorld(3, 2));
  const send = (sent: number): void => player.handleMessage(encodeInput({ ack: -1, steerX: 0, steerY: 0, sent }));
  for (let sent = 1; sent <= 20; sent++) send(sent);
  assertEquals(await told.echo(), 8);
  send(30);
  send(25);
  assertEquals(await told.echo(), 30);
});

Deno.test("Player does what its client asks for", async () => {
  const world = new ArenaWorld(300, 2);
  const { player, told } = playerOf(world);
  const ask = (request: Request): void => player.handleMessage(encodeControl(request));
  const asked: string[] = [];
  player.onMood = (mood) => asked.push(mood);
  ask({ type: "mood", mood: "calm" });
  assertEquals(asked, ["calm"]);
  ask({ type: "sight", radius: 400, budgetBytes: 60 });
  for (let tick = 0; tick < 2; tick++) {
    await told.echo();
    player.sendStatus(301, 1, 0);
  }
  const status = told.notices.at(-1)!;
  assert(status.type === "status");
  assertGreater(status.waiting, 20);
  assertLess(status.bytes.deltaAndInterest, 61);
  assertGreater(status.bytes.interestOnly, status.bytes.everything / 3);
  assertEquals([status.counters.full, status.counters.deltas], [2, 0], "nothing was acknowledged");
  ask({ type: "link", lossPercent: 100, delayMs: 0, jitterMs: 0 });
  world.step();
  player.sendSnapshot();
  player.sendStatus(301, 1, 0);
  const lossy = told.notices.at(-1)!;
  assert(lossy.type === "status");
  assertEquals([lossy.lost, lossy.sent], [1, 3]);
});

Deno.test("Player tells of whole spans and leaves a slow socket alone", () => {
  const world = new ArenaWorld(3, 2);
  const { player, told, socket } = playerOf(world);
  world.step();
  player.sendSnapshot();
  player.sendStatus(4, 1, 0);
  assertEquals(told.notices.map(({ type }) => type), ["welcome"]);
  world.step();
  player.sendSnapshot();
  player.sendStatus(4, 1, 0);
  const status = told.notices.at(-1)!;
  assert(status.type === "status");
  const everything = world.state.observe().encode(new Uint8Array(9000));
  assertEquals(status.bytes.everything, everything);
  socket.waitingBytes = 1e6;
  world.step();
  player.sendSnapshot();
  player.sendStatus(4, 1, 0);
  const last = told.notices.at(-1)!;
  assert(last.type === "status");
  assertEquals([status.sent, last.sent], [2, 2]);
});

/** A world with one guest who sees everything that is sent. */
function arena(inhabitants: number): {
  readonly world: ArenaWorld;
  readonly me: number;
  readonly maker: SnapshotMaker;
  readonly replica: WorldReplica<ArenaFields>;
  readonly room: Uint8Array;
} {
  const world = new ArenaWorld(inhabitants, 2);
  const me = world.join(SIGHT.radius, true);
  world.steer(me, 1, 0.3);
  const maker = new SnapshotMaker(world, me, SIGHT, { checksum: true }, new WholeSnapshots(world));
  const replica = new WorldReplica(world.state.schema, { ringSnapshots: 64 });
  return { world, me, maker, replica, room: new Uint8Array(1200) };
}

function idsOf(replica: WorldReplica<ArenaFields>): ReadonlySet<number> {
  const frame = replica.sample(replica.latestTick);
  return new Set(frame.ids.subarray(0, frame.count));
}

/** Lets everything happen that is due. */
async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => new SystemScheduler().nextTurn(resolve));
}

function placeOf(world: ArenaWorld, id: number): readonly [number, number] {
  return [world.places[2 * id]!, world.places[2 * id + 1]!];
}

function distanceBetween(world: ArenaWorld, a: number, b: number): number {
  const [[ax, ay], [bx, by]] = [placeOf(world, a), placeOf(world, b)];
  return Math.hypot(ax - bx, ay - by);
}

type Notice = NonNullable<ReturnType<typeof decodeNotice>>;

/** A player whose socket writes down what it is told. */
function playerOf(world: ArenaWorld, listen?: (message: Uint8Array) => void): {
  readonly player: Player;
  readonly socket: { isOpen: boolean; waitingBytes: number };
  readonly told: { readonly notices: Notice[]; echo(): Promise<number | undefined> };
} {
  const notices: Notice[] = [];
  let arrived = Promise.withResolvers<number | undefined>();
  const socket = {
    isOpen: true,
    waitingBytes: 0,
    send: (message: Uint8Array): void => {
      listen?.(message);
      if (message[0] === MessageKind.Control) notices.push(decodeNotice(message)!);
      else arrived.resolve(decodeSnapshotHead(message)!.echo);
    },
  };
  const avatar = world.join(SIGHT.radius, true);
  const everything = new WholeSnapshots(world);
  const setup = { name: "guest", avatar, isBot: false, sight: SIGHT, withChecksum: false, socket, everything };
  const player = new Player(world, setup);
  const echo = async (): Promise<number | undefined> => {
    await nextTurn(); // inputs arrive then
    arrived = Promise.withResolvers();
    world.step();
    player.sendSnapshot();
    return await arrived.promise;
  };
  return { player, socket, told: { notices, echo } };
}
