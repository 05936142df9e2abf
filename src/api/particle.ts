/**
 * The client of framed TCP for one producer.
 *
 * @module
 */
import type { SendStatus } from "../error/send_status.ts";
import { type ParticleOptions, resolveParticleOptions } from "../runtime/particle_options.ts";
import { ParticleRuntime } from "../runtime/particle_runtime.ts";
import type { ParticleStatistics } from "../runtime/statistics.ts";
import { clientSource, runSource } from "../runtime/stream_source.ts";
import { systemHost } from "../runtime/system_host.ts";
import type { ConflationKey } from "../stream/conflation.ts";

/**
 * Connects to a reactor, or to any peer of the same framing: ordered, full duplex.
 *
 * It connects when it is made; messages that are sent before the link stands are queued.
 *
 * @example
 * ```ts
 * import { Particle, Reactor } from "@ringwire/ringwire";
 *
 * await using reactor = new Reactor({ hostname: "127.0.0.1", onReceived: (connection, data) => connection.return(data) });
 * await reactor.start();
 * await using particle = new Particle({ port: reactor.port });
 * await particle.send(new Uint8Array([1, 2, 3]));
 * ```
 */
export class Particle implements AsyncDisposable {
  readonly #runtime: ParticleRuntime;
  readonly #closed: Promise<void>;

  /**
   * Makes a particle and starts to connect.
   *
   * @param options Where to connect to, limits, and handlers.
   * @throws {TypeError} When an option has the wrong type or is unknown.
   * @throws {RangeError} When an option is out of its bounds or contradicts another one.
   */
  constructor(options: ParticleOptions) {
    const config = resolveParticleOptions(options);
    const host = systemHost();
    const source = clientSource(config, 1, host, () => this.#runtime);
    this.#runtime = new ParticleRuntime(config, options, source.fabric, host);
    this.#runtime.start();
    this.#closed = runSource(source, this.#runtime.whenClosed);
  }

  /**
   * Settles with the first link: rejects with `ConnectError` when there is none and no reconnect, with `ClosedError`
   * when the server refused the peer id. A server that turns a client away for its limits accepts and closes at once:
   * that shows in `onDisconnected`. Awaiting this is optional.
   */
  get connected(): Promise<void> {
    return this.#runtime.whenConnected;
  }

  /** Settles when the particle is closed for good; never rejects. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /** Whether there is a link now. */
  get isConnected(): boolean {
    return this.#runtime.isConnected;
  }

  /** How many bytes are queued for sending, headers included. */
  get queuedBytes(): number {
    return this.#runtime.sender.outbox.queuedBytes;
  }

  /**
   * Sends a message and waits for room where there is none.
   *
   * @param payload Copied at once, and the caller's again; from `referenceBytes` on it is written from the caller's
   * memory and must not change until the promise settles.
   * @param key What the message replaces under the policy `conflate`; of no account under others.
   * @returns When the message is in the send queue; a payload by reference: when it was written. Rejects with
   * `ClosedError` when the particle is closed, which is not reported again if nobody handles it; with `ResourceError`
   * when 1024 sends wait already, which `onError` is told, too. Rejects with `TypeError` when the
   * payload is no `Uint8Array` and with `RangeError` when it is larger than `maxFrameBytes`.
   */
  send(payload: Uint8Array, key?: ConflationKey): Promise<void> {
    return this.#runtime.sender.send(payload, key);
  }

  /**
   * Offers a message without waiting.
   *
   * @param payload Copied at once, whatever its size.
   * @param key What the message replaces under the policy `conflate`; of no account under others.
   * @returns What became of it.
   * @throws {TypeError} When the payload is no `Uint8Array`.
   */
  trySend(payload: Uint8Array, key?: ConflationKey): SendStatus {
    return this.#runtime.sender.trySend(payload, key);
  }

  /**
   * Waits until everything that was accepted so far was handed to the link.
   *
   * @returns When it was. Rejects with `ClosedError` when the particle is closed before that.
   */
  flush(): Promise<void> {
    return this.#runtime.sender.flush();
  }

  /**
   * Closes in order: what is queued is written first, where there is a link or the first one is on its way. Messages
   * that still arrive are discarded: await the answers that you want before.
   *
   * @returns When it is closed; bounded by `closeTimeoutMs`.
   */
  close(): Promise<void> {
    return this.#runtime.close().then(() => this.#closed);
  }

  /** Closes at once; what is queued is lost and counted. */
  abort(): void {
    this.#runtime.abort();
  }

  /**
   * What was counted so far, over all links; costs nothing on the hot path.
   *
   * @returns A copy.
   */
  statistics(): ParticleStatistics {
    return this.#runtime.statistics();
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
