/**
 * One message bus: its dispatchers over the fabrics that its options ask for.
 *
 * @module
 */
import type { BusStatistics } from "../bus/dispatch/bus_counters.ts";
import type { BusFabric, NodeChange } from "../transport/bus_fabric.ts";
import { ResourceError } from "../error/transport_error.ts";
import type { BusBackend } from "./bus_backend.ts";
import { BusCore } from "./bus_core.ts";
import type { BusNode } from "./bus_handlers.ts";
import type { BusCallbacks, MessageBusConfig, MessageBusOptions } from "./bus_options.ts";
import { BusOwnerSide } from "./bus_owner_side.ts";
import { createBusToken } from "./bus_thread_port.ts";
import { type BusToken, checkBusToken } from "./bus_token.ts";
import type { RuntimeHost } from "./system_host.ts";

const ID_BYTES = 16;
const MAX_ATTACHED_COUNT = 256;

/** Runs one bus. */
export class BusRuntime {
  /** The dispatchers. */
  readonly core: BusCore;
  readonly #config: MessageBusConfig;
  readonly #callbacks: BusCallbacks;
  readonly #attached = new Map<SharedArrayBuffer, BusOwnerSide>();
  readonly #closed = Promise.withResolvers<void>();
  #closing: Promise<void> | undefined = undefined;
  readonly #closeOnAbort = (): void => void this.close();

  private constructor(config: MessageBusConfig, callbacks: BusCallbacks, core: (hooks: BusRuntime) => BusCore) {
    this.#config = config;
    this.#callbacks = callbacks;
    this.core = core(this);
  }

  /**
   * Starts a bus.
   *
   * @param config The checked options.
   * @param options What the caller gave, for its callbacks and its fabric.
   * @param host Time and randomness.
   * @param fabricsOf Makes the fabrics.
   * @returns The running bus.
   */
  static async open(
    config: MessageBusConfig,
    options: MessageBusOptions,
    host: RuntimeHost,
    fabricsOf: (self: BusNode) => readonly BusFabric[],
  ): Promise<BusRuntime> {
    config.signal?.throwIfAborted();
    const idBytes = new Uint8Array(ID_BYTES);
    host.random.fillSecret(idBytes);
    const id = idBytes.toHex();
    const self: BusNode = { id, name: config.name || `node-${id.slice(0, 8)}`, cluster: config.cluster };
    const runtime = new BusRuntime(
      config,
      options,
      (hooks) => new BusCore(self, config.dispatch, fabricsOf(self), host.scheduler, hooks),
    );
    try {
      await runtime.core.open();
    } catch (error) {
      await runtime.close();
      throw error;
    }
    config.signal?.addEventListener("abort", runtime.#closeOnAbort, { once: true });
    if (config.signal?.aborted) runtime.#closeOnAbort();
    return runtime;
  }

  /** Settles when the bus is closed for good; never rejects. */
  get whenClosed(): Promise<void> {
    return this.#closed.promise;
  }

  /** The other nodes that are known, each once for each scope family. */
  nodes(): BusNode[] {
    return this.core.fabrics.all.flatMap((fabric) => fabric.nodes(fabric.scopes[0]!).map(({ info }) => info));
  }

  /** What was counted. */
  statistics(): BusStatistics & { readonly fabrics: Readonly<Record<string, Readonly<Record<string, number>>>> } {
    const { fabrics } = this.core;
    return {
      ...this.core.statistics(),
      fabrics: Object.fromEntries(fabrics.all.map((fabric) => [fabric.scopes.join("+"), fabric.counters()])),
    };
  }

  /**
   * Makes a token for one worker.
   *
   * @param backend The bus as its face sees it.
   * @returns The token.
   */
  token(backend: BusBackend): BusToken {
    this.core.checkOpen();
    if (this.#attached.size >= MAX_ATTACHED_COUNT) {
      throw new ResourceError(`Cannot make a token: this bus has ${MAX_ATTACHED_COUNT} already`);
    }
    const token = createBusToken(this.core.self.info);
    const closed = (): void => void this.#attached.delete(token.toBus);
    this.#attached.set(token.toBus, new BusOwnerSide(token, backend, this.core.scheduler, closed));
    return token;
  }

  /**
   * Ends the attachment of a worker.
   *
   * @param token Its token.
   * @returns Whether there was one.
   */
  detach(token: BusToken): boolean {
    const side = this.#attached.get(checkBusToken(token).toBus);
    side?.close();
    return side !== undefined;
  }

  /**
   * Leaves.
   *
   * @returns When everything is closed.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  handleNode(change: NodeChange, node: BusNode): void {
    const { onNode } = this.#callbacks;
    if (onNode === undefined) return;
    Promise.try(onNode, change, node).catch((error) => this.handleError(error));
  }

  handleError(error: unknown): void {
    const { onError } = this.#callbacks;
    // deno-lint-ignore no-console -- an error that nobody listens for must not vanish
    if (onError === undefined) return console.error("Ringwire bus:", error);
    // deno-lint-ignore no-console -- the error handler itself failed
    Promise.try(onError, error).catch((failure) => console.error("Ringwire bus: onError failed:", failure));
  }

  async #close(): Promise<void> {
    this.#config.signal?.removeEventListener("abort", this.#closeOnAbort);
    for (const side of [...this.#attached.values()]) side.close();
    await this.core.close();
    this.#closed.resolve();
  }
}
