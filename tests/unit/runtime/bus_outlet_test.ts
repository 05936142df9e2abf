import { assertEquals, assertRejects } from "@std/assert";
import { SendStatus } from "../../../src/error/send_status.ts";
import { ResourceError } from "../../../src/error/transport_error.ts";
import type { QueuePolicy } from "../../../src/runtime/bus_options.ts";
import { bothWaits, BusOutlet } from "../../../src/runtime/bus_outlet.ts";

function setUp(policy: QueuePolicy = "wait", maxQueuedBytes = 10) {
  const sent: string[] = [];
  const state = { room: Infinity, dropped: 0, disconnects: 0 };
  const owner = { maxQueuedBytes, policy, dropped: () => void state.dropped++ };
  const outlet = new BusOutlet(owner, () => void state.disconnects++);
  const target = {
    trySend: (buffer: Uint8Array, length: number, subject?: string) => {
      if (state.room-- <= 0) return SendStatus.BackPressured;
      sent.push(String.fromCharCode(...buffer.subarray(0, length)) + (subject ?? ""));
      return SendStatus.Queued;
    },
  };
  return { outlet, target, sent, state };
}

const bytes = (text: string): [Uint8Array, number] => [new TextEncoder().encode(`${text}!`), text.length];

Deno.test("BusOutlet passes records on while there is room", () => {
  const { outlet, target, sent } = setUp();
  outlet.connect(target);
  assertEquals([outlet.offerEvent(...bytes("a")), outlet.offer(...bytes("b"), "s")], [undefined, undefined]);
  assertEquals([sent, outlet.count], [["a", "bs"], 0]);
});

Deno.test("BusOutlet keeps records for a link that is being opened, within bounds and in order", async () => {
  const { outlet, target, sent } = setUp();
  const first = bytes("123456");
  assertEquals(outlet.offerEvent(...first), undefined);
  first[0].fill(0);
  assertEquals(outlet.offer(...bytes("7890")), undefined);
  const third = outlet.offer(...bytes("x"));
  assertEquals([third === undefined, outlet.isConnected], [false, false]);
  outlet.connect(target);
  await third!.done;
  assertEquals([sent, outlet.isConnected, outlet.count], [["123456", "7890", "x"], true, 0]);
});

Deno.test("BusOutlet lets nothing overtake what waits", async () => {
  const { outlet, target, sent, state } = setUp();
  outlet.connect(target);
  state.room = 0;
  const a = outlet.offerEvent(...bytes("a"))!;
  state.room = 1;
  const b = outlet.offer(...bytes("b"))!;
  outlet.flush();
  await a.done;
  assertEquals(sent, ["a"]);
  state.room = 5;
  outlet.flush();
  await b.done;
  assertEquals([sent, outlet.offer(...bytes("c")), sent.length], [["a", "b", "c"], undefined, 3]);
});

Deno.test("BusOutlet does not send what was given up", async () => {
  const { outlet, target, sent, state } = setUp();
  outlet.connect(target);
  state.room = 0;
  const a = outlet.offer(...bytes("a"))!;
  const b = outlet.offer(...bytes("b"))!;
  a.cancel(new Error("enough"));
  a.cancel(new Error("again"));
  await assertRejects(() => a.done, Error, "enough");
  state.room = 5;
  outlet.flush();
  await b.done;
  assertEquals(sent, ["b"]);
});

Deno.test("BusOutlet drops or disconnects for events only", () => {
  for (const policy of ["drop", "disconnect"] as const) {
    const { outlet, target, state } = setUp(policy);
    outlet.connect(target);
    state.room = 0;
    assertEquals(outlet.offerEvent(...bytes("a")), undefined);
    assertEquals([state.dropped, state.disconnects], [1, policy === "disconnect" ? 1 : 0]);
    assertEquals(outlet.offer(...bytes("b")) === undefined, false);
  }
});

Deno.test("BusOutlet lets go of who waits for a peer that is lost", async () => {
  const { outlet, target, sent, state } = setUp();
  outlet.connect(target);
  state.room = 0;
  const waiting = outlet.offer(...bytes("a"))!;
  outlet.disconnect();
  await waiting.done;
  state.room = 5;
  outlet.connect(target);
  assertEquals([sent, outlet.count], [[], 0]);
});

Deno.test("BusOutlet has all its room again once what waited is gone", () => {
  const { outlet, target, sent } = setUp();
  for (let round = 0; round < 3; round++) {
    assertEquals(outlet.offer(...bytes("1234567890")), undefined, `round ${round}`);
    outlet.connect(target);
    outlet.disconnect();
  }
  assertEquals(sent.length, 3);
});

Deno.test("BusOutlet bounds how many bytes wait, and takes one record of any length", async () => {
  const { outlet, target, sent, state } = setUp();
  outlet.connect(target);
  state.room = 0;
  const first = outlet.offer(...bytes("x".repeat(70)))!;
  const second = outlet.offer(...bytes("y".repeat(10)))!;
  await assertRejects(() => outlet.offer(...bytes("z"))!.done, ResourceError, "2 records of 80 bytes");
  state.room = Infinity;
  outlet.flush();
  await Promise.all([first.done, second.done]);
  assertEquals(sent.map(({ length }) => length), [70, 10]);
  state.room = 0;
  const large = outlet.offer(...bytes("x".repeat(1000)))!;
  state.room = 1;
  outlet.flush();
  await large.done;
});

Deno.test("BusOutlet bounds how many wait", async () => {
  const { outlet, target, state } = setUp("wait", 1000);
  outlet.connect(target);
  state.room = 0;
  for (let i = 0; i < 4096; i++) outlet.offer(...bytes("a"));
  await assertRejects(() => outlet.offer(...bytes("b"))!.done, ResourceError);
});

Deno.test("bothWaits() waits for both and cancels both", async () => {
  const { outlet, target, state } = setUp();
  outlet.connect(target);
  state.room = 0;
  const [a, b] = [outlet.offer(...bytes("a")), outlet.offer(...bytes("b"))];
  assertEquals(bothWaits(undefined, a) === a, true);
  const both = bothWaits(a, b)!;
  both.cancel(new Error("enough"));
  await assertRejects(() => both.done, Error, "enough");
  await assertRejects(() => b!.done, Error, "enough");
});
