import { assertEquals, assertThrows } from "@std/assert";
import {
  createWorkerBoard,
  MAX_BOARD_WORKERS,
  WorkerBoard,
  WorkerCommand,
  WorkerLine,
  WorkerState,
} from "../../../src/ring/worker_board.ts";
import { settled } from "./safety_timeout.ts";

/** A board and the line of one of its workers. */
function open(count: number, index: number): { shared: SharedArrayBuffer; board: WorkerBoard; line: WorkerLine } {
  const shared = createWorkerBoard(count);
  return { shared, board: new WorkerBoard(shared), line: new WorkerLine(shared, index) };
}

/** Which bytes of a board change while something runs. */
function changedBytes(shared: SharedArrayBuffer, run: () => void): number[] {
  const before = new Uint8Array(shared).slice();
  run();
  return [...new Uint8Array(shared).keys()].filter((at) => new Uint8Array(shared)[at] !== before[at]);
}

Deno.test("createWorkerBoard() makes a line of 128 bytes for each worker, and one before them", () => {
  assertEquals(createWorkerBoard(1).byteLength, 256);
  assertEquals(createWorkerBoard(5).byteLength, 768);
  assertEquals(new WorkerBoard(createWorkerBoard(MAX_BOARD_WORKERS)).count, MAX_BOARD_WORKERS);
});

Deno.test("createWorkerBoard() refuses a count that is none", () => {
  for (const count of [0, -1, 1.5, NaN, MAX_BOARD_WORKERS + 1]) {
    assertThrows(() => createWorkerBoard(count), RangeError, `${count} workers`);
  }
});

Deno.test("A fresh board has nothing to obey and nobody on it", () => {
  const { board, line } = open(3, 2);
  assertEquals(board.count, 3);
  for (let index = 0; index < 3; index++) {
    assertEquals(board.state(index), WorkerState.None);
    assertEquals(board.heartbeat(index), 0);
  }
  assertEquals(line.command(), WorkerCommand.Run);
  assertEquals(line.incarnation, 0);
});

Deno.test("A worker writes to its own line only, and to its second half", () => {
  const { shared, line } = open(3, 1);
  assertEquals(changedBytes(shared, () => line.enter(WorkerState.Running)), [2 * 128 + 64]);
  assertEquals(changedBytes(shared, () => line.beat()), [2 * 128 + 68]);
  assertEquals(changedBytes(shared, () => line.doorbell.prepareWait()), [2 * 128 + 76]);
});

Deno.test("A supervisor writes to the first half of a line", () => {
  const { shared, board } = open(3, 1);
  assertEquals(changedBytes(shared, () => board.tell(1, WorkerCommand.End)), [2 * 128]);
  assertEquals(changedBytes(shared, () => board.reset(1, 9)), [2 * 128, 2 * 128 + 4]);
});

Deno.test("WorkerBoard.tell() never takes a command back", () => {
  const { board, line } = open(2, 1);
  board.tell(1, WorkerCommand.Stop);
  assertEquals(line.command(), WorkerCommand.Stop);
  board.tell(1, WorkerCommand.Run);
  assertEquals(line.command(), WorkerCommand.Stop);
  board.tell(1, WorkerCommand.End);
  board.tell(1, WorkerCommand.Stop);
  assertEquals(line.command(), WorkerCommand.End);
  assertEquals(new WorkerLine(createWorkerBoard(2), 0).command(), WorkerCommand.Run);
});

Deno.test("WorkerBoard.tell() wakes a worker that sleeps", async () => {
  const { board, line } = open(2, 1);
  line.doorbell.prepareWait();
  const rung = line.doorbell.wait();
  board.tell(1, WorkerCommand.Stop);
  assertEquals(await settled(rung, "the ring of tell()"), "ok");
});

Deno.test("WorkerBoard.tell() rings even when the command is not new", async () => {
  const { board, line } = open(1, 0);
  board.tell(0, WorkerCommand.Stop);
  line.doorbell.prepareWait();
  const rung = line.doorbell.wait();
  board.tell(0, WorkerCommand.Stop);
  assertEquals(await settled(rung, "the ring of tell()"), "ok");
});

Deno.test("WorkerBoard.doorbell() rings the worker of that index and no other", () => {
  const { shared, board, line } = open(2, 1);
  const other = new WorkerLine(shared, 0);
  line.doorbell.prepareWait();
  other.doorbell.prepareWait();
  board.doorbell(1).ring();
  assertEquals(line.doorbell.waitBlocking(0), "not-equal");
  assertEquals(other.doorbell.waitBlocking(0), "timed-out");
});

Deno.test("The board shows the states and heartbeats that workers store", () => {
  const { shared, board, line } = open(2, 1);
  for (const state of Object.values(WorkerState)) {
    line.enter(state);
    assertEquals(board.state(1), state);
  }
  line.beat();
  line.beat();
  assertEquals(board.heartbeat(1), 2);
  assertEquals([board.state(0), board.heartbeat(0)], [WorkerState.None, 0]);
  assertEquals(new WorkerBoard(shared).heartbeat(1), 2);
});

Deno.test("WorkerBoard.reset() prepares a line for the next thread and leaves its doorbell alone", () => {
  const { shared, board, line } = open(2, 1);
  line.enter(WorkerState.Failed);
  line.beat();
  board.tell(1, WorkerCommand.End);
  line.doorbell.prepareWait();
  board.reset(1, 7);
  assertEquals([board.state(1), board.heartbeat(1)], [WorkerState.None, 0]);
  const next = new WorkerLine(shared, 1);
  assertEquals([next.command(), next.incarnation], [WorkerCommand.Run, 7]);
  board.doorbell(1).ring();
  assertEquals(line.doorbell.waitBlocking(0), "not-equal", "the ring found the ticket of the old thread");
});

Deno.test("WorkerBoard and WorkerLine refuse memory that is no board of this version", () => {
  assertThrows(() => new WorkerBoard(new ArrayBuffer(256) as unknown as SharedArrayBuffer), TypeError, "Shared");
  for (const bytes of [0, 128, 255, 256]) {
    assertThrows(() => new WorkerBoard(new SharedArrayBuffer(bytes)), TypeError, "not a worker board");
  }
  const shared = createWorkerBoard(2);
  new Int32Array(shared)[1] = 2;
  assertThrows(() => new WorkerBoard(shared), TypeError, "unknown version 2");
  assertThrows(() => new WorkerLine(shared, 0), TypeError, "unknown version 2");
  const cut = createWorkerBoard(2);
  new Int32Array(cut)[2] = 3;
  assertThrows(() => new WorkerBoard(cut), TypeError, "not a worker board");
});

Deno.test("WorkerBoard and WorkerLine refuse a worker that is not there", () => {
  const { shared, board } = open(2, 0);
  for (const index of [-1, 2, 0.5, NaN]) {
    assertThrows(() => board.state(index), RangeError, "this board has 2 workers");
    assertThrows(() => board.heartbeat(index), RangeError);
    assertThrows(() => board.doorbell(index), RangeError);
    assertThrows(() => board.tell(index, WorkerCommand.Stop), RangeError);
    assertThrows(() => board.reset(index, 1), RangeError);
    assertThrows(() => new WorkerLine(shared, index), RangeError);
  }
});
