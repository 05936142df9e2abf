/**
 * One group on the receiving side: which frames and parities are there, and where their bytes are.
 *
 * Invariant: a place is marked only while its bytes were stored; what the header of a parity said first about the group
 * is what all others must say.
 *
 * @module
 */
import { MAX_GROUP_PARITIES, MAX_GROUP_SOURCES } from "../wire/channel_frame.ts";

/** The places of one group; used again for later groups. */
export class ReceivedGroup {
  /** The group's id; -1: the record is not in use. */
  id: number = -1;
  /** How many frames it has; 0: no parity has told yet. */
  sources = 0;
  /** How many parities it has. */
  parities = 0;
  /** The length of its parities. */
  length = 0;
  /** How many frames came. */
  received = 0;
  /** How many parities came. */
  receivedParities = 0;
  /** The largest place of a frame that came; -1: none. */
  largest: number = -1;
  /** The length of the longest symbol that came. */
  longest = 0;
  /** Whether nothing more can come of it. */
  isDone = false;
  /** When its first packet came, in ms. */
  readonly since: Float64Array<ArrayBuffer> = new Float64Array(1);
  /** The position of each symbol in the store; -1: it did not come. */
  readonly symbols: Float64Array<ArrayBuffer> = new Float64Array(MAX_GROUP_SOURCES).fill(-1);
  /** The length of each symbol. */
  readonly lengths: Uint16Array<ArrayBuffer> = new Uint16Array(MAX_GROUP_SOURCES);
  /** The position of each parity in the store; -1: it did not come. */
  readonly sums: Float64Array<ArrayBuffer> = new Float64Array(MAX_GROUP_PARITIES).fill(-1);

  /**
   * Begins a group in this record.
   *
   * @param id The group's id.
   * @param now The time in ms.
   */
  open(id: number, now: number): void {
    this.id = id;
    this.sources =
      this.parities =
      this.length =
      this.received =
      this.receivedParities =
      this.longest =
        0;
    this.largest = -1;
    this.isDone = false;
    this.since[0] = now;
    this.symbols.fill(-1);
    this.sums.fill(-1);
  }

  /** How many frames are missing, as far as is known. */
  get missing(): number {
    return this.sources === 0 ? 0 : this.sources - this.received;
  }

  /** Whether the parities that came make up for all frames that did not. */
  get isRecoverable(): boolean {
    return !this.isDone && this.missing > 0 && this.receivedParities >= this.missing;
  }
}
