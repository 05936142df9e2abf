/** Accounts and windows that are written down and read again. @module */
import { assertEquals } from "@std/assert";
import { ReceiveCredit, SendCredit } from "../../../src/channel/credit.ts";
import { IdWindow, SEEN_IDS } from "../../../src/channel/id_window.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";

Deno.test("SendCredit.load() goes on where save() was", () => {
  const [account, copy] = [new SendCredit(100), new SendCredit(7)];
  account.spend(60);
  const cells: number[] = [-1];
  account.save(cells);
  assertEquals(copy.load(cells, 1), cells.length);
  assertEquals([copy.allows(40), copy.allows(41), copy.raise(100), copy.raise(101)], [true, false, false, true]);
});

Deno.test("ReceiveCredit.load() goes on where save() was", () => {
  const [account, copy] = [new ReceiveCredit(100, 400), new ReceiveCredit(1, 400)];
  account.receive(90);
  account.consume(30);
  const cells: number[] = [-1];
  account.save(cells);
  copy.isDue = true;
  assertEquals(copy.load(cells, 1), cells.length);
  assertEquals([copy.held, copy.isDue, copy.receive(11), copy.receive(10), copy.tell()], [60, false, false, true, 430]);
});

Deno.test("IdWindow.load() knows of every id what save() knew", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed);
    const first = [0, -500, 0x7fff_ff00][seed % 3]!;
    const [window, copy] = [new IdWindow(first), new IdWindow(first + 77)];
    copy.mark(first + 300);
    const count = random.nextInt(3000);
    const loss = random.nextInt(3);
    for (let i = 0; i < count; i++) if (random.nextInt(20) >= loss) window.mark(first + i);
    const cells: number[] = [-1];
    window.save(cells);
    assertEquals(copy.load(cells, 1), cells.length, `seed ${seed}`);
    for (let i = -20; i < count + 20; i++) assertEquals(copy.look(first + i), window.look(first + i), `seed ${seed}`);
  }
});

Deno.test("IdWindow.save() is short where nothing is missing", () => {
  const window = new IdWindow(0);
  for (let id = 0; id < 3 * SEEN_IDS + 5; id++) window.mark(id);
  const cells: number[] = [];
  window.save(cells);
  assertEquals(cells.length, 3);
});
