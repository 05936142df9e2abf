/**
 * The options of WebSocket endpoints: defaults, bounds, and what they mean together.
 *
 * @module
 */
import { duration, flag, integer, onlyKnown } from "../../error/option_check.ts";

/** The options of both sides. */
export interface WebSocketOptions {
  /** The host name or the IPv4 or IPv6 address, without brackets. */
  readonly hostname: string;
  /** The port, 0 to 65535; 0 listens on a free one. */
  readonly port: number;
  /** The path; a server refuses any other with 404. @default "/" */
  readonly path?: string;
  /**
   * The subprotocols that are spoken, the preferred one first. A server takes the first of its own that the client
   * offers, and refuses a client that offers none of them. @default []
   */
  readonly subprotocols?: readonly string[];
  /** The largest message that is taken, in bytes, 16 to 2^30; a larger one ends the link. @default 16777216 */
  readonly maxMessageBytes?: number;
  /** How many bytes may wait to be sent before a message is refused, at least 1024. @default 1048576 */
  readonly maxQueuedBytes?: number;
}

/** The options of a listener. */
export interface WebSocketListenOptions extends WebSocketOptions {
  /**
   * The pages that may connect, by the `Origin` that browsers send (RFC 6455 section 10.2): any, or these. A client that
   * sends none is no browser and always let in. @default "any"
   */
  readonly origins?: "any" | readonly string[];
  /** The certificate in PEM, for `wss`. @default none: `ws` */
  readonly cert?: string;
  /** The private key in PEM. */
  readonly key?: string;
  /** How long a client may take from connecting to the end of its handshake, in ms, at least 1. @default 5000 */
  readonly handshakeTimeoutMs?: number;
  /** How many links may wait to be accepted, 1 to 65535; those beyond are refused with 503. @default 511 */
  readonly maxWaitingLinksCount?: number;
}

/** The options of a connecting side. */
export interface WebSocketConnectOptions extends WebSocketOptions {
  /** Whether TLS is spoken below: `wss`. @default false */
  readonly secure?: boolean;
  /** Headers of the handshake; a browser allows none. @default {} */
  readonly headers?: Readonly<Record<string, string>>;
}

/** {@linkcode WebSocketOptions} with every default in place. */
export type WebSocketConfig = Readonly<Required<WebSocketOptions>>;

const COMMON = ["hostname", "port", "path", "subprotocols", "maxMessageBytes", "maxQueuedBytes"] as const;
const LISTEN: ReadonlySet<string> = new Set([
  ...COMMON,
  "origins",
  "cert",
  "key",
  "handshakeTimeoutMs",
  "maxWaitingLinksCount",
]);
const CONNECT: ReadonlySet<string> = new Set([...COMMON, "secure", "headers"]);

/** {@linkcode WebSocketListenOptions}, complete and checked. */
export interface WebSocketListenConfig extends WebSocketConfig {
  /** The pages that may connect; `undefined`: any. */
  readonly origins: ReadonlySet<string> | undefined;
  /** Certificate and key, for `wss`. */
  readonly identity: { readonly cert: string; readonly key: string } | undefined;
  /** How long a handshake may take. */
  readonly handshakeTimeoutMs: number;
  /** How many links may wait to be accepted. */
  readonly maxWaitingLinksCount: number;
}

/** {@linkcode WebSocketConnectOptions}, complete and checked. */
export interface WebSocketConnectConfig extends WebSocketConfig {
  /** Whether TLS is spoken below. */
  readonly secure: boolean;
  /** Headers of the handshake. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Completes and checks the options of a listener.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type, or nobody knows it.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveWebSocketListen(options: WebSocketListenOptions): WebSocketListenConfig {
  onlyKnown("A WebSocket listener", options, LISTEN);
  const { origins = "any", cert, key } = options;
  if (origins !== "any" && !isTextList(origins)) throw new TypeError('The option origins must be "any" or strings');
  if ((cert === undefined) !== (key === undefined)) throw new TypeError("The options cert and key belong together");
  const handshakeTimeoutMs = duration("handshakeTimeoutMs", options.handshakeTimeoutMs, 5000);
  if (handshakeTimeoutMs < 1) throw new RangeError("The option handshakeTimeoutMs must be at least 1");
  return Object.freeze({
    ...resolveCommon(options),
    origins: origins === "any" ? undefined : new Set(origins),
    identity: cert === undefined ? undefined : Object.freeze({ cert, key: key! }),
    handshakeTimeoutMs,
    maxWaitingLinksCount: integer("maxWaitingLinksCount", options.maxWaitingLinksCount, 511, 1, 65_535),
  });
}

/**
 * Completes and checks the options of a connecting side.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type, or nobody knows it.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveWebSocketConnect(options: WebSocketConnectOptions): WebSocketConnectConfig {
  onlyKnown("A WebSocket client", options, CONNECT);
  const { headers = {} } = options;
  if (typeof headers !== "object" || !isTextList(Object.values(headers))) {
    throw new TypeError("The option headers must be an object of strings");
  }
  return Object.freeze({
    ...resolveCommon(options),
    secure: flag("secure", options.secure, false),
    headers: Object.freeze({ ...headers }),
  });
}

/**
 * The URL of an endpoint.
 *
 * @param config The address.
 * @param secure Whether TLS is spoken below.
 * @returns For example `ws://127.0.0.1:8080/chat`.
 */
export function webSocketUrl(config: WebSocketConfig, secure: boolean): string {
  const host = config.hostname.includes(":") ? `[${config.hostname}]` : config.hostname;
  return `${secure ? "wss" : "ws"}://${host}:${config.port}${config.path}`;
}

function resolveCommon(options: WebSocketOptions): WebSocketConfig {
  const { hostname, path = "/", subprotocols = [] } = options;
  if (typeof hostname !== "string" || hostname === "") {
    throw new TypeError("The option hostname must be a string that is not empty");
  }
  if (typeof path !== "string" || !path.startsWith("/")) {
    throw new TypeError('The option path must be a string that begins with "/"');
  }
  if (!isTextList(subprotocols)) throw new TypeError("The option subprotocols must be an array of strings");
  return {
    hostname,
    port: integer("port", options.port, 0, 0, 65_535),
    path,
    subprotocols: Object.freeze([...subprotocols]),
    maxMessageBytes: integer("maxMessageBytes", options.maxMessageBytes, 16 << 20, 16, 2 ** 30),
    maxQueuedBytes: integer("maxQueuedBytes", options.maxQueuedBytes, 1 << 20, 1024, 2 ** 40),
  };
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
