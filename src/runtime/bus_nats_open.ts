/**
 * Makes fabrics over NATS from what a caller gave.
 *
 * @module
 */
import { checkName } from "../bus/dispatch/topic.ts";
import { onlyKnown } from "../error/option_check.ts";
import type { NatsServerOptions } from "../io/nats/nats_engine.ts";
import { BusNatsFabric } from "./bus_nats_fabric.ts";
import type { BusNode } from "./bus_handlers.ts";
import type { FabricFactory, LinkLimits } from "./bus_options.ts";
import type { RuntimeHost } from "./system_host.ts";

const NAMES: ReadonlySet<string> = new Set(["servers", "user", "pass", "token", "tls", "connectTimeoutMs", "prefix"]);

/**
 * What a bus makes its fabric with.
 *
 * @param options What the caller gave.
 * @returns The factory.
 */
export function natsFabricOf(options: NatsServerOptions & { readonly prefix?: string }): FabricFactory {
  onlyKnown("natsFabric", options, NAMES);
  const { prefix = "ringwire", ...server } = options;
  checkName("A prefix", prefix);
  return Object.freeze({
    engine: "nats",
    make: (self: BusNode, limits: LinkLimits, host: RuntimeHost) =>
      new BusNatsFabric(self, server, prefix, limits, host),
  });
}
