/**
 * How the options of protocols are taken apart: the address as text or as fields, what a protocol says for itself, and
 * the rest, which belongs to its driver.
 *
 * @module
 */
import { onlyKnown } from "../error/option_check.ts";
import type { ProtocolLimits } from "./transport_protocol.ts";

/** Where a protocol leads or listens. */
export interface HostAndPort {
  /** The host name or the IPv4 or IPv6 address, without brackets. */
  readonly hostname: string;
  /** The port. */
  readonly port: number;
}

const LIMIT_NAMES = ["maxConnectionCount", "maxPayloadBytes", "keepAliveMs", "connectTimeoutMs"] as const;

/**
 * Reads `host:port`; IPv6 addresses stand in brackets.
 *
 * @param text For example `127.0.0.1:8001` or `[::1]:8001`.
 * @returns Host and port.
 * @throws {TypeError} When it is no such text.
 */
export function targetOf(text: string): HostAndPort {
  const match = /^(?:\[([^\]]+)\]|([^:\[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) throw new TypeError(`An address is written host:port or [host]:port: got ${text}`);
  return { hostname: (match[1] ?? match[2])!, port: Number(match[3]) };
}

/** Options taken apart. */
export interface SplitOptions<T> {
  /** What the protocol says for itself. */
  readonly limits: ProtocolLimits;
  /** The rest, with `hostname` and `port`. */
  readonly rest: HostAndPort & Omit<T, keyof ProtocolLimits | keyof HostAndPort>;
}

/**
 * Takes options apart.
 *
 * @param owner What the options belong to, for messages.
 * @param options The options, or an address as text.
 * @param names What options there are besides the address and those of every protocol.
 * @returns The two parts.
 * @throws {TypeError} When it is neither text nor an object, or has an option that nobody knows.
 */
export function splitLimits<T extends object>(
  owner: string,
  options: string | T,
  names: readonly (keyof T & string)[],
): SplitOptions<T> {
  if (typeof options === "string") return { limits: {}, rest: targetOf(options) as SplitOptions<T>["rest"] };
  onlyKnown(owner, options, new Set(["hostname", "port", ...LIMIT_NAMES, ...names]));
  const limits: Record<string, unknown> = {};
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if ((LIMIT_NAMES as readonly string[]).includes(name)) limits[name] = value;
    else rest[name] = value;
  }
  return { limits: limits as ProtocolLimits, rest: rest as unknown as SplitOptions<T>["rest"] };
}
