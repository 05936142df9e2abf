import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { TransmitSpan } from "../../../src/machine/transmit_span.ts";
import { INT32_FRAMING } from "../../../src/stream/framing.ts";
import { SendQueue } from "../../../src/stream/send_queue.ts";
import { frameOf, joined } from "./int32_stream.ts";
import { spyingPool } from "./spying_pool.ts";

function queueOf(maxBytes = 10_000): { queue: SendQueue; span: TransmitSpan; out: ReadonlySet<Uint8Array> } {
  const { pool, out } = spyingPool([64, 256, 1024]);
  return { queue: new SendQueue(INT32_FRAMING, pool, maxBytes), span: new TransmitSpan(), out };
}

Deno.test("SendQueue.lend() lends everything that was queued since the last write as one stretch", () => {
  const { queue, span } = queueOf();
  const payloads = [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)];
  for (const payload of payloads) queue.append(payload);
  assertEquals(queue.lend(span), 15);
  assertEquals(span.bytes(), joined(payloads.map((payload) => frameOf(payload))));
  assertEquals(queue.lend(span), 0);
});

Deno.test("SendQueue.append() leaves a lent block alone", () => {
  const { queue, span } = queueOf();
  queue.append(Uint8Array.of(1));
  queue.lend(span);
  const before = span.bytes().slice();
  queue.append(Uint8Array.of(2));
  assertEquals(span.bytes(), before);
  queue.confirm(5);
  assertEquals(queue.lend(span), 5);
  assertEquals([...span.bytes()], [1, 0, 0, 0, 2]);
});

Deno.test("SendQueue.append() takes one frame beyond the bound when nothing is queued, and only then", () => {
  const { queue } = queueOf(1024);
  assertEquals(queue.append(new Uint8Array(5000)), true);
  assertEquals(queue.append(new Uint8Array(0)), false);
  assertEquals(queue.queuedBytes, 5004);
});

Deno.test("SendQueue keeps its bound to the byte, headers included", () => {
  const { queue, span } = queueOf(100);
  assertEquals(queue.append(new Uint8Array(46)), true);
  assertEquals(queue.append(new Uint8Array(47)), false);
  assertEquals(queue.append(new Uint8Array(46)), true);
  assertEquals(queue.append(new Uint8Array(0)), false);
  queue.lend(span);
  queue.confirm(50);
  assertEquals(queue.append(new Uint8Array(46)), true);
  assertEquals(queue.queuedBytes, 100);
});

Deno.test("SendQueue goes to larger blocks while they fill up and back to small ones when they do not", () => {
  const { queue, span } = queueOf();
  const sizes: number[] = [];
  const write = (): void => {
    while (queue.lend(span) > 0) {
      sizes.push(span.buffer.length);
      queue.confirm(span.length);
    }
  };
  for (let i = 0; i < 20; i++) queue.append(new Uint8Array(50));
  write();
  for (let i = 0; i < 3; i++) {
    queue.append(new Uint8Array(1));
    write();
  }
  assertEquals(sizes, [64, 256, 1024, 1024, 256, 64]);
});

Deno.test("SendQueue.confirm() refuses what was not lent", () => {
  const { queue, span } = queueOf();
  assertThrows(() => queue.confirm(0), MisuseError);
  queue.append(Uint8Array.of(1));
  queue.lend(span);
  for (const count of [6, -1, NaN]) assertThrows(() => queue.confirm(count), RangeError);
  queue.confirm(5);
  assertThrows(() => queue.confirm(0), MisuseError);
});

Deno.test("SendQueue.appendReference() writes the payload from the caller's memory", () => {
  const { queue, span } = queueOf();
  const payload = new Uint8Array(300).fill(9);
  queue.append(Uint8Array.of(1));
  const position = queue.appendReference(payload);
  queue.append(Uint8Array.of(2));
  assertEquals(position, 5 + 304);
  queue.lend(span);
  assertEquals([...span.bytes()], [1, 0, 0, 0, 1, 44, 1, 0, 0]);
  queue.confirm(9);
  queue.lend(span);
  assertEquals(span.bytes(), payload);
  assertEquals(span.buffer, payload);
  queue.confirm(299);
  assertEquals(queue.passedBytes < position, true);
  queue.lend(span);
  queue.confirm(1);
  assertEquals(queue.passedBytes, position);
});

Deno.test("SendQueue.restart() drops a borrowed payload of which only the header went out", () => {
  for (const written of [4, 5]) {
    const { queue, span, out } = queueOf();
    queue.appendReference(new Uint8Array(100));
    queue.append(Uint8Array.of(7));
    for (let left = written; left > 0;) {
      const part = Math.min(left, queue.lend(span));
      queue.confirm(part);
      left -= part;
    }
    assertEquals(queue.restart(), 1);
    assertEquals(queue.lend(span), 5);
    assertEquals([...span.bytes()], [1, 0, 0, 0, 7]);
    queue.confirm(5);
    assertEquals([queue.queuedBytes, queue.takeSentMessages(), out.size], [0, 1, 0]);
  }
});

Deno.test("SendQueue.restart() drops nothing of which nothing went out, though it was lent", () => {
  const { queue, span } = queueOf();
  queue.append(Uint8Array.of(7));
  queue.lend(span);
  assertEquals(queue.restart(), 0);
  assertEquals(queue.lend(span), 5);
});
