/**
 * What crosses to a worker that shall use a bus: shared memory and who the node is, nothing with methods.
 *
 * @module
 */
import type { BusNode } from "./bus_handlers.ts";

/** Posted to a worker and given to `MessageBus.attach` there; one attachment a token. */
export interface BusToken {
  /** What this is. */
  readonly kind: "ringwire.bus.handle";
  /** The version of this record. */
  readonly version: 1;
  /** Records of the worker. */
  readonly toBus: SharedArrayBuffer;
  /** Records of the bus. */
  readonly toWorker: SharedArrayBuffer;
  /** Wakes the bus, and the worker behind it. */
  readonly bells: SharedArrayBuffer;
  /** The node. */
  readonly self: BusNode;
}

/**
 * Checks that a value is a token.
 *
 * @param value What came out of a message.
 * @returns The token.
 * @throws {TypeError} When it is none.
 */
export function checkBusToken(value: unknown): BusToken {
  const token = value as Partial<BusToken> | null;
  if (
    typeof token !== "object" || token === null || token.kind !== "ringwire.bus.handle" || token.version !== 1 ||
    !(token.toBus instanceof SharedArrayBuffer) || !(token.toWorker instanceof SharedArrayBuffer) ||
    !(token.bells instanceof SharedArrayBuffer)
  ) throw new TypeError("This is no bus token: post what token() returned, as it is");
  return token as BusToken;
}
