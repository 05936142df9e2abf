import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { Agent, AgentMode, BuildAgent, WorkerControl } from "../../../src/pool/agent.ts";
import { WorkerLife } from "../../../src/pool/worker_life.ts";
import { MESSAGE_VERSION, type Notice } from "../../../src/pool/worker_message.ts";
import { createWorkerBoard, WorkerBoard, WorkerCommand, WorkerState } from "../../../src/ring/worker_board.ts";
import { settled } from "../ring/safety_timeout.ts";

/** A life on this thread, whose scope only notes what it is asked for. */
class Bench {
  readonly boardMemory = createWorkerBoard(2);
  readonly board = new WorkerBoard(this.boardMemory);
  readonly locks: string[] = [];
  /** What happened, in order; notices with the state that the board showed. */
  readonly log: string[] = [];
  readonly notices: Notice[] = [];
  readonly life: WorkerLife;
  readonly init = { some: "init" };
  isClosed = false;

  constructor({ incarnation = 3, mode = "event-loop" as AgentMode, lineIncarnation = 3, isLockFree = true } = {}) {
    this.board.reset(1, lineIncarnation);
    const message = {
      kind: "ringwire.init",
      version: MESSAGE_VERSION,
      index: 1,
      incarnation,
      board: this.boardMemory,
      lock: "the lock",
      mode,
      heartbeatMs: 10,
      init: this.init,
    } as const;
    this.life = new WorkerLife(message, {
      post: (notice) => {
        this.notices.push(notice);
        this.log.push(`${notice.kind.slice(9)} ${this.state}`);
      },
      close: () => {
        this.isClosed = true;
        this.log.push("close");
      },
      hold: (lock) => {
        this.locks.push(lock);
        return Promise.resolve(isLockFree);
      },
    });
  }

  get state(): string {
    const state = this.board.state(1);
    return Object.entries(WorkerState).find(([_, value]) => value === state)![0];
  }

  tell(command: WorkerCommand): void {
    this.board.tell(1, command);
  }

  /** Waits until something is so. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const poll = async (): Promise<void> => {
      while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    await settled(poll(), `${what}; the log is: ${this.log.join(", ")}`);
  }

  /** Runs an agent until the thread is closed. */
  async live(build: BuildAgent): Promise<void> {
    void this.life.run(build);
    await this.until("the end of the thread", () => this.isClosed);
  }

  async stop(): Promise<void> {
    this.tell(WorkerCommand.Stop);
    await this.until("the end of the thread", () => this.isClosed);
  }
}

const IDLE: Agent = { doWork: () => 0 };

Deno.test("WorkerLife.run() attaches, builds, starts, and only then says that it is ready", async () => {
  const bench = new Bench();
  const { log } = bench;
  let control: WorkerControl | undefined;
  void bench.life.run((init, given) => {
    assertStrictEquals(init, bench.init);
    control = given;
    log.push(`build ${bench.state}`);
    return {
      onStart: async () => {
        await Promise.resolve();
        log.push(`start ${bench.state}`);
      },
      doWork: () => 0,
    };
  });
  await bench.until("the ready notice", () => bench.notices.length === 1);
  assertEquals(log, ["build Attached", "start Attached", "ready Running"]);
  assertEquals(bench.locks, ["the lock"]);
  assertEquals([control?.index, control?.incarnation, control?.isStopping], [1, 3, false]);
  assertStrictEquals(control?.boardMemory, bench.boardMemory);
  await bench.stop();
});

Deno.test("WorkerLife.run() takes an agent from a promise, without onStart and onClose", async () => {
  const bench = new Bench();
  void bench.life.run(() => Promise.resolve(IDLE));
  await bench.until("the ready notice", () => bench.notices.length === 1);
  await bench.stop();
  assertEquals(bench.log, ["ready Running", "stopped Stopped", "close"]);
});

Deno.test("WorkerLife.run() touches nothing when its lock is taken or its line is another incarnation's", async () => {
  const locked = new Bench({ isLockFree: false });
  const replaced = new Bench({ lineIncarnation: 4 });
  for (const bench of [locked, replaced]) {
    const before = new Int32Array(bench.boardMemory).slice();
    await bench.live(() => {
      throw new Error("built");
    });
    assertEquals([bench.log, new Int32Array(bench.boardMemory)], [["close"], before]);
  }
});

Deno.test("WorkerLife.run() ends at once when it has been given up before it came", async () => {
  const bench = new Bench();
  bench.tell(WorkerCommand.End);
  await bench.live(() => {
    throw new Error("built");
  });
  assertEquals([bench.log, bench.state], [["close"], "Attached"]);
});

for (
  const [where, how, build] of [
    ["build", "thrown", () => {
      throw new RangeError("no");
    }],
    ["build", "rejected", () => Promise.reject(new RangeError("no"))],
    ["onStart", "thrown", () => ({
      doWork: () => 0,
      onStart: () => {
        throw new RangeError("no");
      },
    })],
    ["onStart", "rejected", () => ({ doWork: () => 0, onStart: () => Promise.reject(new RangeError("no")) })],
  ] as [string, string, BuildAgent][]
) {
  Deno.test(`WorkerLife.run() fails when ${where} is ${how}`, async () => {
    const bench = new Bench();
    await bench.live(build);
    const [notice] = bench.notices;
    assert(notice?.kind === "ringwire.failed");
    assertEquals([notice.how, notice.error.name, notice.error.message], [how, "RangeError", "no"]);
    assertEquals(bench.log, ["failed Failed", "close"]);
  });
}

Deno.test("WorkerLife beats while the agent starts and while it works", async () => {
  const bench = new Bench();
  let start: (() => void) | undefined;
  const onStart = (): Promise<void> => new Promise((resolve) => start = resolve);
  void bench.life.run(() => ({ ...IDLE, onStart }));
  await bench.until("a heartbeat before the start", () => bench.board.heartbeat(1) > 2);
  start!();
  await bench.until("the ready notice", () => bench.notices.length === 1);
  const beats = bench.board.heartbeat(1);
  await bench.until("a heartbeat after the start", () => bench.board.heartbeat(1) > beats + 2);
  await bench.stop();
});

Deno.test("WorkerLife ends when it is told to while the agent starts, and stays silent", async () => {
  const bench = new Bench();
  let start: (() => void) | undefined;
  const onStart = (): Promise<void> => new Promise((resolve) => start = resolve);
  void bench.life.run(() => ({ ...IDLE, onStart }));
  await bench.until("the call of onStart", () => start !== undefined);
  bench.tell(WorkerCommand.End);
  await bench.until("the end of the thread", () => bench.isClosed);
  start!();
  await Promise.resolve();
  assertEquals([bench.log, bench.state], [["close"], "Attached"]);
});

for (const mode of ["event-loop", "spin", "yield", "block"] as const) {
  Deno.test(`WorkerLife goes on working until onClose has settled, then ends: ${mode}`, async () => {
    const bench = new Bench({ mode });
    let works = 0;
    let closed: (() => void) | undefined;
    let control: WorkerControl | undefined;
    void bench.life.run((_init, given) => {
      control = given;
      return {
        doWork: () => {
          works++;
          if (closed !== undefined && works >= 5) closed();
          return closed === undefined ? 0 : 1;
        },
        onClose: () => {
          bench.log.push(`closing ${bench.state}`);
          works = 0;
          return new Promise((resolve) => closed = resolve);
        },
      };
    });
    await bench.until("the ready notice", () => bench.notices.length === 1);
    await bench.stop();
    assertEquals(control!.isStopping, true);
    assertEquals(bench.log, ["ready Running", "closing Closing", "stopped Stopped", "close"]);
    const atEnd = works;
    await new Promise((resolve) => setTimeout(resolve));
    assertEquals(works, atEnd, "no work after the end");
  });
}

Deno.test("WorkerLife ends at once when it is told to end while it closes", async () => {
  const bench = new Bench();
  void bench.life.run(() => ({ ...IDLE, onClose: () => new Promise(() => {}) }));
  await bench.until("the ready notice", () => bench.notices.length === 1);
  bench.tell(WorkerCommand.Stop);
  await bench.until("the call of onClose", () => bench.state === "Closing");
  bench.tell(WorkerCommand.End);
  await bench.until("the end of the thread", () => bench.isClosed);
  assertEquals(bench.log, ["ready Running", "close"]);
});

Deno.test("WorkerLife obeys a command that no ring came with", async () => {
  const bench = new Bench();
  void bench.life.run(() => IDLE);
  await bench.until("the ready notice", () => bench.notices.length === 1);
  new Int32Array(bench.boardMemory)[2 * 32] = WorkerCommand.Stop;
  await bench.until("the end of the thread", () => bench.isClosed);
  assertEquals(bench.log, ["ready Running", "stopped Stopped", "close"]);
});

for (
  const [how, onClose] of [
    ["thrown", () => {
      throw new RangeError("no");
    }],
    ["rejected", () => Promise.reject(new RangeError("no"))],
  ] as const
) {
  Deno.test(`WorkerLife fails when onClose is ${how}`, async () => {
    const bench = new Bench();
    void bench.life.run(() => ({ ...IDLE, onClose }));
    await bench.until("the ready notice", () => bench.notices.length === 1);
    await bench.stop();
    const notice = bench.notices[1];
    assert(notice?.kind === "ringwire.failed");
    assertEquals([notice.how, notice.error.message], [how, "no"]);
    assertEquals(bench.log, ["ready Running", "failed Failed", "close"]);
  });
}

Deno.test("WorkerLife fails once when doWork throws, and works no more", async () => {
  const bench = new Bench();
  let works = 0;
  await bench.live((_init, control) => ({
    doWork: () => {
      works++;
      control.requestTurn();
      throw new RangeError("no");
    },
  }));
  await new Promise((resolve) => setTimeout(resolve));
  bench.life.handleLoss("rejected", new Error("later"));
  bench.life.fail(new Error("later still"));
  assertEquals([works, bench.log], [1, ["ready Running", "failed Failed", "close"]]);
  assertEquals(bench.notices[1]!.kind === "ringwire.failed" && bench.notices[1]!.how, "thrown");
});

Deno.test("WorkerControl.fail() fails the worker at any time, even before it has attached", async () => {
  const bench = new Bench();
  await bench.live((_init, control) => {
    control.fail(new RangeError("no port"));
    return IDLE;
  });
  assertEquals(bench.log, ["failed Failed", "close"]);
  const early = new Bench();
  const run = early.life.run(() => IDLE);
  early.life.handleLoss("thrown", new Error("an import failed"));
  await settled(run, "the end of run()");
  assertEquals(early.log.slice(0, 2), ["failed None", "close"]);
  assertEquals([early.notices.length, early.state], [1, "None"]);
});

Deno.test("WorkerControl.requestTurn() has the agent work, and does nothing before the start", async () => {
  const bench = new Bench();
  let works = 0;
  let control: WorkerControl | undefined;
  void bench.life.run((_init, given) => {
    control = given;
    given.requestTurn();
    return { doWork: () => (works++, 0) };
  });
  await bench.until("the first work", () => works === 2);
  control!.requestTurn();
  await bench.until("the requested work", () => works === 3);
  await bench.stop();
});
