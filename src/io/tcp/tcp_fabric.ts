/**
 * How to reach or open TCP endpoints: the one place of this driver that takes options.
 *
 * Why no option to share a port between threads: the runtime's `reusePort` is unstable and ends the process where it
 * is not enabled.
 *
 * @module
 */
import { ConnectError, ResourceError } from "../../error/transport_error.ts";
import { formatAddress, type TcpAddress } from "../../transport/address.ts";
import type { StreamFabric } from "../../transport/stream_link.ts";
import { failureReason } from "./tcp_address.ts";
import { TcpLink } from "./tcp_link.ts";
import { TcpListener } from "./tcp_listener.ts";

/** The options of {@linkcode tcpFabric}. */
export interface TcpFabricOptions {
  /** The host name or the IPv4 or IPv6 address to connect to or to listen on, without brackets. */
  readonly hostname: string;
  /** The port, 0 to 65535; 0 listens on a free one and cannot be connected to. */
  readonly port: number;
  /**
   * Whether a small write goes out at once; off, the kernel gathers small writes at the price of latency.
   *
   * @default {true}
   */
  readonly noDelay?: boolean;
  /**
   * Whether the kernel probes idle connections at its own intervals (two hours on most systems), so that one whose
   * peer vanished breaks in the end.
   *
   * @default {true}
   */
  readonly keepAlive?: boolean;
  /**
   * How many connections may wait to be accepted, 1 to 65535. The kernel has a maximum of its own; connections beyond
   * wait at the connecting side.
   *
   * @default {511}
   */
  readonly backlogCount?: number;
}

/**
 * A fabric for one TCP address.
 *
 * @param options The address and how the kernel treats its connections.
 * @returns The fabric; it holds no socket itself.
 * @throws {TypeError} When the host name is empty or no string.
 * @throws {RangeError} When the port or the backlog is out of range.
 * @example
 * ```ts ignore
 * const listener = tcpFabric({ hostname: "127.0.0.1", port: 5555 }).listen();
 * const link = await tcpFabric({ hostname: "127.0.0.1", port: 5555 }).connect(AbortSignal.timeout(1_000));
 * ```
 */
export function tcpFabric(options: TcpFabricOptions): StreamFabric {
  return new TcpFabric(resolveTcpFabricOptions(options));
}

class TcpFabric implements StreamFabric {
  readonly target: TcpAddress;
  readonly #config: TcpFabricConfig;

  constructor(config: TcpFabricConfig) {
    this.#config = config;
    this.target = { transport: "tcp", hostname: config.hostname, port: config.port };
  }

  listen(): TcpListener {
    const { hostname, port, backlogCount } = this.#config;
    try {
      return new TcpListener(Deno.listen({ hostname, port, tcpBacklog: backlogCount }), this.#config);
    } catch (cause) {
      throw new ResourceError(`Cannot listen on ${formatAddress(this.target)}: ${failureReason(cause)}`, { cause });
    }
  }

  async connect(signal: AbortSignal): Promise<TcpLink> {
    const { hostname, port } = this.#config;
    if (port === 0) throw new RangeError("Cannot connect to port 0: it only stands for a free port to listen on");
    let conn: Deno.TcpConn;
    try {
      conn = await Deno.connect({ hostname, port, signal });
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      throw new ConnectError(`Cannot connect to ${formatAddress(this.target)}: ${failureReason(cause)}`, { cause });
    }
    if (signal.aborted) {
      conn.close();
      throw signal.reason;
    }
    return new TcpLink(conn, this.#config);
  }
}

type TcpFabricConfig = Readonly<Required<TcpFabricOptions>>;

function resolveTcpFabricOptions(options: TcpFabricOptions): TcpFabricConfig {
  const { hostname, port, noDelay = true, keepAlive = true, backlogCount = 511 } = options;
  if (typeof hostname !== "string" || hostname === "") {
    throw new TypeError("Cannot use the host name: it must be a string that is not empty");
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`Cannot use port ${port}: it must be a whole number from 0 to 65535`);
  }
  if (!Number.isInteger(backlogCount) || backlogCount < 1 || backlogCount > 65_535) {
    throw new RangeError(`Cannot use backlogCount ${backlogCount}: it must be a whole number from 1 to 65535`);
  }
  return Object.freeze({ hostname, port, noDelay, keepAlive, backlogCount });
}
