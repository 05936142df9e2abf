/**
 * The options of a flux: the one place that defaults and checks them.
 *
 * @module
 */
import { integer } from "../error/option_check.ts";
import { type ParticleConfig, type ParticleOptions, resolveParticleOptions } from "./particle_options.ts";

/** The options of a flux. */
export interface FluxOptions extends ParticleOptions {
  /**
   * The capacity of each producer's ring in bytes, a power of two from 1024 to 2^30; a producer's largest message is
   * half of it, less 4 bytes. @default 1048576
   */
  readonly producerRingBytes?: number;
  /** How many producers in other threads there may be at once. @default 64 */
  readonly maxProducerCount?: number;
}

/** {@linkcode FluxOptions} without handlers, complete and checked. */
export interface FluxConfig {
  /** The options of the particle. */
  readonly particle: ParticleConfig;
  /** The capacity of each ring. */
  readonly producerRingBytes: number;
  /** The bound on producers. */
  readonly maxProducerCount: number;
}

/**
 * Completes and checks the options of a flux.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is unknown.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveFluxOptions(options: FluxOptions): FluxConfig {
  const { producerRingBytes, maxProducerCount, ...rest } = options;
  const ringBytes = integer("producerRingBytes", producerRingBytes, 1 << 20, 1024, 2 ** 30);
  if ((ringBytes & (ringBytes - 1)) !== 0) {
    throw new RangeError(`The option producerRingBytes must be a power of two: got ${ringBytes}`);
  }
  if (rest.sendPolicy !== undefined && rest.sendPolicy !== "wait") {
    throw new RangeError(`A flux has the policy wait, because its rings wait: got ${rest.sendPolicy}`);
  }
  return Object.freeze({
    particle: resolveParticleOptions(rest),
    producerRingBytes: ringBytes,
    maxProducerCount: integer("maxProducerCount", maxProducerCount, 64, 1, 4096),
  });
}
