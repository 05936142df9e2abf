/**
 * A namespace of in-memory listeners: what an address means is decided here and nowhere else.
 *
 * Invariant: a name has at most one listener at a time, and a network shares nothing with another one.
 *
 * @module
 */
import { ConnectError, ResourceError } from "../../error/transport_error.ts";
import type { Scheduler } from "../../time/scheduler.ts";
import type { MemoryAddress } from "../../transport/address.ts";
import type { StreamFabric } from "../../transport/stream_link.ts";
import { checkBufferBytes, DEFAULT_BUFFER_BYTES, type MemoryLink, type MemoryPairOptions } from "./memory_link.ts";
import { MemoryListener } from "./memory_listener.ts";

/** The options of a {@linkcode MemoryNetwork}. */
export interface MemoryNetworkOptions {
  /**
   * How many bytes each direction of a link holds before a write waits, 1 to 2^30.
   *
   * @default {65536}
   */
  readonly bufferBytes?: number;
  /**
   * How many links of one listener may wait to be accepted, 1 to 65535; a connecting side beyond that waits.
   *
   * @default {511}
   */
  readonly backlogCount?: number;
  /**
   * Every 256th write of a link settles in this scheduler's next turn, so that two ends that never pause leave room
   * for timers and sockets. Without one, calls settle in promise jobs alone.
   */
  readonly scheduler?: Scheduler;
}

/**
 * Listeners by name within one thread.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryNetwork } from "./memory_network.ts";
 *
 * const fabric = new MemoryNetwork().fabric("echo");
 * const listener = fabric.listen();
 * const client = await fabric.connect(new AbortController().signal);
 * const server = await listener.accept();
 * assertEquals(server.remote, client.local);
 * ```
 */
export class MemoryNetwork {
  readonly #backlogCount: number;
  readonly #pair: Pick<MemoryPairOptions, "bufferBytes" | "scheduler">;
  readonly #listeners = new Map<string, MemoryListener>();
  #connectCount = 0;

  /**
   * Makes a network without listeners.
   *
   * @param options The size of its queues, the scheduler.
   * @throws {RangeError} When a field is out of range.
   */
  constructor(options: MemoryNetworkOptions = {}) {
    const { bufferBytes = DEFAULT_BUFFER_BYTES, backlogCount = 511, scheduler } = options;
    checkBufferBytes(bufferBytes);
    if (!Number.isInteger(backlogCount) || backlogCount < 1 || backlogCount > 65_535) {
      throw new RangeError(`Cannot use backlogCount ${backlogCount}: it must be a whole number from 1 to 65535`);
    }
    this.#backlogCount = backlogCount;
    this.#pair = scheduler === undefined ? { bufferBytes } : { bufferBytes, scheduler };
  }

  /**
   * A fabric for one name.
   *
   * @param name What the listener is called; any string.
   * @returns The fabric; it takes the name only when it listens.
   */
  fabric(name: string): StreamFabric {
    const target: MemoryAddress = { transport: "memory", name };
    return { target, listen: () => this.#listen(target), connect: (signal) => this.#connect(name, signal) };
  }

  #listen(address: MemoryAddress): MemoryListener {
    if (this.#listeners.has(address.name)) {
      throw new ResourceError(`Cannot listen on memory:${address.name}: the name is in use`);
    }
    const onClose = (): void => void this.#listeners.delete(address.name);
    const listener = new MemoryListener({ address, pair: this.#pair, backlogCount: this.#backlogCount, onClose });
    this.#listeners.set(address.name, listener);
    return listener;
  }

  async #connect(name: string, signal: AbortSignal): Promise<MemoryLink> {
    signal.throwIfAborted();
    const listener = this.#listeners.get(name);
    const link = await listener?.connect(`${name}#${++this.#connectCount}`, signal);
    if (link === undefined) throw new ConnectError(`Cannot connect to memory:${name}: nobody listens there`);
    if (signal.aborted) {
      link.close();
      throw signal.reason;
    }
    return link;
  }
}
