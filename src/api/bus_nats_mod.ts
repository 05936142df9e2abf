/**
 * The message bus over a NATS server: the same dispatchers and scopes where a mesh is outgrown.
 *
 * @module
 */
import type { NatsServerOptions } from "../io/nats/nats_engine.ts";
import type { BusEngine } from "../runtime/bus_options.ts";
import { natsFabricOf } from "../runtime/bus_nats_open.ts";

export type { NatsServerOptions } from "../io/nats/nats_engine.ts";
export type { BusEngine } from "../runtime/bus_options.ts";

/** The options of {@linkcode natsFabric}. */
export interface NatsFabricOptions extends NatsServerOptions {
  /** What all subjects begin with: buses with another prefix do not see each other. @default "ringwire" */
  readonly prefix?: string;
}

/**
 * A fabric for the option `fabric` of `MessageBus.start`: a NATS server carries the scopes cluster and network.
 *
 * Who may connect, and to which subjects, is the server's to decide; the cluster is only a name here.
 *
 * @param options Where the server is.
 * @returns What the bus makes its fabric with.
 * @throws {RangeError} When the prefix is no name.
 * @example
 * ```ts ignore
 * import { MessageBus } from "@ringwire/ringwire/bus";
 * import { natsFabric } from "@ringwire/ringwire/bus/nats";
 *
 * await using bus = await MessageBus.start({ fabric: natsFabric({ servers: "127.0.0.1:4222" }) });
 * ```
 */
export function natsFabric(options: NatsFabricOptions = {}): BusEngine {
  return natsFabricOf(options);
}
