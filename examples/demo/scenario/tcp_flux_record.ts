/**
 * What the two sides of a flux producer agree on.
 *
 * @module
 */
import type { ProducerToken } from "@ringwire/ringwire";
import type { Fault } from "../scenario.ts";

/** The size of a tick. */
export const RECORD_BYTES = 32;

/** The one message that a producer's worker gets; it answers with the number of records that it has sent. */
export interface FluxWorkerStart {
  /** What to attach to. */
  readonly token: ProducerToken;
  /** What the records follow from. */
  readonly seed: number;
  /** How long to send, in ms. */
  readonly runMs: number;
  /** Its number, and that of its stream. */
  readonly producer: number;
  /** What it does wrong. */
  readonly fault: Fault;
}
