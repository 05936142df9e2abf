import { assertEquals } from "@std/assert";
import { BASE_MTU_BYTES, PathMtuSearch } from "../../../src/reliability/path_mtu_search.ts";
import { ClockCell } from "../../../src/time/clock.ts";

function setup(maxBytes = 1452) {
  const clock = new ClockCell();
  const search = new PathMtuSearch(clock);
  search.start(maxBytes);
  return { clock, search };
}

/** Probes until nothing more is wanted on a path that carries so much; the sizes that were tried. */
function searchOn(search: PathMtuSearch, pathBytes: number): number[] {
  const tried: number[] = [];
  for (let size = search.wantedBytes; size > 0 && tried.length < 200; size = search.wantedBytes) {
    tried.push(size);
    search.handleProbeSent();
    if (size <= pathBytes) search.handleProbeAcked();
    else search.handleProbeLost();
  }
  return tried;
}

Deno.test("PathMtuSearch tries the largest first, and is done when it arrives", () => {
  const { search } = setup();
  assertEquals([searchOn(search, 1452), search.datagramBytes, search.probeAt], [[1452], 1452, Infinity]);
});

Deno.test("PathMtuSearch finds the size of every path to within 16 bytes, and never uses one that did not arrive", () => {
  for (let path = BASE_MTU_BYTES; path < 1452; path += 7) {
    const { search } = setup();
    searchOn(search, path);
    assertEquals(
      search.datagramBytes <= path && path - search.datagramBytes < 16,
      true,
      `${path}: ${search.datagramBytes}`,
    );
  }
});

Deno.test("PathMtuSearch tries a size three times, one at a time", () => {
  const { search } = setup();
  assertEquals(search.wantedBytes, 1452);
  search.handleProbeSent();
  assertEquals([search.wantedBytes, search.probeAt], [0, Infinity]);
  for (let i = 0; i < 2; i++) {
    search.handleProbeLost();
    assertEquals([search.wantedBytes, search.datagramBytes], [1452, BASE_MTU_BYTES]);
    search.handleProbeSent();
  }
  search.handleProbeLost();
  assertEquals(search.wantedBytes, (1200 + 1451 + 1) >> 1);
});

Deno.test("PathMtuSearch rests where nothing larger than the base is allowed", () => {
  for (const most of [0, BASE_MTU_BYTES]) {
    const { search } = setup(most);
    assertEquals([search.wantedBytes, search.probeAt, search.datagramBytes], [0, Infinity, BASE_MTU_BYTES]);
  }
});

Deno.test("PathMtuSearch looks again after ten minutes", () => {
  const { clock, search } = setup();
  searchOn(search, 1300);
  assertEquals([search.probeAt, search.wantedBytes], [600_000, 0]);
  clock.advance(599_999);
  search.handleTimeout();
  assertEquals(search.wantedBytes, 0);
  clock.advance(600_000);
  search.handleTimeout();
  assertEquals(search.wantedBytes, 1452);
  searchOn(search, 1452);
  assertEquals(search.datagramBytes, 1452);
});

Deno.test("PathMtuSearch notices a black hole: large packets are lost while small ones arrive", () => {
  const { clock, search } = setup();
  searchOn(search, 1452);
  for (let i = 0; i < 3; i++) search.handleLost(1452);
  search.handleAcked(BASE_MTU_BYTES);
  assertEquals([search.datagramBytes, search.blackHoles], [1452, 0]);
  search.handleLost(1452);
  assertEquals([search.datagramBytes, search.blackHoles, search.wantedBytes], [BASE_MTU_BYTES, 1, 0]);
  assertEquals(search.probeAt, 60_000);
  clock.advance(60_000);
  assertEquals([searchOn(search, 1250).length > 0, search.datagramBytes <= 1250], [true, true]);
});

Deno.test("PathMtuSearch takes no mere loss for a black hole", () => {
  const { search } = setup();
  searchOn(search, 1452);
  for (let i = 0; i < 20; i++) {
    search.handleLost(1452);
    search.handleLost(1200);
    if (i % 3 === 2) search.handleAcked(1452);
    search.handleAcked(1200);
  }
  assertEquals(search.datagramBytes, 1452, "large ones come through now and then");
  search.handleAcked(1452);
  for (let i = 0; i < 20; i++) search.handleLost(1452);
  assertEquals(search.datagramBytes, 1452, "nothing comes through at all");
  search.handleAcked(1201);
  search.handleAcked(100);
  assertEquals(search.datagramBytes, 1452, "a large one came first");
});

Deno.test("PathMtuSearch.start() forgets what it found on another path", () => {
  const { search } = setup();
  searchOn(search, 1452);
  search.start(1300);
  assertEquals([search.datagramBytes, search.wantedBytes], [BASE_MTU_BYTES, 1300]);
});

Deno.test("PathMtuSearch passes over answers to probes that it did not send", () => {
  const { search } = setup();
  search.handleProbeAcked();
  for (let i = 0; i < 9; i++) search.handleProbeLost();
  assertEquals([search.datagramBytes, search.wantedBytes], [BASE_MTU_BYTES, 1452]);
});
