/**
 * How to open UDP sockets: the one place of this driver that takes options and chooses what a socket is made of.
 *
 * Why the backend is detected and never tried: calls of the unstable network API end the process where it is not
 * enabled; `Deno.listenDatagram` exists only where it is. Why a link is returned a turn after its socket was bound:
 * what is sent before the runtime knows that the socket takes anything waits, and goes out in reverse order.
 *
 * @module
 */
import { ResourceError } from "../../error/transport_error.ts";
import { formatAddress, type UdpAddress } from "../../transport/address.ts";
import type { DatagramFabric } from "../../transport/datagram_link.ts";
import { DatagramAddress } from "../../wire/datagram_address.ts";
import { DenoUdpSocket } from "./deno_udp_socket.ts";
import { NodeUdpSocket } from "./node_udp_socket.ts";
import { UdpLink } from "./udp_link.ts";
import { resolveUdpOptions, type UdpBackend, type UdpConfig, type UdpOptions } from "./udp_options.ts";
import type { UdpSocket } from "./udp_socket.ts";

/** A {@linkcode DatagramFabric} whose links are UDP sockets. */
export interface UdpFabric extends DatagramFabric {
  /** What is bound, as it was asked for. */
  readonly target: UdpAddress;
  /** What its sockets are made of. */
  readonly backend: UdpBackend;
  /**
   * Binds a socket.
   *
   * @returns The link, not started. Rejects with `ResourceError` when the address cannot be had.
   */
  open(): Promise<UdpLink>;
}

/**
 * A fabric for one UDP address.
 *
 * @param options The address, the limits and the backend.
 * @returns The fabric; it holds no socket itself.
 * @throws {TypeError} When an option has the wrong type.
 * @throws {RangeError} When an option is out of range.
 * @throws {ResourceError} When the backend that is asked for is not there.
 * @example
 * ```ts ignore
 * const link = await udpFabric({ hostname: "127.0.0.1", port: 0, maxDatagramBytes: 1_200 }).open();
 * const source = new DatagramAddress();
 * link.start({
 *   source,
 *   handleDatagram: (buffer, start, end) => void link.send(buffer, start, end, source),
 * });
 * ```
 */
export function udpFabric(options: UdpOptions): UdpFabric {
  const config = resolveUdpOptions(options);
  const target: UdpAddress = { transport: "udp", hostname: config.hostname, port: config.port };
  const backend = chooseBackend(config, target);
  return { target, backend, open: () => open(config, backend, target) };
}

/**
 * What UDP sockets are made of where nothing else is asked for.
 *
 * @returns The runtime's own sockets where the unstable network API is enabled.
 */
export function udpBackend(): UdpBackend {
  return typeof Deno.listenDatagram === "function" ? "deno" : "node";
}

function chooseBackend({ backend }: UdpConfig, target: UdpAddress): UdpBackend {
  if (backend === "auto") return udpBackend();
  if (backend === "deno" && udpBackend() !== "deno") {
    throw new ResourceError(
      `Cannot bind ${
        formatAddress(target)
      }: the backend deno needs --unstable-net, or "unstable": ["net"] in deno.json`,
    );
  }
  return backend;
}

async function open(config: UdpConfig, backend: UdpBackend, target: UdpAddress): Promise<UdpLink> {
  try {
    const hostname = await numericHost(config.hostname);
    const socket = await bind(hostname, config, backend);
    await new Promise((resolve) => setTimeout(resolve, 0));
    return new UdpLink(socket, config);
  } catch (cause) {
    throw new ResourceError(`Cannot bind ${formatAddress(target)}: ${bindReason(cause)}`, { cause });
  }
}

async function bind(hostname: string, config: UdpConfig, backend: UdpBackend): Promise<UdpSocket> {
  return backend === "deno" ? new DenoUdpSocket(hostname, config) : await NodeUdpSocket.bind(hostname, config);
}

/** The address to bind for a name. Why not left to the runtime: one backend would block the thread meanwhile. */
async function numericHost(hostname: string): Promise<string> {
  if (new DatagramAddress().parse(hostname, 0)) return hostname;
  const { lookup } = await import("node:dns/promises");
  return (await lookup(hostname)).address;
}

/** The reason inside an error of the operating system, to stand behind a colon. */
function bindReason(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  if (code === "EADDRINUSE") return "address already in use";
  if (code === "EADDRNOTAVAIL") return "no such address on this machine";
  return error instanceof Error ? error.message : String(error);
}
