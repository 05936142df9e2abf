/**
 * Messages of all classes between two endpoint machines, and what has to be true of them whatever the line does.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SendStatus } from "../../src/error/send_status.ts";
import { SessionEvent } from "../../src/session/session_event.ts";
import type { SessionMachine } from "../../src/session/session_machine.ts";
import type { Connected, Sim, SimEnd } from "./session_bench.ts";

/** The channels that promise to deliver every message. */
const RELIABLE: readonly number[] = [0, 2];

/** What is sent, and what has come of it. */
export class Exchange {
  /** How many messages were queued, by channel. */
  readonly sent = new Map<number, number>();
  readonly #sim: Sim;
  readonly #from: SimEnd;
  readonly #session: SessionMachine;
  readonly #to: SimEnd;
  readonly #label: string;
  readonly #sizes: readonly number[];
  readonly #waiting: [number, Uint8Array][] = [];
  /** How many of the messages that had come to the other end before were another exchange's. */
  readonly #before: number;

  constructor(sim: Sim, { end, client }: Connected, label: string, sizes: readonly number[] = [0, 30, 300, 3000]) {
    this.#sim = sim;
    this.#from = end;
    this.#session = client;
    this.#to = sim.server;
    this.#label = label;
    this.#sizes = sizes;
    this.#before = sim.server.arrived.length;
    sim.network.tap = ({ bytes }) => {
      assert(bytes.length <= 1200, `${label}: a datagram of ${bytes.length} bytes`);
      return true;
    };
    const before = end.onEvent;
    end.onEvent = (event, session) => {
      before?.(event, session);
      if (event === SessionEvent.Drained) this.#offer();
    };
  }

  /** Sends a message by each channel, and lets time pass. */
  step(ms: number, channels: readonly number[] = [0, 1, 2, 3]): void {
    for (const channel of channels) {
      const number = this.sent.get(channel) ?? 0;
      this.sent.set(channel, number + 1);
      this.#waiting.push([channel, payloadOf(channel, number, this.#sizes[number % this.#sizes.length]!)]);
    }
    this.#offer();
    this.#from.pump();
    this.#sim.scheduler.advance(ms);
  }

  /** Lets time pass until the reliable channels have delivered everything, or for so long. */
  settle(ms: number): void {
    const { clock } = this.#sim.scheduler;
    const until = clock.now + ms;
    const isMissing = (): boolean =>
      RELIABLE.some((channel) => this.numbers(channel).length < (this.sent.get(channel) ?? 0));
    while (clock.now < until && isMissing()) this.#sim.scheduler.advance(100);
  }

  /** The numbers of the messages that came by a channel, in their order; each with the bytes that it was sent with. */
  numbers(channel: number): number[] {
    const numbers: number[] = [];
    for (const arrived of this.#to.arrived.slice(this.#before)) {
      if (arrived.channel !== channel || arrived.isEarly) continue;
      const { payload } = arrived;
      const number = new DataView(payload.buffer).getUint32(1);
      const size = this.#sizes[number % this.#sizes.length]!;
      assertEquals(payload, payloadOf(channel, number, size), `${this.#label}: channel ${channel} message ${number}`);
      numbers.push(number);
    }
    return numbers;
  }

  /** Holds what came against what each class promises. */
  check(): void {
    for (const [channel, count] of this.sent) {
      const numbers = this.numbers(channel);
      const what = `${this.#label}: channel ${channel}`;
      assertEquals(new Set(numbers).size, numbers.length, `${what} delivers once`);
      const all = Array.from({ length: count }, (_, i) => i);
      const sorted = numbers.toSorted((a, b) => a - b);
      if (channel === 0) assertEquals(numbers, all, what);
      else if (channel === 2) assertEquals(sorted, all, what);
      else if (channel === 3) assertEquals(numbers, sorted, `${what} goes forward`);
    }
  }

  #offer(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const status = this.#session.send(first[0], first[1]);
      if (status === SendStatus.BackPressured) return;
      this.#waiting.shift();
    }
  }
}

/** A payload that tells its channel and its number, and shows every byte that is in the wrong place. */
export function payloadOf(channel: number, number: number, size: number): Uint8Array {
  const payload = new Uint8Array(5 + size);
  payload[0] = channel;
  new DataView(payload.buffer).setUint32(1, number);
  for (let i = 0; i < size; i++) payload[5 + i] = (i * 7 + (i >> 8) * 13 + number) & 255;
  return payload;
}
