/**
 * What the common part of a secure server calls of an endpoint, of its driver and of sessions: what workers have to be in
 * their place.
 *
 * @module
 */
import type { EndpointMachine } from "../session/endpoint_machine.ts";
import type { SessionMachine } from "../session/session_machine.ts";
import type { SecureDriver } from "./secure_driver.ts";

/** What it calls of an endpoint, beside what is about sessions. */
export type EndpointFace = Pick<
  EndpointMachine,
  | "messageBuffer"
  | "messageOffset"
  | "messageLength"
  | "messageChannel"
  | "messageIsEarly"
  | "takeCredit"
  | "sessionCount"
  | "halfOpenCount"
  | "drained"
  | "counters"
  | "sessionCounters"
  | "transitions"
  | "close"
>;

/** What it calls of a driver, beside its link. */
export type DriverFace = Pick<SecureDriver, "droppedDatagrams" | "drain" | "drainNow" | "stop" | "useLink">;

/** What secure sockets need of a session. */
export type SecureSession = Pick<
  SessionMachine,
  | "id"
  | "isResumed"
  | "token"
  | "reason"
  | "pathId"
  | "maxMessageBytes"
  | "messageHandle"
  | "send"
  | "cancel"
  | "close"
  | "handleConsumed"
  | "readAddress"
  | "statistics"
>;
