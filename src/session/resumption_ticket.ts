/**
 * What a client keeps of a session in order to resume it later.
 *
 * It is a secret of the client: who has it can resume the session in its place. The application may store it, outside of
 * this package; every ticket is good for one attempt.
 *
 * @module
 */
import type { TicketGrant } from "../wire/session_frame.ts";

/** A ticket and what belongs to it. */
export interface ResumptionTicket {
  /** The ticket, as the server sealed it. */
  readonly ticket: Uint8Array;
  /** 32 secret bytes. */
  readonly secret: Uint8Array;
  /** What is added to the age that is told, modulo 2^32. */
  readonly ageMask: number;
  /** When it came, by the wall clock, in ms since 1970. */
  readonly receivedAtMs: number;
  /** For how many ms it holds. */
  readonly lifetimeMs: number;
  /** The round-trip time of the session that it came by, in ms: what to assume for the next one. */
  readonly rttMs: number;
}

/**
 * Makes a ticket of what a server sent.
 *
 * @param grant What the server sent; the ticket takes its byte strings over.
 * @param nowMs The wall clock, in ms since 1970.
 * @param rttMs The round-trip time, in ms.
 * @returns The ticket.
 */
export function ticketOf(grant: TicketGrant, nowMs: number, rttMs: number): ResumptionTicket {
  const { ticket, secret, ageMask, lifetimeSeconds } = grant;
  return { ticket, secret, ageMask, receivedAtMs: nowMs, lifetimeMs: lifetimeSeconds * 1000, rttMs };
}

/**
 * Whether a ticket may still be used.
 *
 * @param ticket The ticket.
 * @param nowMs The wall clock, in ms since 1970.
 * @returns False once its lifetime is over, or when the clock says that it comes from the future.
 */
export function isUsable(ticket: ResumptionTicket, nowMs: number): boolean {
  const age = nowMs - ticket.receivedAtMs;
  return age >= 0 && age < ticket.lifetimeMs;
}
