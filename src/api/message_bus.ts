/**
 * The message bus: events and commands between the parts of a program, wherever they run.
 *
 * @module
 */
import type { BusBackend } from "../runtime/bus_backend.ts";
import type { BusNode, RegisteredHandler } from "../runtime/bus_handlers.ts";
import type { BusMeshFabric } from "../runtime/bus_mesh_fabric.ts";
import { type MessageBusOptions, resolveMessageBusOptions } from "../runtime/bus_options.ts";
import { type MessageBusStatistics, type OpenBus, openBus } from "../runtime/bus_open.ts";
import { registerHandlers } from "../runtime/bus_register.ts";
import type { BusRuntime } from "../runtime/bus_runtime.ts";
import type { BusToken } from "../runtime/bus_token.ts";
import { systemHost } from "../runtime/system_host.ts";
import { BusHandle, type BusHandleOptions } from "./bus_handle.ts";
import { CommandDispatcher } from "./command_dispatcher.ts";
import { MeshKeys } from "./mesh_keys.ts";
import { EventDispatcher, type Unsubscribe, unsubscribe } from "./event_dispatcher.ts";

/**
 * One node of a message bus. Without a key it reaches this process and the processes of this user on this host; with the
 * key of a mesh every node that has the same key, without a broker.
 *
 * @example An event and a command inside one process
 * ```ts
 * import { defineCommand, defineEvent, MessageBus } from "@ringwire/ringwire/bus";
 *
 * const UserCreated = defineEvent<{ userId: string; userName: string }>("user.created");
 * const Ping = defineCommand<{ message: string }, string>("ping");
 *
 * await using bus = await MessageBus.start({ machine: false });
 * bus.eventDispatcher.subscribe(UserCreated, ({ userName }) => console.log(`New user: ${userName}`));
 * bus.commandDispatcher.handle(Ping, ({ message }) => `Pong: ${message}`);
 *
 * await bus.eventDispatcher.publish(UserCreated({ userId: "1", userName: "Groot" }), { timeoutMs: 5000 });
 * const answer = await bus.commandDispatcher.local.send(Ping({ message: "hello" }), { timeoutMs: 5000 });
 * console.assert(answer === "Pong: hello");
 * ```
 */
export class MessageBus implements AsyncDisposable {
  /** Events: from one to all who subscribe. */
  readonly eventDispatcher: EventDispatcher;
  /** Commands: one handler, and always an answer. */
  readonly commandDispatcher: CommandDispatcher;
  /** The keys of its mesh. */
  readonly keys: MeshKeys;
  readonly #runtime: BusRuntime;
  readonly #backend: BusBackend;
  readonly #mesh: BusMeshFabric | undefined;

  private constructor({ runtime, backend, mesh }: OpenBus) {
    this.#mesh = mesh;
    this.keys = new MeshKeys(mesh);
    this.#runtime = runtime;
    this.#backend = backend;
    this.eventDispatcher = new EventDispatcher(backend);
    this.commandDispatcher = new CommandDispatcher(backend);
  }

  /**
   * Starts a bus.
   *
   * @param options Who this node is, how far it reaches, and the limits.
   * @returns The bus, which the others can find. Rejects with `ResourceError` when an address or the directory of sockets
   * cannot be had, with `TypeError` or `RangeError` for bad options.
   */
  static async start(options: MessageBusOptions = {}): Promise<MessageBus> {
    const config = resolveMessageBusOptions(options);
    const bus = new MessageBus(await openBus(config, options, systemHost()));
    try {
      bus.register(...options.handlers ?? []);
    } catch (error) {
      await bus.close();
      throw error;
    }
    return bus;
  }

  /** This node as others see it. */
  get self(): BusNode {
    return this.#runtime.core.self.info;
  }

  /** The UDP port of its gossip, for the option `seeds` of others; 0 where there is no mesh. */
  get gossipPort(): number {
    return this.#mesh?.gossipPort ?? 0;
  }

  /** The other nodes that are known now: those of this host and those of the mesh, each of both once. */
  get nodes(): readonly BusNode[] {
    return this.#runtime.nodes();
  }

  /** Settles when the bus is closed for good; never rejects. */
  get closed(): Promise<void> {
    return this.#runtime.whenClosed;
  }

  /**
   * Registers handlers that say themselves what they handle.
   *
   * @param handlers Objects with `handles` and `handle`.
   * @returns Takes all of them away.
   * @throws {TypeError} When one of them is no such object.
   * @throws {MisuseError} When this bus has a handler for one of the commands.
   */
  register(...handlers: readonly RegisteredHandler[]): Unsubscribe {
    return unsubscribe(registerHandlers(this.#backend, handlers));
  }

  /**
   * Makes a token for one worker of this process: post it, and `MessageBus.attach` it there.
   *
   * @returns The token.
   * @throws {ResourceError} When there are 256 already.
   * @throws {ClosedError} When the bus is closed.
   */
  token(): BusToken {
    return this.#runtime.token(this.#backend);
  }

  /**
   * Ends the attachment of a worker that is known to be dead; one that is alive closes its handle itself.
   *
   * @param token What was posted to it.
   * @returns Whether there was one.
   */
  detach(token: BusToken): boolean {
    return this.#runtime.detach(token);
  }

  /**
   * Uses a bus of another thread of this process.
   *
   * @param token What `token()` returned, posted to this thread.
   * @param options What to tell the application.
   * @returns The handle.
   * @throws {TypeError} When it is no token.
   * @throws {MisuseError} When somebody attached with it before.
   */
  static attach(token: BusToken, options: BusHandleOptions = {}): BusHandle {
    return new BusHandle(token, options);
  }

  /**
   * What was counted so far.
   *
   * @returns A copy: what the dispatchers counted, and what each fabric did under the names of its scopes.
   */
  statistics(): MessageBusStatistics {
    return this.#runtime.statistics();
  }

  /**
   * Leaves: what is queued goes out, the other nodes are told, what waits for an answer rejects with `ClosedError`.
   *
   * @returns When everything is closed; bounded by `closeTimeoutMs`.
   */
  close(): Promise<void> {
    return this.#runtime.close();
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
