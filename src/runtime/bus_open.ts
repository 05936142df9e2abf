/**
 * Opens a bus: which fabrics its options ask for, and what its face works on.
 *
 * @module
 */
import type { BusStatistics } from "../bus/dispatch/bus_counters.ts";
import { ResourceError } from "../error/transport_error.ts";
import { NodeKeyExchange } from "../io/system/node_key_exchange.ts";
import { systemAead } from "../io/system/system_aead.ts";
import { defaultSocketDirectory, SocketDirectory } from "../io/unix/socket_directory.ts";
import type { BusFabric } from "../transport/bus_fabric.ts";
import type { BusBackend } from "./bus_backend.ts";
import type { BusCore } from "./bus_core.ts";
import { BusMachineFabric } from "./bus_machine_fabric.ts";
import { BusMeshFabric } from "./bus_mesh_fabric.ts";
import type { FabricFactory, MessageBusConfig, MessageBusOptions } from "./bus_options.ts";
import { BusRuntime } from "./bus_runtime.ts";
import type { RuntimeHost } from "./system_host.ts";

/** How long to wait for others where nothing is said. */
const PRESENCE_MS = 10_000;

/** What a bus has counted. */
export interface MessageBusStatistics extends BusStatistics {
  /** What each fabric counted, under the names of its scopes. */
  readonly fabrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** An open bus. */
export interface OpenBus {
  /** The bus. */
  readonly runtime: BusRuntime;
  /** What its face works on. */
  readonly backend: BusBackend;
  /** Its mesh, where there is one. */
  readonly mesh: BusMeshFabric | undefined;
}

/**
 * Opens a bus.
 *
 * @param config The checked options.
 * @param options What the caller gave.
 * @param host Time and randomness.
 * @returns The bus.
 */
export async function openBus(
  config: MessageBusConfig,
  options: MessageBusOptions,
  host: RuntimeHost,
): Promise<OpenBus> {
  const sockets = await socketDirectory(config);
  let mesh: BusMeshFabric | undefined;
  const runtime = await BusRuntime.open(config, options, host, (self) => {
    const engine = options.fabric as FabricFactory | undefined;
    const fabrics: BusFabric[] = engine === undefined ? [] : [engine.make(self, config.links, host)];
    if (config.mesh !== undefined) {
      const meshHost = { ...host, aead: systemAead(), keyExchange: new NodeKeyExchange() };
      mesh = new BusMeshFabric(self, config.mesh, config.links, meshHost);
      fabrics.push(mesh);
    }
    if (sockets !== undefined) fabrics.push(new BusMachineFabric(self, sockets, config.links, host));
    return fabrics;
  });
  return { runtime, backend: backendOf(runtime.core), mesh };
}

/**
 * The bus of this process as its face sees it.
 *
 * @param core The dispatchers.
 * @returns The backend.
 */
export function backendOf(core: BusCore): BusBackend {
  return {
    publish: (definition, value, options) => core.events.publish(definition, value, options),
    subscribe: (pattern, schema, handler) => core.events.subscribe(pattern, schema, handler),
    send: (scope, definition, value, options) => core.commands.send(scope, definition, value, options),
    async *scatter(scope, definition, value, options) {
      for (const [node, answer] of core.commands.scatter(scope, definition, value, options)) {
        yield { node: node.info, answer };
      }
    },
    whenSubscribed: (topic, scope, { count = 1, timeoutMs = PRESENCE_MS, signal }) => {
      const isSo = (): boolean => core.events.subscriberCount(topic, scope) >= count;
      return core.until(isSo, `Fewer than ${count} known nodes subscribe the event ${topic}`, timeoutMs, signal);
    },
    whenHandled: (name, scope, { count = 1, timeoutMs = PRESENCE_MS, signal }) => {
      const isSo = (): boolean => core.commands.handlerCount(name, scope) >= count;
      return core.until(isSo, `Fewer than ${count} known nodes handle the command ${name}`, timeoutMs, signal);
    },
    handle: (definition, handler) => core.service.register(definition, handler),
  };
}

/** Where the scope machine is to be had; where nobody asked for it, only if this process may use it. */
async function socketDirectory({ machine }: MessageBusConfig): Promise<SocketDirectory | undefined> {
  if (machine === undefined) return undefined;
  const path = machine.path || await defaultSocketDirectory();
  try {
    if (path !== undefined) return SocketDirectory.open(path);
  } catch (error) {
    if (machine.isRequired) throw error;
  }
  if (!machine.isRequired) return undefined;
  throw new ResourceError(
    "Cannot use the scope machine: this process may not read and write the directory of sockets, or use the network",
  );
}
