/**
 * What stands between a secure socket and the links of its peers: takes the events of the socket when its machine was
 * drained, and gives each peer's to its link.
 *
 * Invariant: no credit goes back by taking an event; links give it back themselves. Why it takes events as the core's
 * `taker`: the queue of events has one reader for all peers, and to take a message there means to have consumed it; here
 * a peer that nobody reads must hold up neither the others nor itself beyond its window. Why not by waiting for events:
 * what goes straight to a reader who waits counts as consumed.
 *
 * @module
 */
import { SendStatus } from "../error/send_status.ts";
import { SessionCloseCode } from "../session/session_close_code.ts";
import type { Alarm, Scheduler } from "../time/scheduler.ts";
import type { Address } from "../transport/address.ts";
import type { SecureCore } from "./secure_core.ts";
import type { SecureConnected, SecureDisconnected, SecureEvent } from "./secure_event.ts";
import { LINK_CHANNEL, SecureLink, type SecureLinkOwner } from "./transport_secure_link.ts";

/** After how many ms it is looked first whether all was acknowledged that was sent; each time without it doubles that. */
const FIRST_LOOK_MS = 4;
const LONGEST_LOOK_MS = 128;

/** How many links are looked at each time, and how many of those that end when the machine was drained. */
const LOOK_COUNT = 64;
const ENDING_COUNT = 4;

/**
 * Credit goes back in portions of so many bytes, which is little of any window here, or after so many ms. Why: to give it
 * back message by message costs as much as a small message.
 */
const STEP_BYTES: number = 16 << 10;
const REPAY_MS = 4;

/** Whom a hub tells of its links. */
export interface SecureHubOwner {
  /**
   * A peer is there.
   *
   * @param link Its link.
   */
  handleLink(link: SecureLink): void;
  /** The last link is gone. */
  handleEmpty(): void;
  /** What a link's end waits for before it is told; `undefined`: nothing. Never rejects. */
  readonly whenReleased?: Promise<void>;
}

/** The links of one socket. */
export class SecureHub implements SecureLinkOwner {
  readonly #core: SecureCore;
  readonly #owner: SecureHubOwner;
  readonly #scheduler: Scheduler;
  readonly #links = new Map<number, SecureLink>();
  /** Links that have sent what may not be acknowledged. */
  readonly #unsent = new Set<SecureLink>();
  readonly #ending = new Set<SecureLink>();
  /** Links with credit to give back. */
  readonly #owing = new Set<SecureLink>();
  readonly #look: Alarm;
  readonly #repay: Alarm;
  #lookMs = FIRST_LOOK_MS;
  #credit = 0;
  #isLooking = false;
  #isPumping = false;

  /**
   * Takes the events of a socket over.
   *
   * @param core The socket's common part; nobody else takes its events.
   * @param owner Whom to tell of links.
   * @param scheduler The socket's time.
   */
  constructor(core: SecureCore, owner: SecureHubOwner, scheduler: Scheduler) {
    this.#core = core;
    this.#owner = owner;
    this.#scheduler = scheduler;
    this.#look = scheduler.alarm(() => this.#handleLook());
    this.#repay = scheduler.alarm(() => {
      for (const link of this.#owing) this.#repayTo(link);
    });
    core.taker = {
      handleTaken: (credit) => void (this.#credit = credit),
      handleDrained: () => this.pump(),
    };
    void core.whenClosed.then(() => {
      this.pump();
      this.#look.disarm();
      this.#repay.disarm();
    });
  }

  /** Whether there is no link. */
  get isEmpty(): boolean {
    return this.#links.size === 0;
  }

  /** Hands on what waits. */
  pump(): void {
    if (this.#isPumping) return;
    const { events } = this.#core;
    this.#isPumping = true;
    do {
      for (let event = events.poll(); event !== undefined; event = events.poll()) {
        const credit = this.#credit;
        this.#credit = 0;
        this.#handle(event, credit);
      }
      if (this.#ending.size > 0) this.#lookAtEnding(ENDING_COUNT);
      // To end a session makes an event.
    } while (events.count > 0);
    this.#isPumping = false;
  }

  /** {@inheritDoc SecureLinkOwner.send} */
  send(link: SecureLink, message: Uint8Array): SendStatus {
    const status = this.#core.trySend(link.peerId, LINK_CHANNEL, message);
    if (status === SendStatus.Queued && !this.#unsent.has(link)) {
      this.#unsent.add(link);
      this.#lookMs = FIRST_LOOK_MS;
      this.#armLook();
    }
    return status;
  }

  /** {@inheritDoc SecureLinkOwner.giveCredit} */
  giveCredit(link: SecureLink, credit: number): void {
    if (credit === 0) return;
    if (link.owedCredit === 0) {
      this.#owing.add(link);
      if (this.#owing.size === 1) this.#repay.arm(this.#scheduler.tick() + REPAY_MS);
    }
    link.owedCredit += credit;
    if (link.owedCredit >= STEP_BYTES) this.#repayTo(link);
  }

  /** {@inheritDoc SecureLinkOwner.end} */
  end(link: SecureLink): void {
    if (!this.#links.has(link.peerId)) return;
    this.#endWhenSent(link);
  }

  /** {@inheritDoc SecureLinkOwner.drop} */
  drop(link: SecureLink, code: number): void {
    this.#neglect(link);
    this.#core.disconnect(link.peerId, code, "");
  }

  #repayTo(link: SecureLink): void {
    this.#owing.delete(link);
    const { owedCredit } = link;
    link.owedCredit = 0;
    this.#core.giveBack(link.peerId, LINK_CHANNEL, owedCredit);
  }

  #handle(event: SecureEvent, credit: number): void {
    const link = this.#links.get(event.peerId);
    if (event.type === "data") {
      // Peers of this kind use one channel; what comes by another one is nobody's.
      if (link !== undefined && event.channel === LINK_CHANNEL) link.handleMessage(event.data, credit);
      else if (credit > 0) this.#core.giveBack(event.peerId, event.channel, credit);
    } else if (event.type === "connected") this.#open(event);
    else if (event.type === "drained") link?.handleRoom();
    else if (event.type === "disconnected") this.#forget(event);
  }

  #open({ peerId, address, token }: SecureConnected): void {
    const session = this.#core.peers.get(peerId);
    if (session === undefined) return;
    const local: Address = this.#core.driver.link?.local ?? { transport: "udp", hostname: "0.0.0.0", port: 0 };
    const link = new SecureLink(this, session, { local, remote: address }, Object.freeze({ token }));
    this.#links.set(peerId, link);
    this.#owner.handleLink(link);
  }

  #forget({ peerId, reason }: SecureDisconnected): void {
    const link = this.#links.get(peerId);
    if (link === undefined) return;
    this.#links.delete(peerId);
    this.#neglect(link);
    const { whenReleased } = this.#owner;
    if (whenReleased === undefined) link.handleGone(reason);
    else void whenReleased.then(() => link.handleGone(reason));
    if (this.isEmpty) this.#owner.handleEmpty();
  }

  /** Nothing is to be done for a link any more. */
  #neglect(link: SecureLink): void {
    this.#ending.delete(link);
    this.#unsent.delete(link);
    this.#owing.delete(link);
  }

  #endWhenSent(link: SecureLink): void {
    this.#ending.delete(link);
    if (link.queuedBytes === 0) {
      this.#core.disconnect(link.peerId, SessionCloseCode.Normal, "");
      return;
    }
    // Behind the others that end.
    this.#ending.add(link);
    this.#armLook();
  }

  #lookAtEnding(count: number): void {
    for (const link of first(this.#ending, count)) this.#endWhenSent(link);
  }

  #armLook(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#look.arm(this.#scheduler.tick() + this.#lookMs);
  }

  /** Why by the clock: to ask a session costs as much as a small message. */
  #handleLook(): void {
    this.#isLooking = false;
    this.#lookMs = Math.min(this.#lookMs * 2, LONGEST_LOOK_MS);
    for (const link of first(this.#unsent, LOOK_COUNT)) {
      this.#unsent.delete(link);
      if (link.queuedBytes > 0) this.#unsent.add(link);
      else link.handleSent();
    }
    this.#lookAtEnding(LOOK_COUNT);
    if (this.#unsent.size > 0 || this.#ending.size > 0) this.#armLook();
  }
}

function first(links: ReadonlySet<SecureLink>, count: number): readonly SecureLink[] {
  return [...links.values().take(count)];
}
