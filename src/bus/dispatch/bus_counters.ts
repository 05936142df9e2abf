/**
 * What the dispatchers count: every drop and every refusal under a name of its own.
 *
 * @module
 */

/** The places of the counters. */
export const BusCounter = {
  /** Events published here. */
  EventsPublished: 0,
  /** Events that came from other nodes. */
  EventsReceived: 1,
  /** Calls of event handlers. */
  EventsHandled: 2,
  /** Events that came and that nobody here subscribes. */
  EventsUnwanted: 3,
  /** Events dropped because an asynchronous handler was too far behind. */
  EventsDroppedBySlowHandlers: 4,
  /** Event handlers that threw or rejected. */
  EventHandlersFailed: 5,
  /** Commands sent, to whatever scope. */
  CommandsSent: 6,
  /** Commands that came from other nodes. */
  CommandsReceived: 7,
  /** Commands answered with a result. */
  CommandsAnswered: 8,
  /** Commands answered with a failure. */
  CommandsFailed: 9,
  /** Commands refused because too many were in progress. */
  CommandsRefusedBusy: 10,
  /** Commands whose sender gave up. */
  CommandsCancelled: 11,
  /** Commands whose time was over before the answer. */
  CommandsTimedOut: 12,
  /** Commands in flight whose node was lost. */
  CommandsLost: 13,
  /** Answers to no request that is open: late or doubled. */
  AnswersLate: 14,
  /** Records that are no records. */
  RecordsMalformed: 15,
  /** Values that could not be decoded: hostile or foreign. */
  ValuesRefused: 16,
  /** Values that a validator refused. */
  ValuesInvalid: 17,
  /** Records for a scope that their sender is not in. */
  RecordsOutOfScope: 18,
} as const;

/** The names of the counters, in their places. */
export const BUS_COUNTER_NAMES: readonly (keyof BusStatistics)[] = [
  "eventsPublished",
  "eventsReceived",
  "eventsHandled",
  "eventsUnwanted",
  "eventsDroppedBySlowHandlers",
  "eventHandlersFailed",
  "commandsSent",
  "commandsReceived",
  "commandsAnswered",
  "commandsFailed",
  "commandsRefusedBusy",
  "commandsCancelled",
  "commandsTimedOut",
  "commandsLost",
  "answersLate",
  "recordsMalformed",
  "valuesRefused",
  "valuesInvalid",
  "recordsOutOfScope",
];

/** What the dispatchers of a bus have counted. */
export interface BusStatistics {
  /** Events published here. */
  readonly eventsPublished: number;
  /** Events that came from other nodes. */
  readonly eventsReceived: number;
  /** Calls of event handlers. */
  readonly eventsHandled: number;
  /** Events that came and that nobody here subscribes. */
  readonly eventsUnwanted: number;
  /** Events dropped because an asynchronous handler was too far behind. */
  readonly eventsDroppedBySlowHandlers: number;
  /** Event handlers that threw or rejected. */
  readonly eventHandlersFailed: number;
  /** Commands sent, to whatever scope. */
  readonly commandsSent: number;
  /** Commands that came from other nodes. */
  readonly commandsReceived: number;
  /** Commands answered with a result. */
  readonly commandsAnswered: number;
  /** Commands answered with a failure. */
  readonly commandsFailed: number;
  /** Commands refused because too many were in progress. */
  readonly commandsRefusedBusy: number;
  /** Commands whose sender gave up. */
  readonly commandsCancelled: number;
  /** Commands whose time was over before the answer. */
  readonly commandsTimedOut: number;
  /** Commands in flight whose node was lost. */
  readonly commandsLost: number;
  /** Answers to no request that is open: late or doubled. */
  readonly answersLate: number;
  /** Records that are no records. */
  readonly recordsMalformed: number;
  /** Values that could not be decoded: hostile or foreign. */
  readonly valuesRefused: number;
  /** Values that a validator refused. */
  readonly valuesInvalid: number;
  /** Records for a scope that their sender is not in. */
  readonly recordsOutOfScope: number;
}
