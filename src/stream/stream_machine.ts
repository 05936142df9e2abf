/**
 * One framed stream as a machine (src/machine/CONTRACT.md): handshake, frames in, queue out, limits, orderly close.
 *
 * Every stream link runs this one machine; what differs is the framing. States: handshaking → open → closing → closed;
 * `closing` flushes, ends this side's stream and waits for the peer's end, so that a close never destroys what was
 * sent. Invariant: after a fault of the peer no byte behind it is looked at.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { SendStatus } from "../error/send_status.ts";
import { type CloseOrigin, MisuseError } from "../error/transport_error.ts";
import { DrainGuard } from "../machine/drain_guard.ts";
import type { TransmitSpan } from "../machine/transmit_span.ts";
import type { FrameParser } from "./frame_cursor.ts";
import type { Outbox } from "./outbox.ts";
import { HANDSHAKE_LIMITS, PeerHandshake } from "./peer_handshake.ts";
import { StreamDeadlines } from "./stream_deadlines.ts";
import { type CloseReason, StreamEvent } from "./stream_event.ts";
import { StreamIntake } from "./stream_intake.ts";
import { messageLimits } from "./stream_options.ts";
import { StreamOutflow } from "./stream_outflow.ts";
import type { StreamSetup } from "./stream_setup.ts";

export type { StreamHandshake } from "./peer_handshake.ts";
export { type CloseReason, StreamEvent } from "./stream_event.ts";
export type { StreamSetup } from "./stream_setup.ts";

const State = { Handshaking: 0, Open: 1, Closing: 2, Closed: 3 } as const;
type State = (typeof State)[keyof typeof State];

/** The machine of one framed stream. */
export class StreamMachine {
  /** Takes what is to be sent. */
  readonly outbox: Outbox;
  /** The frames of a `Frames` event. */
  readonly frames: FrameParser;
  readonly #setup: StreamSetup;
  readonly #guard = new DrainGuard();
  readonly #intake: StreamIntake;
  readonly #deadlines: StreamDeadlines;
  readonly #handshake: PeerHandshake;
  readonly #outflow: StreamOutflow;
  #state: State;
  #readyDue = false;
  // Frames are with the application; cleared by the next pollEvent, whatever happens in between.
  #draining = false;
  #delivering = false;
  #held = false;
  #looked = true;
  #ended = false;
  #endedDue = false;
  #writeEnded = false;
  #closedDue = false;
  #reason: CloseReason | undefined = undefined;

  /**
   * Makes a machine for a link that has just opened.
   *
   * @param setup What the machine is made of.
   */
  constructor(setup: StreamSetup) {
    const { config, framing, handshake } = setup;
    const shaking = handshake.kind !== "none";
    this.#setup = setup;
    this.outbox = setup.outbox;
    this.frames = framing.parser(shaking ? HANDSHAKE_LIMITS : messageLimits(config));
    this.frames.latency = setup.latency;
    this.#handshake = new PeerHandshake(framing, handshake);
    this.#outflow = new StreamOutflow(setup.outbox, this.#handshake, setup.counters, setup.slot);
    this.#intake = new StreamIntake(this.frames, setup.readBlocks, setup.counters, setup.slot);
    this.#deadlines = new StreamDeadlines(config, setup.clock, shaking);
    this.#state = shaking ? State.Handshaking : State.Open;
    this.#readyDue = !shaking;
    this.#guard.command();
  }

  /** The id that the peer announced, or that this end did; empty without a handshake. */
  get peerId(): string {
    return this.#handshake.peerId;
  }

  /** Why the stream ended or is ending. */
  get reason(): CloseReason | undefined {
    return this.#reason;
  }

  /** Whether messages are accepted for sending: false before the handshake and once the stream is closing. */
  get sendable(): boolean {
    return this.#state === State.Open;
  }

  /** Whether messages are delivered: false once this side has begun to close, unless it drains. */
  get delivering(): boolean {
    return this.#state === State.Open || (this.#state === State.Closing && this.#draining);
  }

  /** Whether the machine reads: false once the peer has ended its stream or all is over. */
  get reading(): boolean {
    return this.#state !== State.Closed && !this.#ended;
  }

  /** Whether what arrives is of no account any more. */
  get #isDeaf(): boolean {
    return this.#state >= State.Closing && !this.delivering;
  }

  /** Whether the machine is drained (CONTRACT.md, rule 1). */
  get drained(): boolean {
    return this.#guard.drained;
  }

  /**
   * Lends receive memory.
   *
   * @returns Free memory, never empty; fill it from its start and say how much. Payloads of earlier events are void.
   * @throws {MisuseError} When frames are still with the application, or an announced peer waits for its answer.
   */
  receiveSpan(): Uint8Array {
    if (this.#delivering) throw new MisuseError("Cannot lend receive memory: pollEvent comes first");
    if (this.#handshake.undecided) throw new MisuseError("Cannot lend receive memory: acceptPeer or abort comes first");
    this.#deadlines.resume();
    return this.#intake.span();
  }

  /**
   * Bytes arrived in the lent memory.
   *
   * @param count How many.
   * @throws {MisuseError} When the machine was not drained.
   * @throws {RangeError} When the lent memory had less room.
   */
  handleReceived(count: number): void {
    this.#guard.input("handleReceived");
    if (this.#held) throw new MisuseError("Cannot receive: the application holds the last event");
    this.#intake.received(count);
    if (this.#isDeaf) return this.#intake.discard();
    this.#deadlines.arrived();
    this.#looked = false;
  }

  /**
   * The peer ended its stream.
   *
   * @throws {MisuseError} When the machine was not drained.
   */
  handleEnd(): void {
    this.#guard.input("handleEnd");
    if (this.#held) throw new MisuseError("Cannot receive: the application holds the last event");
    if (this.#ended || this.#state === State.Closed) return;
    this.#ended = true;
    if (this.#state === State.Closing) return;
    if (this.#state === State.Handshaking) return this.#stop(CloseCode.HandshakeRefused, "remote");
    if (this.#intake.heldBytes !== 0) return this.#stop(CloseCode.Truncated, "remote");
    this.#endedDue = true;
    this.#deadlines.receivingEnded();
    // The event closes; its deadline must be known when the timeout is polled, which is before.
    if (this.#setup.peerEnd === "flush") this.#deadlines.closing();
  }

  /**
   * The link took lent bytes.
   *
   * @param count How many, from the start of what was lent.
   * @throws {MisuseError} When nothing is lent.
   * @throws {RangeError} When more were taken than were lent.
   */
  handleTransmitted(count: number): void {
    this.#guard.command();
    this.#outflow.confirm(count, this.#state === State.Closed);
    if (count !== 0) this.#deadlines.transmitting(this.#outflow.writable);
  }

  /** Time has passed a deadline, or may have. */
  handleTimeout(): void {
    this.#guard.command();
    if (this.#state === State.Closed) return;
    const code = this.#deadlines.expired();
    if (code === undefined) return;
    if (code === CloseCode.CloseTimeout && this.#state === State.Closing && this.#outflow.flushed) this.#finish();
    else this.#stop(code, "local");
  }

  /**
   * The link broke.
   *
   * @param cause What the link said.
   */
  handleLinkLost(cause: unknown): void {
    this.#guard.command();
    this.#stop(CloseCode.LinkLost, "link", cause);
  }

  /**
   * The application needs time for what the last event brought: until `resumeReading` its payloads stay, events about
   * receiving wait, the deadlines about receiving rest, and everything about sending goes on.
   */
  holdReading(): void {
    this.#held = true;
    this.#deadlines.rest();
  }

  /** The application is done with what it held. */
  resumeReading(): void {
    this.#guard.command();
    this.#held = false;
  }

  /**
   * Accepts the announced peer; does nothing when the stream has ended meanwhile.
   *
   * @throws {MisuseError} When none was announced.
   */
  acceptPeer(): void {
    this.#guard.command();
    if (this.#state === State.Closed) return;
    this.#handshake.accept();
    this.#open();
  }

  /**
   * Closes in order: flushes, ends this side's stream, waits for the peer's end.
   *
   * @param code Why.
   * @param origin Whose doing it is.
   * @param draining Whether messages are delivered until the peer's end; they are discarded otherwise.
   */
  close(code: CloseCode = CloseCode.Normal, origin: CloseOrigin = "local", draining = false): void {
    this.#guard.command();
    // Whoever closed without draining wants to hear no more, whatever is called later.
    this.#draining = draining && (this.#draining || this.#state < State.Closing);
    this.#close(code, origin);
  }

  /**
   * Ends everything now; what is queued is not written.
   *
   * @param code Why.
   * @param origin Who ended it.
   * @param cause The error behind it.
   */
  abort(code: CloseCode, origin: CloseOrigin, cause?: unknown): void {
    this.#guard.command();
    this.#stop(code, origin, cause);
  }

  /**
   * Lends the next bytes for the link.
   *
   * @param span Filled in; see {@linkcode TransmitSpan}.
   * @returns How many bytes; 0 when there are none, or some are lent already.
   */
  pollTransmit(span: TransmitSpan): number {
    this.#guard.transmitDrained();
    if (this.#state === State.Closed) return 0;
    const length = this.#outflow.lend(span);
    if (length !== 0) this.#deadlines.transmitting(true);
    return length;
  }

  /**
   * The next deadline.
   *
   * @returns Milliseconds on the machine's clock, or `Infinity`; perhaps early, never late, until the next input.
   */
  pollTimeout(): number {
    this.#guard.timeoutPolled();
    return this.#state === State.Closed ? Infinity : this.#deadlines.next();
  }

  /**
   * The next notification.
   *
   * @returns Its kind, or `undefined` when there is none.
   */
  pollEvent(): StreamEvent | undefined {
    this.#guard.eventPolled();
    if (this.#delivering && (!this.#held || this.#state === State.Closed)) this.#finishFrames();
    const event = this.#nextEvent();
    if (event === undefined) this.#guard.eventsDrained();
    return event;
  }

  /** Gives all receive memory back; only when the link neither reads nor writes any more. */
  release(): void {
    this.#intake.release();
  }

  #nextEvent(): StreamEvent | undefined {
    if (!this.#looked && !this.#readyDue && !this.#held) this.#look();
    if (this.#closedDue) {
      this.#closedDue = false;
      return StreamEvent.Closed;
    }
    if (this.#state === State.Closed) return undefined;
    if (this.#readyDue) {
      this.#readyDue = false;
      return StreamEvent.Ready;
    }
    if (this.#handshake.takeAnnounced()) return StreamEvent.PeerAnnounced;
    if (this.#delivering && !this.#held) return StreamEvent.Frames;
    if (this.outbox.takeDrained()) return StreamEvent.Drained;
    if (this.#endedDue) return this.#reportEnd();
    return this.#state === State.Closing ? this.#nextClosing() : undefined;
  }

  #reportEnd(): StreamEvent {
    this.#endedDue = false;
    const { peerEnd } = this.#setup;
    if (this.#state === State.Open && peerEnd === "flush") this.#close(CloseCode.Normal, "remote");
    if (this.#state === State.Open && peerEnd === "drop") this.#stop(CloseCode.Normal, "remote");
    return StreamEvent.Ended;
  }

  #nextClosing(): StreamEvent | undefined {
    if (!this.#outflow.flushed) return undefined;
    if (!this.#writeEnded) {
      this.#writeEnded = true;
      return StreamEvent.EndWrite;
    }
    // A handler that holds the reading may be waiting for this very close: the peer's end cannot be read then.
    if (!this.#ended && !(this.#held && !this.#draining)) return undefined;
    // Counted now: the owner gives the slot back with the event.
    if (this.#delivering) this.#finishFrames();
    this.#finish();
    this.#closedDue = false;
    return StreamEvent.Closed;
  }

  /** Looks at what was received: announces a peer, delivers frames, or ends the stream for a fault. */
  #look(): void {
    this.#looked = true;
    if (this.#isDeaf) return;
    if (this.#state === State.Handshaking) return this.#lookForPeer();
    if (this.#intake.look()) this.#delivering = true;
    else if (this.frames.fault !== undefined) this.#stop(this.frames.fault, "remote");
    else this.#deadlines.received(this.#intake.heldBytes, true);
  }

  /** Closes a `Frames` event: counts it, keeps what is incomplete, and judges what stopped the cursor. */
  #finishFrames(): void {
    this.#delivering = false;
    const fault = this.#intake.finish(this.delivering);
    this.#deadlines.received(this.#intake.heldBytes, false);
    if (fault !== undefined) this.#stop(fault, "remote");
  }

  #lookForPeer(): void {
    this.#intake.load();
    const fault = this.#handshake.read(this.frames);
    if (fault !== undefined) return this.#stop(fault, "remote");
    this.#intake.consume();
    // The handshake's own deadline holds until the frame is whole; how long the application takes is not its matter.
    this.#deadlines.received(0, false);
    if (this.#handshake.undecided) this.#deadlines.handshakeDone();
    if (this.#handshake.done) this.#open();
  }

  #open(): void {
    this.#state = State.Open;
    this.#readyDue = true;
    this.#deadlines.handshakeDone();
    this.frames.limit(messageLimits(this.#setup.config));
    this.#looked = false;
  }

  #close(code: CloseCode, origin: CloseOrigin): void {
    if (this.#state >= State.Closing) return;
    if (this.#state === State.Handshaking) return this.#stop(code, origin);
    this.#state = State.Closing;
    this.#reason = { code, origin };
    this.outbox.shut(SendStatus.Closed);
    this.#deadlines.closing();
    if (!this.#delivering && !this.#draining) this.#intake.discard();
  }

  #stop(code: CloseCode, origin: CloseOrigin, cause?: unknown): void {
    if (this.#state === State.Closed) return;
    this.#reason = cause === undefined ? { code, origin } : { code, origin, cause };
    this.#finish();
  }

  #finish(): void {
    if (this.#state === State.Closed) return;
    this.#state = State.Closed;
    this.#closedDue = true;
    if (!this.#delivering) this.#intake.discard();
  }
}
