/**
 * How connections share a link with one another and with a CUBIC flow.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { ReliabilityOptions } from "../../src/reliability/reliability_options.ts";
import { jainIndex, SimFlow, SimWorld, STANDARD_PATH } from "./reliability_bench.ts";

const WHOLE = 1e9;

/** Connections that start one after the other; how many bytes each delivered from a time on. */
function share(seed: number, apartMs: number, all: readonly ReliabilityOptions[], fromMs = 0) {
  const world = new SimWorld(STANDARD_PATH, seed);
  const flows = all.map((options) => new SimFlow(world, options));
  flows.forEach((flow, i) => world.at(i * apartMs, () => flow.send(WHOLE)));
  world.run(fromMs);
  const before = flows.map((flow) => flow.deliveredBytes);
  let [waiting, looks] = [0, 0];
  for (let at = fromMs + 100; at < 60_000; at += 100) {
    world.at(at, () => {
      waiting += world.bottleneck.waitingBytes / 1250;
      looks++;
    });
  }
  world.run(60_000);
  const bytes = flows.map((flow, i) => flow.deliveredBytes - before[i]!);
  return { bytes, queueMs: waiting / looks, used: bytes.reduce((a, b) => a + b) / (1250 * (60_000 - fromMs)) };
}

Deno.test("reliability: four connections share a link fairly over 60 s, fill it and keep its queue short", () => {
  for (const [seed, apartMs] of [[1, 10], [2, 10], [6, 2000], [7, 2000]] as const) {
    const { bytes, queueMs, used } = share(seed, apartMs, [{}, {}, {}, {}]);
    const index = jainIndex(bytes);
    assert(index >= 0.95, `seed ${seed}: ${index.toFixed(3)} of ${bytes}`);
    assert(queueMs < 20 && used > 0.9, `seed ${seed}: ${queueMs} ms of queue, ${used} used`);
  }
});

Deno.test("reliability: four CUBIC connections share a link fairly", () => {
  const { bytes } = share(1, 10, Array.from({ length: 4 }, () => ({ congestionControl: "cubic" })));
  assert(jainIndex(bytes) >= 0.95, `${bytes}`);
});

Deno.test("reliability: beside a CUBIC flow a connection takes neither all nor nothing, whoever came first", () => {
  for (const isFirst of [true, false]) {
    const cubic: ReliabilityOptions = { congestionControl: "cubic" };
    const { bytes, used } = share(1, 5000, isFirst ? [{}, cubic] : [cubic, {}], 10_000);
    const own = bytes[isFirst ? 0 : 1]! / (bytes[0]! + bytes[1]!);
    assert(own > 0.15 && own < 0.7, `${own} of the link`);
    assert(used > 0.9, `${used} used`);
  }
});

Deno.test("reliability: the simulation repeats itself", () => {
  assertEquals(share(3, 10, [{}, {}], 55_000), share(3, 10, [{}, {}], 55_000));
});
