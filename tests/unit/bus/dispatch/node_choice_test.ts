import { assert, assertEquals } from "@std/assert";
import {
  type Candidate,
  chooseByKey,
  chooseInTurn,
  chooseLeastBusy,
} from "../../../../src/bus/dispatch/node_choice.ts";

const nodes = (...busy: number[]): Candidate[] => busy.map((busyCount, i) => ({ id: `node-${i}`, busyCount }));

Deno.test("chooseInTurn() gives everybody the same share", () => {
  assertEquals([0, 1, 2, 3, 4, 5].map((turn) => chooseInTurn(nodes(9, 0, 0), turn)), [0, 1, 2, 0, 1, 2]);
});

Deno.test("chooseLeastBusy() takes the fewest commands, and equals in turn", () => {
  assertEquals([0, 1, 2].map((turn) => chooseLeastBusy(nodes(3, 1, 2), turn)), [1, 1, 1]);
  assertEquals([0, 1, 2, 3].map((turn) => chooseLeastBusy(nodes(5, 1, 1, 1), turn)), [1, 1, 2, 3]);
});

Deno.test("chooseByKey() does not depend on the order of the nodes", () => {
  const all = nodes(0, 0, 0, 0, 0);
  for (let i = 0; i < 100; i++) {
    const chosen = all[chooseByKey(all, `key ${i}`)];
    const reversed = all.toReversed();
    assertEquals(reversed[chooseByKey(reversed, `key ${i}`)], chosen);
  }
});

Deno.test("chooseByKey() moves only the keys of the node that goes", () => {
  const all = nodes(0, 0, 0, 0, 0);
  const rest = all.filter((_, i) => i !== 2);
  const shares = [0, 0, 0, 0, 0];
  for (let i = 0; i < 2000; i++) {
    const before = chooseByKey(all, `order-${i}`);
    shares[before]!++;
    if (before !== 2) assertEquals(rest[chooseByKey(rest, `order-${i}`)], all[before]);
  }
  assert(shares.every((share) => share > 250 && share < 600), `the shares are ${shares}`);
});
