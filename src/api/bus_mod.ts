/**
 * The message bus: typed events and commands inside a process, on a host, in a cluster, across a network, without a
 * broker.
 *
 * @module
 */
export { MessageBus } from "./message_bus.ts";
export { BusHandle, type BusHandleOptions } from "./bus_handle.ts";
export { MeshKeys } from "./mesh_keys.ts";
export { EventDispatcher, type Unsubscribe } from "./event_dispatcher.ts";
export { CommandDispatcher, CommandScope, type ScatterOptions } from "./command_dispatcher.ts";
export type { BusStatistics } from "../bus/dispatch/bus_counters.ts";
export type { BusScope } from "../bus/dispatch/bus_scope.ts";
export { CommandError, NoHandlerError } from "../bus/dispatch/command_error.ts";
export {
  type CommandDefinition,
  type CommandMessage,
  defineCommand,
  defineEvent,
  type DefinitionOptions,
  type EventDefinition,
  type EventMessage,
} from "../bus/dispatch/definition.ts";
export type { StandardSchema } from "../bus/dispatch/standard_schema.ts";
export type { MembershipOptions } from "../bus/member/membership_options.ts";
export { CloseCode, type CloseCodeName, closeCodeName } from "../error/close_code.ts";
export {
  ClosedError,
  type CloseOrigin,
  ConnectError,
  MisuseError,
  ResourceError,
  TimeoutError,
  TransportError,
  type TransportErrorCode,
} from "../error/transport_error.ts";
export type { CommandOptions, PresenceOptions, PublishOptions } from "../runtime/bus_calls.ts";
export type {
  BusNode,
  CommandContext,
  CommandFunction,
  CommandHandler,
  EventContext,
  EventFunction,
  EventHandler,
  RegisteredHandler,
} from "../runtime/bus_handlers.ts";
export type { MessageBusStatistics } from "../runtime/bus_open.ts";
export type {
  BusCallbacks,
  BusEngine,
  DispatchOptions,
  MessageBusOptions,
  QueuePolicy,
} from "../runtime/bus_options.ts";
export type { BusToken } from "../runtime/bus_token.ts";
export type { ScatterAnswer } from "../runtime/bus_scatter.ts";
export type { NodeChange } from "../transport/bus_fabric.ts";
