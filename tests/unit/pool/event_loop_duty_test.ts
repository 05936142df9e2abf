import { assertEquals, assertStrictEquals } from "@std/assert";
import { EventLoopDuty } from "../../../src/pool/event_loop_duty.ts";
import { Doorbell, DOORBELL_BYTES } from "../../../src/ring/doorbell.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";
import { settled } from "../ring/safety_timeout.ts";

/** A loop in manual turns over a real doorbell. */
class Bench {
  readonly scheduler = new ManualScheduler();
  readonly memory = new SharedArrayBuffer(DOORBELL_BYTES);
  readonly words = new Int32Array(this.memory);
  readonly ringer = new Doorbell(this.memory);
  readonly duty: EventLoopDuty;
  work: () => number = () => 0;
  works = 0;
  mayContinue = true;
  asked = 0;
  readonly failures: unknown[] = [];

  constructor() {
    const agent = {
      doWork: () => {
        this.works++;
        return this.work();
      },
    };
    const owner = {
      isStopping: false,
      mayContinue: () => {
        this.asked++;
        return this.mayContinue;
      },
      handleFailure: (error: unknown) => {
        this.failures.push(error);
      },
    };
    this.duty = new EventLoopDuty(agent, new Doorbell(this.memory), owner, this.scheduler);
  }

  /** Starts the loop and lets it fall asleep. */
  static asleep(): Bench {
    const bench = new Bench();
    bench.duty.start();
    bench.scheduler.turn();
    bench.works = bench.asked = 0;
    return bench;
  }

  get isAsleep(): boolean {
    return this.words[1] !== 0;
  }

  /** Waits on the real event loop until a turn is set, and runs it. */
  async turn(): Promise<void> {
    const poll = async (): Promise<void> => {
      while (this.scheduler.turn() === 0) await new Promise((resolve) => setTimeout(resolve));
    };
    await settled(poll(), "a turn of the loop");
  }
}

Deno.test("EventLoopDuty.start() works in the next turn and not before", () => {
  const bench = new Bench();
  bench.duty.start();
  assertEquals(bench.works, 0);
  bench.scheduler.turn();
  assertEquals([bench.works, bench.isAsleep], [2, true], "it looks once more with the doorbell armed");
});

Deno.test("EventLoopDuty gives the event loop a turn after every portion of work", () => {
  const bench = new Bench();
  let left = 3;
  bench.work = () => left > 0 ? left-- : 0;
  bench.duty.start();
  for (let portion = 1; portion <= 3; portion++) {
    assertEquals(bench.scheduler.turn(), 1);
    assertEquals([bench.works, bench.isAsleep], [portion, false]);
  }
  bench.scheduler.turn();
  assertEquals([bench.works, bench.isAsleep], [5, true]);
});

Deno.test("EventLoopDuty sleeps without a turn until it is rung", async () => {
  const bench = Bench.asleep();
  assertEquals([bench.scheduler.turn(), bench.works], [0, 0]);
  bench.ringer.ring();
  await bench.turn();
  assertEquals([bench.works, bench.isAsleep], [2, true]);
});

Deno.test("EventLoopDuty wakes up for every ring, one after the other", async () => {
  const bench = Bench.asleep();
  for (let ring = 1; ring <= 20; ring++) {
    bench.ringer.ring();
    await bench.turn();
    assertEquals(bench.works, 2 * ring);
  }
});

Deno.test("EventLoopDuty does not sleep over work that comes while it falls asleep", () => {
  const bench = new Bench();
  bench.work = () => bench.works === 2 ? 1 : 0;
  bench.duty.start();
  bench.scheduler.turn();
  assertEquals([bench.works, bench.isAsleep], [2, false]);
  assertEquals(bench.scheduler.turn(), 1);
  assertEquals([bench.works, bench.isAsleep], [4, true]);
});

Deno.test("EventLoopDuty goes on at once when it is rung while it falls asleep", () => {
  const bench = new Bench();
  bench.work = () => {
    if (bench.works === 2) bench.ringer.ring();
    return 0;
  };
  bench.duty.start();
  bench.scheduler.turn();
  assertEquals(bench.works, 2);
  assertEquals(bench.scheduler.turn(), 1);
  assertEquals([bench.works, bench.isAsleep], [4, true]);
});

Deno.test("EventLoopDuty.requestTurn() has it work once more, though nobody rang", () => {
  const bench = Bench.asleep();
  bench.duty.requestTurn();
  bench.duty.requestTurn();
  assertEquals(bench.scheduler.turn(), 1);
  assertEquals(bench.works, 1, "the doorbell is still armed from before");
  assertEquals([bench.scheduler.turn(), bench.isAsleep], [0, true]);
});

Deno.test("EventLoopDuty.requestTurn() starts no further wait while one is pending", async () => {
  const bench = Bench.asleep();
  const waitAsync = Atomics.waitAsync;
  let waits = 0;
  Atomics.waitAsync = ((...args: Parameters<typeof waitAsync>) => {
    waits++;
    return waitAsync(...args);
  }) as typeof waitAsync;
  try {
    for (let i = 0; i < 100; i++) {
      bench.duty.requestTurn();
      bench.scheduler.turn();
    }
    assertEquals([bench.works, waits], [100, 0]);
    bench.ringer.ring();
    await bench.turn();
    assertEquals([bench.works, waits], [102, 1]);
  } finally {
    Atomics.waitAsync = waitAsync;
  }
});

Deno.test("EventLoopDuty.requestTurn() from inside the agent's work asks for one more turn", () => {
  const bench = new Bench();
  bench.work = () => {
    if (bench.works <= 3) bench.duty.requestTurn();
    return 0;
  };
  bench.duty.start();
  bench.scheduler.turn();
  assertEquals([bench.works, bench.isAsleep], [1, false]);
  bench.scheduler.turn();
  bench.scheduler.turn();
  bench.scheduler.turn();
  assertEquals([bench.works, bench.isAsleep, bench.scheduler.turn()], [5, true, 0]);
});

Deno.test("EventLoopDuty.requestTurn() in the last look for work before the sleep takes the sleep back", () => {
  const bench = new Bench();
  bench.work = () => {
    if (bench.works === 2) bench.duty.requestTurn();
    return 0;
  };
  bench.duty.start();
  bench.scheduler.turn();
  assertEquals([bench.works, bench.isAsleep], [2, false]);
  bench.scheduler.turn();
  assertEquals([bench.works, bench.isAsleep], [4, true]);
});

Deno.test("EventLoopDuty ends when it may not continue, before any more work", async () => {
  const bench = Bench.asleep();
  bench.mayContinue = false;
  bench.ringer.ring();
  await bench.turn();
  bench.duty.requestTurn();
  assertEquals([bench.works, bench.scheduler.turn(), bench.isAsleep], [0, 0, false]);
});

Deno.test("EventLoopDuty looks at the command once more with the doorbell armed", () => {
  const bench = new Bench();
  bench.duty.start();
  bench.work = () => {
    bench.mayContinue = false; // The supervisor stores its command after the first question and rings nobody.
    return 0;
  };
  bench.scheduler.turn();
  assertEquals([bench.works, bench.asked, bench.isAsleep], [1, 2, false]);
});

Deno.test("EventLoopDuty ends and reports when the agent's work throws", () => {
  for (const call of [1, 2]) {
    const bench = new Bench();
    const error = new Error("went wrong");
    bench.work = () => {
      if (bench.works === call) throw error;
      return 0;
    };
    bench.duty.start();
    bench.scheduler.turn();
    assertEquals([bench.works, bench.failures.length, bench.isAsleep], [call, 1, false]);
    assertStrictEquals(bench.failures[0], error);
    bench.duty.requestTurn();
    assertEquals([bench.scheduler.turn(), bench.works], [0, call]);
  }
});
