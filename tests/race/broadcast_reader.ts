/**
 * A consumer of a broadcast ring that checks every record and every count.
 *
 * @module
 */
import { BroadcastConsumer } from "../../src/ring/broadcast_ring.ts";
import { checkNumbered } from "./numbered_words.ts";

/** How many records are read before others get their turn. */
const PORTION = 100;

/** What became of the records of a broadcast ring at one consumer. */
export interface BroadcastTally {
  readonly read: number;
  readonly missed: number;
  readonly lapped: number;
  /** The number of the last record that was read. */
  readonly last: number;
}

/** One consumer of a broadcast ring that checks every record. */
export class BroadcastReader {
  readonly consumer: BroadcastConsumer;
  readonly #words: Int32Array;
  readonly #writer: number;
  #read = 0;
  #first = -1;
  #last = -1;

  /**
   * @param shared The ring.
   * @param writer Who writes it.
   */
  constructor(shared: SharedArrayBuffer, writer: number) {
    this.consumer = new BroadcastConsumer(shared);
    this.#words = new Int32Array(this.consumer.data.buffer);
    this.#writer = writer;
  }

  /**
   * Checks what is there.
   *
   * @returns How many records there were.
   */
  read(): number {
    const { consumer } = this;
    let count = 0;
    for (; count < PORTION && consumer.next(); count++) {
      const number = this.#words[0]!;
      checkNumbered(this.#words, 0, consumer.length, this.#writer, number);
      if (number <= this.#last) throw new Error(`Record ${number} came after ${this.#last}`);
      if (this.#first < 0) this.#first = number;
      this.#last = number;
      this.#read++;
      const due = this.#first + this.#read - 1 + consumer.missedCount;
      if (number !== due) throw new Error(`Record ${number} came where ${due} was due`);
    }
    return count;
  }

  /** What came of it. */
  tally(): BroadcastTally {
    const { missedCount, lappedCount } = this.consumer;
    return { read: this.#read, missed: missedCount, lapped: lappedCount, last: this.#last };
  }
}
