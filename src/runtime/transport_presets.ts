/**
 * Ready-made options of connections, for those who want to choose one thing and not ten.
 *
 * Every number is here and nowhere else.
 *
 * @module
 */
import type { TransportConnectionOptions } from "./transport_connection_options.ts";
import type { ClientPoolOptions } from "./transport_pool_options.ts";

/** Ready-made options of connections. */
export const ConnectionPresets: {
  /**
   * By the machine: with `cores` logical cores, a read buffer of 64 KiB (up to 4 cores) or 128 KiB, and a send queue of
   * 1 MiB or 4 MiB. Everything else is the default.
   *
   * @param cores How many logical cores the machine has.
   * @returns The options.
   */
  readonly autoOptimized: (cores?: number) => TransportConnectionOptions;
  /**
   * For throughput: a read buffer of 256 KiB, a send queue of 8 MiB, 64 MiB of waiting sends, 262,144 requests under way,
   * 16,384 unanswered ones of a peer, and messages that are not copied: handlers must not keep them.
   *
   * @returns The options.
   */
  readonly highPerformance: () => TransportConnectionOptions;
  /**
   * For small memory: a read buffer of 4 KiB, a send queue of 64 KiB, 256 KiB of waiting sends, 256 KiB for a slow
   * application, 256 requests under way, 32 unanswered ones of a peer, and an idle timeout of 5 minutes.
   *
   * @returns The options.
   */
  readonly memoryOptimized: () => TransportConnectionOptions;
} = Object.freeze({
  autoOptimized: (cores: number = navigator.hardwareConcurrency): TransportConnectionOptions =>
    cores <= 4
      ? { readBufferBytes: 64 << 10, maxQueuedBytes: 1 << 20 }
      : { readBufferBytes: 128 << 10, maxQueuedBytes: 4 << 20 },
  highPerformance: (): TransportConnectionOptions => ({
    readBufferBytes: 256 << 10,
    maxQueuedBytes: 8 << 20,
    maxWaitingBytes: 64 << 20,
    maxPendingRequestCount: 262_144,
    maxUnansweredRequestCount: 16_384,
    copyPayloads: false,
  }),
  memoryOptimized: (): TransportConnectionOptions => ({
    readBufferBytes: 4 << 10,
    maxQueuedBytes: 64 << 10,
    maxWaitingBytes: 256 << 10,
    maxInboxBytes: 256 << 10,
    maxPendingRequestCount: 256,
    maxUnansweredRequestCount: 32,
    idleTimeoutMs: 300_000,
  }),
});

/** Ready-made options of pools, of clients and of servers. */
export const PoolPresets: {
  /**
   * Always as many connections.
   *
   * @param size How many.
   * @returns The options.
   */
  readonly fixed: (size: number) => ClientPoolOptions;
  /**
   * As many as are needed, within bounds.
   *
   * @param initialSize How many at first.
   * @param maxSize How many at most.
   * @returns The options.
   */
  readonly adaptive: (initialSize: number, maxSize: number) => ClientPoolOptions;
} = Object.freeze({
  fixed: (size: number): ClientPoolOptions => ({ kind: "fixed", initialSize: size, maxSize: size }),
  adaptive: (initialSize: number, maxSize: number): ClientPoolOptions => ({ kind: "adaptive", initialSize, maxSize }),
});
