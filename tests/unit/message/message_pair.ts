/**
 * Two message machines whose packets are carried by hand in virtual time, for tests.
 *
 * @module
 */
import { SendStatus } from "../../../src/error/send_status.ts";
import { NODE_COMPRESSIONS } from "../../../src/io/system/node_zlib.ts";
import { MESSAGE_COUNTERS, type MessageCounter } from "../../../src/message/message_counters.ts";
import { MessageEvent } from "../../../src/message/message_event.ts";
import { MessageMachine } from "../../../src/message/message_machine.ts";
import { type MessageOptions, resolveMessageOptions } from "../../../src/message/message_options.ts";
import { PacketScratch } from "../../../src/message/packet_scratch.ts";
import { CounterTable } from "../../../src/metric/counter_table.ts";
import { ClockCell } from "../../../src/time/clock.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const scratch = new PacketScratch();

/** Text as a payload. */
export const bytesOf = (text: string): Uint8Array => encoder.encode(text);

/** One end: a machine, the packets that it has queued, and what it has told so far, as words. */
export class MessageEnd {
  readonly machine: MessageMachine;
  readonly counters = new CounterTable(MESSAGE_COUNTERS, 1);
  readonly told: string[] = [];
  readonly slots: number[] = [];
  queue: Uint8Array[] = [];
  room = Infinity;

  constructor(clock: ClockCell, options: MessageOptions = {}) {
    const sink = { offer: (packet: Uint8Array) => this.#take(packet), offerOwned: (p: Uint8Array) => this.#take(p) };
    this.machine = new MessageMachine({
      config: resolveMessageOptions(options),
      sink,
      clock,
      counters: this.counters,
      slot: 0,
      scratch,
      compressions: NODE_COMPRESSIONS,
    });
  }

  /** Brings one packet and notes every event. */
  bring(packet: Uint8Array): void {
    // Not at the start of its memory, as it would not be in a stream.
    const memory = new Uint8Array(packet.length + 7).fill(0xaa);
    memory.set(packet, 5);
    this.machine.handlePacket(memory, 5, packet.length);
    this.poll();
  }

  /** Notes every event. */
  poll(): void {
    for (let event = this.machine.pollEvent(); event !== undefined; event = this.machine.pollEvent()) {
      this.told.push(this.#wordsOf(event));
      this.slots.push(this.machine.slot);
    }
  }

  /** What was told since the last call. */
  take(): string[] {
    return this.told.splice(0);
  }

  /** A counter. */
  count(counter: MessageCounter): number {
    return this.counters.at(0, counter);
  }

  #take(packet: Uint8Array): SendStatus {
    if (this.queue.length >= this.room) return SendStatus.BackPressured;
    this.queue.push(packet.slice());
    return SendStatus.Queued;
  }

  #wordsOf(event: MessageEvent): string {
    const { machine } = this;
    const name = Object.entries(MessageEvent).find(([, value]) => value === event)![0];
    const text = (): string => decoder.decode(machine.packet.payload().slice());
    switch (event) {
      case MessageEvent.OneWay:
      case MessageEvent.Request:
      case MessageEvent.Response:
        return `${name} ${machine.packet.header.id} ${text()}`;
      case MessageEvent.Refused:
        return `${name} ${machine.errorCode} ${machine.errorText}`;
      case MessageEvent.GoingAway:
        return `${name} ${machine.goingAwayMs}`;
      case MessageEvent.Fault:
        return `${name} ${machine.closeCode}`;
      default:
        return name;
    }
  }
}

/** Two ends on one clock. */
export class MessagePair {
  readonly clock = new ClockCell();
  readonly a: MessageEnd;
  readonly b: MessageEnd;

  constructor(a: MessageOptions = {}, b: MessageOptions = {}) {
    this.a = new MessageEnd(this.clock, a);
    this.b = new MessageEnd(this.clock, b);
  }

  /** Two ends that have heard of each other. */
  static acquainted(a: MessageOptions = {}, b: MessageOptions = {}): MessagePair {
    const pair = new MessagePair(a, b);
    pair.a.machine.send(bytesOf("hello"));
    pair.b.machine.send(bytesOf("hello"));
    pair.carry();
    pair.a.take();
    pair.b.take();
    return pair;
  }

  /** Carries packets until none is queued. */
  carry(): void {
    while (this.a.queue.length + this.b.queue.length > 0) {
      for (const packet of this.a.queue.splice(0)) this.b.bring(packet);
      for (const packet of this.b.queue.splice(0)) this.a.bring(packet);
    }
  }

  /** Lets time pass, waking both ends at their deadlines. */
  pass(ms: number): void {
    const end = this.clock.now + ms;
    for (;;) {
      const next = Math.min(this.a.machine.pollTimeout(), this.b.machine.pollTimeout());
      if (!(next <= end)) break;
      this.clock.advance(next);
      for (const one of [this.a, this.b]) {
        one.machine.handleTimeout();
        one.poll();
      }
      this.carry();
    }
    this.clock.advance(end);
  }
}
