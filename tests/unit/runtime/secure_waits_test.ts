import { Buffer } from "node:buffer";
import { assertEquals, assertRejects } from "@std/assert";
import { SendStatus } from "../../../src/error/send_status.ts";
import { ResourceError } from "../../../src/error/transport_error.ts";
import { SecureWaits } from "../../../src/runtime/secure_waits.ts";
import type { SessionMachine } from "../../../src/session/session_machine.ts";

/** Takes messages while `room` lasts. */
function session(room: number, taken: number[]): SessionMachine {
  const send = (channel: number, payload: Uint8Array): SendStatus => {
    if (payload.length > 10) return SendStatus.TooLarge;
    if (room-- <= 0) return SendStatus.BackPressured;
    taken.push(channel * 100 + payload[0]!);
    return SendStatus.Queued;
  };
  return { send, maxMessageBytes: 10 } as unknown as SessionMachine;
}

Deno.test("serve() offers in order and stops at the first that finds no room", async () => {
  const waits = new SecureWaits();
  const settled: number[] = [];
  for (let n = 0; n < 5; n++) waits.add(1, Uint8Array.of(n)).then(() => settled.push(n));
  const taken: number[] = [];
  waits.serve(session(3, taken));
  await Promise.resolve();
  assertEquals([taken, settled, waits.isEmpty], [[100, 101, 102], [0, 1, 2], false]);
  waits.serve(session(9, taken));
  await Promise.resolve();
  assertEquals([taken.slice(3), settled.slice(3), waits.isEmpty], [[103, 104], [3, 4], true]);
});

Deno.test("add() keeps a copy, of memory of node:buffer too", () => {
  const waits = new SecureWaits();
  const payload = Buffer.from([1]);
  void waits.add(1, payload);
  payload[0] = 2;
  const taken: number[] = [];
  waits.serve(session(1, taken));
  assertEquals(taken, [101]);
});

Deno.test("serve() rejects what fits no packet any more and goes on", async () => {
  const waits = new SecureWaits();
  const large = waits.add(1, new Uint8Array(11));
  const small = waits.add(1, Uint8Array.of(1));
  const taken: number[] = [];
  waits.serve(session(1, taken));
  await assertRejects(() => large, RangeError, "Cannot send 11 bytes: a message has at most 10");
  await small;
  assertEquals([taken, waits.isEmpty], [[101], true]);
});

Deno.test("serve() leaves what waits for a session that has ended to be told with its end", async () => {
  const waits = new SecureWaits();
  const waiting = waits.add(1, Uint8Array.of(1));
  waits.serve({ send: () => SendStatus.Closed, maxMessageBytes: 10 } as unknown as SessionMachine);
  assertEquals(waits.isEmpty, false);
  waits.fail(new Error("it has ended"));
  await assertRejects(() => waiting, Error, "it has ended");
});

Deno.test("add() copies the message", async () => {
  const waits = new SecureWaits();
  const payload = Uint8Array.of(5);
  const added = waits.add(2, payload);
  payload[0] = 6;
  const taken: number[] = [];
  waits.serve(session(1, taken));
  await added;
  assertEquals(taken, [205]);
});

Deno.test("add() refuses the 1025th", async () => {
  const waits = new SecureWaits();
  for (let n = 0; n < 1024; n++) waits.add(1, Uint8Array.of(1));
  await assertRejects(() => waits.add(1, Uint8Array.of(1)), ResourceError, "1024 sends to this peer wait already");
});

Deno.test("fail() rejects all, which is no unhandled rejection where nobody looks", async () => {
  const waits = new SecureWaits();
  const [seen] = [waits.add(1, Uint8Array.of(1)), waits.add(1, Uint8Array.of(2))];
  waits.fail(new Error("over"));
  await assertRejects(() => seen!, Error, "over");
  assertEquals(waits.isEmpty, true);
});

Deno.test("serve() goes on with other channels where one finds no room, and resolves with the handle", async () => {
  const waits = new SecureWaits();
  const sent = [waits.add(0, Uint8Array.of(1)), waits.add(2, Uint8Array.of(2)), waits.add(2, Uint8Array.of(3))];
  let handle = 40;
  const send = (channel: number): SendStatus =>
    channel === 0 ? SendStatus.BackPressured : (handle++, SendStatus.Queued);
  waits.serve({
    send,
    get messageHandle() {
      return handle;
    },
  } as unknown as SessionMachine);
  assertEquals(await Promise.all(sent.slice(1)), [41, 42]);
  assertEquals([waits.count, waits.holds(0), waits.holds(2), waits.isEmpty], [1, true, false, false]);
  waits.fail(new Error("over"));
  await assertRejects(() => sent[0]!, Error, "over");
  assertEquals([waits.count, waits.holds(0), waits.isEmpty], [0, false, true]);
});

Deno.test("takeReady() tells of refused channels once, and not while sends of theirs wait", () => {
  const waits = new SecureWaits();
  void waits.add(0, Uint8Array.of(1));
  for (const channel of [0, 2, 2]) waits.noteRefusal(channel);
  assertEquals([waits.takeReady(), waits.takeReady()], [[2], []]);
  waits.serve(session(9, []));
  assertEquals([waits.isEmpty, waits.takeReady(), waits.isEmpty], [false, [0], true]);
});

Deno.test("add() refuses what is beyond 16 MiB, but for a message that waits alone", async () => {
  const waits = new SecureWaits();
  void waits.add(1, new Uint8Array((16 << 20) - 10));
  void waits.add(1, new Uint8Array(10));
  await assertRejects(() => waits.add(2, new Uint8Array(1)), ResourceError, "16777216 bytes");
  const served = { send: () => SendStatus.Queued, messageHandle: 0, maxMessageBytes: 1 };
  waits.serve(served as unknown as SessionMachine);
  for (const bytes of [1, (16 << 20) - 1]) void waits.add(2, new Uint8Array(bytes));
  assertEquals(waits.count, 2, "what was served has left its room");
  waits.fail(new Error("over"));
  void waits.add(1, new Uint8Array((16 << 20) + 1));
  assertEquals(waits.count, 1);
  await assertRejects(() => waits.add(1, new Uint8Array(1)), ResourceError);
  waits.fail(new Error("over"));
});

Deno.test("a send that its signal gives up leaves room and order to the others", async () => {
  const waits = new SecureWaits();
  const controller = new AbortController();
  const given = waits.add(1, new Uint8Array(16 << 20), undefined, controller.signal);
  controller.abort(new Error("enough"));
  await assertRejects(() => given, Error, "enough");
  assertEquals([waits.count, waits.holds(1)], [0, false]);
  const [first, second] = [new AbortController(), new AbortController()];
  const sent = [first, second].map(({ signal }, n) => waits.add(1, Uint8Array.of(n), undefined, signal));
  first.abort(new Error("enough"));
  await assertRejects(() => sent[0]!, Error, "enough");
  const taken: number[] = [];
  waits.serve({ ...session(9, taken), messageHandle: 3 } as SessionMachine);
  second.abort(new Error("too late"));
  assertEquals([await sent[1], taken, waits.isEmpty], [3, [101], true]);
});
