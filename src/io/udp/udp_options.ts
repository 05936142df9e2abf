/**
 * The options of UDP links: defaults, bounds, and what they mean together.
 *
 * @module
 */
import { choice, integer, onlyKnown } from "../../error/option_check.ts";

/** The longest payload of UDP over IPv4 (RFC 768, RFC 791: 65535 less 20 and 8). */
export const MAX_UDP_BYTES = 65_507;

/** What a socket is made of: the runtime's own, which needs `--unstable-net`, or that of `node:dgram`. */
export type UdpBackend = "deno" | "node";

/** The options of `udpFabric`. */
export interface UdpOptions {
  /**
   * The host name or the IPv4 or IPv6 address to bind, without brackets: `0.0.0.0` for every IPv4 address, `::` for
   * every address of both kinds where the system allows it.
   */
  readonly hostname: string;
  /** The port, 0 to 65535; 0 binds a free one. */
  readonly port: number;
  /**
   * The longest datagram in bytes, sent or received, 1 to 65507. What comes longer is counted and dropped. Every
   * receive buffer has this size.
   *
   * @default {65507}
   */
  readonly maxDatagramBytes?: number;
  /**
   * How many receives are outstanding, each into a buffer of its own, 1 to 64; `node:dgram` always has one.
   *
   * @default {4}
   */
  readonly receiveCount?: number;
  /**
   * How many datagrams may be under way to the system, 1 to 65536; those beyond are refused. Above 128 the runtime
   * sends some of them in reverse order.
   *
   * @default {64}
   */
  readonly maxInFlightCount?: number;
  /**
   * How many bytes may be under way to the system, `maxDatagramBytes` to 2^30; what is beyond is refused.
   *
   * @default {1048576}
   */
  readonly maxInFlightBytes?: number;
  /**
   * What the socket is made of: `auto` takes the runtime's own where the unstable network API is enabled and
   * `node:dgram` elsewhere.
   *
   * @default {"auto"}
   */
  readonly backend?: UdpBackend | "auto";
}

/** {@linkcode UdpOptions} with every default in place. */
export type UdpConfig = Readonly<Required<UdpOptions>>;

const KNOWN: ReadonlySet<string> = new Set([
  "hostname",
  "port",
  "maxDatagramBytes",
  "receiveCount",
  "maxInFlightCount",
  "maxInFlightBytes",
  "backend",
]);

/**
 * Checks the options and fills in the defaults.
 *
 * @param options What the caller chose.
 * @returns The complete, frozen configuration.
 * @throws {TypeError} When the host name is empty, a field has the wrong type, or there is a field that nobody knows.
 * @throws {RangeError} When a field is out of range.
 */
export function resolveUdpOptions(options: UdpOptions): UdpConfig {
  onlyKnown("A UDP link", options, KNOWN);
  const { hostname } = options;
  if (typeof hostname !== "string" || hostname === "") {
    throw new TypeError("The option hostname must be a string that is not empty");
  }
  if (options.port === undefined) throw new TypeError("The option port must be a number");
  const maxDatagramBytes = integer("maxDatagramBytes", options.maxDatagramBytes, MAX_UDP_BYTES, 1, MAX_UDP_BYTES);
  return Object.freeze({
    hostname,
    port: integer("port", options.port, 0, 0, 65_535),
    maxDatagramBytes,
    receiveCount: integer("receiveCount", options.receiveCount, 4, 1, 64),
    maxInFlightCount: integer("maxInFlightCount", options.maxInFlightCount, 64, 1, 65_536),
    maxInFlightBytes: integer("maxInFlightBytes", options.maxInFlightBytes, 2 ** 20, maxDatagramBytes, 2 ** 30),
    backend: choice("backend", options.backend, "auto", ["auto", "deno", "node"]),
  });
}
