/**
 * Runs the machine of one link between nodes on its stream (src/machine/CONTRACT.md).
 *
 * The first message of a turn goes out within this turn's jobs, those that follow in the same turn together in the next
 * one, and while a write is under way they wait for its end. Invariant: after `closed` nothing runs any more and the
 * stream is closed.
 *
 * @module
 */
import { type LinkCloseReason, LinkEvent } from "../bus/link/link_event.ts";
import { LinkCloseCode } from "../bus/link/link_close_code.ts";
import type { NodeLinkMachine } from "../bus/link/node_link_machine.ts";
import type { StreamLink } from "../transport/stream_link.ts";
import type { BusLinkHub, TimedLink } from "./bus_link_hub.ts";
import type { Flushable } from "./flush_schedule.ts";

/** From this size on a read is taken for a part of a flood. */
const FLOOD_BYTES = 1 << 10;
/** How long a link may keep the thread before others get their turn. */
const TURN_MS = 0.2;

/** What the owner of links does with them. */
export interface LinkOwner {
  /**
   * The peer has shown the key: have the machine admit or refuse it now or later, and then drain.
   *
   * @param link The link.
   */
  greeted(link: BusLinkDriver): void;
  /**
   * Messages wait in the machine.
   *
   * @param link The link.
   */
  messages(link: BusLinkDriver): void;
  /**
   * There is room in its queue again.
   *
   * @param link The link.
   */
  drained(link: BusLinkDriver): void;
  /**
   * It is over; called once.
   *
   * @param link The link.
   * @param reason Why.
   */
  closed(link: BusLinkDriver, reason: LinkCloseReason): void;
}

/** One link. */
export class BusLinkDriver implements TimedLink, Flushable {
  /** Its slot. */
  readonly slot: number;
  readonly #hub: BusLinkHub;
  readonly #owner: LinkOwner;
  readonly #stream: StreamLink;
  #machine: NodeLinkMachine | undefined = undefined;
  #decided: PromiseWithResolvers<void> | undefined = undefined;
  #isScheduled = false;
  #isSettling = false;
  #isFinished = false;
  #kickTurn = -1;
  #turnAt = 0;
  readonly #written = (count: number): void => this.#handleWritten(count);
  readonly #failed = (error: unknown): void => this.#lose(error);

  /**
   * @param hub The shared part.
   * @param owner Whom to tell.
   * @param stream The stream; it is closed with the link.
   */
  constructor(hub: BusLinkHub, owner: LinkOwner, stream: StreamLink) {
    this.#hub = hub;
    this.#owner = owner;
    this.#stream = stream;
    this.slot = hub.takeSlot(this);
  }

  /** The machine. */
  get machine(): NodeLinkMachine {
    return this.#machine!;
  }

  /** Whether it is over. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /**
   * Starts.
   *
   * @param machine The machine, made for this link's slot.
   */
  start(machine: NodeLinkMachine): void {
    this.#machine = machine;
    void this.#run();
  }

  /** Has what is queued written soon. */
  kick(): void {
    if (this.#isScheduled || this.#isSettling || this.#isFinished) return;
    this.#isScheduled = true;
    const { turn } = this.#hub;
    const isFirst = turn !== this.#kickTurn;
    this.#kickTurn = turn;
    if (isFirst) this.#hub.flushes.soon(this);
    else this.#hub.flushes.later(this);
  }

  /** The time of a scheduled write has come. */
  flushDue(): void {
    this.#isScheduled = false;
    this.drain();
  }

  /** Drains the machine: after every command. */
  drain(): void {
    if (!this.#isFinished) this.#settle();
  }

  /** A deadline may have passed. */
  handleTimeout(): void {
    this.#machine?.handleTimeout();
    this.drain();
  }

  /**
   * Closes in order.
   *
   * @param code Why.
   */
  close(code: LinkCloseCode): void {
    if (this.#isFinished) return;
    this.#hub.scheduler.tick();
    this.machine.close(code);
    this.drain();
  }

  /**
   * Ends it now.
   *
   * @param code Why.
   */
  abort(code: LinkCloseCode): void {
    if (this.#isFinished) return;
    this.machine.abort(code);
    this.drain();
  }

  /** The owner has decided on the peer: reading goes on. */
  resume(): void {
    this.#decided?.resolve();
    this.#decided = undefined;
    this.drain();
  }

  async #run(): Promise<void> {
    const machine = this.machine;
    const { scheduler } = this.#hub;
    try {
      this.#settle();
      while (machine.reading) {
        const count = await this.#stream.read(machine.receiveSpan());
        if (this.#isFinished) return;
        this.#hub.turn++;
        const now = scheduler.tick();
        if (!machine.drained) this.#settle();
        if (!machine.reading) return;
        if (count === null) machine.handleEnd();
        else machine.handleReceived(count);
        this.#settle();
        if (this.#decided !== undefined) await this.#decided.promise;
        if (count !== null && count >= FLOOD_BYTES && now - this.#turnAt >= TURN_MS) await this.#giveWay();
      }
    } catch (error) {
      this.#lose(error);
    }
  }

  async #giveWay(): Promise<void> {
    const { scheduler } = this.#hub;
    await new Promise<void>((resolve) => scheduler.nextTurn(resolve));
    this.#turnAt = scheduler.tick();
  }

  #settle(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    const machine = this.machine;
    do {
      this.#transmit();
      this.#hub.watch(this.slot, machine.pollTimeout());
      for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) this.#handle(event);
    } while (!this.#isFinished && !machine.drained);
    if (!this.#isFinished) this.#transmit();
    this.#isSettling = false;
  }

  #handle(event: LinkEvent): void {
    switch (event) {
      case LinkEvent.Greeted:
        this.#decided = Promise.withResolvers();
        return this.#owner.greeted(this);
      case LinkEvent.Messages:
        return this.#owner.messages(this);
      case LinkEvent.Drained:
        return this.#owner.drained(this);
      case LinkEvent.EndWrite:
        return void this.#endWrite();
      case LinkEvent.Closed:
        return this.#finish();
    }
  }

  #transmit(): void {
    const { span } = this.#hub;
    if (this.machine.pollTransmit(span) === 0) return;
    const bytes = span.bytes();
    span.clear();
    this.#stream.write(bytes).then(this.#written, this.#failed);
  }

  #handleWritten(count: number): void {
    if (this.#isFinished) return;
    this.#hub.turn++;
    this.#hub.scheduler.tick();
    this.machine.handleTransmitted(count);
    this.#settle();
  }

  async #endWrite(): Promise<void> {
    try {
      await this.#stream.closeWrite();
    } catch (error) {
      this.#lose(error);
    }
    this.drain();
  }

  #lose(error: unknown): void {
    if (this.#isFinished) return;
    this.machine.handleLinkLost(error);
    this.#settle();
  }

  #finish(): void {
    this.#isFinished = true;
    this.#decided?.resolve();
    this.#hub.freeSlot(this.slot);
    this.#stream.close();
    const { reason } = this.machine;
    this.#owner.closed(this, reason ?? { code: LinkCloseCode.Normal, origin: "local" });
  }
}
