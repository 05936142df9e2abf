/**
 * What the two sides of a ferry say to each other: the kinds of record.
 *
 * The socket side has the real links, the machine side the machines that run over them. Neither side's reader ever
 * waits for its own sending, so that two full rings cannot block each other.
 *
 * ```text
 * socket side to machine side
 *   kind           a        b        text             meaning
 *   Opened         –        –        both addresses   a link was accepted, or Connect has succeeded
 *   ConnectFailed  –        –        reason
 *   Data           offset   length   –                lends a block of the socket side's arena
 *   Ended          –        –        –                the peer ended its stream
 *   Broken         –        –        reason           reading failed
 *   Written        offset   –        –                gives a block of the machine side's arena back
 *   WriteFailed    –        –        reason
 *   WriteEnded     –        –        –                answers EndWrite
 *   Gone           –        –        –                answers Close: no block of the link is in use any more
 *   Listening      –        –        address          answers Listen
 *   ListenFailed   –        –        reason
 *   AcceptFailed   –        –        reason           accepting failed for now
 *   Unlistened     –        –        –                answers Unlisten
 *
 * machine side to socket side
 *   Listen         port     –        –
 *   Unlisten       –        –        –
 *   Accepted       –        –        –                a link that was announced was taken from the listener
 *   Connect        –        –        –                the machine side chooses the link's number
 *   Taken          offset   –        –                gives a block of the socket side's arena back
 *   Write          offset   length   –                lends a block of the machine side's arena
 *   EndWrite       –        –        –
 *   Close          –        –        –                closes the link, or gives up connecting
 * ```
 *
 * @module
 */

/** The kinds of record that the socket side sends. */
export const SocketRecord = {
  Opened: 1,
  ConnectFailed: 2,
  Data: 3,
  Ended: 4,
  Broken: 5,
  Written: 6,
  WriteFailed: 7,
  WriteEnded: 8,
  Gone: 9,
  Listening: 10,
  ListenFailed: 11,
  AcceptFailed: 12,
  Unlistened: 13,
} as const;

/** The kinds of record that the machine side sends. */
export const MachineRecord = {
  Listen: 1,
  Unlisten: 2,
  Connect: 3,
  Taken: 4,
  Write: 5,
  EndWrite: 6,
  Close: 7,
  Accepted: 8,
} as const;

/** Numbers of links that the machine side chose start here; those of accepted links are below. */
export const FIRST_CONNECT_LINK = 1 << 30;
