/**
 * The face of commands.
 *
 * @module
 */
import type { BusScope } from "../bus/dispatch/bus_scope.ts";
import { checkDefinition, type CommandDefinition, type CommandMessage } from "../bus/dispatch/definition.ts";
import type { BusBackend } from "../runtime/bus_backend.ts";
import {
  checkCommandOptions,
  checkPresenceOptions,
  type CommandOptions,
  type PresenceOptions,
} from "../runtime/bus_calls.ts";
import { type CommandFunction, type CommandHandler, handlerFunction } from "../runtime/bus_handlers.ts";
import { answersAsTheyCome, type ScatterAnswer } from "../runtime/bus_scatter.ts";
import { type Unsubscribe, unsubscribe } from "./event_dispatcher.ts";

/** How a command is sent to all; there is nothing to choose. */
export type ScatterOptions = Pick<CommandOptions, "timeoutMs" | "signal">;

/**
 * Commands: one handler, and always an answer.
 *
 * A command is handled at most once. It is never repeated at another node, because nobody knows how far a lost one came.
 */
export class CommandDispatcher {
  /** To the handler in this process: by reference, without codec or socket. */
  readonly local: CommandScope;
  /** To a handler on this host; never leaves it. */
  readonly machine: CommandScope;
  /** To a handler in this node's cluster. */
  readonly cluster: CommandScope;
  /** To a handler anywhere in the mesh. */
  readonly network: CommandScope;
  readonly #backend: BusBackend;

  /**
   * Applications find it at `bus.commandDispatcher`.
   *
   * @param backend The bus.
   */
  constructor(backend: BusBackend) {
    this.#backend = backend;
    this.local = new CommandScope(backend, "local");
    this.machine = new CommandScope(backend, "machine");
    this.cluster = new CommandScope(backend, "cluster");
    this.network = new CommandScope(backend, "network");
  }

  /**
   * Handles a command, from senders in every scope that this bus has.
   *
   * @param command Which.
   * @param handler A function, or an object with `handle`. What it returns, or its promise, is the answer; what it throws
   * reaches the sender as a `CommandError`.
   * @returns Takes the handler away.
   * @throws {TypeError} When the handler, or the command, is none.
   * @throws {MisuseError} When this bus has a handler for it.
   * @throws {ClosedError} When the bus is closed.
   */
  handle<In, Out>(
    command: CommandDefinition<In, Out>,
    handler: CommandFunction<In, Out> | CommandHandler<In, Out>,
  ): Unsubscribe {
    checkDefinition("handle()", "command", command);
    return unsubscribe(this.#backend.handle(
      command as CommandDefinition<unknown, unknown>,
      handlerFunction(handler) as CommandFunction<unknown, unknown>,
    ));
  }
}

/** Commands to one scope. */
export class CommandScope {
  readonly #backend: BusBackend;
  readonly #scope: BusScope;

  /**
   * Applications find it at `bus.commandDispatcher.local` and its kin.
   *
   * @param backend The bus.
   * @param scope How far commands go.
   */
  constructor(backend: BusBackend, scope: BusScope) {
    this.#backend = backend;
    this.#scope = scope;
  }

  /**
   * Sends a command.
   *
   * @param message What the definition made of a value: `Ping({ message: "hello" })`.
   * @param options To whom, and how long to wait.
   * @returns The answer. Rejects with `CommandError` when the handler threw; with `NoHandlerError` at once when nobody
   * handles it; with `TimeoutError`; with `ClosedError` or `ConnectError` at once when the node is lost that has it; with
   * the signal's reason; with `ResourceError` when too many wait; with `MisuseError` for a scope that this bus has not;
   * with `TypeError` or `RangeError` for a value that cannot be sent.
   */
  send<In, Out>(message: CommandMessage<In, Out>, options?: CommandOptions): Promise<Out>;
  /**
   * Sends a command.
   *
   * @param command Which.
   * @param value Its value; a handler of this process gets it by reference.
   * @param options To whom, and how long to wait.
   * @returns As above.
   */
  send<In, Out>(command: CommandDefinition<In, Out>, value: In, options?: CommandOptions): Promise<Out>;
  send<In, Out>(
    first: CommandDefinition<In, Out> | CommandMessage<In, Out>,
    second?: In | CommandOptions,
    third?: CommandOptions,
  ): Promise<Out> {
    try {
      const isMessage = typeof first !== "function";
      const command = (isMessage ? first?.definition : first) as CommandDefinition<unknown, unknown>;
      checkDefinition("send()", "command", command ?? first);
      const options = isMessage ? second as CommandOptions | undefined : third;
      if (options !== undefined) checkCommandOptions(options);
      return this.#backend.send(this.#scope, command, isMessage ? first.value : second, options) as Promise<Out>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Waits until nodes of this scope are known to handle a command: for programs that start together.
   *
   * @param command The command.
   * @param options How many and how long.
   * @returns When they do. Rejects with `TimeoutError`, with the signal's reason, with `ClosedError`.
   */
  whenHandled<In, Out>(command: CommandDefinition<In, Out>, options: PresenceOptions = {}): Promise<void> {
    try {
      checkDefinition("whenHandled()", "command", command);
      checkPresenceOptions("whenHandled()", options);
      return this.#backend.whenHandled(command.commandName, this.#scope, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Sends a command to every node that handles it, and hands their answers on as they come.
   *
   * @param message The command with its value.
   * @param options How long to wait.
   * @returns One answer, or the reason why there is none, of each node; nothing where nobody handles it. The command is
   * sent when the iteration begins.
   * @throws {TypeError} When the message or the options are none.
   */
  scatter<In, Out>(
    message: CommandMessage<In, Out>,
    options?: ScatterOptions,
  ): AsyncGenerator<ScatterAnswer<Out>, void> {
    const definition = message?.definition as CommandDefinition<unknown, unknown>;
    checkDefinition("scatter()", "command", definition ?? message);
    if (options !== undefined) checkCommandOptions(options);
    return answersAsTheyCome<Out>(this.#backend.scatter(this.#scope, definition, message.value, options));
  }
}
