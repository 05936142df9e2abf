import { assert, assertEquals } from "@std/assert";
import { FrameStore } from "../../../../src/realtime/jitter/frame_store.ts";
import { JitterFrame } from "../../../../src/realtime/jitter/jitter_frame.ts";
import { type JitterOptions, resolveJitterOptions } from "../../../../src/realtime/jitter/jitter_options.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { ClockCell } from "../../../../src/time/clock.ts";

const SMALL: JitterOptions = { maxDelayMs: 40, maxFrames: 4, maxConcealedRun: 4, maxPayloadBytes: 300, maxBytes: 1000 };

function makeStore(options: JitterOptions = SMALL): { store: FrameStore; clock: ClockCell } {
  const clock = new ClockCell();
  return { store: new FrameStore(resolveJitterOptions(options), clock), clock };
}

Deno.test("FrameStore lends what was put in and takes it back", () => {
  const { store, clock } = makeStore();
  clock.advance(7);
  const payload = Uint8Array.of(1, 2, 3);
  store.insert(-5, 4_000_000_000, 123.5, payload, true);
  payload.fill(9);
  assertEquals([store.has(-5), store.knows(-5), store.count, store.bytes], [true, true, 1, 64]);
  assertEquals([store.mediaMs(-5), store.arrivalMs(-5), store.endsSpurt(-5)], [123.5, 7, true]);
  const frame = new JitterFrame();
  store.lend(-5, frame);
  assertEquals([frame.timestamp, frame.length, frame.payload], [4_000_000_000, 3, Uint8Array.of(1, 2, 3)]);
  assertEquals([store.has(-5), store.knows(-5), store.count, store.bytes, store.heldBytes], [false, true, 0, 0, 64]);
  const { block } = frame;
  store.giveBack(block);
  store.insert(0, 0, 0, Uint8Array.of(5), false);
  store.lend(0, frame);
  assert(frame.block === block, "the block is used again");
  assertEquals([frame.payload, store.endsSpurt(0)], [Uint8Array.of(5), false]);
});

Deno.test("FrameStore tells a position from the one a lap away", () => {
  const { store } = makeStore();
  store.insert(3, 0, 0, new Uint8Array(1), false);
  assertEquals([store.has(3 + 8), store.knows(3 + 8), store.knows(3 - 8)], [false, false, false]);
  store.drop(3);
  store.insert(11, 0, 0, new Uint8Array(1), false);
  assertEquals([store.has(11), store.knows(3)], [true, false]);
});

Deno.test("FrameStore.insert() leaves a frame that waits, and takes no block for the refused one", () => {
  const { store } = makeStore();
  assertEquals(store.insert(3, 0, 0, Uint8Array.of(7), false), true);
  for (const position of [3, 3 + 8, 3 - 8]) {
    assertEquals(store.insert(position, 1, 1, new Uint8Array(200), true), false);
  }
  assertEquals([store.has(3), store.count, store.bytes, store.heldBytes], [true, 1, 64, 64]);
  assertEquals([store.mediaMs(3), store.endsSpurt(3)], [0, false]);
});

Deno.test("FrameStore.first() ends although nothing waits, or only a lap away", () => {
  const { store } = makeStore();
  assertEquals(store.first(5), 5);
  store.insert(3, 0, 0, new Uint8Array(1), false);
  assertEquals([store.first(3), store.first(-2), store.first(4 - 8), store.first(1000)], [3, 3, 3, 3]);
  store.insert(6, 0, 0, new Uint8Array(1), false);
  assertEquals([store.first(0), store.first(4)], [3, 6]);
});

Deno.test("FrameStore remembers frames that came and are over", () => {
  const { store } = makeStore();
  store.pass(2);
  store.insert(3, 0, 0, new Uint8Array(1), false);
  store.drop(3);
  assertEquals([1, 2, 3, 4].map((position) => store.knows(position)), [false, true, true, false]);
  assertEquals([2, 3].map((position) => store.has(position)), [false, false]);
});

Deno.test("FrameStore.pass() leaves a frame alone that waits a lap away", () => {
  const { store } = makeStore();
  store.insert(9, 0, 0, new Uint8Array(1), false);
  store.pass(1);
  assertEquals([store.has(9), store.knows(1), store.count], [true, false, 1]);
});

Deno.test("FrameStore knows nothing of position 0 at first", () => {
  assertEquals(makeStore().store.knows(0), false);
});

Deno.test("FrameStore.first() finds the first frame over the wrap of 32 bits", () => {
  const { store } = makeStore();
  store.insert(-0x8000_0000, 0, 0, new Uint8Array(1), false);
  assertEquals(store.first(0x7fff_fffe), -0x8000_0000);
  store.insert(0x7fff_ffff, 0, 0, new Uint8Array(1), false);
  assertEquals(store.first(0x7fff_fffe), 0x7fff_ffff);
});

Deno.test("FrameStore has room for maxFrames frames", () => {
  const { store } = makeStore();
  for (let position = 0; position < 4; position++) {
    assert(store.hasRoom(1));
    store.insert(position, 0, 0, new Uint8Array(1), false);
  }
  assert(!store.hasRoom(1));
  store.drop(2);
  assert(store.hasRoom(1));
});

Deno.test("FrameStore has room for maxBytes bytes of blocks", () => {
  const { store } = makeStore();
  store.insert(0, 0, 0, new Uint8Array(65), false);
  store.insert(1, 0, 0, new Uint8Array(300), false);
  assertEquals(store.bytes, 256 + 300);
  assertEquals([store.hasRoom(256), store.hasRoom(257)], [true, true]);
  store.insert(2, 0, 0, new Uint8Array(0), false);
  assertEquals(store.bytes, 620);
  assertEquals([store.hasRoom(300), store.hasRoom(64)], [true, true]);
  const { store: tight } = makeStore({ ...SMALL, maxBytes: 320 });
  tight.insert(0, 0, 0, new Uint8Array(64), false);
  assertEquals([tight.hasRoom(256), tight.hasRoom(257)], [true, false]);
});

Deno.test("FrameStore keeps no more than maxBytes of free blocks", () => {
  const { store } = makeStore({ ...SMALL, maxBytes: 320 });
  const frames = Array.from({ length: 4 }, () => new JitterFrame());
  for (const [i, frame] of frames.entries()) {
    store.insert(i, 0, 0, new Uint8Array(300), false);
    store.lend(i, frame);
  }
  for (const { block } of frames) store.giveBack(block);
  assertEquals(store.heldBytes, 300);
});

Deno.test("FrameStore.clear() forgets everything and keeps the blocks for reuse", () => {
  const { store } = makeStore();
  for (let position = 0; position < 3; position++) store.insert(position, 0, 0, new Uint8Array(1), false);
  store.pass(7);
  store.clear();
  assertEquals([store.count, store.bytes, store.heldBytes], [0, 0, 192]);
  assertEquals([0, 1, 2, 7].map((position) => store.knows(position)), [false, false, false, false]);
});

Deno.test("FrameStore equals a map", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const { store } = makeStore({ maxFrames: 64, maxDelayMs: 200 });
    const reference = new Map<number, Uint8Array>();
    const frame = new JitterFrame();
    let from = 0x7fff_fff0;
    for (let step = 0; step < 500; step++) {
      const position = (from + random.nextInt(64)) | 0;
      if (random.nextInt(2) === 0) {
        if (!reference.has(position) && store.hasRoom(100)) {
          const payload = new Uint8Array(random.nextInt(100)).fill(step);
          store.insert(position, step, step, payload, false);
          reference.set(position, payload);
        }
      } else if (reference.has(position)) {
        store.lend(position, frame);
        assertEquals(frame.payload, reference.get(position), `seed ${seed}, step ${step}`);
        store.giveBack(frame.block);
        reference.delete(position);
      } else if (reference.size === 0) from = (from + 5) | 0;
      assertEquals(store.count, reference.size, `seed ${seed}, step ${step}`);
    }
    assertEquals(store.heldBytes - store.bytes >= 0, true);
  }
});
