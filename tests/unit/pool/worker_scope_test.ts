import { assert, assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { type InitMessage, MESSAGE_VERSION, type Notice } from "../../../src/pool/worker_message.ts";
import { runWorker } from "../../../src/pool/worker_scope.ts";
import { createWorkerBoard, WorkerBoard, WorkerState } from "../../../src/ring/worker_board.ts";

/** Makes this thread a worker, for good: its listeners stay. */
function becomeWorker(): { notices: Notice[]; closes: () => number } {
  const notices: Notice[] = [];
  let closes = 0;
  const postMessage = (notice: Notice): void => void notices.push(notice);
  Object.assign(globalThis, { postMessage, close: () => closes++ });
  // A lock that is free and stays held: a real one would count as a leak here.
  const request = (_name: string, _options: unknown, held: (lock: object) => unknown): Promise<void> => {
    held({});
    return new Promise(() => {});
  };
  Object.defineProperty(navigator, "locks", { value: { request }, configurable: true });
  return { notices, closes: () => closes };
}

function initMessage(): InitMessage {
  const board = createWorkerBoard(1);
  return {
    kind: "ringwire.init",
    version: MESSAGE_VERSION,
    index: 0,
    incarnation: 0,
    board,
    lock: "lock",
    mode: "event-loop",
    heartbeatMs: 1000,
    init: undefined,
  };
}

Deno.test("runWorker() throws MisuseError in a thread that is no worker", () => {
  assertThrows(() => runWorker(() => ({ doWork: () => 0 })), MisuseError, "no worker runs this");
});

Deno.test("runWorker() lives through one message, and an uncaught error ends this life", async () => {
  const { notices, closes } = becomeWorker();
  const message = initMessage();
  let builds = 0;
  runWorker(() => ({ doWork: () => 0, onStart: () => void builds++ }));
  globalThis.dispatchEvent(new MessageEvent("message", { data: message }));
  globalThis.dispatchEvent(new MessageEvent("message", { data: initMessage() }));
  while (notices.length === 0) await new Promise((resolve) => setTimeout(resolve));
  assertEquals([notices[0]!.kind, builds, closes()], ["ringwire.ready", 1, 0]);
  const uncaught = new ErrorEvent("error", { error: new RangeError("nobody caught this"), cancelable: true });
  globalThis.dispatchEvent(uncaught);
  assertEquals([uncaught.defaultPrevented, closes()], [true, 1]);
  const notice = notices[1]!;
  assert(notice.kind === "ringwire.failed");
  assertEquals([notice.how, notice.error.name], ["thrown", "RangeError"]);
  assertEquals(new WorkerBoard(message.board).state(0), WorkerState.Failed, "the supervisor waits for the notice");
  globalThis.dispatchEvent(new ErrorEvent("error", { error: new Error("once more"), cancelable: true }));
  assertEquals([notices.length, closes()], [2, 1], "a failure is told once");
});
