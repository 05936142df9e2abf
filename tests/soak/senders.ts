/**
 * The clients of the soak: each sends its messages, closes, and says what became of them.
 *
 * @module
 */
import {
  Particle,
  ParticleBurst,
  ParticleFlux,
  type ParticleStatistics,
  type SendPolicy,
  SendStatus,
} from "../../mod.ts";
import type { SeededRandom } from "../../src/random/seeded_random.ts";
import { writeMessage } from "./message.ts";
import { inTime } from "./patience.ts";

/** What a sender is told. */
export interface SenderJob {
  /** Where it connects to. */
  readonly port: number;
  /** How many workers it has. */
  readonly workers: number;
  /** Its number, and for a flux that of its first producer. */
  readonly sender: number;
  /** What it draws sizes and turns from. */
  readonly random: SeededRandom;
  /** Whether it closes in order. */
  readonly isCalm: boolean;
}

/** What became of a sender's messages. */
export interface Outcome {
  /** Which sender. */
  readonly name: string;
  /** How many messages it was asked to send. */
  readonly sent: number;
  /** How many of them were refused with a status. */
  readonly refused: number;
  /** What it counted itself. */
  readonly statistics: ParticleStatistics;
}

const POLICIES: readonly SendPolicy[] = ["wait", "dropNewest", "dropOldest", "conflate"];
const KEY_COUNT = 50;
const RECONNECT = { baseMs: 1, maxMs: 20 };

/**
 * A particle; its number decides on its policy.
 *
 * @param job What it is told.
 * @returns What became of its messages.
 */
export async function runParticle({ port, workers, sender, random, isCalm }: SenderJob): Promise<Outcome> {
  const sendPolicy = POLICIES[sender % POLICIES.length]!;
  const options = { sendPolicy, maxQueuedBytes: 64 << 10, closeTimeoutMs: 5000, reconnect: RECONNECT };
  const particle = new Particle({ port, workers, ...options });
  const sent = 1000 + random.nextUint32() % 2000;
  let refused = 0;
  for (let number = 0; number < sent; number++) {
    const key = number % KEY_COUNT;
    const payload = writeMessage(sender, number, sendPolicy === "conflate" ? key : 0, lengthOf(random));
    if (random.nextUint32() % 2 === 0) await inTime(`${sendPolicy} to send`, particle.send(payload, key));
    else if (particle.trySend(payload, key) === SendStatus.BackPressured) refused++;
    if (number % 200 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  if (!isCalm && random.nextUint32() % 4 === 0) particle.abort();
  await closed(particle, isCalm);
  return { name: `particle ${sender}`, sent, refused, statistics: particle.statistics() };
}

/**
 * A burst of one lane.
 *
 * @param job What it is told.
 * @returns What became of its messages.
 */
export async function runBurst({ port, workers, sender, random, isCalm }: SenderJob): Promise<Outcome> {
  const options = { maxQueuedBytes: 256 << 10, closeTimeoutMs: 5000, reconnect: RECONNECT };
  const burst = new ParticleBurst({ port, workers, ...options });
  const sent = 5000;
  for (let number = 0; number < sent; number++) {
    burst.send(writeMessage(sender, number, 0, lengthOf(random)));
    if (number % 100 === 0) await inTime("ready", burst.ready());
  }
  await closed(burst, isCalm);
  return { name: `burst ${sender}`, sent, refused: 0, statistics: burst.statistics() };
}

/**
 * A flux with three producers, one of which is revoked in the end.
 *
 * @param job What it is told.
 * @returns What became of its messages.
 */
export async function runFlux({ port, workers, sender, random, isCalm }: SenderJob): Promise<Outcome> {
  const options = { producerRingBytes: 16_384, closeTimeoutMs: 5000, reconnect: RECONNECT };
  const flux = new ParticleFlux({ port, workers, ...options });
  const sent = 1000;
  const producers = [0, 1, 2].map(async (i) => {
    const token = flux.producerToken();
    const producer = ParticleFlux.attach(token);
    for (let number = 0; number < sent; number++) {
      const payload = writeMessage(sender + i, number, 0, Math.min(4000, lengthOf(random)));
      await inTime("a producer to send", producer.send(payload));
    }
    if (i === 0) await inTime("the revocation", flux.revokeProducer(token));
    else producer.close();
  });
  await Promise.all(producers);
  await closed(flux, isCalm);
  return { name: `flux ${sender}`, sent: 3 * sent, refused: 0, statistics: flux.statistics() };
}

/** Closes; where links are cut it flushes first, because a close that loses its link loses its queue. */
async function closed(client: Particle | ParticleBurst | ParticleFlux, isCalm: boolean): Promise<void> {
  if (!isCalm) await inTime("the flush", Promise.resolve(client.flush()).catch(() => {}));
  await inTime("the close", Promise.resolve(client.close()));
}

function lengthOf(random: SeededRandom): number {
  const draw = random.nextUint32() % 100;
  if (draw === 0) return 20_000;
  return draw < 10 ? 2000 : draw;
}
