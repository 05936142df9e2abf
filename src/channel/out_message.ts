/**
 * A message on its way out, and a note of what a packet carried of it.
 *
 * Both are used again and again (`channel_context.ts`). Invariants: a message goes back to the pool when it is done and
 * nothing holds it any more: no queue, no note; a note goes back when neither its packet nor its group holds it. So
 * late reports about a packet always find the message that they mean, or one that is done.
 *
 * @module
 */
import { GrainSet } from "./grain_set.ts";

/** The memory of a message that has none. */
export const NO_BLOCK: Uint8Array = new Uint8Array(0);

/** One message on its way out. */
export class OutMessage {
  /** Its place among all records of the pool. */
  readonly index: number;
  /** How often the record was used; part of the handle. */
  generation = 0;
  /** The connection's slot; -1 while the record is in the pool. */
  owner: number = -1;
  /** The channel's number. */
  channel = 0;
  /** The lane, 0 to 3. */
  lane = 0;
  /** The id, given when its first frame is written. */
  id = 0;
  /** Its length. */
  bytes = 0;
  /** Its bytes; the block may be longer. */
  block: Uint8Array = NO_BLOCK;
  /** Whether its first frame was written. */
  isStarted = false;
  /** Whether it travels in more than one frame. */
  isFragmented = false;
  /** Whether it was acknowledged, dropped or taken back. */
  isDone = false;
  /** Whether it was dropped or taken back after it had been begun, so that the peer has to be told. */
  isSkipped = false;
  /** Whether its memory was given back. */
  isFreed = false;
  /** Whether it is in the queue of its flow. */
  isQueued = false;
  /** How many of its bytes were written once. */
  sentEnd = 0;
  /** How many grains are not acknowledged; of a whole one, 1 or 0. */
  unacked = 0;
  /** How many grains are to be written again; of a whole one, 1 or 0. */
  lostCount = 0;
  /** How many notes of it are under way. */
  inFlight = 0;
  /** How many queues and notes hold it. */
  holders = 0;
  /** Whether it is in its flow's list of what is to be written again. */
  isInLost = false;
  /** The call of `writeFrames` that wrote it last. */
  packetSerial = 0;
  /** When it expires, in ms; `Infinity`: never. */
  readonly deadline: Float64Array<ArrayBuffer> = new Float64Array(1);
  /** What is acknowledged, of a fragmented one. */
  acked: GrainSet | undefined = undefined;
  /** What is to be written again, of a fragmented one. */
  lost: GrainSet | undefined = undefined;
  /** Its neighbours among the started ones of its channel, by id. */
  next: OutMessage | undefined = undefined;
  /** See `next`. */
  previous: OutMessage | undefined = undefined;
  /** The next one in the queue of its flow. */
  queueNext: OutMessage | undefined = undefined;
  /** The one before it. */
  queuePrevious: OutMessage | undefined = undefined;
  /** The next one in the list of what is to be written again. */
  lostNext: OutMessage | undefined = undefined;
  /** The next one of which the peer has to be told. */
  skipNext: OutMessage | undefined = undefined;

  /**
   * Makes an empty record.
   *
   * @param index Its place among all records of the pool.
   */
  constructor(index: number) {
    this.index = index;
  }

  /** Turns the message into one that travels in fragments. */
  fragment(grains: number): void {
    this.isFragmented = true;
    this.unacked = grains;
    (this.acked ??= new GrainSet()).clear(grains);
    (this.lost ??= new GrainSet()).clear(grains);
  }

  /** Makes the record ready for another message. */
  reset(): void {
    this.generation = (this.generation + 1) & 0xff_ffff;
    this.owner = -1;
    this.isStarted = false;
    this.isFragmented = false;
    this.isDone = false;
    this.isSkipped = false;
    this.isInLost = false;
    this.isQueued = false;
    this.isFreed = false;
    this.sentEnd = 0;
    this.unacked = 0;
    this.lostCount = 0;
    this.inFlight = 0;
    this.packetSerial = 0;
    this.next = undefined;
    this.previous = undefined;
    this.queueNext = undefined;
    this.queuePrevious = undefined;
    this.lostNext = undefined;
    this.skipNext = undefined;
    this.acked?.shrink();
    this.lost?.shrink();
  }
}

/** What a note is about. */
export const SentKind = {
  /** A whole message. */
  Whole: 0,
  /** A range of grains. */
  Range: 1,
  /** That a message is skipped. */
  Skip: 2,
  /** A credit; `first` is the channel. */
  Credit: 3,
  /** A parity of `group`. */
  Parity: 4,
} as const;

/** One of the values of {@linkcode SentKind}. */
export type SentKind = (typeof SentKind)[keyof typeof SentKind];

/** Where a note stands. */
export const SentState = {
  /** Its packet is under way. */
  InFlight: 0,
  /** Its packet is lost, and it waits for what parity does. */
  Waiting: 1,
  /** Its packet is lost. */
  Lost: 2,
  /** The peer has it. */
  Acked: 3,
} as const;

/** One of the values of {@linkcode SentState}. */
export type SentState = (typeof SentState)[keyof typeof SentState];

/** What a packet carried of a message. */
export class SentFrame {
  /** What it is about. */
  kind: SentKind = SentKind.Whole;
  /** Where it stands. */
  state: SentState = SentState.InFlight;
  /** The message, of all kinds but credit and parity. */
  message: OutMessage | undefined = undefined;
  /** The first grain, or the channel. */
  first = 0;
  /** How many grains. */
  count = 0;
  /** The group that protects it, or whose parity it is. */
  group: SentGroup | undefined = undefined;
  /** The next one of the same packet. */
  next: SentFrame | undefined = undefined;
  /** How many of packet and group hold it. */
  holders = 0;
}

/** A group of parity on the sending side: what it protects and how long losses wait for it. */
export class SentGroup {
  /** The group's id; -1: the record is not in use. */
  id: number = -1;
  /** The notes by their place; `undefined` for frames that are not sent again. */
  readonly frames: (SentFrame | undefined)[] = [];
  /** How many places are taken. */
  size = 0;
  /** How many of the notes wait. */
  waiting = 0;
  /** How many parities are under way. */
  parities = 0;
  /** Whether all parities were written. */
  isClosed = false;
  /** When losses wait no more, in ms. */
  readonly endsAt: Float64Array<ArrayBuffer> = new Float64Array(1);
}
