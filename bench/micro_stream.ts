/**
 * `deno bench bench/micro_stream.ts`: the hot functions of one stream: offering, encoding, walking frames.
 *
 * Each run works on 1,000 messages of 64 bytes.
 *
 * @module
 */
import { BlockPool, DEFAULT_BLOCK_CLASSES } from "../src/bytes/block_pool.ts";
import { TransmitSpan } from "../src/machine/transmit_span.ts";
import { CounterTable } from "../src/metric/counter_table.ts";
import { INT32_FRAMING } from "../src/stream/framing.ts";
import { Int32Cursor } from "../src/stream/int32_cursor.ts";
import { Outbox } from "../src/stream/outbox.ts";
import { SendQueue } from "../src/stream/send_queue.ts";
import { STREAM_COUNTERS } from "../src/stream/stream_counters.ts";
import { StreamEvent, StreamMachine } from "../src/stream/stream_machine.ts";
import { resolveStreamOptions } from "../src/stream/stream_options.ts";
import { ClockCell } from "../src/time/clock.ts";

const COUNT = 1000;
const payload = new Uint8Array(64);
const frames = new Uint8Array(COUNT * 68);
for (let i = 0; i < COUNT; i++) INT32_FRAMING.encodeHeader(frames, i * 68, 64);

const config = resolveStreamOptions({});
const blocks = new BlockPool({ classBytes: DEFAULT_BLOCK_CLASSES, retainBytes: 1 << 22 });
const readBlocks = new BlockPool({ classBytes: [512, 16_384, 262_144], retainBytes: 1 << 22 });
const counters = new CounterTable(STREAM_COUNTERS, 1);
const shared = { config, framing: INT32_FRAMING, counters, slot: 0 };
const span = new TransmitSpan();

const queue = new SendQueue(INT32_FRAMING, blocks, config.maxQueuedBytes);
Deno.bench("SendQueue.append, lend, confirm", () => {
  for (let i = 0; i < COUNT; i++) queue.append(payload);
  while (queue.lend(span) > 0) queue.confirm(span.length);
});

const outbox = new Outbox({ ...shared, blocks, wallClock: { wallNow: () => 0 }, mayWait: true });
Deno.bench("Outbox.offer, lend, confirm", () => {
  for (let i = 0; i < COUNT; i++) outbox.offer(payload);
  while (outbox.lend(span) > 0) outbox.confirm(span.length);
});

const cursor = new Int32Cursor({ minBytes: 0, maxBytes: 1 << 20, prefixBytes: 0 });
let sum = 0;
Deno.bench("Int32Cursor.next", () => {
  cursor.load(frames, 0, frames.length);
  while (cursor.next()) sum += cursor.offset;
});

const machine = new StreamMachine({
  ...shared,
  handshake: { kind: "none" },
  peerEnd: "flush",
  outbox,
  readBlocks,
  clock: new ClockCell(),
});

function drain(): void {
  machine.pollTransmit(span);
  machine.pollTimeout();
  for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) {
    if (event === StreamEvent.Frames) { while (machine.frames.next()) sum += machine.frames.offset; }
  }
}

drain();
Deno.bench("StreamMachine: frames in, reads of 16 KiB", () => {
  for (let at = 0; at < frames.length;) {
    const room = machine.receiveSpan();
    const part = frames.subarray(at, at + Math.min(room.length, 16_384));
    room.set(part);
    machine.handleReceived(part.length);
    drain();
    at += part.length;
  }
});

const one = frames.subarray(0, 68);
Deno.bench("StreamMachine: one frame a read, 1,000 reads", () => {
  for (let i = 0; i < COUNT; i++) {
    machine.receiveSpan().set(one);
    machine.handleReceived(68);
    drain();
  }
});
