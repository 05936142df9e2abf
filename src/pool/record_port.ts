/**
 * One thread's end of a pair of record rings: sends records in order, hands on what arrives.
 *
 * Invariant: sending never waits. What finds the ring full is queued here and goes out in order as soon as there is
 * room; the queue is bounded by what the sender may have outstanding (a few records a link or a connection), not by
 * this class. Draining never waits for sending, so two full rings cannot block each other.
 *
 * ```text
 * payload   link, int32 · a, int32 · b, int32 · bytes
 * ```
 *
 * @module
 */
import type { Doorbell } from "../ring/doorbell.ts";
import { copyError, type ErrorCopy, restoreError } from "./worker_message.ts";
import type { SpscRecordConsumer, SpscRecordProducer } from "../ring/spsc_records.ts";

/** The longest text of a record; the rest is cut off. Far above what the JSON in records comes to. */
const MAX_TEXT_BYTES = 64 << 10;
/** The longest JSON of an error; a character of it takes 3 bytes at most. */
const MAX_COPY_LENGTH = 8000;
/** How much of a message is left of a longer one. */
const MAX_MESSAGE_LENGTH = 500;
/** How many records are handed on before others get their turn. */
const BATCH_COUNT = 4096;
const BYTES_OFFSET = 12;
const NO_BYTES = new Uint8Array(0);

/** What takes the records of a port. */
export interface RecordHandler {
  /**
   * Takes one record.
   *
   * @param kind What it says.
   * @param link The number of the link or the connection that it is about.
   * @param a What the kind says.
   * @param b What the kind says.
   * @param bytes A copy, the handler's own; empty for most kinds.
   */
  handleRecord(kind: number, link: number, a: number, b: number, bytes: Uint8Array): void;
}

/** One end of a pair of record rings. */
export class RecordPort {
  readonly #out: SpscRecordProducer;
  readonly #in: SpscRecordConsumer;
  readonly #peerBell: Doorbell;
  readonly #encoder = new TextEncoder();
  readonly #queued: [kind: number, link: number, a: number, b: number, bytes: Uint8Array][] = [];
  #waiting = false;
  #closed = false;

  /**
   * @param out Where this end's records go.
   * @param incoming Where the other end's come from.
   * @param peerBell Wakes the other end.
   */
  constructor(out: SpscRecordProducer, incoming: SpscRecordConsumer, peerBell: Doorbell) {
    this.#out = out;
    this.#in = incoming;
    this.#peerBell = peerBell;
  }

  /** The most bytes that a record can have. */
  get maxBytes(): number {
    return this.#out.maxPayloadBytes - BYTES_OFFSET;
  }

  /**
   * Sends a record.
   *
   * @param kind What it says.
   * @param link The number of the link or the connection that it is about.
   * @param a What the kind says.
   * @param b What the kind says.
   * @param bytes What the kind says; copied at once.
   * @throws {RangeError} When there are more than {@linkcode RecordPort.maxBytes}.
   */
  send(kind: number, link: number, a = 0, b = 0, bytes: Uint8Array = NO_BYTES): void {
    if (this.#closed) return;
    if (bytes.length > this.maxBytes) {
      throw new RangeError(`Cannot send a record of ${bytes.length} bytes: this ring takes ${this.maxBytes}`);
    }
    if (this.#queued.length === 0 && this.#offer(kind, link, a, b, bytes)) return;
    this.#queued.push([kind, link, a, b, bytes.slice()]);
    void this.#flushLater();
  }

  /**
   * Sends a record with a text.
   *
   * @param kind What it says.
   * @param link The number of the link or the connection that it is about.
   * @param text What the kind says; cut to 64 KiB.
   * @param a What the kind says.
   * @param b What the kind says.
   */
  sendText(kind: number, link: number, text: string, a = 0, b = 0): void {
    this.send(kind, link, a, b, this.#encoder.encode(text).subarray(0, MAX_TEXT_BYTES));
  }

  /**
   * Hands on what has arrived.
   *
   * @param handler Gets each record.
   * @returns How many there were; more may be waiting when there were many.
   */
  drain(handler: RecordHandler): number {
    const incoming = this.#in;
    const { words } = incoming;
    let count = 0;
    try {
      while (count < BATCH_COUNT && !this.#closed && incoming.next()) {
        const word = incoming.offset >> 2;
        const { offset, length } = incoming;
        const bytes = length > BYTES_OFFSET ? incoming.data.slice(offset + BYTES_OFFSET, offset + length) : NO_BYTES;
        handler.handleRecord(incoming.kind, words[word]!, words[word + 1]!, words[word + 2]!, bytes);
        count++;
      }
    } finally {
      // A record whose handler threw is over, too: it must not come again.
      incoming.release();
    }
    return count;
  }

  /** Ends both directions; what is queued is dropped. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queued.length = 0;
    this.#out.close();
    this.#in.close();
    this.#peerBell.ring();
  }

  #offer(kind: number, link: number, a: number, b: number, bytes: Uint8Array): boolean {
    const out = this.#out;
    const at = out.claim(kind, BYTES_OFFSET + bytes.length);
    if (at < 0) return false;
    const { words } = out;
    words[at >> 2] = link;
    words[(at >> 2) + 1] = a;
    words[(at >> 2) + 2] = b;
    if (bytes.length > 0) out.data.set(bytes, at + BYTES_OFFSET);
    out.commit();
    this.#peerBell.ring();
    return true;
  }

  async #flushLater(): Promise<void> {
    if (this.#waiting) return;
    this.#waiting = true;
    while (this.#queued.length > 0 && !this.#closed && !this.#out.isConsumerClosed()) {
      const [kind, link, a, b, bytes] = this.#queued[0]!;
      if (this.#offer(kind, link, a, b, bytes)) this.#queued.shift();
      else await this.#out.waitForSpace(BYTES_OFFSET + bytes.length);
    }
    this.#waiting = false;
  }
}

/**
 * Reads the text of a record.
 *
 * @param bytes What came with it.
 * @returns The text.
 */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/**
 * What becomes of an error in a record, where the error itself cannot go.
 *
 * @param error What was thrown.
 * @returns Its name, message, stack and causes, for {@linkcode errorOf}; the messages alone where that is long.
 */
export function describeError(error: unknown): string {
  const copy = copyError(error);
  const whole = JSON.stringify(copy);
  return whole.length <= MAX_COPY_LENGTH ? whole : JSON.stringify(shortened(copy));
}

/**
 * Makes an error of what a record says.
 *
 * @param bytes What came with it.
 * @returns A plain error with the name, the message, the stack and the causes of the first.
 */
export function errorOf(bytes: Uint8Array): Error {
  return restoreError(JSON.parse(textOf(bytes)) as ErrorCopy);
}

function shortened({ name, message, cause }: ErrorCopy): ErrorCopy {
  const short = { name: name.slice(0, 50), message: message.slice(0, MAX_MESSAGE_LENGTH), stack: "" };
  if (cause === undefined) return short;
  const last = { name: cause.name.slice(0, 50), message: cause.message.slice(0, MAX_MESSAGE_LENGTH), stack: "" };
  return { ...short, cause: last };
}
