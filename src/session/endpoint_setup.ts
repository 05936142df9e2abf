/**
 * What an endpoint is made of, and how its parts are put together.
 *
 * @module
 */
import { CounterTable } from "../metric/counter_table.ts";
import type { RandomSource } from "../random/random_source.ts";
import { decodeWord } from "../wire/packet_header.ts";
import { AddressRate } from "./address_rate.ts";
import { ConnectionIdScheme, ROUTE_KEY_BYTES } from "./connection_id_scheme.ts";
import { CookieKeeper } from "./cookie_keeper.ts";
import { FirstFlightDesk } from "./first_flight_desk.ts";
import { HelloDesk } from "./hello_desk.ts";
import { ResetDesk } from "./reset_desk.ts";
import { RESET_KEY_BYTES, ResetTokens } from "./reset_tokens.ts";
import { SessionContext, type SessionSetup } from "./session_context.ts";
import { ENDPOINT_COUNTERS } from "./session_counters.ts";
import { SessionTable } from "./session_table.ts";
import { StatelessAnswer } from "./stateless_answer.ts";
import { TicketKeeper } from "./ticket_keeper.ts";
import { TokenBucket } from "./token_bucket.ts";
import { UsedTickets } from "./used_tickets.ts";

/** What an endpoint is made of. */
export interface EndpointSetup extends SessionSetup {
  /** 8 secret bytes, common to the workers of a pool; drawn when left out. */
  readonly routeKey?: Uint8Array;
  /** The index of this worker, 0 to 65535. @default 0 */
  readonly owner?: number;
  /**
   * 32 secret bytes that outlive the process. With them packets for unknown sessions are answered by stateless resets;
   * without them, as for an endpoint of clients, they are not.
   */
  readonly resetKey?: Uint8Array;
  /** 32 secret bytes from which the first ticket key is made, so that tickets survive a restart; drawn when left out. */
  readonly ticketKey?: Uint8Array;
}

/** The parts of an endpoint. */
export interface EndpointParts {
  /** What the sessions share. */
  readonly context: SessionContext;
  /** The sessions. */
  readonly table: SessionTable;
  /** What the endpoint counts; its row is 0. */
  readonly counters: CounterTable;
  /** The datagram that goes out without a session. */
  readonly answer: StatelessAnswer;
  /** Takes first flights. */
  readonly firstFlights: FirstFlightDesk;
  /** Takes packets of unknown sessions. */
  readonly resets: ResetDesk;
  /** Takes hellos. */
  readonly hellos: HelloDesk;
}

/**
 * Makes the parts of an endpoint.
 *
 * @param setup What it is made of.
 * @returns The parts.
 * @throws {RangeError} When a key has the wrong length.
 */
export function makeParts(setup: EndpointSetup): EndpointParts {
  const { config, clock, random, wallClock, aead } = setup;
  const scheme = new ConnectionIdScheme(setup.routeKey ?? draw(random, ROUTE_KEY_BYTES), setup.owner ?? 0);
  const resetTokens = new ResetTokens(setup.resetKey ?? draw(random, RESET_KEY_BYTES));
  const context = new SessionContext(setup, scheme, resetTokens, drawWord(random));
  const table = new SessionTable(context);
  const counters = new CounterTable(ENDPOINT_COUNTERS, 1);
  const answer = new StatelessAnswer();
  const { ticketLifetimeMs: lifetimeMs, ticketRotationMs: rotationMs } = config;
  const tickets = new TicketKeeper({
    aead,
    random,
    clock,
    wallClock,
    scheme,
    lifetimeMs,
    rotationMs,
    key: setup.ticketKey,
  });
  const used = new UsedTickets(config.maxUsedTickets, 2 * config.earlyFreshnessMs, drawWord(random));
  const rate = { perSecond: config.firstFlightsPerSecond, burst: config.firstFlightsBurst };
  const common = { context, counters, table, tickets, used };
  const firstFlights = new FirstFlightDesk({
    ...common,
    cookies: new CookieKeeper(clock, random, config.cookieLifetimeMs),
    rate: new AddressRate(clock, rate, drawWord(random), drawWord(random)),
    answers: new TokenBucket(clock, config.answersPerSecond),
    answer,
  });
  const resetsPerSecond = setup.resetKey === undefined ? 0 : config.resetsPerSecond;
  const resets = new ResetDesk({ ...common, answer, rate: new TokenBucket(clock, resetsPerSecond) });
  return { context, table, counters, answer, firstFlights, resets, hellos: new HelloDesk(common) };
}

function draw(random: RandomSource, bytes: number): Uint8Array {
  const drawn = new Uint8Array(bytes);
  random.fillSecret(drawn);
  return drawn;
}

function drawWord(random: RandomSource): number {
  return decodeWord(draw(random, 4), 0);
}
