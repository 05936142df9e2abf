/**
 * The driver of one framed stream: one read loop, one write path, one `StreamMachine` (src/machine/CONTRACT.md).
 *
 * It holds no protocol rule. Invariants: the clock is read before every input, so that a deadline never starts in the
 * past; the machine is drained before bytes are brought to it; while a handler's
 * promise is pending nothing is read, so that payloads stay valid and a slow application slows the peer down; the
 * machine's memory goes back to the pool only after the last read and write have settled.
 * Why: more than 400 lines, because the read loop, the write path and the events of one driver share one state, and parts
 * of their own would only hand it to and fro.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import type { SendStatus } from "../error/send_status.ts";
import type { ClosedError, ResourceError } from "../error/transport_error.ts";
import type { ConflationKey } from "../stream/conflation.ts";
import { INT32_FRAMING } from "../stream/framing.ts";
import { StreamEvent, StreamMachine } from "../stream/stream_machine.ts";
import type { Address } from "../transport/address.ts";
import type { StreamLink } from "../transport/stream_link.ts";
import { deliverMessages, isPromise } from "./deliver_messages.ts";
import { closedError } from "./disconnect.ts";
import type { Sender, SendTarget } from "./sender.ts";
import type { ConnectionStatistics } from "./statistics.ts";
import type { OwnedConnection, StreamRole } from "./stream_role.ts";

/** From this many queued bytes on a write follows the last one at once; fewer are gathered until the next turn. */
const FOLLOW_BYTES = 64 << 10;

/** A read of so many bytes may be one of many that follow without a turn. */
const FLOOD_BYTES = 1 << 10;
/**
 * How long one connection may read on before others get their turn. Why so short: the runtime looks at its sockets at
 * every 61st turn while there is always something to do, so others wait up to 61 times as long. Why no shorter: every
 * turn costs about a kilobyte of garbage.
 */
const TURN_MS = 0.2;

/** Runs one framed stream. */
export class StreamConnection implements OwnedConnection, SendTarget {
  readonly id: number;
  readonly #role: StreamRole;
  readonly slot: number;
  readonly #link: StreamLink;
  readonly #machine: StreamMachine;
  readonly #sender: Sender;
  #written: ((count: number) => void) | undefined = undefined;
  #failed: ((error: unknown) => void) | undefined = undefined;
  #holding: Promise<void> | undefined = undefined;
  #turnAt = 0;
  #writing = false;
  #reading = false;
  #settling = false;
  #finished = false;
  #concluded = false;
  #last: ConnectionStatistics | undefined = undefined;
  #closed: PromiseWithResolvers<void> | undefined = undefined;

  /**
   * Makes a connection over an open link.
   *
   * @param role What all connections of the owner have in common.
   * @param id The connection's number.
   * @param slot Its slot in the endpoint.
   * @param link The link; the connection closes it.
   * @param sender The sending face; it may hold messages from an earlier link.
   */
  constructor(role: StreamRole, id: number, slot: number, link: StreamLink, sender: Sender) {
    const { endpoint, handshake, peerEnd } = role;
    this.id = id;
    this.#role = role;
    this.slot = slot;
    this.#link = link;
    this.#sender = sender;
    this.#machine = new StreamMachine({
      config: endpoint.config,
      framing: INT32_FRAMING,
      handshake,
      peerEnd,
      outbox: sender.outbox,
      readBlocks: endpoint.readBlocks,
      clock: endpoint.scheduler.clock,
      counters: endpoint.counters,
      slot,
      latency: endpoint.latency,
    });
    sender.attach(this);
  }

  /** Starts reading and writing. */
  start(): void {
    void this.#run();
  }

  get remote(): Address {
    return this.#link.remote;
  }

  get local(): Address {
    return this.#link.local;
  }

  get peerId(): string {
    return this.#machine.peerId;
  }

  get queuedBytes(): number {
    return this.#sender.outbox.queuedBytes;
  }

  get backPressured(): boolean {
    return this.#sender.outbox.backPressured;
  }

  get open(): boolean {
    return this.#machine.sendable;
  }

  send(payload: Uint8Array, key?: ConflationKey): Promise<void> {
    return this.#sender.send(payload, key);
  }

  trySend(payload: Uint8Array, key?: ConflationKey): SendStatus {
    return this.#sender.trySend(payload, key);
  }

  return(payload: Uint8Array): SendStatus {
    return this.#sender.reply(payload);
  }

  close(): Promise<void> {
    return this.shut(CloseCode.Normal);
  }

  abort(): void {
    this.refuse(CloseCode.Aborted);
  }

  statistics(): ConnectionStatistics {
    if (this.#last !== undefined) return this.#last;
    return {
      ...this.#role.endpoint.statistics(this.slot),
      queuedBytes: this.queuedBytes,
      waitingBytes: this.#sender.waitingBytes,
    };
  }

  /**
   * Closes in order.
   *
   * @param code Why.
   * @param draining Whether messages are delivered until the peer's end.
   * @returns When the connection is closed.
   */
  shut(code: CloseCode, draining = false): Promise<void> {
    if (this.#concluded) return Promise.resolve();
    this.#closed ??= Promise.withResolvers<void>();
    this.#role.endpoint.scheduler.tick();
    this.#machine.close(code, "local", draining);
    this.#settle();
    return this.#closed.promise;
  }

  /**
   * Ends the connection now.
   *
   * @param code Why.
   * @param cause The error behind it.
   */
  refuse(code: CloseCode, cause?: unknown): void {
    if (this.#finished) return;
    this.#machine.abort(code, "local", cause);
    this.#settle();
  }

  /** Keeps what was counted, because the slot is about to be given back. */
  keepStatistics(): void {
    this.#last = this.statistics();
  }

  /** Accepts the announced peer. */
  acceptPeer(): void {
    this.#role.endpoint.scheduler.tick();
    this.#machine.acceptPeer();
  }

  /** The send queue was full and its policy is to close. */
  overflow(): void {
    this.refuse(CloseCode.SendQueueFull);
  }

  /** What sends are told once the connection is closing. */
  refusal(): ClosedError | undefined {
    const { reason } = this.#machine;
    return reason === undefined ? undefined : closedError(reason);
  }

  /** More sends wait than may. */
  crowd(error: ResourceError): void {
    this.#role.owner.failed(this, error);
  }

  /** A deadline may have passed. */
  handleTimeout(): void {
    this.#machine.handleTimeout();
    this.#settle();
  }

  flush(): Promise<void> {
    return this.#sender.flush();
  }

  /** Writes what is queued, if no write is going on. */
  writeQueued(): void {
    if (!this.#finished) this.#settle();
  }

  async #run(): Promise<void> {
    const machine = this.#machine;
    const { scheduler, config } = this.#role.endpoint;
    this.#reading = true;
    try {
      this.#settle();
      await this.#released();
      while (machine.reading) {
        const count = await this.#link.read(machine.receiveSpan());
        if (this.#finished) break;
        const now = scheduler.tick();
        if (config.timestamps) machine.frames.wallNow = scheduler.wallNow();
        if (!machine.drained) this.#settle();
        if (!machine.reading) break;
        if (count === null) machine.handleEnd();
        else machine.handleReceived(count);
        this.#settle();
        if (this.#holding !== undefined) await this.#released();
        if (count !== null && count >= FLOOD_BYTES && now - this.#turnAt >= TURN_MS) await this.#giveWay();
      }
    } catch (error) {
      this.#lose(error);
    }
    this.#reading = false;
    if (this.#finished) machine.release();
  }

  /**
   * Lets others run when this connection has kept the thread for long: a read of bytes that are there already settles
   * without a turn of the event loop, and a peer that never stops sending would keep every other one waiting.
   */
  async #giveWay(): Promise<void> {
    const { scheduler } = this.#role.endpoint;
    await new Promise<void>((resolve) => scheduler.nextTurn(resolve));
    this.#turnAt = scheduler.tick();
  }

  /** Waits until no handler holds back the reading. */
  async #released(): Promise<void> {
    while (this.#holding !== undefined) {
      await this.#holding;
      this.#settle();
    }
  }

  /** Drains the machine: writes, deadline, events. */
  #settle(): void {
    if (this.#settling) return;
    this.#settling = true;
    const machine = this.#machine;
    const { endpoint } = this.#role;
    do {
      this.#transmit();
      endpoint.watch(this.slot, this, machine.pollTimeout());
      for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) {
        const holding = this.#handle(event);
        if (holding !== undefined) this.#holding = holding;
      }
    } while (!machine.drained);
    this.#transmit();
    this.#settling = false;
  }

  #handle(event: StreamEvent): Promise<void> | undefined {
    const { owner } = this.#role;
    switch (event) {
      case StreamEvent.Ready:
        return this.#greet();
      case StreamEvent.PeerAnnounced:
        return this.#decided(owner.peerAnnounced(this));
      case StreamEvent.Frames:
        return this.#deliver();
      case StreamEvent.Drained:
        this.#sender.drained();
        return void owner.drained(this);
      case StreamEvent.EndWrite:
        return void this.#endWrite();
      case StreamEvent.Closed:
        return void this.#finish();
      case StreamEvent.Ended:
        return undefined;
    }
  }

  /** Where the owner needs time to decide about the peer, nothing is read before. */
  #decided(verdict: void | Promise<void>): Promise<void> | undefined {
    return verdict?.then(() => {
      this.#holding = undefined;
    });
  }

  #greet(): Promise<void> | undefined {
    try {
      const result = this.#role.owner.ready(this);
      return isPromise(result) ? this.#hold(result, false) : undefined;
    } catch (error) {
      return this.#fail(error);
    }
  }

  #deliver(): Promise<void> | undefined {
    try {
      const pending = this.#deliverSome();
      return pending === undefined ? undefined : this.#hold(pending, this.#role.owner.batch === undefined);
    } catch (error) {
      return this.#fail(error);
    }
  }

  #deliverSome(): PromiseLike<unknown> | undefined {
    const { owner, endpoint } = this.#role;
    const machine = this.#machine;
    const sender = this.#sender;
    sender.cork();
    try {
      if (owner.batch === undefined) {
        return deliverMessages(this, machine, sender, owner.received, endpoint.config.copyPayloads);
      }
      const result = owner.batch(this, machine.frames);
      if (isPromise(result)) return result;
      return sender.hasReplies ? sender.room() : undefined;
    } finally {
      sender.uncork();
    }
  }

  /** Waits for a handler's promise, and delivers the rest of the read behind it, message by message. */
  async #hold(first: PromiseLike<unknown>, hasMore: boolean): Promise<void> {
    this.#machine.holdReading();
    try {
      for (let pending: PromiseLike<unknown> | undefined = first; pending !== undefined;) {
        await pending;
        // The handler that was waited for may have left a reply without room.
        if (this.#sender.hasReplies) await this.#sender.room();
        pending = hasMore ? this.#deliverSome() : undefined;
        this.#sender.kick();
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#role.endpoint.scheduler.tick();
    this.#machine.resumeReading();
    this.#holding = undefined;
  }

  #fail(error: unknown): undefined {
    this.#role.owner.failed(this, error);
    this.#machine.abort(CloseCode.HandlerFailed, "local", error);
    this.#settle();
  }

  #transmit(): void {
    const { span } = this.#role.endpoint;
    if (this.#machine.pollTransmit(span) === 0) return;
    const bytes = span.bytes();
    span.clear();
    this.#writing = true;
    // Why no async function: its generator and promise would be garbage of every write.
    this.#written ??= (count) => this.#handleWritten(count);
    this.#failed ??= (error) => this.#handleWriteFailed(error);
    this.#link.write(bytes).then(this.#written, this.#failed);
  }

  #handleWritten(count: number): void {
    this.#writing = false;
    if (this.#finished) return this.#conclude();
    const machine = this.#machine;
    const sender = this.#sender;
    this.#role.endpoint.scheduler.tick();
    machine.handleTransmitted(count);
    sender.progress();
    const { queuedBytes } = sender.outbox;
    // The next write follows at once when there is enough to write, or when nothing more will be gathered.
    if (queuedBytes === 0 || queuedBytes >= FOLLOW_BYTES || !machine.sendable) this.#settle();
    else sender.later();
  }

  #handleWriteFailed(error: unknown): void {
    this.#writing = false;
    if (this.#finished) this.#conclude();
    else this.#lose(error);
  }

  async #endWrite(): Promise<void> {
    try {
      await this.#link.closeWrite();
    } catch (error) {
      this.#lose(error);
    }
    if (!this.#finished) this.#settle();
  }

  #lose(error: unknown): void {
    if (this.#finished) return;
    this.#machine.handleLinkLost(error);
    this.#settle();
  }

  /** The machine is closed: closes the link, and reports it as soon as no write holds queued memory any more. */
  #finish(): void {
    this.#finished = true;
    this.#role.endpoint.unwatch(this.slot);
    this.#sender.attach(undefined);
    this.#link.close();
    if (!this.#reading) this.#machine.release();
    if (!this.#writing) this.#conclude();
  }

  #conclude(): void {
    if (this.#concluded) return;
    this.#concluded = true;
    const { owner } = this.#role;
    const reason = this.#machine.reason ?? { code: CloseCode.Normal, origin: "local" };
    owner.closed(this, reason);
    this.#closed?.resolve();
  }
}
