/**
 * The sending face of one connection or particle: offers to the outbox, waits for room in order, and decides when the
 * next write starts.
 *
 * When: the first message after a pause goes out within this turn's microtasks, so that a single message is not
 * delayed; messages that follow at once are gathered until the next turn, so that a producer that awaits every send
 * does not pay a system call a message. Invariant: sends that wait are served in order, and nothing overtakes them.
 * Why: more than 400 lines, because who waits, what is scheduled and what has failed decide together what a send is told.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { SendStatus } from "../error/send_status.ts";
import { ClosedError, ResourceError } from "../error/transport_error.ts";
import type { ConflationKey } from "../stream/conflation.ts";
import type { Outbox } from "../stream/outbox.ts";
import type { Flushable } from "./flush_schedule.ts";
import { PassingWaits } from "./passing_waits.ts";
import type { StreamEndpoint } from "./stream_endpoint.ts";

/** How many sends may wait for room; one more is refused. */
const MAX_WAITING_COUNT = 1024;
/** A pause after which a message goes out at once. */
const PAUSE_MS = 0.1;

const DONE: Promise<void> = Promise.resolve();
const NOBODY: never[] = [];
const NOTHING = new Uint8Array(0);
/** From this size on a message that waits is kept as a frame, which is then written from where it lies. */
const FRAME_BYTES = 4096;

/** What starts writing; a connection while there is one. */
export interface SendTarget {
  /** Writes what is queued, if no write is going on. */
  writeQueued(): void;
  /** The queue was full and its policy is to close. */
  overflow(): void;
  /** What sends are told once it is closing. */
  refusal(): ClosedError | undefined;
  /** More sends wait than may, because somebody forgot to await them; said once in a row. */
  crowd(error: ResourceError): void;
}

interface Waiting {
  readonly isReply: boolean;
  bytes: number;
  /** The payload: the caller's where it goes by reference, a copy otherwise. */
  payload: Uint8Array;
  /** The whole frame in place of the payload, so that it is not copied again. */
  readonly frame: Uint8Array | undefined;
  readonly accepted: Promise<void>;
  readonly key: ConflationKey | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Sends for one outbox; it outlives the link when the outbox does. */
export class Sender implements Flushable {
  /** What is queued. */
  readonly outbox: Outbox;
  /** What is told of overflows and crowds while there is no connection. */
  absent: SendTarget | undefined = undefined;
  readonly #endpoint: StreamEndpoint;
  #target: SendTarget | undefined = undefined;
  #scheduled = false;
  #lastFlush = -Infinity;
  #failure: unknown = undefined;
  // Most senders never wait: all of these share one empty list, which is never written to.
  #waiting: Waiting[] = NOBODY;
  readonly #passing = new PassingWaits();
  #waitingBytes = 0;
  #replyCount = 0;
  #lost = false;
  #crowded = false;
  #room: PromiseWithResolvers<void> | undefined = undefined;

  /**
   * Makes a sender without a target.
   *
   * @param outbox What is queued.
   * @param endpoint The options, time and the schedule of flushes.
   */
  constructor(outbox: Outbox, endpoint: StreamEndpoint) {
    this.outbox = outbox;
    this.#endpoint = endpoint;
  }

  /**
   * Names what starts writing.
   *
   * @param target The connection, or `undefined` while there is none.
   */
  attach(target: SendTarget | undefined): void {
    this.#target = target;
  }

  /** Offers a message without waiting, see `Connection.trySend`. */
  trySend(payload: Uint8Array, key?: ConflationKey): SendStatus {
    const status = this.outbox.offer(payload, key);
    if (status === SendStatus.Queued) {
      this.kick();
    } else if (status === SendStatus.Closed && this.outbox.takeOverflow()) (this.#target ?? this.absent)?.overflow();
    return status;
  }

  /** Sends a message and waits for room, see `Connection.send`. */
  send(payload: Uint8Array, key?: ConflationKey): Promise<void> {
    try {
      if (payload.length >= this.#endpoint.config.referenceBytes) {
        const written = this.#sendByReference(payload);
        if (written !== undefined) return written;
      }
      const status = this.trySend(payload, key);
      return status === SendStatus.Queued ? DONE : this.#sendSlowly(status, payload, key);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** How many bytes of payload wait for room in the queue. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Whether replies wait for room. Only these may stop the reading: other sends wait for their own callers. */
  get hasReplies(): boolean {
    return this.#replyCount > 0;
  }

  /**
   * Offers a reply: where there is no room a copy waits for it, and whoever reads for this connection stops until
   * `room`. See `Connection.return`.
   */
  reply(payload: Uint8Array): SendStatus {
    const status = this.trySend(payload);
    if (status !== SendStatus.BackPressured || this.#isFull(payload.length)) return status;
    void handled(this.#wait(payload, undefined, true));
    return SendStatus.Queued;
  }

  /**
   * Waits until no reply waits for room.
   *
   * @returns When that is so, or the connection is over.
   */
  room(): Promise<void> {
    if (this.#replyCount === 0) return DONE;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  }

  /** Waits until everything accepted so far has passed, see `Connection.flush`. */
  flush(): Promise<void> {
    if (this.#lost) return handled(Promise.reject(this.#failure));
    const last = this.#waiting.at(-1);
    return last === undefined ? this.#flushAccepted() : handled(last.accepted.then(() => this.#flushAccepted()));
  }

  #flushAccepted(): Promise<void> {
    if (this.outbox.empty) return DONE;
    this.kick();
    // Conflated messages have no position until they move to the queue: then only an empty outbox will do.
    const conflating = this.#endpoint.config.sendPolicy === "conflate";
    return handled(this.#whenPassed(conflating ? Infinity : this.outbox.acceptedBytes));
  }

  /**
   * Waits until the queue is not above its high mark.
   *
   * @returns A promise that is settled already while there is room.
   */
  ready(): Promise<void> {
    if (!this.outbox.backPressured) return DONE;
    const { lowWaterBytes } = this.#endpoint.config;
    const { acceptedBytes } = this.outbox;
    return handled(this.#whenPassed(acceptedBytes - lowWaterBytes));
  }

  /** Has what was put into the outbox by others written soon. */
  kick(): void {
    if (!this.#scheduled) this.#schedule();
  }

  /** Has what is queued written in the next turn. */
  later(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#endpoint.flushes.later(this);
  }

  /** The time of a scheduled flush has come. */
  flushDue(): void {
    this.#scheduled = false;
    this.#target?.writeQueued();
  }

  /**
   * Calls back once a position has passed, or will never pass.
   *
   * @param position A position of the outbox.
   * @param run Must not throw.
   */
  afterPassed(position: number, run: () => void): void {
    this.#passing.add(position, run, run);
  }

  /** Gathers what handlers send: nothing is scheduled until `uncork`, whose caller flushes. */
  cork(): void {
    this.#scheduled = true;
  }

  /** Ends `cork`. */
  uncork(): void {
    this.#scheduled = false;
  }

  /** Bytes have passed or room was made: serves who waits. */
  progress(): void {
    this.#passing.serve(this.outbox, this.#waiting.length === 0);
  }

  /** The queue is down at its low mark: serves sends that wait for room. */
  drained(): void {
    if (this.#waiting.length === 0) return;
    this.outbox.hold(false);
    let served = 0;
    for (const waiting of this.#waiting) {
      if (!this.#serve(waiting)) break;
      served++;
      this.#waitingBytes -= waiting.bytes;
      if (waiting.isReply) this.#replyCount--;
    }
    if (this.#replyCount === 0) this.#endRoom();
    this.#waiting.splice(0, served);
    if (this.#waiting.length > 0) this.outbox.hold(true);
    else this.#crowded = false;
    this.kick();
  }

  /**
   * The link is gone and another one is to come.
   *
   * @param refuse Whether what is queued is dropped and later messages are refused until `recover`.
   * @param error What waiting and refused sends are rejected with.
   * @returns How many messages were dropped.
   */
  interrupt(refuse: boolean, error: unknown): number {
    if (!refuse) {
      const lost = this.outbox.restart();
      this.progress();
      return lost;
    }
    const dropped = this.outbox.clear();
    this.outbox.shut(SendStatus.NotConnected);
    this.#fail(error);
    return dropped;
  }

  /** Another link is there: what was refused is accepted again. */
  recover(): void {
    this.#failure = undefined;
    this.outbox.restart();
  }

  /**
   * It is over for good: drops what is queued, rejects who waits, and all later sends.
   *
   * @param error What they are told.
   * @returns How many messages were never written whole.
   */
  end(error: unknown): number {
    this.outbox.shut(SendStatus.Closed);
    const unsent = this.outbox.clear();
    this.#lost ||= unsent > 0;
    this.#fail(error);
    return unsent;
  }

  #fail(error: unknown): void {
    this.#failure = error;
    this.outbox.hold(false);
    const waiting = this.#waiting;
    this.#waiting = NOBODY;
    this.#waitingBytes = this.#replyCount = 0;
    for (const { reject } of waiting) reject(error);
    this.#passing.fail(error);
    this.#endRoom();
  }

  #endRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #schedule(): void {
    if (this.#target === undefined) return;
    this.#scheduled = true;
    const { scheduler, flushes } = this.#endpoint;
    const now = scheduler.tick();
    const fresh = now - this.#lastFlush > PAUSE_MS;
    this.#lastFlush = now;
    if (fresh) flushes.soon(this);
    else flushes.later(this);
  }

  /** Sends without a copy, if that can be done now. */
  #sendByReference(payload: Uint8Array): Promise<void> | undefined {
    const position = this.#waiting.length > 0 ? -1 : this.outbox.offerReference(payload);
    if (position < 0) return undefined;
    this.kick();
    return handled(this.#whenPassed(position));
  }

  #sendSlowly(status: SendStatus, payload: Uint8Array, key: ConflationKey | undefined): Promise<void> {
    switch (status) {
      case SendStatus.Dropped:
        return DONE;
      case SendStatus.TooLarge:
        throw new RangeError(
          `Cannot send ${payload.length} bytes: maxFrameBytes is ${this.#endpoint.config.maxFrameBytes}`,
        );
      case SendStatus.BackPressured:
        return handled(this.#wait(payload, key, false));
      default:
        return handled(Promise.reject(this.#refusal()));
    }
  }

  #wait(payload: Uint8Array, key: ConflationKey | undefined, isReply: boolean): Promise<void> {
    const older = key === undefined ? undefined : this.#waiting.find((waiting) => waiting.key === key);
    if (older !== undefined) {
      older.payload = payload.slice();
      this.#waitingBytes += payload.length - older.bytes;
      older.bytes = payload.length;
      this.outbox.countConflated();
      return older.accepted;
    }
    if (this.#isFull(this.#borrows(payload, isReply) ? 0 : payload.length)) return Promise.reject(this.#crowd());
    this.outbox.hold(true);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (this.#waiting === NOBODY) this.#waiting = [];
    const bytes = this.#borrows(payload, isReply) ? 0 : payload.length;
    this.#waiting.push({ isReply, bytes, ...this.#keep(payload, isReply), key, accepted: promise, resolve, reject });
    this.#waitingBytes += bytes;
    if (isReply) this.#replyCount++;
    this.kick();
    return promise;
  }

  /** Whether no further send of so many bytes may wait; one of any size may. */
  #isFull(bytes: number): boolean {
    const count = this.#waiting.length;
    if (count >= MAX_WAITING_COUNT) return true;
    return count > 0 && this.#waitingBytes + bytes > this.#endpoint.config.maxWaitingBytes;
  }

  /** What a send is told that comes too late. */
  #refusal(): unknown {
    return this.#failure ?? this.#target?.refusal() ?? new ClosedError(CloseCode.Normal, "local");
  }

  #crowd(): ResourceError {
    const held = `${this.#waiting.length} sends with ${this.#waitingBytes} bytes wait already`;
    const error = new ResourceError(`Cannot wait for room: ${held}, await each one or use trySend()`);
    if (!this.#crowded) (this.#target ?? this.absent)?.crowd(error);
    this.#crowded = true;
    return error;
  }

  #borrows(payload: Uint8Array, isReply: boolean): boolean {
    return payload.length >= this.#endpoint.config.referenceBytes && !isReply;
  }

  /** Makes sure that the caller may use its payload again: at once, or for one by reference when its promise settles. */
  #keep(payload: Uint8Array, isReply: boolean): Pick<Waiting, "payload" | "frame"> {
    const { sendPolicy, timestamps } = this.#endpoint.config;
    if (this.#borrows(payload, isReply)) return { payload, frame: undefined };
    const isPlain = sendPolicy === "wait" && !timestamps && payload.length >= FRAME_BYTES;
    return isPlain
      ? { payload: NOTHING, frame: this.outbox.frameOf(payload) }
      : { payload: payload.slice(), frame: undefined };
  }

  #serve({ isReply, payload, frame, key, resolve, reject }: Waiting): boolean {
    if (this.#borrows(payload, isReply)) {
      const position = this.outbox.offerReference(payload);
      if (position >= 0) {
        this.#passing.add(position, resolve, reject);
        return true;
      }
    }
    const status = frame === undefined ? this.outbox.offer(payload, key) : this.outbox.offerFrame(frame);
    if (status === SendStatus.BackPressured) return false;
    if (status === SendStatus.Queued || status === SendStatus.Dropped) resolve();
    else reject(this.#refusal());
    return true;
  }

  #whenPassed(position: number): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#passing.add(position, resolve, reject);
    return promise;
  }
}

/**
 * Keeps a rejection that nobody awaits from ending the process: the end of the connection reports it.
 *
 * @param promise The promise; whoever awaits it is told as before.
 * @returns The same promise.
 */
export function handled(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}
