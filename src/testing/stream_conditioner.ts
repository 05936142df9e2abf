/**
 * A stream link that misbehaves as asked: dribbles, takes bytes in pieces, is slow, stalls, breaks.
 *
 * It wraps one end of a link and conditions what that end reads and writes; wrap both ends to condition both sides.
 * Invariants: no byte is changed, added or put out of order; time comes from the scheduler and chance from the random
 * source alone, so that a run repeats itself.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { ClosedError } from "../error/transport_error.ts";
import type { Address } from "../transport/address.ts";
import type { StreamFabric, StreamLink, StreamListener } from "../transport/stream_link.ts";
import { DelayLine } from "./conditioner_delay_line.ts";
import {
  resolveStreamConditionerOptions,
  type StreamConditionerConfig,
  type StreamConditionerOptions,
} from "./conditioner_options.ts";

/**
 * Wraps one end of a link.
 *
 * @param link The end; it belongs to the wrapper from here on.
 * @param options What to do to it.
 * @returns The end to use instead.
 * @throws {RangeError} When an option is out of range.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryPair } from "../io/memory/memory_link.ts";
 * import { SeededRandom } from "../random/seeded_random.ts";
 * import { ManualScheduler } from "./manual_scheduler.ts";
 * import { conditionLink } from "./stream_conditioner.ts";
 *
 * const [near, far] = memoryPair();
 * const options = { scheduler: new ManualScheduler(), random: new SeededRandom(1), maxReadBytes: 1 };
 * const dribbling = conditionLink(near, options);
 * await far.write(Uint8Array.of(1, 2, 3));
 * assertEquals(await dribbling.read(new Uint8Array(16)), 1);
 * ```
 */
export function conditionLink(link: StreamLink, options: StreamConditionerOptions): StreamLink {
  return new ConditionedLink(link, resolveStreamConditionerOptions(options));
}

/**
 * Wraps a fabric: every link that it accepts or connects is conditioned, each with counts of its own.
 *
 * @param fabric The fabric.
 * @param options What to do to its links.
 * @returns The fabric to use instead.
 * @throws {RangeError} When an option is out of range.
 */
export function conditionFabric(fabric: StreamFabric, options: StreamConditionerOptions): StreamFabric {
  const config = resolveStreamConditionerOptions(options);
  return {
    target: fabric.target,
    listen: () => new ConditionedListener(fabric.listen(), config),
    connect: async (signal) => new ConditionedLink(await fabric.connect(signal), config),
  };
}

class ConditionedListener implements StreamListener {
  readonly #listener: StreamListener;
  readonly #config: StreamConditionerConfig;

  constructor(listener: StreamListener, config: StreamConditionerConfig) {
    this.#listener = listener;
    this.#config = config;
  }

  get address(): Address {
    return this.#listener.address;
  }

  get listening(): Promise<void> | undefined {
    return this.#listener.listening;
  }

  get whenClosed(): Promise<void> | undefined {
    return this.#listener.whenClosed;
  }

  get closed(): boolean {
    return this.#listener.closed;
  }

  async accept(): Promise<StreamLink> {
    return new ConditionedLink(await this.#listener.accept(), this.#config);
  }

  close(): void {
    this.#listener.close();
  }
}

class ConditionedLink implements StreamLink {
  readonly #link: StreamLink;
  readonly #config: StreamConditionerConfig;
  readonly #source: Pick<StreamLink, "read" | "close">;
  /** Ends every call that is stalled. */
  readonly #stalled: ((error: Error) => void)[] = [];
  #readBytes = 0;
  #writtenBytes = 0;
  #failure: ClosedError | undefined;

  constructor(link: StreamLink, config: StreamConditionerConfig) {
    this.#link = link;
    this.#config = config;
    this.#source = config.isTimed ? new DelayLine(link, config) : link;
  }

  get local(): Address {
    return this.#link.local;
  }

  get remote(): Address {
    return this.#link.remote;
  }

  async read(into: Uint8Array): Promise<number | null> {
    const { maxReadBytes, cutAfterReadBytes, stallAfterReadBytes } = this.#config;
    if (this.#readBytes >= cutAfterReadBytes) this.#cut();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#readBytes >= stallAfterReadBytes) return await this.#stall();
    const most = Math.min(maxReadBytes, Math.min(cutAfterReadBytes, stallAfterReadBytes) - this.#readBytes);
    const count = await this.#settle(this.#source.read(into.subarray(0, most)));
    if (count !== null) this.#readBytes += count;
    if (this.#readBytes >= cutAfterReadBytes) this.#cut();
    return count;
  }

  async write(from: Uint8Array): Promise<number> {
    const { maxWriteBytes, cutAfterWrittenBytes, stallAfterWrittenBytes } = this.#config;
    if (this.#writtenBytes >= cutAfterWrittenBytes) this.#cut();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#writtenBytes >= stallAfterWrittenBytes) return await this.#stall();
    const most = Math.min(maxWriteBytes, Math.min(cutAfterWrittenBytes, stallAfterWrittenBytes) - this.#writtenBytes);
    const count = await this.#settle(this.#link.write(from.subarray(0, most)));
    this.#writtenBytes += count;
    if (this.#writtenBytes >= cutAfterWrittenBytes) this.#cut();
    return count;
  }

  async closeWrite(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#writtenBytes >= this.#config.stallAfterWrittenBytes) return await this.#stall();
    await this.#settle(this.#link.closeWrite());
  }

  close(): void {
    if (this.#failure !== undefined) return;
    this.#fail(new ClosedError(CloseCode.Normal, "local"));
    this.#link.close();
  }

  #cut(): void {
    if (this.#failure !== undefined) return;
    this.#fail(new ClosedError(CloseCode.LinkLost, "link"));
    if (canReset(this.#link)) this.#link.reset();
    else this.#link.close();
  }

  #fail(error: ClosedError): void {
    this.#failure = error;
    for (const reject of this.#stalled.splice(0)) reject(error);
    if (this.#source !== this.#link) this.#source.close();
  }

  #stall(): Promise<never> {
    return new Promise((_, reject) => this.#stalled.push(reject));
  }

  /** What a call of the wrapped link came to; after a close or a cut its error is the wrapper's. */
  async #settle<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      throw this.#failure ?? error;
    }
  }
}

function canReset(link: StreamLink): link is StreamLink & { reset(): void } {
  return typeof (link as { reset?: unknown }).reset === "function";
}
