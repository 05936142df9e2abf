/**
 * Delta compression: a state of 500 bytes whose first byte changes, as in FastNet, and a small world of moving ships
 * over a bad link. No network: the toolkit encodes and decodes, you send.
 *
 *     deno run examples/realtime_delta.ts
 *
 * @module
 */
import {
  defineSchema,
  SnapshotReceiver,
  SnapshotSender,
  text,
  uint,
  vec2,
  WorldReplica,
  WorldState,
} from "@ringwire/ringwire/realtime";

// Any bytes: whatever your state is made of.
const sender = new SnapshotSender({ maxStateBytes: 1024 });
const receiver = new SnapshotReceiver({ maxStateBytes: 1024 });
const packet = new Uint8Array(1200);
const state = new Uint8Array(500).fill(7);
receiver.handlePacket(packet.subarray(0, sender.encode(state, packet)));
sender.handleAck(receiver.ack);
state[0] = 101;
const length = sender.encode(state, packet);
receiver.handlePacket(packet.subarray(0, length));
console.log(`bytes: ${state.length} become ${length}`);
if (receiver.state[0] !== 101) throw new Error("The receiver has another state");

// A world: fields with ranges and precision, one encoder for each client, every third datagram lost.
const schema = defineSchema({
  position: vec2({ min: -500, max: 500, precision: 0.05, velocity: "velocity" }),
  velocity: vec2({ min: -20, max: 20, precision: 0.05 }),
  health: uint(7),
  name: text(16),
}, { maxEntities: 256, ticksPerSecond: 20 });
const world = new WorldState(schema);
const ships = Array.from({ length: 100 }, (_, i) => {
  const ship = world.spawn();
  world.fields.name.set(ship, `ship ${i}`);
  world.fields.health.set(ship, 100);
  world.fields.velocity.set(ship, i % 7 - 3, i % 5 - 2);
  return ship;
});
const observer = world.observe();
const replica = new WorldReplica(schema);
let sent = 0;
let first = 0;
for (let tick = 0; tick < 100; tick++) {
  for (const [i, ship] of ships.entries()) {
    world.fields.position.set(ship, (i % 7 - 3) * tick / 20, (i % 5 - 2) * tick / 20);
  }
  if (tick === 50) world.fields.health.set(ships[3]!, 42);
  world.commit();
  const bytes = observer.encode(packet);
  sent += bytes;
  if (tick === 0) first = bytes;
  if (tick % 3 === 2) continue;
  replica.handlePacket(packet.subarray(0, bytes));
  observer.handleAck(replica.ack);
}
const { health } = replica.sample(98).fields;
console.log(`world: ${first} bytes at first, ${Math.round(sent / 100)} on average`);
console.log(`ship 3 has health ${health.at(ships[3]!)}`);
