/**
 * The page of the arena in a real browser: it moves, its numbers arrive, its controls act, and it has nothing to
 * complain about. Without a browser these tests are skipped and say why.
 *
 * Set ARENA_PICTURES to a folder to keep what the page looked like.
 *
 * @module
 */
import { assertEquals, assertGreater, assertLess, assertMatch } from "@std/assert";
import type { Shown } from "../../examples/arena/page/figures.ts";
import { BrowserPage, findChromium } from "./arena_browser.ts";
import { startArena } from "./arena_process.ts";

interface PageState {
  readonly isConnected: boolean;
  readonly frames: number;
  readonly tick: number;
  readonly avatar: number;
  readonly entities: readonly { readonly id: number; readonly x: number; readonly y: number }[];
  readonly counters: Readonly<Record<string, number>>;
  readonly figures: Shown;
}

const chromium = await findChromium();
const executable = "path" in chromium ? chromium.path : undefined;
if ("reason" in chromium) console.log(`The page of the arena is not tested: ${chromium.reason}`);

const SCREENS = [
  { width: 390, height: 844, mobile: true, scheme: "dark" },
  { width: 820, height: 1180, mobile: true, scheme: "light" },
  { width: 1280, height: 800, mobile: false, scheme: "light" },
  { width: 1280, height: 800, mobile: false, scheme: "dark" },
] as const;

/** Where the avatar is shown. */
const PLACE =
  "(({ entities, avatar }) => entities.find(({ id }) => id === avatar)?.x ?? -Infinity)(globalThis.arena.state())";

/** The page shows the avatar and its first figures. */
const READY = `globalThis.arena?.state().figures !== undefined && ${PLACE} > -Infinity`;

Deno.test({
  name: "the page of the arena",
  ignore: executable === undefined,
  fn: async (t) => {
    await using arena = await startArena();
    await using page = await BrowserPage.open(executable!);
    await page.send("Page.navigate", { url: arena.url });
    await page.until("the avatar and the first figures", READY);
    await t.step("moves, and its avatar goes where the keys say", () => moves(page));
    await t.step("shows what was measured", () => measures(page));
    await t.step("fits a desktop and a phone, light and dark", () => fits(page));
    await t.step("obeys its buttons and sliders", () => obeys(page));
    await t.step("has nothing to complain about and asks nobody else", () => {
      assertEquals(page.complaints, []);
      const hosts = new Set(page.requests.map((url) => new URL(url).host));
      assertEquals([...hosts], [new URL(arena.url).host]);
    });
  },
});

async function moves(page: BrowserPage): Promise<void> {
  const before = await stateOf(page);
  const startX = await page.evaluate<number>(PLACE);
  await press(page, "keyDown", "ArrowRight");
  await page.until("the avatar moves", `${PLACE} > ${startX + 8}`);
  await press(page, "keyUp", "ArrowRight");
  const after = await stateOf(page);
  assertGreater(after.tick, before.tick);
  assertGreater(after.frames, before.frames);
  assertGreater(movedCount(before, after), 3);
  assertGreater(await coloursOf(page), 8);
}

async function measures(page: BrowserPage): Promise<void> {
  const { figures, counters } = await stateOf(page);
  const { everything, interestOnly, deltaOnly, deltaAndInterest } = figures.bytesPerSecond;
  assertLess(deltaAndInterest, Math.min(interestOnly, deltaOnly));
  assertLess(Math.max(interestOnly, deltaOnly), everything);
  assertGreater(figures.savedShare, 0.5);
  assertGreater(figures.playDelayMs, 0);
  assertEquals([counters.malformed, counters.unknownBase], [0, 0]);
  const texts = await page.evaluate<string[]>(
    "[...document.querySelectorAll('.legend output')].map((output) => output.textContent)",
  );
  assertEquals(texts.length, 7);
  for (const text of texts) assertMatch(text, /^\d+(\.\d+)? (kB\/s|ms)$/);
}

async function obeys(page: BrowserPage): Promise<void> {
  await page.evaluate("document.querySelector('[data-mood=chaotic]').click()");
  await page.until("chaos", "document.querySelector('[data-mood=chaotic]').ariaPressed === 'true'");
  await page.evaluate("document.querySelector('#zoom').click()");
  await slide(page, "#delayMs", "PageUp");
  assertEquals(await page.evaluate("document.querySelector('#delayMs + output').textContent"), "40 ms");
  await page.until("the round trip grows", "globalThis.arena.state().figures.roundTripMs >= 80");
  await slide(page, "#lossPercent", "End");
  await page.until("nothing comes", "Number.isNaN(globalThis.arena.state().figures.roundTripMs)");
  await slide(page, "#lossPercent", "Home");
  await page.until("it goes on", "globalThis.arena.state().figures.roundTripMs >= 80");
  assertEquals((await stateOf(page)).counters.malformed, 0);
}

async function fits(page: BrowserPage): Promise<void> {
  const kept = Deno.env.get("ARENA_PICTURES");
  const folder = kept ?? await Deno.makeTempDir({ prefix: "arena_pictures_" });
  const grounds: string[] = [];
  for (const screen of SCREENS) {
    const { width, height, mobile, scheme } = screen;
    const { frames } = await stateOf(page);
    await page.send("Emulation.setDeviceMetricsOverride", { width, height, mobile, deviceScaleFactor: 1 });
    await page.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    await page.until("it is drawn anew", `globalThis.arena.state().frames > ${frames + 2}`);
    const [wide, high, ground] = await page.evaluate<[number, number, string]>(`[
      document.documentElement.scrollWidth,
      document.documentElement.scrollHeight,
      getComputedStyle(document.body).backgroundColor,
    ]`);
    assertEquals(wide, width, JSON.stringify(screen));
    if (!mobile) assertEquals(high, height, JSON.stringify(screen));
    grounds.push(ground);
    assertGreater(await page.screenshot(`${folder}/arena_${width}_${scheme}.png`), 20_000, JSON.stringify(screen));
  }
  assertEquals(new Set(grounds).size, 2, "light and dark differ");
  if (kept === undefined) await Deno.remove(folder, { recursive: true });
}

async function stateOf(page: BrowserPage): Promise<PageState> {
  return await page.evaluate<PageState>("globalThis.arena.state()");
}

function movedCount(before: PageState, after: PageState): number {
  const places = new Map(before.entities.map(({ id, x, y }) => [id, { x, y }]));
  return after.entities.filter(({ id, x, y }) => {
    const was = places.get(id);
    return was !== undefined && Math.hypot(x - was.x, y - was.y) > 0.5;
  }).length;
}

/** How many different colours the arena is drawn with. */
async function coloursOf(page: BrowserPage): Promise<number> {
  return await page.evaluate<number>(`(() => {
    const { width, height } = document.querySelector("#stage");
    const { data } = document.querySelector("#stage").getContext("2d").getImageData(0, 0, width, height);
    return new Set(new Uint32Array(data.buffer)).size;
  })()`);
}

async function press(page: BrowserPage, type: "keyDown" | "keyUp", key: string): Promise<void> {
  const windowsVirtualKeyCode = { ArrowRight: 39, Home: 36, End: 35, PageUp: 33 }[key];
  await page.send("Input.dispatchKeyEvent", { type, key, code: key, windowsVirtualKeyCode });
}

/** Moves a slider as a reader does that has only a keyboard. */
async function slide(page: BrowserPage, slider: string, key: "Home" | "End" | "PageUp"): Promise<void> {
  await page.evaluate(`document.querySelector("${slider}").focus()`);
  await press(page, "keyDown", key);
  await press(page, "keyUp", key);
}
