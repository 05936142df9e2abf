/**
 * By which means listeners of one process share a TCP port, so that the kernel spreads connections over their threads.
 *
 * Source: `SO_REUSEPORT` of Linux, socket(7): each listening socket has a queue of its own, and the kernel chooses one
 * by a hash of the connection's addresses.
 * Why the means is detected and never tried: `Deno.listen` with `reusePort` belongs to the unstable network API and
 * ends the process where that is not enabled; `Deno.listenDatagram` exists only where it is.
 *
 * @module
 */

/**
 * By which means a port is shared: `deno` is the runtime's own listener and needs `--unstable-net`; `node` is
 * `node:net`, needs no flag, and costs more per read and write.
 */
export type PortSharing = "deno" | "node";

/**
 * How listeners of this process can share a port.
 *
 * @returns The means that `tcpFabric` with `sharePort` uses; `undefined` where the system does not spread connections
 * over listeners (everything but Linux).
 */
export function portSharing(): PortSharing | undefined {
  if (Deno.build.os !== "linux") return undefined;
  return typeof Deno.listenDatagram === "function" ? "deno" : "node";
}
