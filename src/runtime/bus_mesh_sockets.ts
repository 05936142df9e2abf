/**
 * The sockets of one node of a mesh: gossip by UDP and links by TCP, on the same port where the port is given.
 *
 * @module
 */
import { ResourceError } from "../error/transport_error.ts";
import { tcpFabric } from "../io/tcp/tcp_fabric.ts";
import { udpFabric } from "../io/udp/udp_fabric.ts";
import type { DatagramLink } from "../transport/datagram_link.ts";
import type { StreamListener } from "../transport/stream_link.ts";
import { DatagramAddress } from "../wire/datagram_address.ts";

/** How many ports are tried. */
const TRIED_PORT_COUNT = 64;
const MAX_DATAGRAM_BYTES = 1500;
const HOST_ID_BYTES = 16;

/** The sockets. */
export interface MeshSockets {
  /** For gossip; not started. */
  readonly gossip: DatagramLink;
  /** The port of gossip. */
  readonly gossipPort: number;
  /** For links. */
  readonly listener: StreamListener;
  /** The port of links. */
  readonly linkPort: number;
}

/**
 * Binds both sockets.
 *
 * @param hostname What to bind.
 * @param firstPort The first port to try; 0 takes any free ones.
 * @returns The sockets. Rejects with `ResourceError` when none of the ports is free, or the host is none of this
 * machine.
 */
export async function bindMeshSockets(hostname: string, firstPort: number): Promise<MeshSockets> {
  if (firstPort === 0) return await bindPair(hostname, 0);
  let failure: unknown;
  for (let i = 0; i < TRIED_PORT_COUNT && firstPort + i <= 65_535; i++) {
    try {
      return await bindPair(hostname, firstPort + i);
    } catch (error) {
      // Another port does not help against a host that is not this one.
      if (!(reasonOf(error) instanceof Deno.errors.AddrInUse)) throw error;
      failure = error;
    }
  }
  throw new ResourceError(`Cannot bind a node of the mesh to ${hostname}: no free port from ${firstPort} on`, {
    cause: failure,
  });
}

async function bindPair(hostname: string, port: number): Promise<MeshSockets> {
  const listener = tcpFabric({ hostname, port }).listen();
  try {
    const gossip = await udpFabric({ hostname, port, maxDatagramBytes: MAX_DATAGRAM_BYTES }).open();
    return { gossip, gossipPort: portOf(gossip.local), listener, linkPort: portOf(listener.address) };
  } catch (error) {
    listener.close();
    throw error;
  }
}

function reasonOf(error: unknown): unknown {
  return (error as { readonly cause?: unknown } | null)?.cause;
}

/**
 * The addresses behind a host and a port.
 *
 * @param hostname A name or a numeric address.
 * @param port The port.
 * @returns The first address; `undefined` when the name leads nowhere now.
 */
export async function resolveAddress(hostname: string, port: number): Promise<DatagramAddress | undefined> {
  const address = new DatagramAddress();
  if (address.parse(hostname, port)) return address;
  const { lookup } = await import("node:dns/promises");
  try {
    const found = await lookup(hostname);
    return address.parse(found.address, port) ? address : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What is the same for all nodes of one host, as far as this process may know it.
 *
 * @param fallback 16 random bytes for a process that may not.
 * @returns 16 bytes.
 */
export async function hostIdOf(fallback: Uint8Array): Promise<Uint8Array> {
  const path = "/etc/machine-id";
  const { state } = await Deno.permissions.query({ name: "read", path });
  if (state !== "granted") return fallback;
  try {
    const id = Uint8Array.fromHex((await Deno.readTextFile(path)).trim());
    return id.length === HOST_ID_BYTES ? id : fallback;
  } catch {
    return fallback;
  }
}

function portOf(address: { readonly transport: string; readonly port?: number }): number {
  return address.port ?? 0;
}
