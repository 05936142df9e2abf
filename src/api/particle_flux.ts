/**
 * The client of framed TCP for many producers, in this thread and in others.
 *
 * @module
 */
import type { SendStatus } from "../error/send_status.ts";
import { FluxProducer } from "../runtime/flux_producer.ts";
import { type FluxOptions, resolveFluxOptions } from "../runtime/flux_options.ts";
import { FluxRuntime } from "../runtime/flux_runtime.ts";
import type { ProducerToken } from "../runtime/flux_token.ts";
import type { ParticleStatistics } from "../runtime/statistics.ts";
import { clientSource, runSource } from "../runtime/stream_source.ts";
import { systemHost } from "../runtime/system_host.ts";
import type { ConflationKey } from "../stream/conflation.ts";

/**
 * One connection that many producers send into, each in its own order: any number in this thread, and one for every
 * token in other threads.
 *
 * @example
 * ```ts ignore
 * // main.ts
 * const flux = new ParticleFlux({ port: 5555 });
 * const worker = new Worker(new URL("./telemetry.ts", import.meta.url), { type: "module" });
 * worker.postMessage(flux.producerToken());
 *
 * // telemetry.ts
 * self.onmessage = async ({ data }) => {
 *   using producer = ParticleFlux.attach(data);
 *   for (let i = 0; i < 1000; i++) await producer.send(new Uint8Array([i]));
 * };
 * ```
 */
export class ParticleFlux implements AsyncDisposable {
  readonly #runtime: FluxRuntime;
  readonly #closed: Promise<void>;

  /**
   * Makes a flux and starts to connect.
   *
   * @param options Where to connect to, limits, and handlers.
   * @throws {TypeError} When an option has the wrong type or is unknown.
   * @throws {RangeError} When an option is out of its bounds or contradicts another one.
   */
  constructor(options: FluxOptions) {
    const config = resolveFluxOptions(options);
    const host = systemHost();
    const source = clientSource(config.particle, 1, host, () => this.#runtime.particle);
    this.#runtime = new FluxRuntime(config, options, source.fabric, host);
    this.#closed = runSource(source, this.#runtime.particle.whenClosed);
  }

  /**
   * Attaches to a flux that lives in another thread.
   *
   * @param token What `producerToken()` returned there, posted to this thread.
   * @returns A producer with a ring of its own.
   * @throws {TypeError} When it is no token.
   * @throws {MisuseError} When a producer was attached with it before.
   */
  static attach(token: ProducerToken): FluxProducer {
    return new FluxProducer(token);
  }

  /** Settles with the first link, see `Particle.connected`. */
  get connected(): Promise<void> {
    return this.#runtime.particle.whenConnected;
  }

  /** Settles when the flux is closed for good; never rejects. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /** Whether there is a link now. */
  get isConnected(): boolean {
    return this.#runtime.particle.isConnected;
  }

  /** How many bytes are queued in the connection, headers included; what is in the rings is not. */
  get queuedBytes(): number {
    return this.#runtime.particle.sender.outbox.queuedBytes;
  }

  /** How many tokens are given out whose producers are not closed or revoked. */
  get producerCount(): number {
    return this.#runtime.pump.producerCount;
  }

  /**
   * Makes room for a producer in another thread.
   *
   * @returns A token for `postMessage`; good for one producer.
   * @throws {ResourceError} When there are `maxProducerCount` producers already.
   * @throws {MisuseError} When the flux is closed.
   */
  producerToken(): ProducerToken {
    return this.#runtime.pump.token();
  }

  /**
   * Gives up a producer whose thread is known to be gone: what it had committed is sent, its memory is freed.
   *
   * @param token The token that it was attached with.
   * @returns When what it had committed was handed to the link.
   */
  revokeProducer(token: ProducerToken): Promise<void> {
    return this.#runtime.pump.revoke(token);
  }

  /** Sends from this thread, see `Particle.send`; any number of callers may. */
  send(payload: Uint8Array, key?: ConflationKey): Promise<void> {
    return this.#runtime.particle.sender.send(payload, key);
  }

  /** Offers from this thread without waiting, see `Particle.trySend`. */
  trySend(payload: Uint8Array, key?: ConflationKey): SendStatus {
    return this.#runtime.particle.sender.trySend(payload, key);
  }

  /**
   * Waits until everything that was committed so far, in the rings too, was handed to the link.
   *
   * @returns When it was. Rejects with `ClosedError` when the flux is closed before that.
   */
  flush(): Promise<void> {
    return this.#runtime.flush();
  }

  /**
   * Closes in order: what is in the rings and in the queue is written first.
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
    return this.#runtime.particle.statistics();
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
