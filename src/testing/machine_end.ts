/**
 * A driver for one stream machine in virtual time: no socket, no promise, chance from a seed.
 *
 * It keeps the contract of `src/machine/CONTRACT.md` to the letter and watches the machine's side of it: lent bytes
 * must not change until they are confirmed. Bytes come in by `feed` and go out through a sink, in pieces as small as
 * asked. Invariant: a run depends on its inputs and its seed alone.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import { TransmitSpan } from "../machine/transmit_span.ts";
import type { SeededRandom } from "../random/seeded_random.ts";
import { StreamEvent, type StreamMachine } from "../stream/stream_machine.ts";
import type { Alarm } from "../time/scheduler.ts";
import type { ManualScheduler } from "./manual_scheduler.ts";

/** Where an end's bytes go. */
export interface MachineSink {
  /**
   * Takes bytes.
   *
   * @param bytes Borrowed.
   * @returns How many were taken, from the start; 0: there is no room, and `writable` is called when there is.
   */
  write(bytes: Uint8Array): number;
  /** This end's stream has ended in order. */
  endWrite(): void;
  /** This end closed the link; in order or not, see the machine's `reason`. */
  close(): void;
}

/** How a {@linkcode MachineEnd} works its machine; a knob that is left out does nothing. */
export interface MachineEndOptions {
  /** Time, alarms and turns. */
  readonly scheduler: ManualScheduler;
  /** Where the sizes of reads and writes come from. */
  readonly random: SeededRandom;
  /**
   * The most bytes that one read brings; each brings 1 to this many.
   *
   * @default {Infinity}
   */
  readonly maxReadBytes?: number;
  /**
   * The most bytes that one write takes; each takes 1 to this many.
   *
   * @default {Infinity}
   */
  readonly maxWriteBytes?: number;
  /** Called with every event, before this end acts on it; commands to the machine are legal in it. */
  readonly onEvent?: (event: StreamEvent, end: MachineEnd) => void;
  /** Called with every message; its memory is valid during the call. */
  readonly onMessage?: (payload: Uint8Array, end: MachineEnd) => void;
  /** Called after every read: whoever feeds this end may have room for more. */
  readonly onRead?: () => void;
}

/** Works one machine; announced peers are accepted unless `onEvent` aborts. */
export class MachineEnd {
  /** The machine. */
  readonly machine: StreamMachine;
  /** Every event so far. */
  readonly events: StreamEvent[] = [];
  /** A copy of every message so far. */
  readonly messages: Uint8Array[] = [];
  /** While set, the application is slow: the next frames are held until `resume`. */
  slow = false;
  readonly #options: MachineEndOptions;
  readonly #sink: MachineSink;
  readonly #alarm: Alarm;
  readonly #span = new TransmitSpan();
  readonly #inbound: Uint8Array[] = [];
  #lent: Uint8Array | undefined = undefined;
  #inboundEnded = false;
  #reading = false;
  #holding = false;
  #draining = false;
  #blocked = false;
  #closed = false;

  /**
   * Takes a machine over; it is drained in the next turn.
   *
   * @param machine The machine; this is its only driver.
   * @param sink Where its bytes go.
   * @param options How it is worked.
   */
  constructor(machine: StreamMachine, sink: MachineSink, options: MachineEndOptions) {
    this.machine = machine;
    this.#sink = sink;
    this.#options = options;
    this.#alarm = options.scheduler.alarm(() => {
      machine.handleTimeout();
      this.pump();
    });
    options.scheduler.nextTurn(() => this.pump());
  }

  /** Whether the machine has said that it is over. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the application holds frames. */
  get holding(): boolean {
    return this.#holding;
  }

  /** How many bytes wait to be read. */
  get unreadBytes(): number {
    return this.#inbound.reduce((sum, { length }) => sum + length, 0);
  }

  /** Bytes have come from the peer. The end takes the array over. */
  feed(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#inbound.push(bytes);
    this.#scheduleRead();
  }

  /** The peer has ended its stream. */
  feedEnd(): void {
    this.#inboundEnded = true;
    this.#scheduleRead();
  }

  /** The link broke. */
  breakLink(cause: unknown): void {
    if (this.#closed) return;
    this.machine.handleLinkLost(cause);
    this.pump();
  }

  /** The sink has room again. */
  writable(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#write();
  }

  /** The application goes on: what it held is delivered. */
  resume(): void {
    this.slow = false;
    if (!this.#holding) return;
    this.#deliver();
    this.#holding = false;
    this.machine.resumeReading();
    this.pump();
  }

  /** Drains the machine; call it after every command to the machine or its outbox. */
  pump(): void {
    if (this.#draining || this.#closed) return;
    this.#draining = true;
    while (!this.#closed) {
      this.#transmit();
      this.#alarm.arm(this.machine.pollTimeout());
      const event = this.machine.pollEvent();
      if (event === undefined) break;
      this.#handle(event);
    }
    this.#draining = false;
    this.#scheduleRead();
  }

  #handle(event: StreamEvent): void {
    this.events.push(event);
    this.#options.onEvent?.(event, this);
    if (event === StreamEvent.PeerAnnounced) this.machine.acceptPeer();
    if (event === StreamEvent.EndWrite) this.#sink.endWrite();
    if (event === StreamEvent.Closed) return this.#close();
    if (event !== StreamEvent.Frames) return;
    if (!this.slow) return this.#deliver();
    this.#holding = true;
    this.machine.holdReading();
  }

  #deliver(): void {
    const { frames } = this.machine;
    while (this.machine.delivering && frames.next()) {
      this.messages.push(frames.payload().slice());
      this.#options.onMessage?.(frames.payload(), this);
    }
  }

  #close(): void {
    this.#closed = true;
    this.#alarm.disarm();
    this.#sink.close();
    this.machine.release();
  }

  #transmit(): void {
    if (this.machine.pollTransmit(this.#span) === 0) return;
    if (this.#lent !== undefined) throw new MisuseError("The machine lent bytes while others were lent");
    this.#lent = this.#span.bytes().slice();
    this.#options.scheduler.nextTurn(() => this.#write());
  }

  #write(): void {
    if (this.#lent === undefined || this.#closed) return;
    const bytes = this.#span.bytes();
    if (bytes.some((byte, i) => byte !== this.#lent![i])) {
      throw new MisuseError("The machine changed bytes that it lent");
    }
    const count = this.#sink.write(bytes.subarray(0, this.#draw(this.#options.maxWriteBytes, bytes.length)));
    this.#blocked = count === 0;
    if (count === 0) return;
    this.#lent = undefined;
    this.machine.handleTransmitted(count);
    this.pump();
  }

  #scheduleRead(): void {
    if (this.#reading || this.#holding || this.#closed || !this.machine.reading) return;
    if (this.#inbound.length === 0 && !this.#inboundEnded) return;
    this.#reading = true;
    this.#options.scheduler.nextTurn(() => this.#read());
  }

  #read(): void {
    this.pump();
    if (!this.#holding && !this.#closed && this.machine.reading) this.#bring();
    this.#reading = false;
    this.pump();
  }

  #bring(): void {
    const { machine } = this;
    const first = this.#inbound[0];
    if (first === undefined) return machine.handleEnd();
    const span = machine.receiveSpan();
    const count = this.#draw(this.#options.maxReadBytes, Math.min(span.length, first.length));
    span.set(first.subarray(0, count));
    if (count === first.length) this.#inbound.shift();
    else this.#inbound[0] = first.subarray(count);
    machine.handleReceived(count);
    this.#options.onRead?.();
  }

  #draw(most = Infinity, there: number): number {
    return most === Infinity ? there : Math.min(there, 1 + this.#options.random.nextInt(most));
  }
}
