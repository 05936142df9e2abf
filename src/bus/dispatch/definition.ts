/**
 * What an event and a command are: a name that all nodes know, and the types that go with it, which only the compiler
 * knows.
 *
 * A definition is a function: called with a value it makes a message of it. Invariant: what comes from the network is
 * looked up by name among what this process has defined and registered; no type is ever instantiated by its name.
 *
 * @module
 */
import { checkSchema, type StandardSchema } from "./standard_schema.ts";
import { checkName } from "./topic.ts";

/** What else a definition says. */
export interface DefinitionOptions<T> {
  /** Checks values where they are published or sent, and again where they arrive. @default none */
  readonly schema?: StandardSchema<T>;
}

/** One kind of event. Called with a value it makes a message for `publish`. */
export interface EventDefinition<T> {
  (value: T): EventMessage<T>;
  /** What this is. */
  readonly kind: "event";
  /** The topic. */
  readonly topic: string;
  /** The validator, where there is one. */
  readonly schema: StandardSchema<T> | undefined;
}

/** An event with its value. */
export interface EventMessage<T> {
  /** Which event. */
  readonly definition: EventDefinition<T>;
  /** Its value. */
  readonly value: T;
}

/** One kind of command. Called with a value it makes a message for `send`. */
export interface CommandDefinition<In, Out> {
  (value: In): CommandMessage<In, Out>;
  /** What this is. */
  readonly kind: "command";
  /** The name. */
  readonly commandName: string;
  /** The validator of what is sent, where there is one. */
  readonly schema: StandardSchema<In> | undefined;
  /** For the compiler alone: what the answer is. */
  readonly answers?: Out;
}

/** A command with its value. */
export interface CommandMessage<In, Out> {
  /** Which command. */
  readonly definition: CommandDefinition<In, Out>;
  /** Its value. */
  readonly value: In;
}

/**
 * Defines an event.
 *
 * @param topic Its topic; the same in every process.
 * @param options A validator.
 * @returns The definition.
 * @throws {TypeError} When the topic is no string, or the schema no Standard Schema.
 * @throws {RangeError} When the topic is no name: parts of letters, digits, `_`, `-`, `$` and `:` between dots.
 * @example
 * ```ts
 * import { defineEvent } from "./definition.ts";
 *
 * const UserCreated = defineEvent<{ userId: string; userName: string }>("user.created");
 * const message = UserCreated({ userId: "1", userName: "Groot" });
 * console.assert(message.definition.topic === "user.created");
 * ```
 */
export function defineEvent<T>(topic: string, options: DefinitionOptions<T> = {}): EventDefinition<T> {
  const { schema } = options;
  if (schema !== undefined) checkSchema(schema);
  const definition = (value: T): EventMessage<T> => ({ definition: definition as EventDefinition<T>, value });
  const fixed = { kind: "event", topic: checkName("A topic", topic), schema } as const;
  return Object.freeze(Object.assign(definition, fixed));
}

/**
 * Defines a command.
 *
 * @param name Its name; the same in every process.
 * @param options A validator of what is sent.
 * @returns The definition.
 * @throws {TypeError} When the name is no string, or the schema no Standard Schema.
 * @throws {RangeError} When the name is none.
 * @example
 * ```ts
 * import { defineCommand } from "./definition.ts";
 *
 * const Ping = defineCommand<{ message: string }, string>("ping");
 * console.assert(Ping({ message: "hello" }).value.message === "hello");
 * ```
 */
export function defineCommand<In, Out = void>(
  name: string,
  options: DefinitionOptions<In> = {},
): CommandDefinition<In, Out> {
  const { schema } = options;
  if (schema !== undefined) checkSchema(schema);
  const definition = (value: In): CommandMessage<In, Out> => ({
    definition: definition as CommandDefinition<In, Out>,
    value,
  });
  const fixed = { kind: "command", commandName: checkName("The name of a command", name), schema } as const;
  return Object.freeze(Object.assign(definition, fixed));
}

/**
 * Checks that a caller gave what its call takes.
 *
 * @param call The call, for the message.
 * @param kind What it takes.
 * @param given What the caller gave.
 * @throws {TypeError} When it is no definition of that kind.
 */
export function checkDefinition(call: string, kind: "event" | "command", given: unknown): void {
  const found = (given as { readonly kind?: unknown } | null | undefined)?.kind;
  if (typeof given === "function" && found === kind) return;
  const maker = kind === "event" ? "defineEvent" : "defineCommand";
  throw new TypeError(`${call} takes an ${kind} that ${maker}() made: got ${nameOf(given)}`.replace("an c", "a c"));
}

function nameOf(given: unknown): string {
  if (typeof given === "string") return `the text "${given}"`;
  if (typeof given !== "function") return given === null || given === undefined ? String(given) : "another value";
  const { kind, topic, commandName } = given as unknown as Record<string, unknown>;
  if (kind === "event") return `the event ${topic}`;
  return kind === "command" ? `the command ${commandName}` : "a function";
}

/**
 * What a handler says that it handles.
 *
 * @param handler An object of the caller.
 * @returns The definition in its property `handles`.
 * @throws {TypeError} When it has none, or no method `handle`.
 */
export function checkHandles(
  handler: unknown,
): EventDefinition<unknown> | CommandDefinition<unknown, unknown> {
  const { handles, handle } = (handler ?? {}) as {
    readonly handles?: { readonly kind?: unknown };
    readonly handle?: unknown;
  };
  if ((handles?.kind !== "event" && handles?.kind !== "command") || typeof handle !== "function") {
    throw new TypeError("A handler to register must have a definition as handles, and the method handle");
  }
  return handles as EventDefinition<unknown> | CommandDefinition<unknown, unknown>;
}
