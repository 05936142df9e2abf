/**
 * The module with the application's handlers that a worker loads, and what the handlers are given there.
 *
 * Invariant: an export that looks like a handler is one: a misspelt name is an error and not a handler that never runs.
 *
 * @module
 */
import type { Connection } from "./connection.ts";
import { REACTOR_HANDLER_NAMES, type ReactorHandlers } from "./reactor_options.ts";

/** What the handlers in a worker can reach: their own connections, and those of all other workers by sending. */
export interface WorkerContext {
  /** Which worker this is, from 0. */
  readonly index: number;
  /** How many workers there are. */
  readonly count: number;
  /** The open connections of this worker. */
  readonly connections: readonly Connection[];

  /**
   * Sends to a connection of any worker and waits for room.
   *
   * @param connectionId The `id` of the connection.
   * @param payload Copied at once.
   * @returns When the message is in the send queue of its worker. Rejects with `ClosedError` when there is no such
   * connection any more, with `ResourceError` when too many sends wait, and with `RangeError` when it is too large.
   */
  send(connectionId: number, payload: Uint8Array): Promise<void>;

  /**
   * With `peerIds`: sends to a client of any worker and waits for room.
   *
   * @param peerId The client's id.
   * @param payload Copied at once.
   * @returns See {@linkcode WorkerContext.send}.
   */
  sendToPeer(peerId: string, payload: Uint8Array): Promise<void>;
}

/** What a handler module may export: any of the handlers of a reactor, and the following. */
export interface HandlerModule extends ReactorHandlers {
  /** Called once in every worker before it accepts anything; what it throws stops the start of the reactor. */
  onStart?: ((context: WorkerContext) => unknown) | undefined;
}

const NAMES: ReadonlySet<string> = new Set([...REACTOR_HANDLER_NAMES, "onStart"]);

/**
 * Loads a handler module.
 *
 * @param url Its URL.
 * @returns Its handlers.
 * @throws {TypeError} When it exports no handler, something that is named like one and is none, or one that is no
 * function.
 */
export async function loadHandlerModule(url: string): Promise<HandlerModule> {
  const exports = await import(url) as Readonly<Record<string, unknown>>;
  const names = Object.keys(exports).filter((name) => /^on[A-Z]/.test(name));
  for (const name of names) {
    if (!NAMES.has(name)) throw new TypeError(`The handler module ${url} exports ${name}, which is no handler`);
    if (typeof exports[name] !== "function") throw new TypeError(`The export ${name} of ${url} must be a function`);
  }
  if (names.length === 0) throw new TypeError(`The handler module ${url} exports no handler`);
  return Object.fromEntries(names.map((name) => [name, exports[name]])) as HandlerModule;
}
