/**
 * How a transport client gets a link: by the first of its protocols that works, each within its time.
 *
 * @module
 */
import { ConnectError, TimeoutError } from "../error/transport_error.ts";
import type { Scheduler } from "../time/scheduler.ts";
import { formatProtocol, type ProtocolLink, type TransportProtocol } from "./transport_protocol.ts";

/** What an attempt is made of. */
export interface ConnectAttempt {
  /** By which protocols, in this order. */
  readonly protocols: readonly TransportProtocol[];
  /** How long each may take, in ms. */
  readonly connectTimeoutMs: number;
  /** Time. */
  readonly scheduler: Scheduler;
  /** Ends the attempt. */
  readonly stop: AbortSignal;
  /** Called for each protocol that did not work. */
  readonly countFailed: () => void;
}

/** A link, and by which protocol it came about. */
export interface ReachedLink {
  /** The protocol. */
  readonly protocol: TransportProtocol;
  /** The link. */
  readonly link: ProtocolLink;
}

/**
 * Opens a link.
 *
 * @param attempt What the attempt is made of.
 * @returns The link. Rejects with the error of the only protocol, or with a `ConnectError` that has all errors as its
 * cause; and with the reason of `stop`.
 */
export async function reachAny(attempt: ConnectAttempt): Promise<ReachedLink> {
  const { protocols, stop, countFailed } = attempt;
  const failures: unknown[] = [];
  for (const protocol of protocols) {
    try {
      return { protocol, link: await reach(protocol, attempt) };
    } catch (error) {
      countFailed();
      if (stop.aborted || protocols.length === 1) throw error;
      failures.push(error);
    }
  }
  const cause = new AggregateError(failures);
  throw new ConnectError(`Cannot connect by any of ${protocols.map(formatProtocol).join(", ")}`, { cause });
}

async function reach(protocol: TransportProtocol, attempt: ConnectAttempt): Promise<ProtocolLink> {
  const { scheduler, stop } = attempt;
  const connectTimeoutMs = protocol.connectTimeoutMs ?? attempt.connectTimeoutMs;
  const late = new AbortController();
  const alarm = scheduler.alarm(() => {
    late.abort(new TimeoutError(`Cannot connect by ${formatProtocol(protocol)}: not within ${connectTimeoutMs} ms`));
  });
  alarm.arm(scheduler.tick() + connectTimeoutMs);
  try {
    return await protocol.links.fabric.connect(AbortSignal.any([late.signal, stop]));
  } finally {
    alarm.disarm();
  }
}
