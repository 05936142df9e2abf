/**
 * The client of framed TCP that never waits.
 *
 * @module
 */
import type { SendStatus } from "../error/send_status.ts";
import { type BurstOptions, BurstRuntime, type FlushReport, resolveBurstOptions } from "../runtime/burst_runtime.ts";
import type { ParticleStatistics } from "../runtime/statistics.ts";
import { clientSource, runSource } from "../runtime/stream_source.ts";
import { systemHost } from "../runtime/system_host.ts";
import type { ConflationKey } from "../stream/conflation.ts";

/**
 * Fire and forget: `send` never waits and never throws on a full queue. What does not fit is dropped and counted.
 *
 * @example
 * ```ts
 * import { ParticleBurst, Reactor } from "@ringwire/ringwire";
 *
 * let received = 0;
 * const reactor = new Reactor({ hostname: "127.0.0.1", onReceived: () => void received++ });
 * await reactor.start();
 * const burst = new ParticleBurst({ port: reactor.port });
 * const payload = new TextEncoder().encode("Hello Reactor");
 * for (let i = 0; i < 1000; i++) burst.send(payload);
 * const { unsentCount, droppedCount } = await burst.close();
 * await reactor.stop();
 * console.assert(received === 1000 && unsentCount === 0 && droppedCount === 0);
 * ```
 */
export class ParticleBurst implements AsyncDisposable {
  readonly #runtime: BurstRuntime;
  readonly #closed: Promise<void>;

  /**
   * Makes a burst and starts to connect its lanes.
   *
   * @param options Where to connect to, limits, and handlers.
   * @throws {TypeError} When an option has the wrong type or is unknown.
   * @throws {RangeError} When an option is out of its bounds or contradicts another one.
   */
  constructor(options: BurstOptions) {
    const config = resolveBurstOptions(options);
    const host = systemHost();
    const source = clientSource(config.particle, config.parallelism, host, () => this.#runtime);
    this.#runtime = new BurstRuntime(config, options, source.fabric, host);
    this.#closed = runSource(source, this.#runtime.whenClosed);
  }

  /** Settles when every lane has its first link; rejects with `ConnectError` when one has none and no reconnect. */
  get connected(): Promise<void> {
    return this.#runtime.whenConnected;
  }

  /** Settles when all lanes are closed for good; never rejects. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /** How many lanes there are: connections of their own, each ordered. */
  get parallelism(): number {
    return this.#runtime.parallelism;
  }

  /** How many bytes are queued in all lanes, headers included. */
  get queuedBytes(): number {
    return this.#runtime.queuedBytes;
  }

  /** How many messages were dropped because a queue was full. */
  get droppedCount(): number {
    return this.#runtime.droppedCount;
  }

  /**
   * Sends a message, on the lanes in turn.
   *
   * @param payload Copied at once.
   * @param key What the message replaces under the policy `conflate`; messages of one key go to one lane.
   * @returns `Queued`; or `Dropped`, `Closed`, `TooLarge`: what became of it otherwise.
   * @throws {TypeError} When the payload is no `Uint8Array`.
   */
  send(payload: Uint8Array, key?: ConflationKey): SendStatus {
    return this.#runtime.send(payload, key);
  }

  /**
   * Sends a message on one lane: messages of a lane keep their order.
   *
   * @param lane Which lane; any integer of at least 0, taken modulo their number.
   * @param payload Copied at once.
   * @param key What the message replaces under the policy `conflate`.
   * @returns What became of it, see `send`.
   * @throws {TypeError} When the payload is no `Uint8Array`.
   * @throws {RangeError} When the lane is no such integer.
   */
  sendOn(lane: number, payload: Uint8Array, key?: ConflationKey): SendStatus {
    return this.#runtime.sendOn(lane, payload, key);
  }

  /**
   * Lets the writer catch up: for loops that send more than the queue holds.
   *
   * @returns At once while no lane is above its high mark, else when all are down at their low marks, or closed.
   */
  ready(): Promise<void> {
    return this.#runtime.ready();
  }

  /**
   * Waits until everything that was accepted so far was handed to the links, or is lost.
   *
   * @returns What was not sent. Never rejects.
   */
  flush(): Promise<FlushReport> {
    return this.#runtime.flush();
  }

  /**
   * Closes in order: what is queued is written first.
   *
   * @returns What was not sent, when all lanes are closed; bounded by `closeTimeoutMs`. Never rejects.
   */
  close(): Promise<FlushReport> {
    return this.#runtime.close().then((report) => this.#closed.then(() => report));
  }

  /** Closes at once; what is queued is lost and counted. */
  abort(): void {
    this.#runtime.abort();
  }

  /**
   * What was counted so far, over all lanes and links.
   *
   * @returns A copy.
   */
  statistics(): ParticleStatistics {
    return this.#runtime.statistics();
  }

  /** The same as `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
