/**
 * The sending side of one channel: ids, credit, the messages that were begun, and the groups of parity over them.
 *
 * Invariants: ids are given in the order in which messages are begun and wrap at 2^32; the begun messages stand in the
 * order of their ids; on a reliable channel the newest of them is less than `ID_WINDOW` above the oldest.
 *
 * @module
 */
import type { FecEncoder } from "../fec/fec_encoder.ts";
import type { ChannelConfig } from "./channel_options.ts";
import { INITIAL_CHANNEL_CREDIT, SendCredit } from "./credit.ts";
import { LANES } from "./channel_class.ts";
import { OutFlow } from "./out_flow.ts";
import type { OutMessage, SentGroup } from "./out_message.ts";

/** How far ids of a reliable channel may be apart that are under way at a time. */
export const ID_WINDOW = 4096;

/** The sending side of one channel. */
export class OutChannel {
  /** What the channel is. */
  readonly config: ChannelConfig;
  /** What may still be sent on it, if it is reliable. */
  readonly credit: SendCredit = new SendCredit(INITIAL_CHANNEL_CREDIT);
  /** The id of the next message, as a signed word. */
  nextId: number;
  /** The oldest message that was begun and is not done. */
  startedHead: OutMessage | undefined = undefined;
  /** The newest one. */
  startedTail: OutMessage | undefined = undefined;
  /** Whether credit held it back when it was looked at last. */
  isBlocked = false;
  /** Whether it was held back because too many messages are not done. */
  isOutOfIds = false;
  /** Whether the peer is to be told that credit is short. */
  isBlockedDue = false;
  /** How many of its messages are not done. */
  messages = 0;
  /** How many bytes the messages take that hold memory. */
  queuedBytes = 0;
  /** Whether messages were refused since there was room last. */
  isPressed = false;
  /** The first of the messages that the peer is to be told are skipped. */
  skipHead: OutMessage | undefined = undefined;
  /** When the first of its messages expires, in ms, or earlier. */
  expiry: number = Infinity;
  /** Makes parity; there while there is something to protect. */
  encoder: FecEncoder | undefined = undefined;
  /** The groups that may still matter, by their id modulo the length. */
  groups: SentGroup[] | undefined = undefined;
  /** The id of the next group, while there is no encoder. */
  nextGroup = 0;
  readonly #flows: (OutFlow | undefined)[] = [undefined, undefined, undefined, undefined];

  /**
   * Makes a channel without messages.
   *
   * @param config What it is.
   * @param firstId The id of its first message.
   */
  constructor(config: ChannelConfig, firstId: number) {
    this.config = config;
    this.nextId = firstId | 0;
  }

  /** Whether parity waits to be sent. */
  get hasParity(): boolean {
    return this.encoder !== undefined && this.encoder.hasParity;
  }

  /** Whether another message may be begun, as far as ids go. */
  get hasIds(): boolean {
    const oldest = this.startedHead;
    return !this.config.isReliable || oldest === undefined || ((this.nextId - oldest.id) | 0) < ID_WINDOW;
  }

  /** Whether it has no message, none of its groups matters any more, and nothing is to be told. */
  get isSilent(): boolean {
    const isEmpty = this.messages === 0 && this.startedHead === undefined && this.skipHead === undefined;
    const isPlain = this.groups === undefined && this.encoder === undefined;
    return isEmpty && isPlain && !this.isBlocked && !this.isBlockedDue && !this.isPressed;
  }

  /**
   * Writes down what a silent channel must not forget.
   *
   * @param cells Grows by four numbers.
   */
  save(cells: number[]): void {
    cells.push(this.nextId, this.nextGroup);
    this.credit.save(cells);
  }

  /**
   * Takes over what was written down of a channel of the same number.
   *
   * @param cells The numbers.
   * @param at The place of the first one.
   * @returns The place after the last one.
   */
  load(cells: readonly number[], at: number): number {
    this.nextId = cells[at]!;
    this.nextGroup = cells[at + 1]!;
    return this.credit.load(cells, at + 2);
  }

  /**
   * The queue of a lane.
   *
   * @param lane 0 to 3.
   * @returns The queue, made on first use.
   */
  flow(lane: number): OutFlow {
    return this.#flows[lane] ??= new OutFlow(this.config.number, lane);
  }

  /**
   * The queue of a lane, if there is one.
   *
   * @param lane 0 to 3.
   * @returns The queue.
   */
  flowAt(lane: number): OutFlow | undefined {
    return this.#flows[lane];
  }

  /** Forgets the queues, which must be empty and not be served. */
  dropFlows(): void {
    for (let lane = 0; lane < LANES.length; lane++) this.#flows[lane] = undefined;
  }

  /**
   * Gives the next id to a message of which nothing needs to be known after it was written.
   *
   * @param message The message.
   */
  name(message: OutMessage): void {
    message.id = this.nextId;
    this.nextId = (this.nextId + 1) | 0;
  }

  /**
   * A message is begun.
   *
   * @param message The message; gets its id.
   */
  start(message: OutMessage): void {
    message.isStarted = true;
    this.name(message);
    message.previous = this.startedTail;
    if (this.startedTail === undefined) this.startedHead = message;
    else this.startedTail.next = message;
    this.startedTail = message;
  }

  /**
   * A message that was begun is done.
   *
   * @param message The message.
   */
  end(message: OutMessage): void {
    const { next, previous } = message;
    if (previous === undefined) this.startedHead = next;
    else previous.next = next;
    if (next === undefined) this.startedTail = previous;
    else next.previous = previous;
    message.next = message.previous = undefined;
  }
}
