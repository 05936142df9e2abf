/**
 * The driver of one stream of packets: one read loop, one write path, one `StreamMachine` (src/machine/CONTRACT.md).
 *
 * It holds no protocol rule. Invariants: the machine is drained before bytes are brought to it; while its owner wants no
 * packets nothing is read, so that a slow application slows the peer down; memory goes back to the pool only after the
 * last read and write have settled. Why not the driver of reactors: that one hands payloads to handlers and waits for
 * their promises; here every frame is a packet of the message machine, which decides what waits.
 *
 * @module
 */
import type { CloseCode } from "../error/close_code.ts";
import type { SendStatus } from "../error/send_status.ts";
import type { CloseOrigin } from "../error/transport_error.ts";
import type { Framing } from "../stream/framing.ts";
import { Outbox } from "../stream/outbox.ts";
import { StreamEvent, StreamMachine } from "../stream/stream_machine.ts";
import type { Address } from "../transport/address.ts";
import type { StreamLink } from "../transport/stream_link.ts";
import type { Flushable } from "./flush_schedule.ts";
import type { Timed } from "./stream_endpoint.ts";
import type { CarrierOwner, PacketCarrier } from "./transport_carrier.ts";
import type { TransportEndpoint } from "./transport_endpoint.ts";

/** From this many queued bytes on a write follows the last one at once; fewer are gathered until the next turn. */
const FOLLOW_BYTES = 64 << 10;
/** A read of so many bytes may be one of many that follow without a turn. */
const FLOOD_BYTES = 1 << 10;
/** How long one connection may read on before others get their turn. */
const TURN_MS = 0.2;
/** A pause after which a packet goes out at once. */
const PAUSE_MS = 0.1;

/** Carries packets over a stream link. */
export class StreamCarrier implements PacketCarrier, Timed, Flushable {
  readonly #endpoint: TransportEndpoint;
  readonly #link: StreamLink;
  readonly #owner: CarrierOwner;
  readonly #slot: number;
  readonly #machine: StreamMachine;
  readonly #outbox: Outbox;
  readonly #isBare: boolean;
  #holding: PromiseWithResolvers<void> | undefined = undefined;
  #scheduled = false;
  #lastFlush = -Infinity;
  #turnAt = 0;
  /** Whether something came since the last flush was scheduled. */
  #hasHeard = false;
  #writing = false;
  #reading = false;
  #settling = false;
  #finished = false;
  #concluded = false;
  readonly #written = (count: number): void => this.#handleWritten(count);
  readonly #failed = (error: unknown): void => this.#handleWriteFailed(error);

  /**
   * @param endpoint What all connections share.
   * @param link The link; the carrier closes it.
   * @param framing How packets follow one another.
   * @param maxPayloadBytes The largest payload that is taken.
   * @param owner Whom it serves.
   */
  constructor(
    endpoint: TransportEndpoint,
    link: StreamLink,
    framing: Framing,
    maxPayloadBytes: number,
    owner: CarrierOwner,
  ) {
    const { streams } = endpoint;
    const { config, counters, readBlocks, sendBlocks: blocks, scheduler } = streams;
    const slot = streams.takeSlot();
    this.#endpoint = endpoint;
    this.#link = link;
    this.#owner = owner;
    this.#slot = slot;
    this.#isBare = framing.headerBytes === 0;
    this.#outbox = new Outbox({ config, framing, blocks, counters, slot, wallClock: scheduler, mayWait: true });
    this.#machine = new StreamMachine({
      config: this.#isBare ? endpoint.streamConfig(maxPayloadBytes) : config,
      framing,
      handshake: { kind: "none" },
      peerEnd: "flush",
      outbox: this.#outbox,
      readBlocks,
      clock: scheduler.clock,
      counters,
      slot,
    });
  }

  get local(): Address {
    return this.#link.local;
  }

  get remote(): Address {
    return this.#link.remote;
  }

  get queuedBytes(): number {
    return this.#outbox.queuedBytes;
  }

  offer(packet: Uint8Array): SendStatus {
    return this.#outbox.offer(packet);
  }

  offerOwned(packet: Uint8Array): SendStatus {
    return this.#isBare ? this.#outbox.offerFrame(packet) : this.#outbox.offer(packet);
  }

  start(): void {
    void this.#run();
  }

  kick(isTicked = false): void {
    if (this.#scheduled || this.#finished) return;
    this.#scheduled = true;
    const { scheduler, flushes } = this.#endpoint.streams;
    const now = isTicked ? scheduler.clock.now : scheduler.tick();
    // Who answers what has just come sends one packet at a time: it must not wait for a turn to gather more.
    const isFresh = this.#hasHeard || now - this.#lastFlush > PAUSE_MS;
    this.#hasHeard = false;
    this.#lastFlush = now;
    if (isFresh) flushes.soon(this);
    else flushes.later(this);
  }

  flushDue(): void {
    this.#scheduled = false;
    if (!this.#finished) this.#settle();
  }

  resume(): void {
    if (this.#holding === undefined) return;
    if (!this.#finished) {
      this.#deliverSome();
      if (!this.#owner.wantsPackets && this.#machine.delivering) return;
      this.#endpoint.streams.scheduler.tick();
      this.#machine.resumeReading();
    }
    const holding = this.#holding;
    this.#holding = undefined;
    holding.resolve();
  }

  get canPing(): boolean {
    return false;
  }

  ping(): void {}

  close(code: CloseCode, draining: boolean): void {
    if (this.#finished) return;
    this.#endpoint.streams.scheduler.tick();
    this.#machine.close(code, "local", draining);
    this.#settle();
  }

  abort(code: CloseCode, origin: CloseOrigin, cause?: unknown): void {
    if (this.#finished) return;
    this.#machine.abort(code, origin, cause);
    this.#settle();
  }

  handleTimeout(): void {
    this.#machine.handleTimeout();
    this.#settle();
  }

  async #run(): Promise<void> {
    const machine = this.#machine;
    const { scheduler } = this.#endpoint.streams;
    this.#reading = true;
    try {
      this.#settle();
      if (this.#holding !== undefined) await this.#released();
      while (machine.reading) {
        const count = await this.#link.read(machine.receiveSpan());
        if (this.#finished) break;
        const now = scheduler.tick();
        if (!machine.drained) this.#settle();
        if (!machine.reading) break;
        if (count === null) machine.handleEnd();
        else {
          machine.handleReceived(count);
          this.#hasHeard = true;
          this.#owner.heard();
        }
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

  /** Lets others run when this connection has kept the thread for long. */
  async #giveWay(): Promise<void> {
    const { scheduler } = this.#endpoint.streams;
    await new Promise<void>((resolve) => scheduler.nextTurn(resolve));
    this.#turnAt = scheduler.tick();
  }

  async #released(): Promise<void> {
    while (this.#holding !== undefined) {
      await this.#holding.promise;
      this.#settle();
    }
  }

  /** Drains the machine: writes, deadline, events. */
  #settle(): void {
    if (this.#settling) return;
    this.#settling = true;
    const machine = this.#machine;
    const { streams } = this.#endpoint;
    do {
      this.#transmit();
      streams.watch(this.#slot, this, machine.pollTimeout());
      for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) this.#handle(event);
    } while (!machine.drained);
    this.#transmit();
    this.#settling = false;
  }

  #handle(event: StreamEvent): void {
    switch (event) {
      case StreamEvent.Frames:
        return this.#deliver();
      case StreamEvent.Drained:
        return this.#owner.handleRoom();
      case StreamEvent.EndWrite:
        return void this.#endWrite();
      case StreamEvent.Closed:
        return this.#finish();
      default:
        return;
    }
  }

  #deliver(): void {
    this.#deliverSome();
    if (this.#owner.wantsPackets || !this.#machine.delivering) return;
    this.#machine.holdReading();
    this.#holding ??= Promise.withResolvers<void>();
  }

  #deliverSome(): void {
    const machine = this.#machine;
    const owner = this.#owner;
    const { frames } = machine;
    // What packets lead to is written once they are all through.
    const wasScheduled = this.#scheduled;
    this.#scheduled = true;
    while (owner.wantsPackets && machine.delivering && frames.next()) {
      owner.handlePacket(frames.buffer, frames.offset, frames.length);
    }
    this.#scheduled = wasScheduled;
    owner.packetsDone();
    // Within a drain the loop there writes what was queued.
    if (!this.#settling && this.#outbox.queuedBytes > 0) this.kick();
  }

  #transmit(): void {
    const { span } = this.#endpoint.streams;
    if (this.#machine.pollTransmit(span) === 0) return;
    const bytes = span.bytes();
    span.clear();
    this.#writing = true;
    this.#link.write(bytes).then(this.#written, this.#failed);
  }

  #handleWritten(count: number): void {
    this.#writing = false;
    if (this.#finished) return this.#conclude();
    const machine = this.#machine;
    const { scheduler, config } = this.#endpoint.streams;
    // Nothing else in a confirmation asks for the time.
    if (config.sendStallTimeoutMs !== 0) scheduler.tick();
    machine.handleTransmitted(count);
    const { queuedBytes } = this.#outbox;
    if (queuedBytes === 0) this.#owner.handleSent();
    if (queuedBytes === 0 || queuedBytes >= FOLLOW_BYTES || !machine.sendable) this.#settle();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      this.#endpoint.streams.flushes.later(this);
    }
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
    const { fault, buffer, position } = this.#machine.frames;
    if (fault !== undefined) this.#owner.handleRefused(fault, buffer, position);
    this.#endpoint.streams.unwatch(this.#slot);
    this.#link.close();
    this.resume();
    if (!this.#reading) this.#machine.release();
    if (!this.#writing) this.#conclude();
  }

  #conclude(): void {
    if (this.#concluded) return;
    this.#concluded = true;
    const unsent = this.#outbox.clear();
    this.#endpoint.streams.freeSlot(this.#slot);
    this.#owner.handleClosed(this.#machine.reason!, unsent);
  }
}
