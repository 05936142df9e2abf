/**
 * What an error of a UDP socket means, by whichever backend it came.
 *
 * Invariant: no error of sending ends a link; a receive that fails is tried again, with pauses, until it has failed
 * {@linkcode MAX_RECEIVE_FAILURES} times in a row. Why at all: some systems report a refusal that came back for an
 * earlier datagram (ICMP) at the next receive.
 *
 * @module
 */
import type { DatagramFailure } from "../../transport/datagram_link.ts";

/** How many receives may fail in a row. */
export const MAX_RECEIVE_FAILURES = 40;

/** How many of them are tried again at once. */
const QUICK_RETRIES = 8;
const MAX_PAUSE_MS = 100;

const FAILURES: ReadonlyMap<unknown, DatagramFailure> = new Map<unknown, DatagramFailure>([
  ["EPERM", "not permitted"],
  ["EACCES", "not permitted"],
  ["EMSGSIZE", "too long"],
  ["ENOBUFS", "no buffers"],
  ["ENOMEM", "no buffers"],
  ["EAGAIN", "no buffers"],
  ["ECONNREFUSED", "unreachable"],
  ["ECONNRESET", "unreachable"],
  ["EHOSTUNREACH", "unreachable"],
  ["EHOSTDOWN", "unreachable"],
  ["ENETUNREACH", "unreachable"],
  ["ENETDOWN", "unreachable"],
  ["EADDRNOTAVAIL", "unreachable"],
  ["EAFNOSUPPORT", "unreachable"],
  // What Linux says to a socket that is bound to the loopback interface.
  ["EINVAL", "unreachable"],
]);

/**
 * Why a datagram did not go out.
 *
 * @param error What the socket reported.
 * @param address Where it was to go.
 * @returns The reason. Where `node:dgram` hides it, this process's permission is looked up.
 */
export function sendFailure(
  error: unknown,
  address: { readonly hostname: string; readonly port: number },
): DatagramFailure {
  if (error instanceof Deno.errors.NotCapable) return "not permitted";
  const code = (error as { readonly code?: unknown } | null)?.code;
  if (code === "UNKNOWN") return isPermitted(address) ? "other" : "not permitted";
  return FAILURES.get(code) ?? "other";
}

/**
 * How long to wait before receiving again.
 *
 * @param failuresInARow How many receives have failed since the last one that did not, at least 1.
 * @returns The time in ms; -1 when it is no use.
 */
export function receivePauseMs(failuresInARow: number): number {
  if (failuresInARow >= MAX_RECEIVE_FAILURES) return -1;
  return failuresInARow <= QUICK_RETRIES ? 0 : Math.min(2 ** (failuresInARow - QUICK_RETRIES), MAX_PAUSE_MS);
}

/**
 * Whether an error of receiving says that the socket is closed.
 *
 * @param error What was thrown.
 * @returns Whether no receive can succeed any more.
 */
export function isSocketGone(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}

function isPermitted({ hostname, port }: { readonly hostname: string; readonly port: number }): boolean {
  const host = hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
  return Deno.permissions.querySync({ name: "net", host }).state === "granted";
}
