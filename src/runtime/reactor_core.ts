/**
 * What a `Reactor` is to whoever made it, wherever its handlers and its sockets are.
 *
 * @module
 */
import type { SendStatus } from "../error/send_status.ts";
import type { Address } from "../transport/address.ts";
import type { Connection } from "./connection.ts";
import type { ReactorHandlers } from "./reactor_options.ts";
import type { ReactorStatistics } from "./statistics.ts";

/** What stands behind a reactor; see `Reactor` for what its members do. */
export interface ReactorCore {
  /** Where it listens; port 0 or `undefined` while that is not known. */
  readonly address: Address | undefined;
  /** The open connections. */
  readonly connections: Connection[];
  /** Starts; throws what is wrong at once, and the promise settles when it listens. */
  start(handlers: Readonly<ReactorHandlers>): Promise<void>;
  /** Stops in order. */
  stop(): Promise<void>;
  /** Sends to a client by its peer id. */
  send(peerId: string, payload: Uint8Array): Promise<void>;
  /** Offers to a client by its peer id. */
  trySend(peerId: string, payload: Uint8Array): SendStatus;
  /** The connection of a client, by its peer id. */
  peer(peerId: string): Connection | undefined;
  /** What was counted so far. */
  statistics(): ReactorStatistics;
}
