/**
 * Whether this runtime speaks QUIC, and the error where it does not.
 *
 * Deno hides its QUIC behind a flag of the whole process: nothing can switch it on from inside.
 *
 * @module
 */
import { ResourceError } from "../../error/transport_error.ts";

/** Whether QUIC can be spoken here. */
export function hasQuic(): boolean {
  return typeof Deno.connectQuic === "function" && typeof Deno.QuicEndpoint === "function";
}

/**
 * Makes sure that QUIC can be spoken here.
 *
 * @throws {ResourceError} When it cannot; the message names the flag.
 */
export function requireQuic(): void {
  if (hasQuic()) return;
  throw new ResourceError(
    'Cannot speak QUIC: start Deno with --unstable-net, or put "unstable": ["net"] into deno.json',
  );
}
