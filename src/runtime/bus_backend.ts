/**
 * What the face of a bus works on: the bus itself, or in a worker the bus of the process behind rings.
 *
 * @module
 */
import type { BusScope } from "../bus/dispatch/bus_scope.ts";
import type { CommandDefinition, EventDefinition } from "../bus/dispatch/definition.ts";
import type { StandardSchema } from "../bus/dispatch/standard_schema.ts";
import type { CommandOptions, PresenceOptions, PublishOptions } from "./bus_calls.ts";
import type { BusNode, CommandFunction, EventFunction } from "./bus_handlers.ts";

/** One node that was asked, and its answer. */
export interface Asked {
  /** The node. */
  readonly node: BusNode;
  /** Its answer. */
  readonly answer: Promise<unknown>;
}

/** A bus, here or behind rings. */
export interface BusBackend {
  /** Publishes an event; see `EventDispatcher.publish`. */
  publish(definition: EventDefinition<unknown>, value: unknown, options: PublishOptions | undefined): Promise<void>;
  /** Subscribes a checked pattern; what is returned ends it. */
  subscribe(pattern: string, schema: StandardSchema | undefined, handler: EventFunction<unknown>): () => void;
  /** Sends a command; see `CommandScope.send`. */
  send(
    scope: BusScope,
    definition: CommandDefinition<unknown, unknown>,
    value: unknown,
    options: CommandOptions | undefined,
  ): Promise<unknown>;
  /** Sends a command to all; see `CommandScope.scatter`. */
  scatter(
    scope: BusScope,
    definition: CommandDefinition<unknown, unknown>,
    value: unknown,
    options: CommandOptions | undefined,
  ): AsyncIterable<Asked>;
  /** Waits until nodes subscribe a topic; see `EventDispatcher.whenSubscribed`. */
  whenSubscribed(topic: string, scope: BusScope | undefined, options: PresenceOptions): Promise<void>;
  /** Waits until nodes handle a command; see `CommandScope.whenHandled`. */
  whenHandled(name: string, scope: BusScope, options: PresenceOptions): Promise<void>;
  /** Registers the handler of a command; what is returned takes it away. */
  handle(
    definition: CommandDefinition<unknown, unknown>,
    handler: CommandFunction<unknown, unknown>,
  ): () => void;
}
