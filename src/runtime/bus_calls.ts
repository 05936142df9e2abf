/**
 * The options of single calls, their checks, and what to say where nobody answers.
 *
 * @module
 */
import type { BusScope } from "../bus/dispatch/bus_scope.ts";
import { NoHandlerError } from "../bus/dispatch/command_error.ts";
import { CloseCode } from "../error/close_code.ts";
import { atLeast, choice, flag, integer } from "../error/option_check.ts";
import { ClosedError } from "../error/transport_error.ts";
import { abortSignal } from "./reactor_options.ts";

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

const SCOPES: readonly BusScope[] = ["local", "machine", "cluster", "network"];
const CHOICES = ["roundRobin", "leastBusy"] as const;
const PUBLISH_NAMES: ReadonlySet<string> = new Set(["timeoutMs", "signal", "scope", "toSelf"]);
const PRESENCE_NAMES: ReadonlySet<string> = new Set(["count", "timeoutMs", "signal", "scope"]);
const COMMAND_NAMES: ReadonlySet<string> = new Set(["timeoutMs", "signal", "node", "key", "choice"]);
const MAX_COUNT = 65_536;

/**
 * Checks how an event is published.
 *
 * @param options What the caller gave.
 * @throws {TypeError} When an option has the wrong type or is unknown.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function checkPublishOptions(options: PublishOptions): void {
  checkCall("publish()", options, PUBLISH_NAMES);
  choice("scope", options.scope, "local", SCOPES);
  flag("toSelf", options.toSelf, true);
}

/**
 * Checks how a command is sent.
 *
 * @param options What the caller gave.
 * @throws {TypeError} When an option has the wrong type or is unknown.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function checkCommandOptions(options: CommandOptions): void {
  checkCall("send()", options, COMMAND_NAMES);
  choice("choice", options.choice, "roundRobin", CHOICES);
  if (options.node !== undefined) checkText("node", options.node);
  if (options.key !== undefined) checkText("key", options.key);
}

/**
 * Checks how long to wait for others.
 *
 * @param what The call, for the message.
 * @param options What the caller gave.
 * @throws {TypeError} When an option has the wrong type or is unknown.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function checkPresenceOptions(what: string, options: PresenceOptions & { readonly scope?: BusScope }): void {
  checkCall(what, options, PRESENCE_NAMES);
  integer("count", options.count, 1, 1, MAX_COUNT);
  choice("scope", options.scope, "local", SCOPES);
}

/** What all calls have in common. */
function checkCall(
  what: string,
  options: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  names: ReadonlySet<string>,
): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`The options of ${what} must be an object, such as { timeoutMs: 5000 }`);
  }
  for (const name in options) {
    if (!names.has(name)) throw new TypeError(`The call ${what} has no option ${name}`);
  }
  if (options.timeoutMs !== undefined) atLeast("timeoutMs", options.timeoutMs, 0, 0);
  if (options.signal !== undefined) abortSignal(options.signal);
}

function checkText(name: string, value: unknown): void {
  if (typeof value !== "string") throw new TypeError(`The option ${name} must be a text`);
}

/**
 * What callers of a closed bus are told.
 *
 * @returns The error.
 */
export function busClosed(): ClosedError {
  return new ClosedError(CloseCode.Normal, "local", { cause: new Error("this bus was closed") });
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
