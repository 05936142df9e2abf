/**
 * How much parity repairs of what is lost: at 5 and 10 % independent loss what theory gives, and of bursts, with
 * interleaving, most.
 *
 * @module
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { residualLoss } from "../../src/fec/group_size.ts";
import { repairedShare } from "./fec_run.ts";

const FRAMES = 60_000;

for (const loss of [0.05, 0.1]) {
  for (const [scheme, sources, parities] of [["xor", 4, 1], ["reedSolomon", 8, 3]] as const) {
    Deno.test(`${scheme} ${sources}+${parities} repairs what theory says at a loss of ${loss}`, () => {
      const run = repairedShare({ seed: 1, scheme, sources, parities, interleave: 1, frames: FRAMES, loss });
      const theory = 1 - residualLoss(sources, parities, loss) / loss;
      assertGreater(run.share / theory, 0.985, `${run.share} where theory gives ${theory}, seed 1`);
      assertEquals(run.wrong, 0);
    });
  }
}

Deno.test("interleaving repairs bursts that are longer than the parities of a group", () => {
  const common = { seed: 2, scheme: "reedSolomon", sources: 8, parities: 3, frames: FRAMES, loss: 0.05 } as const;
  const plain = repairedShare({ ...common, interleave: 1, burst: 8 });
  const interleaved = repairedShare({ ...common, interleave: 8, burst: 8 });
  assertEquals([plain.wrong, interleaved.wrong], [0, 0]);
  assert(plain.share < 0.5 && interleaved.share > 0.75, `${plain.share} and ${interleaved.share}, seed 2`);
});
