/**
 * TLS under the port of stream transports: whoever runs a framed stream is given a fabric and never names TLS.
 *
 * @module
 */
import { ResourceError } from "../../error/transport_error.ts";
import { formatAddress } from "../../transport/address.ts";
import type { StreamFabric } from "../../transport/stream_link.ts";
import { openTlsLink } from "./connect_tls.ts";
import { resolveTlsConnectOptions, type TlsConnectOptions } from "./tls_connect_options.ts";
import { resolveTlsListenOptions, type TlsListenOptions } from "./tls_listen_options.ts";
import { TlsListener } from "./tls_listener.ts";

/** The options of {@linkcode tlsFabric}: one side or both. */
export interface TlsFabricOptions {
  /** As whom to listen, and the limits; without it, the fabric only connects. */
  readonly listen?: TlsListenOptions;
  /** How the server is known; without it, by the certificates that the runtime trusts. */
  readonly connect?: Omit<TlsConnectOptions, "hostname" | "port">;
}

/**
 * A fabric for TLS over TCP.
 *
 * @param tcp Where to, and what it listens by.
 * @param options As whom to listen and how to know the server.
 * @returns The fabric; it holds no socket itself.
 * @throws {TypeError} When an option has the wrong type, or `tcp` leads to something else.
 * @throws {RangeError} When an option is out of range.
 * @example
 * ```ts ignore
 * const { cert, key, pin } = developmentCertificate();
 * const tcp = tcpFabric({ hostname: "127.0.0.1", port: 7778 });
 * const fabric = tlsFabric(tcp, { listen: { cert, key }, connect: { pin } });
 * const listener = fabric.listen();
 * const link = await fabric.connect(AbortSignal.timeout(1_000));
 * ```
 */
export function tlsFabric(tcp: StreamFabric, options: TlsFabricOptions): StreamFabric {
  const { target } = tcp;
  if (target.transport !== "tcp") throw new TypeError(`Cannot speak TLS to ${formatAddress(target)}: it is not TCP`);
  const { hostname, port } = target;
  const listening = options.listen && resolveTlsListenOptions(options.listen);
  // Port 0 is refused when it comes to connecting.
  const connecting = resolveTlsConnectOptions({ ...options.connect, hostname, port: port || 1 });
  return {
    target,
    listen: () => {
      if (listening !== undefined) return new TlsListener(tcp.listen(), listening);
      throw new ResourceError(`Cannot listen on ${formatAddress(target)}: there is no certificate to listen with`);
    },
    connect: (signal) => {
      if (port !== 0) return openTlsLink(connecting, signal);
      return Promise.reject(new RangeError("Cannot connect to port 0: it only stands for a free port to listen on"));
    },
  };
}
