/**
 * The one place where the tests of framed TCP make what they test, so that the same tests run over endpoints without
 * workers and over endpoints with two, in both dispatches.
 *
 * @module
 */
import {
  type BurstOptions,
  type FluxOptions,
  Particle,
  ParticleBurst,
  ParticleFlux,
  type ParticleOptions,
  Reactor,
  type ReactorOptions,
} from "../../mod.ts";

/** Names the dispatch that a run of these tests uses; without it there are no workers. */
const VARIABLE = "FRAMED_TCP_DISPATCH";

/** The dispatch of this run; `undefined` without workers. */
export const dispatch: "kernel" | "ring" | undefined = dispatchOf(Deno.env.get(VARIABLE));

/** How many workers the endpoints of this run have. */
export const workers: number = dispatch === undefined ? 0 : 2;

/**
 * Makes a reactor that is not started.
 *
 * @param options What it differs in; it listens on the loopback address.
 * @returns The reactor.
 */
export function makeReactor(options: ReactorOptions = {}): Reactor {
  return new Reactor({ hostname: "127.0.0.1", workers, ...(dispatch === undefined ? {} : { dispatch }), ...options });
}

/**
 * Makes and starts a reactor.
 *
 * @param options What it differs in.
 * @returns The reactor, listening.
 */
export async function openReactor(options: ReactorOptions = {}): Promise<Reactor> {
  const reactor = makeReactor(options);
  await reactor.start();
  return reactor;
}

/**
 * Makes a particle.
 *
 * @param options Its options.
 * @returns The particle, connecting.
 */
export function openParticle(options: ParticleOptions): Particle {
  return new Particle({ workers, ...options });
}

/**
 * Makes a flux.
 *
 * @param options Its options.
 * @returns The flux, connecting.
 */
export function openFlux(options: FluxOptions): ParticleFlux {
  return new ParticleFlux({ workers, ...options });
}

/**
 * Makes a burst.
 *
 * @param options Its options.
 * @returns The burst, connecting.
 */
export function openBurst(options: BurstOptions): ParticleBurst {
  return new ParticleBurst({ workers, ...options });
}

function dispatchOf(value: string | undefined): "kernel" | "ring" | undefined {
  if (value === undefined || value === "kernel" || value === "ring") return value;
  throw new TypeError(`${VARIABLE} must be kernel or ring: got ${value}`);
}
