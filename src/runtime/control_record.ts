/**
 * What a worker that has the application's handlers and the façade say to each other: the kinds of record.
 *
 * A connection is named by its number in its worker; a request by a number of whoever asks.
 *
 * ```text
 * worker to façade
 *   kind           link         a         b          bytes              meaning
 *   Admit          request      –         –          host               asks whether a connection may come in
 *   Leave          –            –         –          host
 *   ClaimPeer      connection   –         –          peer id            asks whether the id is free
 *   ReleasePeer    –            –         –          peer id
 *   Opened         connection   slot      –          addresses, peer id
 *   Closed         connection   code      unsent     origin, message, last statistics
 *   Failed         connection   –         –          error              for onError; connection 0: of none
 *   Settled        request      status    code       –                  answers Send and Flush
 *   Forward        connection   worker    request    payload            sends to a connection of any worker
 *   ForwardToPeer  –            request   id bytes   peer id, payload   sends to a peer of any worker
 *   Listening      –            –         –          address            answers Listen
 *   ListenFailed   –            –         –          reason
 *   Unlistened     –            –         –          –                  answers Unlisten
 *
 * façade to worker
 *   Admitted       request      1 or 0    –          –
 *   PeerClaimed    connection   1 or 0    –          –
 *   Send           connection   request   –          payload
 *   Flush          connection   request   –          –
 *   Close          connection   1: abort  –          –
 *   Settled        request      status    code       –                  answers Forward and ForwardToPeer
 *   Listen         –            port      –          –
 *   Unlisten       –            –         –          –
 *   Stop           –            code      –          –
 * ```
 *
 * @module
 */

/** The kinds of record that a worker sends. */
export const WorkerRecord = {
  Admit: 1,
  Leave: 2,
  ClaimPeer: 3,
  ReleasePeer: 4,
  Opened: 5,
  Closed: 6,
  Failed: 7,
  Settled: 8,
  Forward: 9,
  ForwardToPeer: 10,
  Listening: 11,
  ListenFailed: 12,
  Unlistened: 13,
} as const;

/** The kinds of record that the façade sends. */
export const FacadeRecord = {
  Admitted: 1,
  PeerClaimed: 2,
  Send: 3,
  Flush: 4,
  Close: 5,
  Settled: 6,
  Stop: 7,
  Listen: 8,
  Unlisten: 9,
} as const;

/** What became of a request. */
export const Settlement = {
  /** It is done. */
  Done: 0,
  /** The connection is closed, with the code that comes along. */
  Closed: 1,
  /** There is no such connection. */
  Unknown: 2,
  /** The payload is larger than a frame may be. */
  TooLarge: 3,
  /** Too much waits already. */
  Crowded: 4,
} as const;

/** One of the values of {@linkcode Settlement}. */
export type Settlement = (typeof Settlement)[keyof typeof Settlement];
