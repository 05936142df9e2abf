/**
 * The end of many connections in order: the peers are told, what was begun is finished, and what was not is reported.
 *
 * Invariant: it takes no longer than its time and the connections' own `closeTimeoutMs`.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import type { Scheduler } from "../time/scheduler.ts";
import type { TransportConnection } from "./transport_connection.ts";

/** How often it is looked whether connections are done, in ms. */
const LOOK_MS = 5;

/** What a session had not finished when the time was over. */
export interface UnfinishedSession {
  /** The session. */
  readonly sessionId: number;
  /** Requests of the peer that were not answered. */
  readonly unansweredRequests: number;
  /** Own requests that were not answered. */
  readonly pendingRequests: number;
  /** Bytes that were not handed to the link. */
  readonly queuedBytes: number;
}

/** How a shutdown went. */
export interface ShutdownReport {
  /** How many sessions were open when it began. */
  readonly sessionCount: number;
  /** How many of their peers could be told ahead. */
  readonly toldCount: number;
  /** What did not finish in time, by session; empty when all did. */
  readonly unfinished: readonly UnfinishedSession[];
  /** How long it took, in ms. */
  readonly durationMs: number;
}

/**
 * Lets connections finish, and closes them.
 *
 * @param connections Which.
 * @param timeoutMs How long they may take.
 * @param scheduler Time.
 * @param refuseRequests Called when what a peer sent before it was told has had its time: later requests are refused.
 * @returns How that went.
 */
export async function drain(
  connections: readonly TransportConnection[],
  timeoutMs: number,
  scheduler: Scheduler,
  refuseRequests: () => void,
): Promise<ShutdownReport> {
  const startedAt = scheduler.tick();
  let toldCount = 0;
  for (const connection of connections) if (connection.announceClose(timeoutMs)) toldCount++;
  const isBusy = (one: TransportConnection): boolean =>
    one.isOpen && (one.unansweredCount > 0 || one.pendingCount > 0 || one.queuedBytes > 0);
  // What a peer sent before it was told is under way: everybody gets one look of time.
  await pause(scheduler, Math.min(LOOK_MS, timeoutMs));
  refuseRequests();
  while (scheduler.tick() - startedAt < timeoutMs && connections.some(isBusy)) await pause(scheduler, LOOK_MS);
  const unfinished = connections.filter(isBusy).map((one) => ({
    sessionId: one.id,
    unansweredRequests: one.unansweredCount,
    pendingRequests: one.pendingCount,
    queuedBytes: one.queuedBytes,
  }));
  await Promise.all(connections.map((one) => one.close(CloseCode.GoingAway, true)));
  const durationMs = scheduler.tick() - startedAt;
  return Object.freeze({ sessionCount: connections.length, toldCount, unfinished, durationMs });
}

function pause(scheduler: Scheduler, ms: number): Promise<void> {
  return new Promise((resolve) => scheduler.alarm(resolve).arm(scheduler.tick() + ms));
}
