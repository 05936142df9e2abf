/**
 * The options of the connections of a transport server or client: those of messages and those of the link below, in the
 * one place that defaults, checks and cross-checks them.
 *
 * @module
 */
import { flag, integer } from "../error/option_check.ts";
import {
  MESSAGE_OPTION_NAMES,
  type MessageConfig,
  type MessageOptions,
  resolveMessageOptions,
} from "../message/message_options.ts";
import { resolveStreamOptions, type StreamConfig } from "../stream/stream_options.ts";
import { MAX_EXTENSION_BYTES, MESSAGE_HEADER_BYTES } from "../wire/message_packet.ts";

/** The options of each connection of a transport server or client. */
export interface TransportConnectionOptions extends MessageOptions {
  /**
   * How many bytes may be queued for sending on a stream, headers included. At least 1024. A WebSocket has a bound of its
   * own (`webSocket()`). @default 1048576
   */
  readonly maxQueuedBytes?: number;
  /** How many bytes of payload may wait for room in the queue, in sends that nobody awaits. @default 8388608 */
  readonly maxWaitingBytes?: number;
  /** The size in bytes that the read buffer of a stream grows to under traffic, 512 to 16 MiB. @default 65536 */
  readonly readBufferBytes?: number;
  /**
   * How many bytes of messages may wait for a slow application on a link that cannot stop reading, such as a browser's
   * WebSocket; beyond, the connection is closed with `SendQueueFull`. At least 1024. @default 8388608
   */
  readonly maxInboxBytes?: number;
  /**
   * Whether messages are copied before they are handed to a handler, so that they may be kept. Without it a message is
   * valid until the handler returns or, of one-way messages, its promise settles; events of an iterable are always
   * copied. @default true
   */
  readonly copyPayloads?: boolean;
  /** Closes a connection from which nothing was received for this long, in ms. 0: never. @default 0 */
  readonly idleTimeoutMs?: number;
  /** The slowest average rate at which a packet of a stream may arrive after `frameGraceMs`. 0: any. @default 1024 */
  readonly minFrameBytesPerSecond?: number;
  /** How long a packet may be in progress before its rate counts, and how long it may stand still, in ms. @default 5000 */
  readonly frameGraceMs?: number;
  /** How long closing may flush and wait for the peer's end, in ms. @default 2000 */
  readonly closeTimeoutMs?: number;
  /** Closes a stream whose peer took no byte of what is queued for this long, in ms. 0: never. @default 0 */
  readonly sendStallTimeoutMs?: number;
}

/** {@linkcode TransportConnectionOptions}, complete and checked. */
export interface TransportConnectionConfig {
  /** Of messages. */
  readonly message: MessageConfig;
  /** Of the stream below. */
  readonly stream: StreamConfig;
  /** How many bytes may wait for a slow application where reading cannot stop. */
  readonly maxInboxBytes: number;
  /** Whether messages are copied before they are handed to a handler. */
  readonly copyPayloads: boolean;
}

/** The names of all options of a connection. */
export const CONNECTION_OPTION_NAMES: readonly (keyof TransportConnectionOptions)[] = [
  ...MESSAGE_OPTION_NAMES,
  "maxQueuedBytes",
  "maxWaitingBytes",
  "readBufferBytes",
  "maxInboxBytes",
  "copyPayloads",
  "idleTimeoutMs",
  "minFrameBytesPerSecond",
  "frameGraceMs",
  "closeTimeoutMs",
  "sendStallTimeoutMs",
];

/**
 * Completes and checks the options of connections.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveConnectionOptions(options: TransportConnectionOptions): TransportConnectionConfig {
  const o = options;
  const message = resolveMessageOptions(options);
  const given = {
    maxQueuedBytes: o.maxQueuedBytes,
    maxWaitingBytes: o.maxWaitingBytes,
    readBufferBytes: o.readBufferBytes,
    idleTimeoutMs: o.idleTimeoutMs,
    minFrameBytesPerSecond: o.minFrameBytesPerSecond,
    frameGraceMs: o.frameGraceMs,
    closeTimeoutMs: o.closeTimeoutMs,
    sendStallTimeoutMs: o.sendStallTimeoutMs,
  };
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const stream = resolveStreamOptions({
    ...present,
    maxFrameBytes: MESSAGE_HEADER_BYTES + MAX_EXTENSION_BYTES + message.maxPayloadBytes,
  });
  return Object.freeze({
    message,
    stream,
    maxInboxBytes: integer("maxInboxBytes", o.maxInboxBytes, 8 << 20, 1024, 2 ** 40),
    copyPayloads: flag("copyPayloads", o.copyPayloads, true),
  });
}
