/**
 * The options of single calls, and what to say where nobody answers them.
 *
 * @module
 */
import type { BusScope } from "../bus/dispatch/bus_scope.ts";
import { NoHandlerError } from "../bus/dispatch/command_error.ts";

/** How an event is published. */
export interface PublishOptions {
  /**
   * How long to wait for room in the queues, in ms. It is no acknowledgement: nobody says that an event has arrived.
   * @default `publishTimeoutMs` of the bus
   */
  readonly timeoutMs?: number;
  /** Ends the wait for room. @default none */
  readonly signal?: AbortSignal;
  /** How far it goes. @default the widest scope that the bus has */
  readonly scope?: BusScope;
  /** Whether handlers of this process get it, too. @default true */
  readonly toSelf?: boolean;
}

/** How long to wait for others to be there. */
export interface PresenceOptions {
  /** How many nodes there must be, this one included where it is one of them; at least 1. @default 1 */
  readonly count?: number;
  /** How long to wait, in ms. @default 10000 */
  readonly timeoutMs?: number;
  /** Ends the wait. @default none */
  readonly signal?: AbortSignal;
}

/** How a command is sent. */
export interface CommandOptions {
  /** How long to wait for the answer, in ms; it travels with the command. @default `commandTimeoutMs` of the bus */
  readonly timeoutMs?: number;
  /** Gives up; the handler's signal fires. @default none */
  readonly signal?: AbortSignal;
  /** The one node to send it to, by its name or its id. @default any that handles it */
  readonly node?: string;
  /** Commands with the same key go to the same node while the nodes that handle it stay the same. @default none */
  readonly key?: string;
  /** Which node gets it where several handle it. @default "roundRobin" */
  readonly choice?: "roundRobin" | "leastBusy";
}

/**
 * Says that nobody handles a command.
 *
 * @param name The command.
 * @param scope Where it was looked for.
 * @param node The node that it was meant for, where it was for one.
 * @returns The error.
 */
export function noHandler(name: string, scope: BusScope, node?: string): NoHandlerError {
  const where = node === undefined ? `in the scope ${scope}` : `at the node ${node} in the scope ${scope}`;
  return new NoHandlerError(`Nobody handles the command ${name} ${where}`);
}
