/**
 * What crosses to the worker of a flux producer: shared memory and a few numbers, nothing with methods.
 *
 * @module
 */

/** Posted to a worker and given to `ParticleFlux.attach` there; one producer a token. */
export interface ProducerToken {
  /** What this is. */
  readonly kind: "ringwire.flux.producer";
  /** The version of this record. */
  readonly version: 1;
  /** The producer's own ring. */
  readonly ring: SharedArrayBuffer;
  /** What wakes the flux; shared by all its producers. */
  readonly doorbell: SharedArrayBuffer;
  /** The largest payload in bytes. */
  readonly maxFrameBytes: number;
  /** Whether empty messages are legal. */
  readonly allowEmptyMessages: boolean;
  /** Whether payloads carry a timestamp. */
  readonly timestamps: boolean;
}

/**
 * Checks that a value is a token.
 *
 * @param value What came out of a message.
 * @returns The token.
 * @throws {TypeError} When it is none.
 */
export function checkProducerToken(value: unknown): ProducerToken {
  const token = value as Partial<ProducerToken> | null;
  if (
    typeof token !== "object" || token === null || token.kind !== "ringwire.flux.producer" || token.version !== 1 ||
    !(token.ring instanceof SharedArrayBuffer) || !(token.doorbell instanceof SharedArrayBuffer)
  ) throw new TypeError("This is no producer token: post what producerToken() returned, as it is");
  return token as ProducerToken;
}
