/**
 * The world around transport servers and clients on Deno: real time, real randomness, both compressions.
 *
 * @module
 */
import { NODE_COMPRESSIONS } from "../io/system/node_zlib.ts";
import { systemHost } from "./system_host.ts";
import type { TransportHost } from "./transport_endpoint.ts";

/**
 * The real world.
 *
 * @returns A host of its own for one server or client.
 */
export function transportHost(): TransportHost {
  return { ...systemHost(), compressions: NODE_COMPRESSIONS };
}
