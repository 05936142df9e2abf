/**
 * One thread's end of the two rings of records between the façade of a secure server and a worker.
 *
 * Invariants: sending never waits, and no record is lost or overtaken: what finds the ring full is copied, waits here and
 * goes in order; what may wait is bounded by credit, and by an end that takes no datagrams while `isBacked`. Draining
 * never waits for sending, so that two full rings cannot block each other. Why not the port of the pool: messages are
 * read in place, and whoever feeds a backlog has to know of it.
 *
 * @module
 */
import type { Doorbell } from "../ring/doorbell.ts";
import { SpscRecordConsumer, SpscRecordProducer } from "../ring/spsc_records.ts";

const HEAD_BYTES = 12;
/** How many records are handed on before others get their turn. */
const BATCH_COUNT = 1024;
const NO_BYTES = new Uint8Array(0);

/** What takes the records of a port. */
export interface SecureRecordHandler {
  /**
   * Takes one record.
   *
   * @param kind What it says.
   * @param session Which session or request it is about.
   * @param a What the kind says.
   * @param b What the kind says.
   * @param buffer Shared memory that is lent for this call.
   * @param start Where the bytes start.
   * @param end Where they end.
   */
  handleRecord(
    kind: number,
    session: number,
    a: number,
    b: number,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): void;
}

interface Backed {
  readonly kind: number;
  readonly session: number;
  readonly a: number;
  readonly b: number;
  readonly bytes: Uint8Array;
}

/** One end of a pair of rings. */
export class SecureWorkerPort {
  readonly #out: SpscRecordProducer;
  readonly #in: SpscRecordConsumer;
  readonly #peerBell: Doorbell;
  readonly #onRoom: () => void;
  readonly #backlog: Backed[] = [];
  #isFlushing = false;
  #closed = false;

  /**
   * Takes one end.
   *
   * @param out The ring that this end writes.
   * @param incoming The ring that it reads.
   * @param peerBell Wakes the other end.
   * @param onRoom Called when nothing waits any more.
   */
  constructor(out: SharedArrayBuffer, incoming: SharedArrayBuffer, peerBell: Doorbell, onRoom: () => void) {
    this.#out = new SpscRecordProducer(out);
    this.#in = new SpscRecordConsumer(incoming);
    this.#peerBell = peerBell;
    this.#onRoom = onRoom;
  }

  /** Whether records wait for room in the ring. */
  get isBacked(): boolean {
    return this.#backlog.length > 0;
  }

  /**
   * Sends a record; when this end is closed, nothing happens.
   *
   * @param kind What it says.
   * @param session Which session or request it is about.
   * @param a What the kind says.
   * @param b What the kind says.
   * @param bytes What the kind says; copied at once.
   * @throws {RangeError} When there are more than half a ring of them.
   */
  send(kind: number, session: number, a = 0, b = 0, bytes: Uint8Array = NO_BYTES): void {
    if (this.#closed) return;
    if (this.#backlog.length === 0 && this.#offer(kind, session, a, b, bytes)) return;
    this.#backlog.push({ kind, session, a, b, bytes: bytes.slice() });
    void this.#flush();
  }

  /**
   * Hands on what has come.
   *
   * @param handler Gets each record.
   * @returns How many there were; there may be more.
   */
  drain(handler: SecureRecordHandler): number {
    const incoming = this.#in;
    const { data, words } = incoming;
    let count = 0;
    try {
      while (count < BATCH_COUNT && !this.#closed && incoming.next()) {
        count++;
        const { kind, offset, length } = incoming;
        const word = offset >> 2;
        const start = offset + HEAD_BYTES;
        handler.handleRecord(kind, words[word]!, words[word + 1]!, words[word + 2]!, data, start, offset + length);
      }
    } finally {
      incoming.release();
    }
    return count;
  }

  /** Ends both directions; what waits is dropped. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#backlog.length = 0;
    this.#out.close();
    this.#in.close();
    this.#peerBell.ring();
  }

  #offer(kind: number, session: number, a: number, b: number, bytes: Uint8Array): boolean {
    const out = this.#out;
    const at = out.claim(kind, HEAD_BYTES + bytes.length);
    if (at < 0) return false;
    const word = at >> 2;
    out.words[word] = session;
    out.words[word + 1] = a;
    out.words[word + 2] = b;
    if (bytes.length > 0) out.data.set(bytes, at + HEAD_BYTES);
    out.commit();
    this.#peerBell.ring();
    return true;
  }

  async #flush(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    while (this.#backlog.length > 0 && !this.#out.isConsumerClosed()) {
      const { kind, session, a, b, bytes } = this.#backlog[0]!;
      if (this.#offer(kind, session, a, b, bytes)) this.#backlog.shift();
      else await this.#out.waitForSpace(HEAD_BYTES + bytes.length);
    }
    this.#isFlushing = false;
    if (!this.#closed) this.#onRoom();
  }
}
