/**
 * The builder that users of Faster.Transport know; it only collects options for the constructors.
 *
 * @module
 */
import { MisuseError } from "../error/transport_error.ts";
import type { BurstOptions } from "../runtime/burst_runtime.ts";
import type { DisconnectReason } from "../runtime/connection.ts";
import type { FluxOptions } from "../runtime/flux_options.ts";
import type { ReconnectOptions } from "../runtime/particle_options.ts";
import { ParticleBurst } from "./particle_burst.ts";
import { ParticleFlux } from "./particle_flux.ts";
import { Particle } from "./particle.ts";

/** What a builder builds. */
export type ParticleKind = "particle" | "concurrent" | "burst";

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Collected = Writable<Partial<BurstOptions & FluxOptions>>;
/** What `build` makes: a flux after `asConcurrent()`, a particle otherwise. */
export type Built<Kind extends ParticleKind> = Kind extends "concurrent" ? ParticleFlux : Particle;

/**
 * Collects the options of a particle step by step.
 *
 * @example
 * ```ts
 * import { ParticleBuilder, Reactor } from "@ringwire/ringwire";
 *
 * await using reactor = new Reactor({ hostname: "127.0.0.1" });
 * await reactor.start();
 * const particle = new ParticleBuilder()
 *   .connectTo("127.0.0.1", reactor.port)
 *   .onReceived((payload) => console.log(payload.length))
 *   .onParticleDisconnected((_particle, reason) => console.log(reason.message))
 *   .build();
 * await particle.send(new TextEncoder().encode("Hello"));
 * await particle.close();
 * ```
 */
export class ParticleBuilder<Kind extends ParticleKind = "particle"> {
  readonly #options: Collected = {};
  #kind: ParticleKind = "particle";
  #onParticleDisconnected: ((particle: Particle | ParticleFlux, reason: DisconnectReason) => unknown) | undefined;
  #onBurstDisconnected: ((burst: ParticleBurst, reason: DisconnectReason) => unknown) | undefined;

  /**
   * Names the remote end.
   *
   * @param hostname The host, for example `"127.0.0.1"`.
   * @param port The port.
   * @returns This builder.
   */
  connectTo(hostname: string, port: number): this {
    Object.assign(this.#options, { hostname, port });
    return this;
  }

  /**
   * Sets the size that the read buffer grows to under traffic.
   *
   * @param bytes 512 to 16 MiB. A message may be larger.
   * @returns This builder.
   */
  withBufferSize(bytes: number): this {
    this.#options.readBufferBytes = bytes;
    return this;
  }

  /**
   * Sets how many lanes a burst has, or how many producers in other threads a flux takes.
   *
   * @param count 1 to 256 lanes, 1 to 4096 producers.
   * @returns This builder.
   */
  withParallelism(count: number): this {
    this.#options.parallelism = count;
    return this;
  }

  /**
   * Builds a `ParticleFlux`: many producers, other threads too.
   *
   * @returns This builder.
   */
  asConcurrent(): ParticleBuilder<"concurrent"> {
    this.#kind = "concurrent";
    return this as unknown as ParticleBuilder<"concurrent">;
  }

  /**
   * Builds a `ParticleBurst`: sends without waiting.
   *
   * @returns This builder.
   */
  asBurst(): ParticleBuilder<"burst"> {
    this.#kind = "burst";
    return this as unknown as ParticleBuilder<"burst">;
  }

  /**
   * Announces a peer id to a reactor that asks for them.
   *
   * @param peerId 1 to 127 printable ASCII characters.
   * @returns This builder.
   */
  withPeerId(peerId: string): this {
    this.#options.peerId = peerId;
    return this;
  }

  /**
   * Connects again whenever the link is lost.
   *
   * @param options How; the defaults otherwise.
   * @returns This builder.
   */
  withAutoReconnect(options: ReconnectOptions = {}): this {
    this.#options.reconnect = options;
    return this;
  }

  /**
   * Sets any other option; later calls win.
   *
   * @param options Options of what is being built.
   * @returns This builder.
   */
  withOptions(options: Partial<BurstOptions & FluxOptions>): this {
    Object.assign(this.#options, options);
    return this;
  }

  /**
   * Handles an established link, see `ParticleHandlers.onConnected`.
   *
   * @param handler Called with the first link and with every later one.
   * @returns This builder.
   */
  onConnected(handler: () => unknown): this {
    this.#options.onConnected = handler;
    return this;
  }

  /**
   * Handles messages, see `ParticleHandlers.onReceived`.
   *
   * @param handler Gets each payload.
   * @returns This builder.
   */
  onReceived(handler: (payload: Uint8Array) => unknown): this {
    this.#options.onReceived = handler;
    return this;
  }

  /**
   * Handles the end of the link of a particle or a flux.
   *
   * @param handler Gets the particle and why.
   * @returns This builder.
   */
  onParticleDisconnected(handler: (particle: Particle | ParticleFlux, reason: DisconnectReason) => unknown): this {
    this.#onParticleDisconnected = handler;
    return this;
  }

  /**
   * Handles the end of a burst.
   *
   * @param handler Gets the burst and why.
   * @returns This builder.
   */
  onBurstDisconnected(handler: (burst: ParticleBurst, reason: DisconnectReason) => unknown): this {
    this.#onBurstDisconnected = handler;
    return this;
  }

  /**
   * Makes the particle, or the flux after `asConcurrent()`; it starts to connect.
   *
   * @returns The particle or the flux.
   * @throws {MisuseError} When an option was set that it would not heed, or after `asBurst()`.
   * @throws {TypeError} When an option has the wrong type, or `connectTo` was not called.
   * @throws {RangeError} When an option is out of its bounds.
   */
  build(): Built<Kind> {
    if (this.#kind === "burst") throw new MisuseError("Cannot build a particle after asBurst(): call buildBurst()");
    if (this.#onBurstDisconnected !== undefined) {
      throw new MisuseError("Cannot build: onBurstDisconnected is for bursts, use onParticleDisconnected");
    }
    const { parallelism, ...options } = this.#connected();
    const report = this.#onParticleDisconnected;
    const built: Particle | ParticleFlux = this.#kind === "concurrent"
      ? new ParticleFlux({
        ...options,
        ...(parallelism === undefined ? {} : { maxProducerCount: parallelism }),
        ...(report === undefined ? {} : { onDisconnected: (reason) => report(built, reason) }),
      })
      : new Particle({
        ...this.#plain(options, parallelism),
        ...(report === undefined ? {} : { onDisconnected: (reason) => report(built, reason) }),
      });
    return built as Built<Kind>;
  }

  /**
   * Makes the burst; it starts to connect.
   *
   * @returns The burst.
   * @throws {MisuseError} When an option was set that it would not heed, or without `asBurst()`.
   * @throws {TypeError} When an option has the wrong type, or `connectTo` was not called.
   * @throws {RangeError} When an option is out of its bounds.
   */
  buildBurst(): ParticleBurst {
    if (this.#kind !== "burst") throw new MisuseError("Cannot build a burst: call asBurst() first");
    if (this.#onParticleDisconnected !== undefined) {
      throw new MisuseError("Cannot build: onParticleDisconnected is for particles, use onBurstDisconnected");
    }
    const report = this.#onBurstDisconnected;
    const burst: ParticleBurst = new ParticleBurst({
      ...this.#connected(),
      ...(report === undefined ? {} : { onDisconnected: (reason) => report(burst, reason) }),
    });
    return burst;
  }

  #connected(): Collected & { port: number } {
    const { port } = this.#options;
    if (port === undefined) throw new TypeError("Cannot build: connectTo(hostname, port) was not called");
    return { ...this.#options, port };
  }

  #plain(options: Collected & { port: number }, parallelism: number | undefined): Collected & { port: number } {
    if (parallelism !== undefined) {
      throw new MisuseError("Cannot build: withParallelism is for bursts and fluxes, a particle has one producer");
    }
    return options;
  }
}
