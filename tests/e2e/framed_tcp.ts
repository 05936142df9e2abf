/**
 * The one place where the tests of framed TCP make what they test, so that the same tests can be run over the same
 * endpoints made another way.
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

/**
 * Makes a reactor that is not started.
 *
 * @param options What it differs in; it listens on the loopback address.
 * @returns The reactor.
 */
export function makeReactor(options: ReactorOptions = {}): Reactor {
  return new Reactor({ hostname: "127.0.0.1", ...options });
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
  return new Particle(options);
}

/**
 * Makes a flux.
 *
 * @param options Its options.
 * @returns The flux, connecting.
 */
export function openFlux(options: FluxOptions): ParticleFlux {
  return new ParticleFlux(options);
}

/**
 * Makes a burst.
 *
 * @param options Its options.
 * @returns The burst, connecting.
 */
export function openBurst(options: BurstOptions): ParticleBurst {
  return new ParticleBurst(options);
}
