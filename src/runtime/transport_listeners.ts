/**
 * The listeners of one transport server: opened together or not at all, accepted from side by side.
 *
 * Invariants: an accept that fails for now (too many open files) is tried again after a pause that grows, and is told;
 * while the owner wants no links none is accepted, and the system's own backlog fills.
 *
 * @module
 */
import type { Scheduler } from "../time/scheduler.ts";
import type { Address } from "../transport/address.ts";
import type { MessageListener } from "../transport/message_link.ts";
import type { StreamListener } from "../transport/stream_link.ts";
import type { ProtocolLink, TransportProtocol } from "./transport_protocol.ts";

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 1000;

interface Open {
  readonly protocol: TransportProtocol;
  readonly listener: StreamListener | MessageListener;
}

/** What becomes of links and of failures. */
export interface ListenerOwner {
  /** A link came. */
  accepted(protocol: TransportProtocol, link: ProtocolLink): void;
  /** Accepting failed for now. */
  acceptFailed(error: unknown): void;
  /** Settles when links are wanted again; `undefined` while they are. */
  readonly whenWanted: Promise<void> | undefined;
}

/** All listeners of a server. */
export class TransportListeners {
  readonly #owner: ListenerOwner;
  readonly #scheduler: Scheduler;
  #open: Open[] = [];
  #accepting: Promise<void>[] = [];
  #endPauses: Set<() => void> = new Set();

  /**
   * @param owner What becomes of links.
   * @param scheduler Time for pauses.
   */
  constructor(owner: ListenerOwner, scheduler: Scheduler) {
    this.#owner = owner;
    this.#scheduler = scheduler;
  }

  /**
   * Listens by all protocols.
   *
   * @param protocols By which.
   * @returns When all listen. Rejects with the first error, and then none does.
   */
  async open(protocols: readonly TransportProtocol[]): Promise<void> {
    try {
      for (const protocol of protocols) this.#open.push({ protocol, listener: protocol.links.fabric.listen() });
      for (const { listener } of this.#open) await listener.listening;
    } catch (error) {
      this.close();
      throw error;
    }
    this.#accepting = this.#open.map((one) => this.#accept(one));
  }

  /**
   * Where a protocol listens.
   *
   * @param name The protocol's name.
   * @returns The address, or `undefined`.
   */
  addressOf(name: string): Address | undefined {
    return this.#open.find((one) => one.protocol.name === name)?.listener.address;
  }

  /** The addresses by protocol, in the order of the protocols. */
  get addresses(): readonly { readonly protocol: string; readonly address: Address }[] {
    return this.#open.map(({ protocol, listener }) => ({ protocol: protocol.name, address: listener.address }));
  }

  /** Stops listening. */
  close(): void {
    for (const { listener } of this.#open) listener.close();
    for (const end of this.#endPauses) end();
  }

  /**
   * Waits until nobody is let in any more.
   *
   * @returns When that is so; `close` comes first.
   */
  async whenClosed(): Promise<void> {
    await Promise.all(this.#accepting);
    await Promise.all(this.#open.map(({ listener }) => listener.whenClosed));
  }

  async #accept({ protocol, listener }: Open): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!listener.closed) {
      try {
        const { whenWanted } = this.#owner;
        if (whenWanted !== undefined) await this.#untilWanted(whenWanted);
        const link = await listener.accept();
        pauseMs = FIRST_PAUSE_MS;
        this.#owner.accepted(protocol, link);
      } catch (error) {
        if (listener.closed) return;
        this.#owner.acceptFailed(error);
        await this.#pause(pauseMs);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
  }

  #untilWanted(whenWanted: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#endPauses.delete(end);
        resolve();
      };
      this.#endPauses.add(end);
      whenWanted.then(end);
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#endPauses.delete(end);
        alarm.disarm();
        resolve();
      };
      const alarm = this.#scheduler.alarm(end);
      this.#endPauses.add(end);
      alarm.arm(this.#scheduler.tick() + ms);
    });
  }
}
