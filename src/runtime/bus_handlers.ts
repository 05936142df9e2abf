/**
 * What an application registers at a bus: functions, or objects with `handle`; alone, or with the definition that they
 * are for.
 *
 * @module
 */
import type { CommandDefinition, EventDefinition } from "../bus/dispatch/definition.ts";
import type { BusScope } from "../bus/dispatch/bus_scope.ts";

/** The node at the other end of an event or a command. */
export interface BusNode {
  /** Unique, and new with every start of the process. */
  readonly id: string;
  /** The name that its user gave it. */
  readonly name: string;
  /** The cluster that it has proved to be in; empty for none. */
  readonly cluster: string;
}

/** What an event handler is told beside the value. */
export interface EventContext {
  /** The topic; with a wildcard subscription it may be any that matches. */
  readonly topic: string;
  /** Who published it. */
  readonly from: BusNode;
}

/** What a command handler is told beside the value. */
export interface CommandContext {
  /** Who sent it. */
  readonly from: BusNode;
  /** The scope that it was sent to. */
  readonly scope: BusScope;
  /** Fires when the sender has given up, its time is over, or it is gone: nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Handles events with a function. */
export type EventFunction<T> = (value: T, context: EventContext) => unknown;

/** Handles events with an object. */
export interface EventHandler<T> {
  /** Which event, for {@linkcode MessageBus.register}. */
  readonly handles?: EventDefinition<T>;
  /**
   * Handles an event. Where it returns a promise, the next event waits until that settles.
   *
   * @param value The event's value; of an event of this process it is the publisher's own object.
   * @param context Where it came from.
   */
  handle(value: T, context: EventContext): unknown;
}

/** Handles commands with a function. */
export type CommandFunction<In, Out> = (value: In, context: CommandContext) => Out | PromiseLike<Out>;

/** Handles commands with an object. */
export interface CommandHandler<In, Out = void> {
  /** Which command, for {@linkcode MessageBus.register}. */
  readonly handles?: CommandDefinition<In, Out>;
  /**
   * Handles a command.
   *
   * @param value What was sent; by a sender in this process it is the sender's own object.
   * @param context Who sent it, and when to stop.
   * @returns The answer.
   */
  handle(value: In, context: CommandContext): Out | PromiseLike<Out>;
}

/** An object that says itself what it handles. */
export interface RegisteredHandler {
  /** The event or the command. */
  // deno-lint-ignore no-explicit-any -- handlers of different values stand in one list
  readonly handles: EventDefinition<any> | CommandDefinition<any, any>;
  /** Handles it. */
  // deno-lint-ignore no-explicit-any -- see above
  handle(value: any, context: any): unknown;
}

/**
 * A handler as a function.
 *
 * @param handler What the application gave.
 * @returns The function.
 * @throws {TypeError} When it is neither a function nor an object with `handle`.
 */
export function handlerFunction<F extends (value: never, context: never) => unknown>(
  handler: F | { handle: F },
): F {
  if (typeof handler === "function") return handler;
  if (typeof handler?.handle !== "function") {
    throw new TypeError("A handler must be a function or an object with the method handle");
  }
  return ((value, context) => handler.handle(value, context)) as F;
}
