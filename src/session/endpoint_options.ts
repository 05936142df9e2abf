/**
 * The options of an endpoint: those of its sessions, what it accepts from strangers, and its tickets.
 *
 * @module
 */
import { duration, flag, integer, onlyKnown } from "../error/option_check.ts";
import {
  type DerivedSessionOption,
  resolveSessionOptions,
  SESSION_OPTION_NAMES,
  type SessionConfig,
  type SessionOptions,
} from "./session_options.ts";

/** The options of an endpoint. */
export interface EndpointOptions extends SessionOptions {
  /** How many sessions there are at most, half-open ones included, 1 to 2^22. @default 131072 */
  readonly maxSessions?: number;
  /** How many sessions may wait for the first packet under their keys, 1 to `maxSessions`. @default 4096, or `maxSessions` */
  readonly maxHalfOpen?: number;
  /**
   * From this many half-open sessions on a first flight needs a cookie, which costs its sender one round trip. 0: always.
   * @default a quarter of `maxHalfOpen`
   */
  readonly cookieFromHalfOpen?: number;
  /** For how many ms a cookie holds, 100 to 60000. @default 5000 */
  readonly cookieLifetimeMs?: number;
  /** How many first flights a second of one host (IPv6: one /64) are worked on, 1 to 10^6. @default 10 */
  readonly firstFlightsPerSecond?: number;
  /** How many of them at once after a silence, 1 to 10^6. @default 40 */
  readonly firstFlightsBurst?: number;
  /** How many stateless resets go out a second, in all, 0 to 10^6. 0: none ever. @default 200 */
  readonly resetsPerSecond?: number;
  /** How many retries and refusals go out a second, in all, 1 to 10^6. @default 2000 */
  readonly answersPerSecond?: number;
  /** For how many ms a ticket holds, up to 604800000 (7 days, RFC 8446). 0: no tickets are given. @default 3600000 */
  readonly ticketLifetimeMs?: number;
  /** After how many ms the key of the tickets changes; at least `ticketLifetimeMs`. @default twice `ticketLifetimeMs` */
  readonly ticketRotationMs?: number;
  /** How many used tickets are remembered, 1 to 2^22; when full, early data is refused. @default 65536 */
  readonly maxUsedTickets?: number;
  /** Whether early data is delivered; if not, it is refused and sent again by the client. @default true */
  readonly acceptEarlyData?: boolean;
  /**
   * By how many ms the ticket's age by the client's clock may differ from that by ours for its early data to be
   * delivered, 100 to 60000; a first flight that was held back for longer is refused (RFC 8446 section 8.3).
   * @default 10000
   */
  readonly earlyFreshnessMs?: number;
}

/** {@linkcode EndpointOptions}, complete and checked. */
export type EndpointConfig = Readonly<SessionConfig & Required<Omit<EndpointOptions, DerivedSessionOption>>>;

const OPTION_NAMES: ReadonlySet<string> = new Set<string>([
  ...SESSION_OPTION_NAMES,
  "maxSessions",
  "maxHalfOpen",
  "cookieFromHalfOpen",
  "cookieLifetimeMs",
  "firstFlightsPerSecond",
  "firstFlightsBurst",
  "resetsPerSecond",
  "answersPerSecond",
  "ticketLifetimeMs",
  "ticketRotationMs",
  "maxUsedTickets",
  "acceptEarlyData",
  "earlyFreshnessMs",
]);

const MAX_TICKET_LIFETIME_MS = 604_800_000;

/**
 * Completes and checks the options of an endpoint.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is unknown.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveEndpointOptions(options: EndpointOptions = {}): EndpointConfig {
  onlyKnown("An endpoint", options, OPTION_NAMES);
  const o = options;
  const maxSessions = integer("maxSessions", o.maxSessions, 131_072, 1, 2 ** 22);
  const maxHalfOpen = integer("maxHalfOpen", o.maxHalfOpen, Math.min(4096, maxSessions), 1, maxSessions);
  const ticketLifetimeMs = duration("ticketLifetimeMs", o.ticketLifetimeMs, 3_600_000);
  if (ticketLifetimeMs > MAX_TICKET_LIFETIME_MS) {
    throw new RangeError(
      `The option ticketLifetimeMs must be at most ${MAX_TICKET_LIFETIME_MS}: got ${ticketLifetimeMs}`,
    );
  }
  const ticketRotationMs = duration("ticketRotationMs", o.ticketRotationMs, 2 * ticketLifetimeMs);
  if (ticketRotationMs < ticketLifetimeMs) {
    throw new RangeError(`The option ticketRotationMs must be at least ticketLifetimeMs: got ${ticketRotationMs}`);
  }
  const quarter = Math.floor(maxHalfOpen / 4);
  return Object.freeze({
    ...resolveSessionOptions(o),
    maxSessions,
    maxHalfOpen,
    cookieFromHalfOpen: integer("cookieFromHalfOpen", o.cookieFromHalfOpen, quarter, 0, maxHalfOpen),
    cookieLifetimeMs: integer("cookieLifetimeMs", o.cookieLifetimeMs, 5000, 100, 60_000),
    firstFlightsPerSecond: integer("firstFlightsPerSecond", o.firstFlightsPerSecond, 10, 1, 1e6),
    firstFlightsBurst: integer("firstFlightsBurst", o.firstFlightsBurst, 40, 1, 1e6),
    resetsPerSecond: integer("resetsPerSecond", o.resetsPerSecond, 200, 0, 1e6),
    answersPerSecond: integer("answersPerSecond", o.answersPerSecond, 2000, 1, 1e6),
    ticketLifetimeMs,
    ticketRotationMs,
    maxUsedTickets: integer("maxUsedTickets", o.maxUsedTickets, 65_536, 1, 2 ** 22),
    acceptEarlyData: flag("acceptEarlyData", o.acceptEarlyData, true),
    earlyFreshnessMs: integer("earlyFreshnessMs", o.earlyFreshnessMs, 10_000, 100, 60_000),
  });
}
