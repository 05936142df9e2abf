/**
 * Unawaited sending over parallel lanes: each lane is a connection of its own with its share of the queue.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { integer } from "../error/option_check.ts";
import type { SendStatus } from "../error/send_status.ts";
import { Histogram } from "../metric/histogram.ts";
import type { ConflationKey } from "../stream/conflation.ts";
import { STREAM_COUNTERS } from "../stream/stream_counters.ts";
import type { StreamFabric } from "../transport/stream_link.ts";
import type { DisconnectReason } from "./connection.ts";
import { type ParticleConfig, type ParticleOptions, resolveParticleOptions } from "./particle_options.ts";
import { ParticleRuntime } from "./particle_runtime.ts";
import type { Sender } from "./sender.ts";
import type { ParticleStatistics } from "./statistics.ts";
import type { RuntimeHost } from "./system_host.ts";

const QUEUED_BYTES = 16 << 20;
/** Above this a burst is not ready: more than the writer takes in one turn only leaves the caches. */
const HIGH_WATER_BYTES = 1 << 20;

const DONE: Promise<void> = Promise.resolve();

/**
 * The options of a burst. `maxQueuedBytes` (default 16 MiB) is shared out evenly among the lanes, `highWaterBytes`
 * (default 1 MiB, or a lane's share if that is less) and `lowWaterBytes` are for each lane, and the default of
 * `sendPolicy` is `dropNewest`.
 */
export interface BurstOptions extends ParticleOptions {
  /** How many lanes: connections of their own, each ordered. Messages go to them in turn. @default 1 */
  readonly parallelism?: number;
}

/** {@linkcode BurstOptions} without handlers, complete and checked. */
export interface BurstConfig {
  /** The options of each lane. */
  readonly particle: ParticleConfig;
  /** How many lanes. */
  readonly parallelism: number;
}

/** What a burst could not send. */
export interface FlushReport {
  /** Messages that were queued and never written whole. */
  readonly unsentCount: number;
  /** Messages that were dropped or replaced because a queue was full or a newer one with the same key came. */
  readonly droppedCount: number;
}

/**
 * Completes and checks the options of a burst.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is unknown.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveBurstOptions(options: BurstOptions): BurstConfig {
  const { parallelism, ...rest } = options;
  const lanes = integer("parallelism", parallelism, 1, 1, 256);
  const all = integer("maxQueuedBytes", rest.maxQueuedBytes, QUEUED_BYTES, 1024 * lanes, 2 ** 40);
  const maxQueuedBytes = Math.floor(all / lanes);
  if (lanes > 1 && rest.peerId !== undefined) {
    throw new RangeError("Lanes cannot share a peer id: a burst with a peerId has a parallelism of 1");
  }
  if (rest.sendPolicy === "wait") throw new RangeError("A burst never waits: the policy cannot be wait");
  return Object.freeze({
    particle: resolveParticleOptions(
      {
        sendPolicy: "dropNewest",
        highWaterBytes: Math.min(maxQueuedBytes, HIGH_WATER_BYTES),
        ...rest,
        maxQueuedBytes,
      },
      undefined,
      lanes,
    ),
    parallelism: lanes,
  });
}

/** Runs one burst. */
export class BurstRuntime {
  readonly #lanes: readonly ParticleRuntime[];
  readonly #senders: readonly Sender[];
  readonly #only: Sender | undefined;
  #next = 0;

  /**
   * Makes a burst and starts to connect its lanes.
   *
   * @param config The checked options.
   * @param handlers What the application does; the end for good is reported once, with the last lane.
   * @param fabric Where links come from.
   * @param host Time and randomness.
   */
  constructor(config: BurstConfig, handlers: ParticleOptions, fabric: StreamFabric, host: RuntimeHost) {
    const { onDisconnected } = handlers;
    const report = (reason: DisconnectReason): unknown => {
      if (!reason.isFinal) return onDisconnected?.(reason);
      const isLast = this.#lanes.every((lane) => lane.over);
      return isLast ? onDisconnected?.({ ...reason, unsentCount: this.statistics().unsent }) : undefined;
    };
    const ownHandlers = onDisconnected === undefined ? handlers : { ...handlers, onDisconnected: report };
    this.#lanes = Array.from(
      { length: config.parallelism },
      () => new ParticleRuntime(config.particle, ownHandlers, fabric, host, false),
    );
    this.#senders = this.#lanes.map((lane) => lane.sender);
    this.#only = this.#senders.length === 1 ? this.#senders[0] : undefined;
    for (const lane of this.#lanes) lane.start();
  }

  /** Settles when every lane has its first link. */
  get whenConnected(): Promise<void> {
    const all = Promise.all(this.#lanes.map((lane) => lane.whenConnected)).then(() => {});
    all.catch(() => {});
    return all;
  }

  /** Settles when all lanes are closed for good. */
  get whenClosed(): Promise<void> {
    return Promise.all(this.#lanes.map((lane) => lane.whenClosed)).then(() => {});
  }

  /** How many lanes there are. */
  get parallelism(): number {
    return this.#lanes.length;
  }

  /** How many bytes are queued in all lanes. */
  get queuedBytes(): number {
    return this.#senders.reduce((sum, { outbox }) => sum + outbox.queuedBytes, 0);
  }

  /** How many messages were dropped or replaced. */
  get droppedCount(): number {
    const { droppedNewest, droppedOldest, conflated } = this.statistics();
    return droppedNewest + droppedOldest + conflated;
  }

  /** Sends on the lanes in turn, see `ParticleBurst.send`. */
  send(payload: Uint8Array, key?: ConflationKey): SendStatus {
    if (this.#only !== undefined) return this.#only.trySend(payload, key);
    if (key !== undefined) return this.sendOn(laneOf(key), payload, key);
    const lane = this.#next;
    this.#next = lane + 1 === this.#senders.length ? 0 : lane + 1;
    return this.#senders[lane]!.trySend(payload);
  }

  /** Sends on one lane, see `ParticleBurst.sendOn`. */
  sendOn(lane: number, payload: Uint8Array, key?: ConflationKey): SendStatus {
    if (!Number.isInteger(lane) || lane < 0) {
      throw new RangeError(`Cannot send on lane ${lane}: a lane is an integer of at least 0`);
    }
    return this.#senders[lane % this.#senders.length]!.trySend(payload, key);
  }

  /** Waits until no lane is above its high mark, see `ParticleBurst.ready`. */
  ready(): Promise<void> {
    const only = this.#only;
    if (only !== undefined) return only.outbox.backPressured ? only.ready().catch(() => {}) : DONE;
    return Promise.allSettled(this.#senders.map((sender) => sender.ready())).then(() => {});
  }

  /** Waits until what was accepted is written or lost, see `ParticleBurst.flush`. */
  async flush(): Promise<FlushReport> {
    await Promise.all(this.#senders.map((sender) => sender.flush().catch(() => {})));
    return this.#report();
  }

  /** Closes in order, see `ParticleBurst.close`. */
  async close(): Promise<FlushReport> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
    return this.#report();
  }

  /** Closes at once. */
  abort(code: CloseCode = CloseCode.Aborted): void {
    for (const lane of this.#lanes) lane.abort(code);
  }

  /** Hands an error to the application, once for all lanes. */
  report(error: unknown): void {
    this.#lanes[0]?.report(error);
  }

  /** What was counted so far, over all lanes. */
  statistics(): ParticleStatistics {
    const all = this.#lanes.map((lane) => lane.statistics());
    const sums = ["queuedBytes", "waitingBytes", "connects", ...STREAM_COUNTERS].map((
      name,
    ) => [name, all.reduce((sum, one) => sum + (one[name as "connects"] ?? 0), 0)]);
    const latency = mergedLatency(this.#lanes);
    return { ...Object.fromEntries(sums), ...(latency === undefined ? {} : { latency: latency.snapshot() }) };
  }

  #report(): FlushReport {
    return { unsentCount: this.statistics().unsent, droppedCount: this.droppedCount };
  }
}

/** Messages of one key go to one lane. */
function laneOf(key: ConflationKey): number {
  const text = String(key);
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) >>> 0;
  return hash;
}

function mergedLatency(lanes: readonly ParticleRuntime[]): Histogram | undefined {
  const parts = lanes.map((lane) => lane.latency).filter((part) => part !== undefined);
  if (parts.length === 0) return undefined;
  const all = new Histogram();
  for (const part of parts) all.merge(part);
  return all;
}
