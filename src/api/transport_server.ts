/**
 * A server for messages and requests by any mix of protocols.
 *
 * @module
 */
import type { SendStatus } from "../error/send_status.ts";
import type { MessageFields } from "../message/packet_writer.ts";
import type { ConnectionInfo, ServerEvent } from "../runtime/transport_event.ts";
import { transportHost } from "../runtime/transport_host.ts";
import type { RequestOptions, TransportResponse } from "../runtime/transport_pending_replies.ts";
import { resolveTransportServerOptions, type TransportServerOptions } from "../runtime/transport_server_options.ts";
import { TransportServerRuntime } from "../runtime/transport_server_runtime.ts";
import { refused } from "../runtime/transport_room_waits.ts";
import type { ShutdownReport } from "../runtime/transport_shutdown.ts";
import type { TransportServerStatistics } from "../runtime/transport_statistics.ts";
import type { Address } from "../transport/address.ts";

/** What `broadcast` may be told. */
export interface BroadcastOptions extends MessageFields {
  /** Only to the sessions of this group. @default all sessions */
  readonly group?: string;
  /** Not to this session. @default nobody */
  readonly except?: number;
}

/** What an application sees of a session. */
export interface SessionView {
  /** Its number. */
  readonly sessionId: number;
  /** What is known of its connection. */
  readonly info: ConnectionInfo;
  /** What the application remembers of it; middleware may have written to it. */
  readonly data: Map<string, unknown>;
  /** The groups that it is in. */
  readonly groups: readonly string[];
  /** How many bytes wait to be handed to its link, or for room. */
  readonly queuedBytes: number;
}

/**
 * Serves messages: one set of sessions and one stream of events, whatever protocols clients come by.
 *
 * Messages of one session keep their order. An event is taken by a handler in the options, by `for await` over
 * {@linkcode TransportServer.events}, or by both. A consumer that falls behind slows the reading: nothing is dropped.
 * Messages that come while there is neither a handler nor a reader are counted and gone. The wire is that of msgtrans 1.x.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { tcp, TransportClient, TransportServer } from "./transport_mod.ts";
 *
 * await using server = await TransportServer.listen({
 *   protocols: [tcp("127.0.0.1:0")],
 *   request: (message) => new TextEncoder().encode(`Echo: ${message.text}`),
 * });
 * await using client = await TransportClient.connect({ protocol: tcp(`127.0.0.1:${server.port("tcp")}`) });
 * const { data } = await client.request(new TextEncoder().encode("hello"));
 * assertEquals(new TextDecoder().decode(data), "Echo: hello");
 * ```
 */
export class TransportServer implements AsyncDisposable {
  readonly #runtime: TransportServerRuntime;
  readonly #shutdownTimeoutMs: number;

  private constructor(runtime: TransportServerRuntime, shutdownTimeoutMs: number) {
    this.#runtime = runtime;
    this.#shutdownTimeoutMs = shutdownTimeoutMs;
  }

  /**
   * Makes a server that listens by all its protocols.
   *
   * @param options Protocols, handlers and limits.
   * @returns The server. Rejects with `ResourceError` when an address cannot be had, and then nothing listens; with
   * `TypeError` or `RangeError` for bad options.
   */
  static async listen(options: TransportServerOptions): Promise<TransportServer> {
    const config = resolveTransportServerOptions(options);
    const runtime = new TransportServerRuntime(config, transportHost());
    await runtime.start();
    return new TransportServer(runtime, config.gracefulShutdownTimeoutMs);
  }

  /** Where it listens, by protocol, in the order of the protocols. */
  get addresses(): readonly { readonly protocol: string; readonly address: Address }[] {
    return this.#runtime.addresses;
  }

  /** The numbers of the sessions that are let in. */
  get sessionIds(): readonly number[] {
    return [...this.#runtime.sessions.all].filter((one) => one.pending === undefined).map((one) => one.connection.id);
  }

  /** Settles when the server has stopped, whoever stopped it; never rejects. */
  get stopped(): Promise<void> {
    return this.#runtime.whenStopped;
  }

  /**
   * The port by which a protocol listens, also when port 0 was asked for.
   *
   * @param protocol Its name.
   * @returns The port; 0 for a protocol that has none, or that the server does not have.
   */
  port(protocol: string): number {
    const address = this.addresses.find((one) => one.protocol === protocol)?.address;
    return address !== undefined && "port" in address ? address.port : 0;
  }

  /**
   * Begins to take events.
   *
   * @returns An iterator, for `for await`; it is done when the server has stopped. To leave the loop is to take no more
   * events.
   * @throws {MisuseError} When another reader takes events already.
   */
  events(): AsyncIterableIterator<ServerEvent, undefined> {
    return this.#runtime.events();
  }

  /**
   * Sends a message to a session, and waits for room where there is none.
   *
   * @param sessionId To whom.
   * @param payload Copied at once.
   * @param fields What is added.
   * @returns The message's id, when it is queued. Rejects with `ClosedError` when there is no such session or it ends
   * before, with `ResourceError` when too many sends wait already, with `TypeError` or `RangeError` for a bad payload.
   */
  send(sessionId: number, payload: Uint8Array, fields?: MessageFields): Promise<number> {
    try {
      return this.#runtime.session(sessionId).connection.send(payload, fields);
    } catch (error) {
      return refused(error);
    }
  }

  /**
   * Offers a message to a session without waiting.
   *
   * @param sessionId To whom.
   * @param payload Copied at once.
   * @param fields What is added.
   * @returns What became of it; `NotConnected` when there is no such session.
   * @throws {TypeError} When the payload is no `Uint8Array`.
   */
  trySend(sessionId: number, payload: Uint8Array, fields?: MessageFields): SendStatus {
    return this.#runtime.trySend(sessionId, payload, fields);
  }

  /**
   * Asks a client, and waits for the answer.
   *
   * @param sessionId Whom.
   * @param payload Copied at once.
   * @param options How long, until when, and what is added.
   * @returns The answer. Rejects with `TimeoutError`, with `RequestError` when the client refused, with `ClosedError`
   * when the session ends before or there is none, with the signal's reason.
   */
  request(sessionId: number, payload: Uint8Array, options?: RequestOptions): Promise<TransportResponse> {
    try {
      return this.#runtime.session(sessionId).connection.request(payload, options);
    } catch (error) {
      return refused(error);
    }
  }

  /**
   * Sends a message to all sessions, or to those of a group.
   *
   * @param payload Copied at once.
   * @param options To whom, and what is added.
   * @returns To how many sessions it goes; those without room get it as soon as they have, as with `send`. Those for
   * which as much waits already as may are passed over and not counted.
   * @throws {RangeError} When it is larger than `maxPayloadBytes`.
   */
  broadcast(payload: Uint8Array, options: BroadcastOptions = {}): number {
    const { group, except, ...fields } = options;
    return this.#runtime.broadcast(payload, group, except, fields);
  }

  /**
   * Puts a session into a group; it leaves all groups when it ends.
   *
   * @param sessionId Which session.
   * @param group The group's name; it need not exist before.
   * @throws {ClosedError} When there is no such session.
   */
  joinGroup(sessionId: number, group: string): void {
    this.#runtime.sessions.join(this.#runtime.session(sessionId), group);
  }

  /**
   * Takes a session out of a group.
   *
   * @param sessionId Which session.
   * @param group The group's name.
   * @throws {ClosedError} When there is no such session.
   */
  leaveGroup(sessionId: number, group: string): void {
    this.#runtime.sessions.leave(this.#runtime.session(sessionId), group);
  }

  /**
   * The members of a group.
   *
   * @param group The group's name.
   * @returns Their numbers.
   */
  groupMembers(group: string): readonly number[] {
    return [...this.#runtime.sessions.members(group)].map((one) => one.connection.id);
  }

  /**
   * What is known and remembered of a session.
   *
   * @param sessionId Which session.
   * @returns The session as it is now, or `undefined` when there is none.
   */
  session(sessionId: number): SessionView | undefined {
    const session = this.#runtime.sessions.at(sessionId);
    if (session === undefined || session.pending !== undefined) return undefined;
    const { info, data, groups, connection } = session;
    return { sessionId, info, data, groups: [...groups], queuedBytes: connection.queuedBytes };
  }

  /**
   * Closes a session in order: what is queued is sent.
   *
   * @param sessionId Which session.
   * @returns When it is over; at once when there is none.
   */
  closeSession(sessionId: number): Promise<void> {
    return this.#runtime.sessions.at(sessionId)?.connection.close() ?? Promise.resolve();
  }

  /** What was counted so far. */
  statistics(): TransportServerStatistics {
    return this.#runtime.statistics();
  }

  /**
   * Stops in order: nobody is let in any more, clients are told, what was begun is finished, then all is closed. With
   * `reuseAddress`, another process may listen on the same address meanwhile, so that no client is turned away.
   *
   * @param timeoutMs How long what was begun may take, in ms; `gracefulShutdownTimeoutMs` where it is not given.
   * @returns What did not finish in time. Several calls share one shutdown.
   */
  shutdown(timeoutMs: number = this.#shutdownTimeoutMs): Promise<ShutdownReport> {
    return this.#runtime.shutdown(timeoutMs);
  }

  /** Stops without waiting for what was begun; what is queued is still sent, within `closeTimeoutMs`. */
  async close(): Promise<void> {
    await this.#runtime.shutdown(0);
  }

  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
