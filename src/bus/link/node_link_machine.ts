/**
 * One link between two nodes over a byte stream, as a machine (../../machine/CONTRACT.md, ../LINKS.md).
 *
 * States: shaking → greeting → open → closing → closed. Nothing of the application travels before both ends have shown
 * the key and admitted each other; that is where two nodes that dial each other settle on one link. Invariants: a peer
 * without a key is told nothing; after a fault no byte behind it is looked at; messages arrive in the order in which
 * they were queued, each at most once.
 * Why: not the machine of framed streams, because its send queue frames each message for the wire as it is queued, and
 * here a message is sealed together with whatever waits when the stream has room. Machines of two rooms do not import each
 * other either. What the driver sees is the same. More than 400 lines, because what comes in, what goes out and what
 * the driver calls are one state.
 *
 * @module
 */
import { type CloseOrigin, MisuseError } from "../../error/transport_error.ts";
import { DrainGuard } from "../../machine/drain_guard.ts";
import type { TransmitSpan } from "../../machine/transmit_span.ts";
import { LinkCloseCode, receivedCloseCode } from "./link_close_code.ts";
import { LinkCounter } from "./link_counters.ts";
import { LinkDeadlines } from "./link_deadlines.ts";
import { type LinkCloseReason, LinkEvent } from "./link_event.ts";
import { LinkHandshake } from "./link_handshake.ts";
import { decodeHello, encodeHello } from "./link_hello.ts";
import { InflowStatus, LinkInflow } from "./link_inflow.ts";
import { LinkKey } from "./link_key.ts";
import { LinkMessages } from "./link_messages.ts";
import { LinkOutflow } from "./link_outflow.ts";
import type { LinkQueue } from "./link_queue.ts";
import { RecordType } from "./link_record.ts";
import { checkLinkSetup, type LinkPeer, type NodeLinkSetup } from "./link_setup.ts";

/** How far a link is. */
export const LinkState = {
  /** The handshake is under way. */
  Shaking: 0,
  /** There are keys; the ends introduce themselves and decide. */
  Greeting: 1,
  /** Messages flow. */
  Open: 2,
  /** What is queued is flushed, then both ends close. */
  Closing: 3,
  /** It is over. */
  Closed: 4,
} as const;

/** One of the values of {@linkcode LinkState}. */
export type LinkState = (typeof LinkState)[keyof typeof LinkState];

const NOTHING = new Uint8Array(0);

/** The machine of one link. */
export class NodeLinkMachine {
  readonly #setup: NodeLinkSetup;
  readonly #guard = new DrainGuard();
  readonly #deadlines: LinkDeadlines;
  readonly #handshake: LinkHandshake;
  readonly #inflow = new LinkInflow();
  readonly #outflow: LinkOutflow;
  readonly #messages: LinkMessages;
  #state: LinkState = LinkState.Shaking;
  #peer: LinkPeer | undefined = undefined;
  #handshakeHash: Uint8Array = NOTHING;
  #queue: LinkQueue | undefined = undefined;
  #reason: LinkCloseReason | undefined = undefined;
  #isUndecided = false;
  #greetedDue = false;
  #readyDue = false;
  #closedDue = false;
  #delivering = false;
  #held = false;
  #ended = false;
  #peerClosed = false;
  #writeEnded = false;

  /**
   * Makes a machine for a stream that has just opened.
   *
   * @param setup What the machine is made of.
   * @throws {RangeError} When ids, keys or the cluster's name have other lengths than they should.
   */
  constructor(setup: NodeLinkSetup) {
    checkLinkSetup(setup);
    this.#setup = setup;
    this.#deadlines = new LinkDeadlines(setup.config, setup.clock);
    this.#outflow = new LinkOutflow(setup);
    this.#messages = new LinkMessages(setup.config.maxMessageBytes);
    this.#handshake = new LinkHandshake(setup);
    if (this.isDialer) {
      setup.dials.begin();
      this.#outflow.sendRaw(this.#handshake.begin());
    }
    this.#guard.command();
  }

  /** Whether this end dialled. */
  get isDialer(): boolean {
    return this.#setup.dial !== undefined;
  }

  /** How far the link is. */
  get state(): LinkState {
    return this.#state;
  }

  /** Who the other end is; known from `Greeting` on, for certain from `Greeted` on. */
  get peer(): LinkPeer | undefined {
    return this.#peer;
  }

  /** What names this link and no other, the same 32 bytes at both ends; empty before the handshake is complete. */
  get handshakeHash(): Uint8Array {
    return this.#handshakeHash;
  }

  /** Why the link ended or is ending. */
  get reason(): LinkCloseReason | undefined {
    return this.#reason;
  }

  /** Whether the machine reads: false once the peer has ended its stream, or all is over. */
  get reading(): boolean {
    return this.#state !== LinkState.Closed && !this.#ended;
  }

  /** Whether the machine is drained (CONTRACT.md, rule 1). */
  get drained(): boolean {
    return this.#guard.drained;
  }

  /** Where the current message lies. */
  get messageBuffer(): Uint8Array {
    return this.#messages.buffer;
  }

  /** Where it starts. */
  get messageOffset(): number {
    return this.#messages.offset;
  }

  /** How many bytes it has. */
  get messageLength(): number {
    return this.#messages.length;
  }

  /**
   * Lends receive memory; messages of earlier events are void.
   *
   * @returns Free memory, never empty; fill it from its start and say how much.
   * @throws {MisuseError} When messages are still with the application, or a greeted peer waits for its answer.
   */
  receiveSpan(): Uint8Array {
    if (this.#delivering) throw new MisuseError("Cannot lend receive memory: pollEvent comes first");
    if (this.#isUndecided) throw new MisuseError("Cannot lend receive memory: admit or refuse comes first");
    return this.#inflow.span();
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
    this.#inflow.received(count);
    this.#count(LinkCounter.BytesIn, count);
    if (this.#state === LinkState.Closed) this.#inflow.stop();
  }

  /**
   * The peer ended its stream.
   *
   * @throws {MisuseError} When the machine was not drained.
   */
  handleEnd(): void {
    this.#guard.input("handleEnd");
    this.#ended = true;
  }

  /**
   * The stream took lent bytes.
   *
   * @param count How many, from the start of what was lent.
   * @throws {MisuseError} When nothing is lent.
   * @throws {RangeError} When more were taken than were lent.
   */
  handleTransmitted(count: number): void {
    this.#guard.command();
    this.#outflow.confirm(count);
  }

  /** Time has passed a deadline, or may have. */
  handleTimeout(): void {
    this.#guard.command();
    if (this.#state === LinkState.Closed) return;
    const due = this.#deadlines.expired();
    if (due === undefined) return;
    if (due === "heartbeat") {
      this.#outflow.pingDue = true;
      this.#outflow.trim();
      if (!this.#delivering) this.#inflow.trim();
    } else if (due === LinkCloseCode.CloseTimeout && this.#outflow.isFlushed) this.#finish();
    else this.#stop(due, "local");
  }

  /**
   * The stream broke.
   *
   * @param cause What it said.
   */
  handleLinkLost(cause: unknown): void {
    this.#guard.command();
    this.#stop(LinkCloseCode.LinkLost, "link", cause);
  }

  /** The application needs time for the messages of the last event: they stay, and everything about sending goes on. */
  holdReading(): void {
    this.#held = true;
  }

  /** The application is done with what it held. */
  resumeReading(): void {
    this.#guard.command();
    this.#held = false;
  }

  /**
   * Admits the greeted peer: messages flow. Does nothing when the link has ended meanwhile.
   *
   * @param queue What waits to be sent to it; no other link may send from it.
   * @throws {MisuseError} When no peer waits for an answer.
   */
  admit(queue: LinkQueue): void {
    this.#decide();
    if (this.#state === LinkState.Closed) return;
    if (!this.isDialer) this.#sayHello();
    this.#queue = queue;
    this.#outflow.attach(queue);
    this.#state = LinkState.Open;
    this.#readyDue = true;
    this.#deadlines.opened();
    this.#count(LinkCounter.LinksReady, 1);
  }

  /**
   * Refuses the greeted peer, and tells it why.
   *
   * @param code Why; below 128.
   * @throws {MisuseError} When no peer waits for an answer.
   */
  refuse(code: LinkCloseCode): void {
    this.#decide();
    if (this.#state !== LinkState.Closed) this.#beginClose(code, "local");
  }

  /**
   * Closes in order: what is queued goes first, then both ends say that nothing follows. Before the link is open it ends
   * at once. What arrives meanwhile is dropped.
   *
   * @param code Why; below 128.
   */
  close(code: LinkCloseCode = LinkCloseCode.Normal): void {
    this.#guard.command();
    if (this.#state < LinkState.Open) this.#stop(code, "local");
    else if (this.#state === LinkState.Open) this.#beginClose(code, "local");
  }

  /**
   * Ends everything now; what is queued stays queued.
   *
   * @param code Why.
   * @param cause The error behind it.
   */
  abort(code: LinkCloseCode = LinkCloseCode.Aborted, cause?: unknown): void {
    this.#guard.command();
    this.#stop(code, "local", cause);
  }

  /**
   * Lends the next bytes for the stream.
   *
   * @param span Filled in; see {@linkcode TransmitSpan}.
   * @returns How many bytes; 0 when there are none, or some are lent already.
   */
  pollTransmit(span: TransmitSpan): number {
    this.#guard.transmitDrained();
    return this.#state === LinkState.Closed ? 0 : this.#outflow.lend(span);
  }

  /**
   * The next deadline.
   *
   * @returns Milliseconds on the machine's clock, or `Infinity`.
   */
  pollTimeout(): number {
    this.#guard.timeoutPolled();
    return this.#state === LinkState.Closed ? Infinity : this.#deadlines.next();
  }

  /**
   * The next notification.
   *
   * @returns Its kind, or `undefined` when there is none.
   */
  pollEvent(): LinkEvent | undefined {
    this.#guard.eventPolled();
    if (this.#delivering && (!this.#held || this.#state === LinkState.Closed)) this.#finishMessages();
    const event = this.#nextEvent();
    if (event === undefined) this.#guard.eventsDrained();
    return event;
  }

  /**
   * Moves to the next message of a `Messages` event.
   *
   * @returns Whether there is one; those that are not asked for are dropped with the next `pollEvent`.
   */
  nextMessage(): boolean {
    return this.#delivering && this.#messages.next();
  }

  #nextEvent(): LinkEvent | undefined {
    if (this.#queue?.overflowed === true) this.#stop(LinkCloseCode.QueueFull, "local");
    const event = this.#dueEvent();
    if (event !== undefined || this.#held || this.#isUndecided) return event ?? this.#sendingEvent();
    while (this.#state < LinkState.Closed && this.#look()) {
      const found = this.#dueEvent();
      if (found !== undefined) return found;
    }
    if (this.#ended && this.#state !== LinkState.Closed) this.#handleLastByte();
    return this.#dueEvent() ?? this.#sendingEvent();
  }

  #dueEvent(): LinkEvent | undefined {
    if (this.#closedDue) {
      this.#closedDue = false;
      return LinkEvent.Closed;
    }
    if (this.#greetedDue) {
      this.#greetedDue = false;
      return LinkEvent.Greeted;
    }
    if (this.#readyDue) {
      this.#readyDue = false;
      return LinkEvent.Ready;
    }
    return this.#delivering && !this.#held ? LinkEvent.Messages : undefined;
  }

  #sendingEvent(): LinkEvent | undefined {
    if (this.#state === LinkState.Open) return this.#queue?.takeDrained() === true ? LinkEvent.Drained : undefined;
    if (this.#state !== LinkState.Closing || !this.#outflow.isFlushed) return undefined;
    if (!this.#writeEnded) {
      this.#writeEnded = true;
      return LinkEvent.EndWrite;
    }
    if (!this.#ended && !this.#peerClosed) return undefined;
    this.#finish();
    return this.#dueEvent();
  }

  /** The stream has ended and all that came was looked at. */
  #handleLastByte(): void {
    if (this.#state < LinkState.Open) this.#stop(LinkCloseCode.HandshakeRefused, "remote");
    else if (this.#state === LinkState.Open) this.#stop(LinkCloseCode.Truncated, "remote");
    else if (!this.#outflow.isFlushed) this.#finish();
  }

  /** Looks at the next handshake message or record; says whether there was one. */
  #look(): boolean {
    if (this.#state === LinkState.Shaking) return this.#shake();
    const status = this.#inflow.next();
    if (status === InflowStatus.Incomplete) return false;
    this.#guard.command();
    if (status === InflowStatus.NotAuthentic) {
      return this.#fault(LinkCounter.RecordsNotAuthentic, LinkCloseCode.NotAuthentic);
    }
    if (status === InflowStatus.Bad) return this.#fault(LinkCounter.RecordsBad, LinkCloseCode.BadRecord);
    if (this.#state === LinkState.Open) this.#deadlines.heard();
    return this.#take(this.#inflow.type as RecordType);
  }

  #shake(): boolean {
    const message = this.#inflow.takeHandshake();
    if (message === undefined) return false;
    this.#guard.command();
    const fault = message === null ? LinkCloseCode.HandshakeFailed : this.#handshake.read(message);
    if (message === null) this.#count(LinkCounter.HandshakesRefused, 1);
    if (fault !== undefined) {
      this.#stop(fault, "remote");
      return true;
    }
    if (!this.isDialer) this.#outflow.sendRaw(this.#handshake.answer());
    const { send, receive, handshakeHash } = this.#handshake.split();
    const { aead, isSealed } = this.#setup;
    this.#handshakeHash = handshakeHash;
    this.#inflow.arm(isSealed ? new LinkKey(aead, receive) : undefined);
    this.#outflow.arm(isSealed ? new LinkKey(aead, send) : undefined);
    this.#state = LinkState.Greeting;
    this.#learn({ cluster: "", isSameCluster: false, dials: 0 });
    if (this.isDialer) this.#sayHello();
    return true;
  }

  #take(type: RecordType): boolean {
    if (type === RecordType.Close) return this.#takeClose();
    if (this.#state === LinkState.Greeting) {
      return type === RecordType.Hello
        ? this.#takeHello()
        : this.#fault(LinkCounter.RecordsBad, LinkCloseCode.BadRecord);
    }
    if (type === RecordType.Batch) {
      this.#takeBatch();
      return true;
    }
    const { textStart, textEnd } = this.#inflow;
    let isGood = textStart === textEnd;
    if (type === RecordType.Ping) this.#outflow.pongDue = true;
    else if (type === RecordType.Rekey) isGood = isGood && this.#inflow.rekey();
    else if (type !== RecordType.Pong) isGood = false;
    return isGood || this.#fault(LinkCounter.RecordsBad, LinkCloseCode.BadRecord);
  }

  #takeHello(): boolean {
    const { text, textStart, textEnd } = this.#inflow;
    const isDialer = !this.isDialer;
    const said = decodeHello(text.subarray(textStart, textEnd), this.#setup.self, this.#handshakeHash, isDialer);
    if (said === undefined) return this.#fault(LinkCounter.RecordsBad, LinkCloseCode.BadRecord);
    this.#learn(said);
    this.#inflow.trust();
    this.#isUndecided = this.#greetedDue = true;
    return true;
  }

  #takeBatch(): void {
    this.#count(LinkCounter.BatchesIn, 1);
    if (this.#state !== LinkState.Open) return;
    const { text, textStart, textEnd } = this.#inflow;
    this.#messages.load(text, textStart, textEnd);
    this.#delivering = true;
  }

  #takeClose(): boolean {
    const { text, textStart, textEnd } = this.#inflow;
    if (textEnd - textStart !== 1) return this.#fault(LinkCounter.RecordsBad, LinkCloseCode.BadRecord);
    const code = receivedCloseCode(text[textStart]!);
    this.#peerClosed = true;
    if (this.#state === LinkState.Greeting) this.#stop(code, "remote");
    else if (this.#state === LinkState.Open) {
      this.#outflow.detach();
      this.#beginClose(code, "remote");
    }
    return true;
  }

  #finishMessages(): void {
    const messages = this.#messages;
    while (messages.next());
    this.#delivering = this.#held = false;
    this.#count(LinkCounter.MessagesIn, messages.count);
    messages.unload();
    if (messages.isFaulty) this.#fault(LinkCounter.RecordsBad, LinkCloseCode.MessageTooLarge);
  }

  #learn(said: Pick<LinkPeer, "cluster" | "isSameCluster" | "dials">): void {
    const { peerNodeId, peerBootId } = this.#handshake;
    this.#peer = Object.freeze({ nodeId: hexOf(peerNodeId), bootId: hexOf(peerBootId), ...said });
  }

  #sayHello(): void {
    const { self, dials } = this.#setup;
    this.#outflow.sendHello(encodeHello(self, dials.count, this.#handshakeHash, this.isDialer));
  }

  #decide(): void {
    this.#guard.command();
    if (!this.#isUndecided && this.#state !== LinkState.Closed) {
      throw new MisuseError("Cannot decide on a peer: none was greeted");
    }
    this.#isUndecided = false;
  }

  #beginClose(code: LinkCloseCode, origin: CloseOrigin): void {
    this.#state = LinkState.Closing;
    this.#reason = { code, origin };
    this.#outflow.sendClose(code);
    this.#deadlines.closing();
  }

  /** Ends the link for what the peer did; always true, for `return`. */
  #fault(counter: number, code: LinkCloseCode): true {
    this.#count(counter, 1);
    this.#stop(code, "remote");
    return true;
  }

  #stop(code: LinkCloseCode, origin: CloseOrigin, cause?: unknown): void {
    if (this.#state === LinkState.Closed) return;
    // What began an orderly close stays the reason; a link that closes anyway is not lost.
    if (this.#state !== LinkState.Closing) {
      this.#reason = cause === undefined ? { code, origin } : { code, origin, cause };
    }
    this.#finish();
  }

  #finish(): void {
    this.#state = LinkState.Closed;
    this.#closedDue = true;
    this.#greetedDue = this.#readyDue = this.#isUndecided = false;
    this.#outflow.stop();
    this.#inflow.stop();
    this.#queue = undefined;
  }

  #count(counter: number, n: number): void {
    if (n !== 0) this.#setup.counters.add(this.#setup.slot, counter, n);
  }
}

function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
