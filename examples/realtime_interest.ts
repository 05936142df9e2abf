/**
 * Interest management: only what is near is sent, and of that what matters most fits into the datagram first.
 *
 *     deno run examples/realtime_interest.ts
 *
 * @module
 */
import { InterestManager, PriorityAccumulator } from "@ringwire/ringwire/realtime";

const [YOU, A, B, C, D, E] = [0, 1, 2, 3, 4, 5];
const names = ["You", "A", "B", "C", "D", "E"];
const interest = new InterestManager({ cellSize: 20, entityBytes: 300 });
for (
  const [id, x, y] of [[YOU, 90, 40], [A, 30, 150], [B, 260, 150], [C, 260, 5], [D, 70, 30], [E, 100, 10]] as const
) {
  interest.addEntity(id, x, y);
}
const observer = 1000;
interest.addObserver(observer, { radius: 60, follow: YOU });
interest.setHidden(observer, YOU, true); // you know where you are
interest.tick();
interest.discardEvents();

const relevant = new Uint32Array(16);
const count = interest.readRelevant(relevant, observer);
console.log(`relevant: ${[...relevant.subarray(0, count)].map((id) => names[id]).sort().join(", ")}`);

// B concerns you wherever it is. Two of three fit into a datagram: the near ones go often, the far one never starves.
interest.setAlwaysRelevant(B, true);
const accumulator = new PriorityAccumulator();
const sent = new Map<string, number>();
for (let datagram = 0; datagram < 100; datagram++) {
  interest.tick();
  interest.discardEvents();
  interest.prioritize(observer, accumulator);
  accumulator.openDatagram(600);
  for (let id = accumulator.pollNext(); id >= 0; id = accumulator.pollNext()) {
    sent.set(names[id]!, (sent.get(names[id]!) ?? 0) + 1);
  }
}
const counts = [...sent].sort().map(([name, times]) => `${name} ${times} times`);
console.log(`in 100 datagrams: ${counts.join(", ")}`);
