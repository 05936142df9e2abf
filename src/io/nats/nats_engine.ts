/**
 * A NATS server as an engine that carries bytes by subject: the one place that knows its client.
 *
 * Invariant: a payload that was given away is not touched any more, because the client keeps it until it is written.
 *
 * @module
 */
import { connect, type ConnectionOptions, type Msg, type NatsConnection } from "@nats-io/transport-node";
import { ConnectError } from "../../error/transport_error.ts";

/** How to reach and to know a NATS server. */
export interface NatsServerOptions {
  /** `host:port`, one or more of one cluster of servers. @default "127.0.0.1:4222" */
  readonly servers?: string | readonly string[];
  /** The user's name, where the server asks for one. @default none */
  readonly user?: string;
  /** The user's password. @default none */
  readonly pass?: string;
  /** A token, where the server asks for one. @default none */
  readonly token?: string;
  /** Encrypts the connection: the certificates to trust, and this end's own, as PEM. @default not encrypted */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** How long connecting may take, in ms. @default 5000 */
  readonly connectTimeoutMs?: number;
}

/** Takes what comes to a subject. It must not throw. */
export type NatsHandler = (payload: Uint8Array, subject: string, isNobodyThere: boolean) => void;

/** One connection. */
export class NatsEngine {
  /** Settles when the connection is closed for good; with the error that closed it. */
  readonly whenClosed: Promise<Error | undefined>;
  readonly #connection: NatsConnection;

  private constructor(connection: NatsConnection) {
    this.#connection = connection;
    this.whenClosed = connection.closed().then((error) => error instanceof Error ? error : undefined);
  }

  /**
   * Connects.
   *
   * @param options Where to.
   * @param name What this end is called at the server.
   * @returns The connection. Rejects with `ConnectError`.
   */
  static async connect(options: NatsServerOptions, name: string): Promise<NatsEngine> {
    const { servers = "127.0.0.1:4222", user, pass, token, tls, connectTimeoutMs = 5000 } = options;
    const all: ConnectionOptions = {
      servers: typeof servers === "string" ? servers : [...servers],
      name,
      noEcho: true,
      timeout: connectTimeoutMs,
      maxReconnectAttempts: -1,
      ...(user === undefined ? {} : { user }),
      ...(pass === undefined ? {} : { pass }),
      ...(token === undefined ? {} : { token }),
      ...(tls === undefined ? {} : { tls: { ...tls } }),
    };
    try {
      return new NatsEngine(await connect(all));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ConnectError(`Cannot connect to the NATS server ${String(servers)}: ${reason}`, { cause });
    }
  }

  /** The longest payload that the server takes. */
  get maxPayloadBytes(): number {
    return this.#connection.info?.max_payload ?? 1 << 20;
  }

  /**
   * Publishes.
   *
   * @param subject The subject.
   * @param payload Given away.
   * @param reply Where the server says so when nobody subscribes the subject.
   */
  publish(subject: string, payload: Uint8Array, reply?: string): void {
    if (this.#connection.isClosed()) return;
    if (reply === undefined) this.#connection.publish(subject, payload);
    else this.#connection.publish(subject, payload, { reply });
  }

  /**
   * Subscribes.
   *
   * @param subject A subject, or one with wildcards of the engine.
   * @param handler Takes what comes.
   * @returns Ends the subscription.
   */
  subscribe(subject: string, handler: NatsHandler): () => void {
    const callback = (error: Error | null, message: Msg): void => {
      if (error !== null) return;
      handler(message.data, message.subject, message.data.length === 0 && message.headers?.code === 503);
    };
    const subscription = this.#connection.subscribe(subject, { callback });
    return () => {
      if (!subscription.isClosed()) subscription.unsubscribe();
    };
  }

  /**
   * Waits until the server has taken everything that was published.
   *
   * @returns When it has. Rejects when the connection is closed before.
   */
  flush(): Promise<void> {
    return this.#connection.flush();
  }

  /**
   * Tells of every time that the connection is lost or made again, until it is closed.
   *
   * @param changed Called with whether there is a connection now.
   */
  async watch(changed: (isConnected: boolean) => void): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === "disconnect") changed(false);
      if (type === "reconnect") changed(true);
    }
  }

  /**
   * Closes the connection; what was published goes out first.
   *
   * @returns When it is closed. Never rejects.
   */
  async close(): Promise<void> {
    try {
      if (!this.#connection.isClosed()) await this.#connection.flush();
    } catch {
      // There is no server any more.
    }
    await this.#connection.close();
  }
}
