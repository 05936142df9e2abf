/**
 * The receiving side of one channel: what came before, credit, and what parity gave back.
 *
 * @module
 */
import type { FecDecoder } from "../fec/fec_decoder.ts";
import type { ChannelConfig } from "./channel_options.ts";
import { INITIAL_CHANNEL_CREDIT, ReceiveCredit } from "./credit.ts";
import { IdWindow } from "./id_window.ts";
import type { InMessage } from "./in_message.ts";
import { ReceiveWindow } from "./receive_window.ts";

const NONE = new Int32Array(0);

/** How many recovered frames wait to be told at most; the peer sends again what it is not told of. */
export const MAX_RECOVERED = 32;

/** The receiving side of one channel; which of its parts are there depends on what the channel is. */
export class InChannel {
  /** What the channel is. */
  readonly config: ChannelConfig;
  /** The ids, if it is reliable. */
  readonly window: ReceiveWindow | undefined;
  /** What the peer may send, if it is reliable. */
  readonly credit: ReceiveCredit | undefined;
  /** The ids, if it is unreliable and not sequenced. */
  readonly seen: IdWindow | undefined;
  /** Of a sequenced one: the id that was delivered last. */
  deliveredId: number;
  /** Of a sequenced one: the message that waits for the application. */
  unread: InMessage | undefined = undefined;
  /** Gives back what was lost; there while protected frames come. */
  decoder: FecDecoder | undefined = undefined;
  /** What was recovered and is to be told: the group in the upper bits, the place in the lower eight. */
  recovered: Int32Array<ArrayBuffer> = NONE;
  /** How many of these there are. */
  recoveredCount = 0;

  /**
   * Makes a channel that nothing came by.
   *
   * @param config What it is.
   * @param firstId The id of its first message.
   */
  constructor(config: ChannelConfig, firstId: number) {
    this.config = config;
    const { isReliable } = config;
    this.window = isReliable ? new ReceiveWindow(firstId) : undefined;
    this.credit = isReliable ? new ReceiveCredit(INITIAL_CHANNEL_CREDIT, config.windowBytes) : undefined;
    this.seen = isReliable || config.isSequenced ? undefined : new IdWindow(firstId);
    this.deliveredId = (firstId - 1) | 0;
  }

  /** Whether nothing is known but what came before, and nothing is to be told. */
  get isSilent(): boolean {
    const { window, credit } = this;
    if (window !== undefined && window.count > 0 || credit !== undefined && credit.isDue) return false;
    return this.decoder === undefined && this.recoveredCount === 0 && this.unread === undefined;
  }

  /**
   * Writes down what a silent channel must not forget.
   *
   * @param cells Grows by some numbers.
   */
  save(cells: number[]): void {
    if (this.seen !== undefined) return this.seen.save(cells);
    cells.push(this.window === undefined ? this.deliveredId : this.window.low);
    this.credit?.save(cells);
  }

  /**
   * Takes over what was written down of a channel of the same number.
   *
   * @param cells The numbers.
   * @param at The place of the first one.
   * @returns The place after the last one.
   */
  load(cells: readonly number[], at: number): number {
    if (this.seen !== undefined) return this.seen.load(cells, at);
    if (this.window === undefined) this.deliveredId = cells[at]!;
    else this.window.low = cells[at]!;
    return this.credit === undefined ? at + 1 : this.credit.load(cells, at + 1);
  }
}
