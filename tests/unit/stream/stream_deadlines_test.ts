import { assert, assertEquals } from "@std/assert";
import { CloseCode } from "../../../src/error/close_code.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { StreamDeadlines } from "../../../src/stream/stream_deadlines.ts";
import { resolveStreamOptions, type StreamOptions } from "../../../src/stream/stream_options.ts";
import { ClockCell } from "../../../src/time/clock.ts";

const none: StreamOptions = { minFrameBytesPerSecond: 0 };

function start(options: StreamOptions, handshaking = false): { clock: ClockCell; deadlines: StreamDeadlines } {
  const clock = new ClockCell();
  clock.advance(1000);
  return { clock, deadlines: new StreamDeadlines(resolveStreamOptions({ ...none, ...options }), clock, handshaking) };
}

/** The time of the next deadline and what expires there, and that nothing has expired just before. */
function next(deadlines: StreamDeadlines, clock: ClockCell): [number, CloseCode | undefined] {
  const at = deadlines.next();
  if (at === Infinity) return [at, undefined];
  clock.advance(at - 0.001);
  assertEquals(deadlines.expired(), undefined);
  clock.advance(at);
  return [at, deadlines.expired()];
}

Deno.test("StreamDeadlines knows none where nothing is configured and nothing goes on", () => {
  const { clock, deadlines } = start({});
  clock.advance(1e9);
  assertEquals([deadlines.next(), deadlines.expired()], [Infinity, undefined]);
});

Deno.test("StreamDeadlines ends a handshake that is not complete in time", () => {
  const { clock, deadlines } = start({ handshakeTimeoutMs: 300 }, true);
  assertEquals(next(deadlines, clock), [1300, CloseCode.HandshakeTimeout]);
  deadlines.handshakeDone();
  assertEquals(next(deadlines, clock), [Infinity, undefined]);
});

Deno.test("StreamDeadlines ends an idle stream, counted from the last byte", () => {
  const { clock, deadlines } = start({ idleTimeoutMs: 500 });
  clock.advance(1400);
  deadlines.arrived();
  deadlines.received(0, false);
  assertEquals(next(deadlines, clock), [1900, CloseCode.IdleTimeout]);
});

Deno.test("StreamDeadlines ends a frame that is slower than its rate after its grace", () => {
  const { clock, deadlines } = start({ minFrameBytesPerSecond: 100, frameGraceMs: 200 });
  deadlines.arrived();
  deadlines.received(10, true);
  assertEquals(deadlines.next(), 1000 + 200);
  clock.advance(1150);
  deadlines.arrived();
  deadlines.received(20, true);
  assertEquals(next(deadlines, clock), [1150 + 200, CloseCode.TooSlow]);
  clock.advance(1340);
  deadlines.arrived();
  deadlines.received(30, true);
  assertEquals(next(deadlines, clock), [1000 + 200 + 300, CloseCode.TooSlow]);
});

Deno.test("StreamDeadlines ends a frame that stands still for its grace, however fast it was before", () => {
  const { clock, deadlines } = start({ minFrameBytesPerSecond: 100, frameGraceMs: 200 });
  deadlines.arrived();
  deadlines.received(1_000_000, true);
  assertEquals(next(deadlines, clock), [1200, CloseCode.TooSlow]);
});

Deno.test("StreamDeadlines gives the next frame its whole time, and forgets a frame that is complete", () => {
  const { clock, deadlines } = start({ minFrameBytesPerSecond: 100, frameGraceMs: 200 });
  deadlines.received(10, true);
  clock.advance(1100);
  deadlines.received(10, false);
  assertEquals(deadlines.next(), 1300);
  deadlines.received(0, false);
  assertEquals(deadlines.next(), Infinity);
});

Deno.test("StreamDeadlines rests the rules about receiving while the application holds the reading", () => {
  const { clock, deadlines } = start({ idleTimeoutMs: 500, minFrameBytesPerSecond: 100, frameGraceMs: 200 });
  deadlines.received(10, true);
  deadlines.rest();
  clock.advance(90_000);
  assertEquals(deadlines.expired(), undefined);
  assert(deadlines.next() > 90_000);
  deadlines.resume();
  assertEquals(next(deadlines, clock), [90_200, CloseCode.TooSlow]);
});

Deno.test("StreamDeadlines.resume() without a rest gives nobody more time", () => {
  const { clock, deadlines } = start({ idleTimeoutMs: 500 });
  clock.advance(1400);
  deadlines.resume();
  assertEquals(deadlines.next(), 1500);
});

Deno.test("StreamDeadlines ends a stream whose peer takes nothing", () => {
  const { clock, deadlines } = start({ sendStallTimeoutMs: 700 });
  deadlines.transmitting(true);
  clock.advance(1600);
  deadlines.transmitting(true);
  assertEquals(next(deadlines, clock), [2300, CloseCode.SendStalled]);
  deadlines.transmitting(false);
  assertEquals(deadlines.next(), Infinity);
});

Deno.test("StreamDeadlines ends a close that does not end, and asks nothing of receiving meanwhile", () => {
  const { clock, deadlines } = start({ closeTimeoutMs: 800, idleTimeoutMs: 100, minFrameBytesPerSecond: 1024 });
  deadlines.received(10, true);
  deadlines.closing();
  assertEquals(next(deadlines, clock), [1800, CloseCode.CloseTimeout]);
});

Deno.test("StreamDeadlines asks nothing of receiving after the peer's end", () => {
  const { clock, deadlines } = start({ idleTimeoutMs: 100 });
  deadlines.receivingEnded();
  assertEquals(next(deadlines, clock), [Infinity, undefined]);
});

Deno.test("StreamDeadlines.next() is never later than what it is after the frames were judged or reading went on", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new SeededRandom(seed);
    const { clock, deadlines } = start({
      idleTimeoutMs: random.nextInt(2) * 500,
      minFrameBytesPerSecond: random.nextInt(2) * 100,
      frameGraceMs: random.nextInt(300),
    });
    let bytes = 0;
    for (let i = 0; i < 60; i++) {
      clock.advance(clock.now + random.nextInt(100));
      const sameFrame = random.nextInt(2) === 0;
      if (random.nextInt(3) === 0) deadlines.rest();
      else deadlines.arrived();
      const polled = deadlines.next();
      clock.advance(clock.now + random.nextInt(100));
      if (random.nextInt(4) > 0) {
        // A frame that goes on only grows.
        bytes = sameFrame ? bytes + random.nextInt(10) : random.nextInt(4) * 10;
        deadlines.received(bytes, sameFrame);
      }
      deadlines.resume();
      assert(deadlines.next() >= polled, `seed ${seed}`);
    }
  }
});
