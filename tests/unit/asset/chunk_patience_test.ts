import { assertEquals } from "@std/assert";
import { ChunkPatience } from "../../../src/asset/chunk_patience.ts";
import { resolveDownloadOptions } from "../../../src/asset/download_options.ts";
import { DownloadSource } from "../../../src/asset/download_source.ts";
import { ClockCell } from "../../../src/time/clock.ts";

const config = resolveDownloadOptions({
  chunkTimeoutMs: 100,
  openTimeoutMs: 1000,
  sourceTimeoutMs: 2000,
  maxRetriesCount: 4,
});

/** A source that owes a chunk since 0, on a link that other downloads share. */
function shared(
  transfers: number,
): { clock: ClockCell; link: { heard: number }; patience: ChunkPatience; source: DownloadSource } {
  const clock = new ClockCell();
  const link = { heard: -Infinity, heardMs: () => link.heard, transferCount: () => transfers };
  const source = new DownloadSource(1, 4, Infinity);
  source.window.add(0, 0);
  return { clock, link, source, patience: new ChunkPatience({ clock, config, link }) };
}

Deno.test("overdueMs() is the time of a chunk after the question, where the link is silent", () => {
  const { clock, patience, source } = shared(4);
  assertEquals(patience.overdueMs(source), 100);
  clock.advance(100);
  assertEquals(patience.overdueSince(source), 0);
});

Deno.test("overdueMs() is later while the link brings chunks of others, by as much as there are transfers", () => {
  const { clock, link, patience, source } = shared(4);
  link.heard = 90;
  assertEquals(patience.overdueMs(source), 190);
  clock.advance(150);
  assertEquals(patience.overdueSince(source), -250);
  link.heard = 390;
  assertEquals(patience.overdueMs(source), 400);
  clock.advance(400);
  assertEquals(patience.overdueSince(source), 0);
});

Deno.test("overdueMs() is never for a source that owes nothing", () => {
  const { patience, source } = shared(2);
  source.window.arrive(0, 0);
  assertEquals(patience.overdueMs(source), Infinity);
});

Deno.test("stallMs() is the sum of all waits after the last that counted", () => {
  const { clock, patience } = shared(2);
  assertEquals(patience.stallMs(), 1000 + 2000 + 5 * 100 * 2);
  clock.advance(50);
  patience.renew();
  assertEquals(patience.stallMs(), 50 + 4000);
});
