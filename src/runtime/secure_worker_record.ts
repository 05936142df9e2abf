/**
 * What the façade of a secure server and a worker that has its sessions say to each other: the kinds of record, and the
 * memory that they cross.
 *
 * A session is named by its number in its worker. Datagrams have rings of their own: in a flood they are lost there, as
 * in a socket's buffer, and hold no command and no event up.
 *
 * ```text
 *                session   a                    b         bytes
 * façade to worker (commands)
 *   Hello        request   port for datagrams   –         address (22), the client's record
 *   Send         session   channel, lane << 8   ttl       message          lane 0: that of the channel; ttl -1: likewise
 *   Close        session   code                 –         text
 *   Consumed     session   channel              credit    –
 *   Watch        session   –                    –         –                asks for PeerCounted
 *   End          –         code                 time, ms  –                closes all sessions, behind what is queued
 *
 * worker to façade (answers)
 *   Welcome      request   session, 0: none     –         record           answers Hello
 *   Connected    session   1: resumed           –         address (22), token
 *   Message      session   channel, early << 8  credit    message
 *   Taken        session   channel              bytes     –                of Send, headers included, found room
 *   Moved        session   –                    –         address (22)
 *   Ended        session   code                 1: remote text
 *   Counted      –         –                    –         JSON             all counters of the worker
 *   PeerCounted  session   –                    –         JSON
 *   Said         –         –                    –         –                answers End: every peer has confirmed it
 *
 * payload of a record    session, int32 · a, int32 · b, int32 · bytes
 * payload of a datagram  address, 6 × int32 · bytes
 * ```
 *
 * @module
 */
import { createSpscRing } from "../ring/spsc_ring.ts";

/** The kinds of record that the façade sends. */
export const SecureCommand = { Hello: 1, Send: 2, Close: 3, Consumed: 4, Watch: 5, End: 6 } as const;

/** The kinds of record that a worker sends. */
export const SecureAnswer = {
  Welcome: 1,
  Connected: 2,
  Message: 3,
  Taken: 4,
  Moved: 5,
  Ended: 6,
  Counted: 7,
  PeerCounted: 8,
  Said: 9,
} as const;

/** What a message that was sent costs beside its bytes, in the account of what a worker has not taken. */
export const SEND_COST_BYTES = 64;

/** How many datagrams of 1200 bytes a ring holds: some 850, ten times what a socket's buffer does. */
const DATAGRAM_RING_BYTES = 1 << 20;
const MIN_RECORD_RING_BYTES = 1 << 20;
const RECORD_OVERHEAD_BYTES = 64;

/** The rings between the façade and one incarnation of a worker. */
export interface SecureWorkerMemory {
  /** Records to the worker. */
  readonly commands: SharedArrayBuffer;
  /** Records to the façade. */
  readonly answers: SharedArrayBuffer;
  /** Datagrams that came. */
  readonly arrivals: SharedArrayBuffer;
  /** Datagrams that go out. */
  readonly departures: SharedArrayBuffer;
}

/**
 * Makes empty rings.
 *
 * @param maxMessageBytes The longest message.
 * @returns The memory; a record holds such a message.
 */
export function createSecureWorkerMemory(maxMessageBytes: number): SecureWorkerMemory {
  const bytes = Math.max(
    MIN_RECORD_RING_BYTES,
    2 ** Math.ceil(Math.log2(2 * (maxMessageBytes + RECORD_OVERHEAD_BYTES))),
  );
  return {
    commands: createSpscRing(bytes),
    answers: createSpscRing(bytes),
    arrivals: createSpscRing(DATAGRAM_RING_BYTES),
    departures: createSpscRing(DATAGRAM_RING_BYTES),
  };
}
