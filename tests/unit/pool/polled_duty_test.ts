import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { PolledDuty, type PollMode } from "../../../src/pool/polled_duty.ts";
import { Doorbell, DOORBELL_BYTES } from "../../../src/ring/doorbell.ts";

const MODES: readonly PollMode[] = ["spin", "yield", "block"];

/** A loop in manual turns, with a clock that only moves when work or a sleep takes time. */
class Bench {
  readonly memory = new SharedArrayBuffer(DOORBELL_BYTES);
  readonly duty: PolledDuty;
  readonly turns: (() => void)[] = [];
  readonly failures: unknown[] = [];
  nowMs = 0;
  beats = 0;
  works = 0;
  isStopping = false;
  mayContinue = true;
  work: () => number = () => 0;

  constructor(mode: PollMode) {
    const turns = { nextTurn: (turn: () => void) => void this.turns.push(turn), now: () => this.nowMs };
    const agent = {
      doWork: () => {
        this.works++;
        return this.work();
      },
    };
    // deno-lint-ignore no-this-alias
    const bench = this;
    const owner = {
      get isStopping(): boolean {
        return bench.isStopping;
      },
      mayContinue: () => this.mayContinue,
      handleFailure: (error: unknown) => {
        this.failures.push(error);
      },
    };
    this.duty = new PolledDuty(agent, new Doorbell(this.memory), owner, mode, turns, () => this.beats++);
    this.duty.start();
  }

  /** Runs the slice that is set; tells whether there was one. */
  slice(): boolean {
    const turn = this.turns.shift();
    turn?.();
    return turn !== undefined;
  }
}

/** Runs something with the sleeps of this thread watched in place of slept; returns their lengths in ms. */
function watchSleeps(run: (sleeps: number[]) => void, wake?: (ms: number) => void): number[] {
  const wait = Atomics.wait;
  const sleeps: number[] = [];
  Atomics.wait = ((_words: Int32Array, _index: number, _value: number, ms: number) => {
    sleeps.push(ms);
    wake?.(ms);
    return "timed-out";
  }) as typeof wait;
  try {
    run(sleeps);
  } finally {
    Atomics.wait = wait;
  }
  return sleeps;
}

Deno.test("PolledDuty.start() works in the next turn and not before", () => {
  const bench = new Bench("spin");
  assertEquals([bench.works, bench.turns.length], [0, 1]);
});

for (const mode of MODES) {
  Deno.test(`PolledDuty works in slices of bounded time with a turn and a heartbeat between: ${mode}`, () => {
    const bench = new Bench(mode);
    bench.work = () => {
      bench.nowMs += 1;
      return 1;
    };
    for (let slices = 1; slices <= 5; slices++) {
      assert(bench.slice());
      assertEquals([bench.beats, bench.turns.length], [slices, 1]);
      assert(bench.nowMs >= slices * 10 && bench.nowMs <= slices * (10 + 16), `${slices} slices: ${bench.nowMs} ms`);
    }
  });

  Deno.test(`PolledDuty gives the event loop a turn while there is nothing to do: ${mode}`, () => {
    const bench = new Bench(mode);
    bench.work = () => {
      bench.nowMs += 0.01;
      return 0;
    };
    watchSleeps(() => {
      for (let slices = 1; slices <= 3; slices++) {
        assert(bench.slice());
        assertEquals(bench.beats, slices);
      }
    }, (ms) => bench.nowMs += ms);
  });

  Deno.test(`PolledDuty ends when it may not continue, before any more work: ${mode}`, () => {
    const bench = new Bench(mode);
    bench.work = () => {
      if (bench.works === 5) bench.mayContinue = false;
      return 1;
    };
    bench.slice();
    assertEquals([bench.works, bench.turns.length, bench.beats], [5, 0, 0]);
  });

  Deno.test(`PolledDuty ends and reports when the agent's work throws: ${mode}`, () => {
    const bench = new Bench(mode);
    const error = new Error("went wrong");
    bench.work = () => {
      if (bench.works === 3) throw error;
      return 1;
    };
    bench.slice();
    assertEquals([bench.works, bench.turns.length, bench.failures.length], [3, 0, 1]);
    assertStrictEquals(bench.failures[0], error);
  });

  Deno.test(`PolledDuty makes a slice of every portion while the agent is closed: ${mode}`, () => {
    const bench = new Bench(mode);
    bench.isStopping = true;
    const sleeps = watchSleeps(() => {
      for (let portions = 1; portions <= 6; portions++) {
        bench.slice();
        assertEquals([bench.works, bench.beats, bench.turns.length], [portions, portions, 1]);
      }
    });
    assertEquals(sleeps, [1, 1, 1], "it sleeps a millisecond, each time after a look with the doorbell armed");
  });
}

Deno.test("PolledDuty never sleeps when it spins", () => {
  const bench = new Bench("spin");
  bench.work = () => {
    bench.nowMs += 0.01;
    return 0;
  };
  assertEquals(watchSleeps(() => bench.slice()), []);
  assert(bench.works >= 1000);
});

Deno.test("PolledDuty sleeps at most 50 ms when it blocks, and has a turn after each sleep", () => {
  const bench = new Bench("block");
  const sleeps = watchSleeps((sleeps) => {
    for (let turns = 1; turns <= 4; turns++) {
      bench.slice();
      assertEquals(sleeps.length, turns);
    }
  }, (ms) => bench.nowMs += ms);
  assertEquals(sleeps, [50, 50, 50, 50]);
});

Deno.test("PolledDuty.requestTurn() sets no turn of its own", () => {
  const bench = new Bench("block");
  bench.duty.requestTurn();
  assertEquals(bench.turns.length, 1);
});
