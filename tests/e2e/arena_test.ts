/**
 * The arena as a server: guests over WebSocket get snapshots that are right, whatever their link does, and it ends well.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "@std/assert";
import { MAX_GUESTS } from "../../examples/arena/server/arena.ts";
import { TOP_SPEED } from "../../examples/arena/world/arena_schema.ts";
import { ArenaGuest } from "./arena_guest.ts";
import { runArena, startArena } from "./arena_process.ts";
import { eventually, within } from "./waiting.ts";

const BOTS = 3;

Deno.test("the arena sends each guest snapshots that prove right, and those in them move", async () => {
  await using arena = await startArena(["--bots", String(BOTS)]);
  await using guest = await ArenaGuest.join(arena.url);
  await guest.more(5);
  const before = guest.places();
  const bots = botPlaces(guest);
  await guest.more(15);
  const after = guest.places();
  const moved = [...after].filter(([id, { x, y }]) => {
    const was = before.get(id);
    return was !== undefined && Math.hypot(x - was.x, y - was.y) > 0.5;
  });
  assertGreater(moved.length, 3);
  assert(after.has(guest.avatar));
  await eventually("all bots move", () => botPlaces(guest).every((place, i) => Math.abs(place - bots[i]!) > 0.5));
  const { checksumMismatch, malformed, schemaMismatch, unknownBase } = guest.client.counters;
  assertEquals([checksumMismatch, malformed, schemaMismatch, unknownBase], [0, 0, 0, 0]);
  const { bytes, entities, players, counters } = await guest.status();
  assertEquals([entities, players], [300 + BOTS + 1, BOTS + 1]);
  assertGreater(counters.deltas!, 3);
  assertGreater(bytes.deltaAndInterest, 0);
  assertLess(bytes.deltaAndInterest, Math.min(bytes.deltaOnly, bytes.interestOnly));
  assertLess(Math.max(bytes.deltaOnly, bytes.interestOnly), bytes.everything);
});

Deno.test("an avatar of the arena goes where it is steered, as fast as it may, and others see it", async () => {
  await using arena = await startArena(["--bots", "0", "--entities", "20"]);
  await using guest = await ArenaGuest.join(arena.url);
  await using other = await ArenaGuest.join(arena.url);
  await Promise.all([guest.more(2), other.more(2)]);
  const start = guest.places().get(guest.avatar)!;
  const startTick = guest.client.latestTick;
  guest.client.steer = { x: 1, y: 0 };
  await eventually("it has moved", () => guest.places().get(guest.avatar)!.x > start.x + 10);
  const { x, y } = guest.places().get(guest.avatar)!;
  assertEquals(y, start.y);
  assertLess(x - start.x, (guest.client.latestTick - startTick + 1) * TOP_SPEED / 20 + 0.1);
  await eventually("the other one sees it", () => other.places().get(guest.avatar)!.x > start.x + 10);
  assertEquals(other.client.roster.map(({ id }) => id), [guest.avatar, other.avatar]);
});

Deno.test("a guest that leaves the arena is gone for the others", async () => {
  await using arena = await startArena(["--bots", "0", "--entities", "20"]);
  await using guest = await ArenaGuest.join(arena.url);
  const other = await ArenaGuest.join(arena.url);
  const { avatar } = other;
  await eventually("it is seen", () => guest.places().has(avatar));
  await other[Symbol.asyncDispose]();
  await eventually("it is not seen", () => !guest.places().has(avatar));
  assertEquals(guest.client.roster.map(({ id }) => id), [guest.avatar]);
});

Deno.test("snapshots of the arena prove right through loss and jitter, and go on after an outage", async () => {
  await using arena = await startArena(["--bots", "0"]);
  await using guest = await ArenaGuest.join(arena.url);
  guest.ask({ type: "link", lossPercent: 40, delayMs: 30, jitterMs: 90 });
  await guest.more(12);
  guest.ask({ type: "link", lossPercent: 100, delayMs: 0, jitterMs: 0 });
  const { applied } = guest;
  const { lost, sent } = await guest.status();
  await eventually("more is lost", () => guest.statuses.at(-1)!.lost > lost + 10);
  assertLess(guest.applied, applied + 4, "more came than was under way");
  assertLess(lost, sent);
  guest.ask({ type: "link", lossPercent: 0, delayMs: 0, jitterMs: 0 });
  await guest.more(5);
  const { checksumMismatch, malformed, unknownBase } = guest.client.counters;
  assertEquals([checksumMismatch, malformed, unknownBase], [0, 0, 0]);
});

Deno.test("the arena does not mind what makes no sense", async () => {
  await using arena = await startArena(["--bots", "0", "--entities", "5"]);
  await using guest = await ArenaGuest.join(arena.url);
  const texts = ["{", "{}", '{"type":"link"}', '{"type":"mood","mood":1}', '{"type":"sight","radius":null}', "[1]"];
  for (const text of texts) guest.send(new TextEncoder().encode(text));
  guest.send("a text");
  for (const length of [0, 1, 10, 12, 5000]) guest.send(new Uint8Array(length).fill(17));
  guest.send(Uint8Array.of(17, 255, 255, 255, 127, 128, 128, 0, 0, 0, 0));
  await guest.more(3);
  assertEquals(guest.client.counters.malformed, 0);
});

Deno.test("the arena serves its page and the modules of it, and no other file", async () => {
  await using arena = await startArena(["--bots", "0", "--entities", "5"]);
  const page = await fetch(arena.url);
  assertMatch(page.headers.get("content-security-policy")!, /^default-src 'self'; /);
  const paths = [...(await page.text()).matchAll(/(?:href|src)="(\/[^"]+)"/g)].map(([, path]) => path!);
  assertGreater(paths.length, 50);
  for (const path of paths) {
    const { status, headers, body } = await fetch(new URL(path, arena.url));
    await body?.cancel();
    assertEquals([path, status], [path, 200]);
    if (path.endsWith(".ts")) assertEquals(headers.get("content-type"), "text/javascript; charset=utf-8");
  }
  for (const path of ["deno.json", "examples/arena/main.ts", "src/api/reactor.ts", "..%2fdeno.json", "play"]) {
    const { status, body } = await fetch(new URL(path, arena.url));
    await body?.cancel();
    assertEquals([path, status], [path, path === "play" ? 426 : 404]);
  }
});

Deno.test("the arena refuses pages of other sites, and guests that it has no room for", async () => {
  await using arena = await startArena(["--bots", "0", "--entities", "5"]);
  const url = `${arena.url.replace("http", "ws")}play`;
  const foreign = new WebSocket(url, { headers: { origin: "http://example.org" } });
  await within("the refusal", new Promise((resolve) => foreign.onerror = resolve));
  await using guests = new AsyncDisposableStack();
  for (let i = 0; i < MAX_GUESTS; i++) guests.use(await ArenaGuest.join(arena.url));
  const late = new WebSocket(url);
  const { code } = await within("the end", new Promise<CloseEvent>((resolve) => late.onclose = resolve));
  assertEquals(code, 1013);
});

Deno.test("the arena says where it is, and ends by itself when it is told how long to last", async () => {
  const { code, output, errors } = await runArena(["--port", "0", "--seconds", "0.1", "--entities=3", "--bots", "1"]);
  assertEquals([code, errors], [0, ""]);
  assertMatch(output, /^The arena is at http:\/\/localhost:\d+\/\n.+\nThe arena is closed\.\n$/);
});

Deno.test({
  name: "the arena ends cleanly when it is interrupted, and tells its guests",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using arena = await startArena(["--bots", String(BOTS)]);
    await using guest = await ArenaGuest.join(arena.url);
    await guest.more(3);
    const { code, output, errors } = await arena.end();
    assertEquals([code, errors], [0, ""]);
    assertMatch(output, /The arena is closed\.\n$/);
  },
});

Deno.test("the arena prints how it is used when its arguments make no sense", async () => {
  const { code, errors } = await runArena(["--entities", "0"]);
  assertEquals(code, 2);
  assertMatch(errors, /^The option --entities must be a number from 1 to 2000: got "0"\n\n[^]*deno task arena/);
});

Deno.test("the arena says so when its port is taken", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { code, errors } = await runArena(["--port", String(taken.addr.port)]);
  assertEquals(code, 1);
  assertMatch(errors, /^Somebody else listens on this port/);
});

/** Where the bots are, near or far: a number for each coordinate. */
function botPlaces({ client }: ArenaGuest): number[] {
  client.frame(performance.now());
  const { inhabitants } = client.welcome!;
  return [...client.rest().slice(2 * inhabitants, 2 * (inhabitants + BOTS))];
}
