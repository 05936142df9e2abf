/**
 * Two stream machines, connected in virtual time.
 *
 * Between the ends lies a line each way that delays, bounds what is on it, ends in order, or breaks. Invariants: no
 * byte is changed, added, lost or put out of order before the line breaks; nothing runs unless the scheduler is advanced.
 *
 * @module
 */
import type { StreamMachine } from "../stream/stream_machine.ts";
import { MachineEnd, type MachineEndOptions, type MachineSink } from "./machine_end.ts";

/** How the ends are connected. */
export interface MachinePairOptions extends Omit<MachineEndOptions, "onRead"> {
  /**
   * How long a byte is under way, in ms.
   *
   * @default {0}
   */
  readonly delayMs?: number;
  /**
   * Up to how much longer it takes, drawn at random, in ms.
   *
   * @default {0}
   */
  readonly jitterMs?: number;
  /**
   * How many bytes the line holds that the other end has not read yet; more are not taken.
   *
   * @default {65536}
   */
  readonly windowBytes?: number;
}

/**
 * Two machines and the line between them.
 *
 * @example
 * ```ts ignore
 * const pair = new MachinePair(client, server, { scheduler, random: new SeededRandom(1), maxReadBytes: 1 });
 * client.outbox.offer(Uint8Array.of(1, 2, 3));
 * pair.left.pump();
 * scheduler.advance(1000);
 * assertEquals(pair.right.messages, [Uint8Array.of(1, 2, 3)]);
 * ```
 */
export class MachinePair {
  /** Drives the first machine. */
  readonly left: MachineEnd;
  /** Drives the second machine. */
  readonly right: MachineEnd;

  /**
   * Connects two machines; each is drained in the next turn.
   *
   * @param left One machine.
   * @param right The other.
   * @param options How they are connected; both ends are worked alike.
   */
  constructor(left: StreamMachine, right: StreamMachine, options: MachinePairOptions) {
    const toRight = new Line(options);
    const toLeft = new Line(options);
    this.left = new MachineEnd(left, toRight, { ...options, onRead: () => toLeft.hasRoom() });
    this.right = new MachineEnd(right, toLeft, { ...options, onRead: () => toRight.hasRoom() });
    toRight.connect(this.left, this.right);
    toLeft.connect(this.right, this.left);
  }

  /**
   * Breaks the line: both ends learn it at once, and what is under way is lost.
   *
   * @param cause What they are told.
   */
  cut(cause: unknown): void {
    this.left.breakLink(cause);
    this.right.breakLink(cause);
  }
}

/** One direction: from one end's writes to the other's reads. */
class Line implements MachineSink {
  readonly #options: MachinePairOptions;
  #from: MachineEnd | undefined = undefined;
  #to: MachineEnd | undefined = undefined;
  #underWayBytes = 0;
  #lastDueMs = 0;
  #ended = false;

  constructor(options: MachinePairOptions) {
    this.#options = options;
  }

  connect(from: MachineEnd, to: MachineEnd): void {
    this.#from = from;
    this.#to = to;
  }

  /** The reading end has read: the writing end learns of it in the next turn. */
  hasRoom(): void {
    this.#options.scheduler.nextTurn(() => this.#from!.writable());
  }

  write(bytes: Uint8Array): number {
    const to = this.#to!;
    // A system answers bytes for a closed socket with a reset.
    if (to.closed) {
      this.#later(() => this.#from!.breakLink(new Error("The other end is closed")));
      return bytes.length;
    }
    const room = (this.#options.windowBytes ?? 65_536) - this.#underWayBytes - to.unreadBytes;
    const count = Math.max(0, Math.min(bytes.length, room));
    if (count === 0) return 0;
    const copy = bytes.slice(0, count);
    this.#underWayBytes += count;
    this.#later(() => {
      this.#underWayBytes -= count;
      to.feed(copy);
    });
    return count;
  }

  endWrite(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#later(() => this.#to!.feedEnd());
  }

  close(): void {
    this.endWrite();
  }

  #later(callback: () => void): void {
    const { scheduler, random, delayMs = 0, jitterMs = 0 } = this.#options;
    const dueMs = scheduler.clock.now + delayMs + random.visibleFraction() * jitterMs;
    this.#lastDueMs = Math.max(this.#lastDueMs, dueMs);
    if (this.#lastDueMs <= scheduler.clock.now) scheduler.nextTurn(callback);
    else scheduler.alarm(callback).arm(this.#lastDueMs);
  }
}
