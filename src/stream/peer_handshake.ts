/**
 * The introduction of two ends (src/wire/STANDARD.md, section 2): the first frame each way is a peer id.
 *
 * The announcing end sends its id and waits for the same bytes; the accepting end reads an id, asks the application and
 * repeats it. Invariant: exactly one frame is read here; what lies behind it is left for the messages.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { MisuseError } from "../error/transport_error.ts";
import type { TransmitSpan } from "../machine/transmit_span.ts";
import type { FrameLimits, FrameParser } from "./frame_cursor.ts";
import { encodeFrame, type Framing } from "./framing.ts";
import { decodePeerId, encodePeerId, MAX_PEER_ID_BYTES } from "./peer_id.ts";

/** Whether and how the ends introduce themselves (src/wire/STANDARD.md, section 2). */
export type StreamHandshake =
  | { readonly kind: "none" }
  | { readonly kind: "accept" }
  | { readonly kind: "announce"; readonly peerId: string };

/** What is accepted as the first frame. */
export const HANDSHAKE_LIMITS: FrameLimits = { minBytes: 1, maxBytes: MAX_PEER_ID_BYTES, prefixBytes: 0 };

const Stage = { Reading: 0, Announced: 1, Asked: 2, Done: 3 } as const;
type Stage = (typeof Stage)[keyof typeof Stage];

/** One end's part in the introduction. */
export class PeerHandshake {
  readonly #framing: Framing;
  readonly #announces: boolean;
  #stage: Stage;
  #peerId = "";
  #hello: Uint8Array | undefined = undefined;
  #sent = 0;

  /**
   * @param framing Writes the header of the id.
   * @param handshake Which end this is.
   * @throws {RangeError} When the id to announce is no peer id.
   */
  constructor(framing: Framing, handshake: StreamHandshake) {
    this.#framing = framing;
    this.#announces = handshake.kind === "announce";
    this.#stage = handshake.kind === "none" ? Stage.Done : Stage.Reading;
    if (handshake.kind === "announce") this.#say(handshake.peerId);
  }

  /** The id that the peer announced, or that this end did; empty before, and without a handshake. */
  get peerId(): string {
    return this.#peerId;
  }

  /** Whether the peer's frame is here and in order: what follows are messages. */
  get done(): boolean {
    return this.#stage === Stage.Done;
  }

  /** Whether a peer has announced itself and was neither accepted nor refused. */
  get undecided(): boolean {
    return this.#stage === Stage.Announced || this.#stage === Stage.Asked;
  }

  /** Whether bytes of this end's own id are not written yet. */
  get speaking(): boolean {
    return this.#hello !== undefined;
  }

  /**
   * Looks for the peer's frame.
   *
   * @param frames Loaded with what was received; it stands behind the frame when there was one.
   * @returns Why the stream must be closed, or `undefined`.
   */
  read(frames: FrameParser): CloseCode | undefined {
    const refusal = this.#announces ? CloseCode.HandshakeMismatch : CloseCode.BadPeerId;
    if (!frames.next()) {
      const { fault } = frames;
      return fault === undefined || fault === CloseCode.NegativeLength ? fault : refusal;
    }
    const id = decodePeerId(frames.buffer, frames.offset, frames.length);
    if (id === undefined || (this.#announces && id !== this.#peerId)) return refusal;
    this.#peerId = id;
    this.#stage = this.#announces ? Stage.Done : Stage.Announced;
    return undefined;
  }

  /**
   * Says once that a peer waits for an answer.
   *
   * @returns Whether it was not said before.
   */
  takeAnnounced(): boolean {
    if (this.#stage !== Stage.Announced) return false;
    this.#stage = Stage.Asked;
    return true;
  }

  /**
   * Accepts the peer: its id is repeated.
   *
   * @throws {MisuseError} When none was announced.
   */
  accept(): void {
    if (this.#stage !== Stage.Asked) throw new MisuseError("Cannot accept a peer: none was announced");
    this.#stage = Stage.Done;
    this.#say(this.#peerId);
  }

  /**
   * Lends what is left of this end's id.
   *
   * @param span Filled in.
   * @returns How many bytes, at least 1; only while `speaking`.
   */
  lend(span: TransmitSpan): number {
    const hello = this.#hello!;
    span.buffer = hello;
    span.offset = this.#sent;
    return span.length = hello.length - this.#sent;
  }

  /**
   * Takes back what was lent.
   *
   * @param count How many bytes were written.
   * @throws {RangeError} When more were written than were lent.
   */
  confirm(count: number): void {
    const left = this.#hello!.length - this.#sent;
    if (!(count >= 0 && count <= left)) throw new RangeError(`Cannot confirm ${count} of ${left} bytes`);
    this.#sent += count;
    if (count === left) this.#hello = undefined;
  }

  #say(peerId: string): void {
    const frame = encodeFrame(this.#framing, encodePeerId(peerId));
    this.#peerId = peerId;
    this.#hello = frame;
  }
}
