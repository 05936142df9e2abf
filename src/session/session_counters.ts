/**
 * What a session and an endpoint count; rows of `CounterTable`s.
 *
 * @module
 */

/** The columns of the table of sessions. The first six are counted for every packet: `Session.tally`. */
export const SessionCounter = {
  /** Datagrams and stream packets that were opened. */
  PacketsIn: 0,
  /** Their bytes. */
  BytesIn: 1,
  /** Packets that were sealed. */
  PacketsOut: 2,
  /** Their bytes. */
  BytesOut: 3,
  /** Messages handed to the application. */
  MessagesIn: 4,
  /** Messages put into packets. */
  MessagesOut: 5,
  /** Packets that were not authentic. */
  Forged: 6,
  /** Packets that were received before, or are too old to tell. */
  Replayed: 7,
  /** Packets from a path that this end does not follow its peer to. */
  WrongPath: 8,
  /** Packets that came after the session was closed. */
  LatePackets: 9,
  /** Messages that came after this end had closed, or whose id had been delivered. */
  DroppedMessages: 10,
  /** Messages that were queued and never put into a packet. */
  UnsentMessages: 11,
  /** Offers refused because the queue was full. */
  RefusedBackPressured: 12,
  /** Messages refused because they are larger than allowed. */
  RefusedTooLarge: 13,
  /** Packets that the peer acknowledged. */
  PacketsAcked: 14,
  /** Packets that were declared lost. */
  PacketsLost: 15,
  /** Times that what was owed was sent again. */
  Probes: 16,
  /** Steps of the send keys. */
  SendPhases: 17,
  /** Steps of the receive keys. */
  ReceivePhases: 18,
  /** Times that the peer was followed to another path. */
  Migrations: 19,
  /** Times that the session went back to the path before. */
  MigrationsReverted: 20,
  /** Paths whose validation failed. */
  PathsFailed: 21,
  /** Packets from a new path for which there was no place. */
  PathsRefused: 22,
  /** Times that the amplification limit held a packet back. */
  AmplificationHeld: 23,
} as const;

/** The names of the counters of sessions, in the order of their columns. */
export const SESSION_COUNTERS: readonly string[] = namesOf(SessionCounter);

/** The columns of the table of endpoints: datagrams that belong to no session. */
export const EndpointCounter = {
  /** Datagrams that are none of this protocol's. */
  Foreign: 0,
  /** Datagrams that are too short, or whose header breaks the format. */
  Malformed: 1,
  /** Packets for a connection id that no session has. */
  UnknownId: 2,
  /** Stateless resets that were sent. */
  ResetsSent: 3,
  /** Stateless resets that were held back by their rate, or because the trigger is too short. */
  ResetsHeld: 4,
  /** Stateless resets that ended a session. */
  ResetsReceived: 5,
  /** First flights that came. */
  FirstFlights: 6,
  /** First flights of a host that sends too many. */
  FirstFlightsLimited: 7,
  /** First flights that repeat one whose session is there. */
  FirstFlightsRepeated: 8,
  /** First flights whose session is gone, or that came from another address than before. */
  FirstFlightsStale: 9,
  /** First flights that were not authentic, or broke the format inside the seal. */
  FirstFlightsForged: 10,
  /** First flights that were refused, by an answer. */
  FirstFlightsRefused: 11,
  /** First flights that found no room. */
  FirstFlightsNoRoom: 12,
  /** Retries that were sent. */
  RetriesSent: 13,
  /** Answers without state that were held back by their rate. */
  AnswersHeld: 14,
  /** Cookies that were too old or not ours. */
  CookiesInvalid: 15,
  /** First flights whose early data was delivered. */
  EarlyAccepted: 16,
  /** First flights whose early data was thrown away. */
  EarlyRefused: 17,
  /** Replies, retries and refusals that belong to no attempt. */
  AnswersStray: 18,
  /** Hellos that were refused. */
  HellosRefused: 19,
  /** Sessions that ended because the same client has a newer one. */
  SessionsReplaced: 20,
} as const;

/** The names of the counters of endpoints, in the order of their columns. */
export const ENDPOINT_COUNTERS: readonly string[] = namesOf(EndpointCounter);

function namesOf(columns: object): readonly string[] {
  return Object.keys(columns).map((name) => name.charAt(0).toLowerCase() + name.slice(1));
}
