import { assertEquals, assertThrows } from "@std/assert";
import { SendStatus } from "../../../src/error/send_status.ts";
import { Doorbell, DOORBELL_BYTES } from "../../../src/ring/doorbell.ts";
import { createSpscRing } from "../../../src/ring/spsc_ring.ts";
import { SecureWorkerPort } from "../../../src/runtime/secure_worker_port.ts";
import { SecureCommand, SEND_COST_BYTES } from "../../../src/runtime/secure_worker_record.ts";
import { SecureWorkerSession } from "../../../src/runtime/secure_worker_session.ts";
import { resolveEndpointOptions } from "../../../src/session/endpoint_options.ts";

const WINDOW_BYTES = 1 << 18;

/** A session whose commands the test reads. */
class Bench {
  readonly session: SecureWorkerSession;
  readonly #there: SecureWorkerPort;

  constructor() {
    const [a, b] = [createSpscRing(1 << 22), createSpscRing(1024)];
    const bell = new Doorbell(new SharedArrayBuffer(DOORBELL_BYTES));
    const port = new SecureWorkerPort(a, b, bell, () => {});
    this.#there = new SecureWorkerPort(b, a, bell, () => {});
    this.session = new SecureWorkerSession(5, 9, port, resolveEndpointOptions({}).channelSet);
  }

  /** What the worker was told: kind, session, both numbers, length. */
  told(): number[][] {
    const told: number[][] = [];
    this.#there.drain({
      handleRecord: (kind, session, a, b, _buffer, start, end) => told.push([kind, session, a, b, end - start]),
    });
    return told;
  }
}

Deno.test("send() names session, channel, lane and time to live", () => {
  const { session, told } = bound(new Bench());
  assertEquals(session.send(1, new Uint8Array(10)), SendStatus.Queued);
  session.send(2, new Uint8Array(0), { lane: "critical", ttlMs: 0.5 });
  session.send(2, new Uint8Array(0), { lane: "low", ttlMs: 1e15 });
  session.send(2, new Uint8Array(0), { ttlMs: 0 });
  assertEquals(told(), [
    [SecureCommand.Send, 9, 1, -1, 10],
    [SecureCommand.Send, 9, 2 | 1 << 8, 1, 0],
    [SecureCommand.Send, 9, 2 | 4 << 8, 2 ** 31 - 1, 0],
    [SecureCommand.Send, 9, 2, 0, 0],
  ]);
});

Deno.test("send() refuses beyond the window of its channel alone, until half of it was taken", () => {
  const { session, told } = bound(new Bench());
  const payload = new Uint8Array(WINDOW_BYTES / 4 - SEND_COST_BYTES);
  const statuses = [1, 2, 3, 4, 5].map(() => session.send(0, payload));
  assertEquals(statuses, [...[1, 2, 3, 4].map(() => SendStatus.Queued), SendStatus.BackPressured]);
  assertEquals([session.send(2, payload), told().length], [SendStatus.Queued, 5]);
  assertEquals(session.handleTaken(2, WINDOW_BYTES / 4), false, "nothing was refused there");
  assertEquals(session.handleTaken(0, WINDOW_BYTES / 4), false);
  assertEquals(session.handleTaken(0, WINDOW_BYTES / 4), true);
  assertEquals(session.handleTaken(0, WINDOW_BYTES / 4), false, "that was told");
  assertEquals(session.send(0, payload), SendStatus.Queued);
});

Deno.test("send() takes one message beyond the window when nothing is on its way, and none too long", () => {
  const { session } = bound(new Bench());
  assertEquals(session.send(0, new Uint8Array(session.maxMessageBytes + 1)), SendStatus.TooLarge);
  assertEquals(session.send(0, new Uint8Array(session.maxMessageBytes)), SendStatus.Queued);
  assertEquals(session.send(0, new Uint8Array(1)), SendStatus.BackPressured);
  assertEquals(session.handleTaken(0, session.maxMessageBytes + SEND_COST_BYTES), true);
  assertEquals(session.send(0, new Uint8Array(1)), SendStatus.Queued);
});

Deno.test("send() throws what the worker would", () => {
  const { session, told } = bound(new Bench());
  assertThrows(() => session.send(9, new Uint8Array(1)), RangeError, "channel 9");
  assertThrows(() => session.send(0, new Uint8Array(1), { lane: "low" }), RangeError, "keep their order");
  assertThrows(() => session.send(2, new Uint8Array(1), { lane: "none" as "low" }), RangeError, "there is none");
  assertThrows(() => session.close(65_536), RangeError);
  assertEquals(told(), []);
});

Deno.test("after the end nothing is told any more", () => {
  const { session, told } = bound(new Bench());
  session.handleConsumed(0, 7);
  session.close(40_000, "bye");
  assertEquals(told(), [[SecureCommand.Consumed, 9, 0, 7, 0], [SecureCommand.Close, 9, 40_000, 0, 3]]);
  session.reason = { code: 0, origin: "local", text: "" };
  session.handleConsumed(0, 7);
  session.close();
  session.statistics();
  assertEquals([session.send(0, new Uint8Array(1)), session.cancel(), told()], [SendStatus.Closed, false, []]);
});

function bound(bench: Bench): { session: SecureWorkerSession; told: () => number[][] } {
  return { session: bench.session, told: () => bench.told() };
}
