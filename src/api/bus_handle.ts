/**
 * The face of a bus in a worker.
 *
 * @module
 */
import type { BusNode, RegisteredHandler } from "../runtime/bus_handlers.ts";
import { registerHandlers } from "../runtime/bus_register.ts";
import { type BusToken, checkBusToken } from "../runtime/bus_token.ts";
import { BusWorkerSide } from "../runtime/bus_worker_side.ts";
import { systemHost } from "../runtime/system_host.ts";
import { CommandDispatcher } from "./command_dispatcher.ts";
import { EventDispatcher, type Unsubscribe, unsubscribe } from "./event_dispatcher.ts";

/** What a handle tells its application. */
export interface BusHandleOptions {
  /** A handler threw, or was refused by the bus. @default `console.error` */
  readonly onError?: (error: unknown) => unknown;
}

/**
 * A bus of another thread of this process: events and commands go there and come from there by shared memory.
 *
 * It is the same node: what is subscribed or handled here is the bus's own. Values are copied, also those to handlers of
 * the same process.
 *
 * @example In a worker
 * ```ts ignore
 * self.onmessage = ({ data }) => {
 *   const bus = MessageBus.attach(data);
 *   bus.commandDispatcher.handle(Ping, ({ message }) => `Pong: ${message}`);
 * };
 * ```
 */
export class BusHandle implements Disposable {
  /** Events: from one to all who subscribe. */
  readonly eventDispatcher: EventDispatcher;
  /** Commands: one handler, and always an answer. */
  readonly commandDispatcher: CommandDispatcher;
  /** The node that this is. */
  readonly self: BusNode;
  readonly #side: BusWorkerSide;

  /**
   * Attaches to a bus; applications call `MessageBus.attach`.
   *
   * @param token What `token()` returned, posted to this thread.
   * @param options What to tell the application.
   * @throws {TypeError} When it is no token.
   * @throws {MisuseError} When somebody attached with it before.
   */
  constructor(token: BusToken, options: BusHandleOptions = {}) {
    const { self } = checkBusToken(token);
    // deno-lint-ignore no-console -- an error that nobody listens for must not vanish
    const { onError = (error: unknown): void => console.error("Ringwire bus:", error) } = options;
    this.self = self;
    this.#side = new BusWorkerSide(token, systemHost(), onError);
    this.eventDispatcher = new EventDispatcher(this.#side);
    this.commandDispatcher = new CommandDispatcher(this.#side);
  }

  /** Settles when the handle was closed, or the bus was; never rejects. */
  get closed(): Promise<void> {
    return this.#side.whenClosed;
  }

  /**
   * Registers handlers that say themselves what they handle; see `MessageBus.register`.
   *
   * @param handlers Objects with `handles` and `handle`.
   * @returns Takes all of them away.
   * @throws {TypeError} When one of them is no such object.
   */
  register(...handlers: readonly RegisteredHandler[]): Unsubscribe {
    return unsubscribe(registerHandlers(this.#side, handlers));
  }

  /** Detaches: what is subscribed and handled here ends, what waits for an answer rejects with `ClosedError`. */
  close(): void {
    this.#side.close();
  }

  /** The same as `close`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
