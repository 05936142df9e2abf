import { assertEquals } from "@std/assert";
import { IdWindow, Seen, SEEN_IDS } from "../../../src/channel/id_window.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";

Deno.test("an IdWindow equals a set of ids, also where they wrap", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = new SeededRandom(seed);
    let newest = (0x7fff_fff0 + random.nextInt(100)) | 0;
    const window = new IdWindow((newest + 1) | 0);
    const seen = new Set<number>();
    for (let step = 0; step < 3000; step++) {
      const id = (newest + random.nextInt(40) - (random.nextInt(50) === 0 ? 1100 : 30)) | 0;
      const behind = (newest - id) | 0;
      const expected = behind >= SEEN_IDS ? Seen.TooOld : seen.has(id) ? Seen.Seen : Seen.New;
      assertEquals(window.look(id), expected, `seed ${seed}, step ${step}`);
      if (random.nextInt(3) === 0) continue;
      window.mark(id);
      if (behind < SEEN_IDS) seen.add(id);
      if (behind < 0) newest = id;
      if (random.nextInt(400) === 0) newest = (newest + 5000) | 0, window.mark(newest), seen.add(newest);
    }
  }
});
