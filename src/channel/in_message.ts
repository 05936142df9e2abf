/**
 * A message that arrives: incomplete, waiting for earlier ones, or waiting for the application.
 *
 * Invariant: its memory grows with what has arrived, never with what was announced.
 *
 * @module
 */
import { GrainSet, grainsOf } from "./grain_set.ts";
import { NO_BLOCK } from "./out_message.ts";

/** One message that arrives; used again and again. */
export class InMessage {
  /** The channel's number. */
  channel = 0;
  /** The id, as a signed word. */
  id = 0;
  /** Its length. */
  total = 0;
  /** Its bytes, as far as they arrived; the block may be longer or, of an incomplete one, shorter. */
  block: Uint8Array = NO_BLOCK;
  /** How many grains are missing. */
  missing = 0;
  /** What it costs of the peer's credit; 0 on channels without. */
  cost = 0;
  /** When its first fragment came, in ms. */
  readonly since: Float64Array<ArrayBuffer> = new Float64Array(1);
  /** Which grains are there. */
  grains: GrainSet | undefined = undefined;
  /** The next one in the list that it is in. */
  next: InMessage | undefined = undefined;
  /** The one before, in the list of incomplete ones. */
  previous: InMessage | undefined = undefined;

  /** Turns the message into one that arrives in fragments. */
  collect(): void {
    this.missing = grainsOf(this.total);
    (this.grains ??= new GrainSet()).clear(this.missing);
  }

  /** Makes the record ready for another message. */
  reset(): void {
    this.missing = 0;
    this.next = this.previous = undefined;
    this.grains?.shrink();
  }
}
