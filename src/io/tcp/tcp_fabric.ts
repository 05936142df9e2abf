/**
 * How to reach or open TCP endpoints: the one place of this driver that takes options.
 *
 * It decides by which means a port is shared (`port_sharing.ts`); connecting is the same either way.
 *
 * @module
 */
import { ConnectError, ResourceError } from "../../error/transport_error.ts";
import { formatAddress, type TcpAddress } from "../../transport/address.ts";
import type { StreamFabric, StreamListener } from "../../transport/stream_link.ts";
import { NodeTcpListener } from "./node_tcp_listener.ts";
import { portSharing } from "./port_sharing.ts";
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
  /**
   * Whether other listeners of this process, in this thread or others, may listen on the same port; the kernel then
   * spreads connections over all of them. Every one of them must say so, and all must belong to one user of the system.
   * Only Linux can; see `portSharing`. Where it takes `node:net`, the listener is bound a little after `listen` has
   * returned it, and clients that it cannot take are refused instead of kept waiting.
   *
   * @default {false}
   */
  readonly sharePort?: boolean;
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

  listen(): StreamListener {
    const { hostname, port, backlogCount: tcpBacklog, sharePort } = this.#config;
    const sharing = sharePort ? portSharing() : "off";
    if (sharing === "node") return new NodeTcpListener(this.#config);
    if (sharing === undefined) throw this.#listenError("this system does not spread connections over listeners");
    try {
      const options = sharing === "off"
        ? { hostname, port, tcpBacklog }
        : { hostname, port, tcpBacklog, reusePort: true };
      return new TcpListener(Deno.listen(options), this.#config);
    } catch (cause) {
      throw this.#listenError(failureReason(cause), cause);
    }
  }

  async connect(signal: AbortSignal): Promise<TcpLink> {
    const { hostname, port } = this.#config;
    if (port === 0) throw new RangeError("Cannot connect to port 0: it only stands for a free port to listen on");
    signal.throwIfAborted();
    const attempt = new AbortController();
    // Why a signal that never throws: the runtime asks it once more when the connection stands, and forgets an open
    // connection when it throws.
    attempt.signal.throwIfAborted = () => {};
    const stop = (): void => attempt.abort();
    signal.addEventListener("abort", stop, { once: true });
    let conn: Deno.TcpConn;
    try {
      conn = await Deno.connect({ hostname, port, signal: attempt.signal });
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      throw new ConnectError(`Cannot connect to ${formatAddress(this.target)}: ${failureReason(cause)}`, { cause });
    } finally {
      signal.removeEventListener("abort", stop);
    }
    if (signal.aborted) {
      conn.close();
      throw signal.reason;
    }
    return new TcpLink(conn, this.#config);
  }

  #listenError(reason: string, cause?: unknown): ResourceError {
    return new ResourceError(`Cannot listen on ${formatAddress(this.target)}: ${reason}`, { cause });
  }
}

type TcpFabricConfig = Readonly<Required<TcpFabricOptions>>;

function resolveTcpFabricOptions(options: TcpFabricOptions): TcpFabricConfig {
  const { hostname, port, noDelay = true, keepAlive = true, backlogCount = 511, sharePort = false } = options;
  if (typeof hostname !== "string" || hostname === "") {
    throw new TypeError("Cannot use the host name: it must be a string that is not empty");
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`Cannot use port ${port}: it must be a whole number from 0 to 65535`);
  }
  if (!Number.isInteger(backlogCount) || backlogCount < 1 || backlogCount > 65_535) {
    throw new RangeError(`Cannot use backlogCount ${backlogCount}: it must be a whole number from 1 to 65535`);
  }
  return Object.freeze({ hostname, port, noDelay, keepAlive, backlogCount, sharePort });
}
