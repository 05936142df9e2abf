/**
 * Puts hybrid sockets together: options, sockets of the system, server or client, and what chooses between the paths.
 *
 * @module
 */
import { tcpFabric } from "../io/tcp/tcp_fabric.ts";
import { openTlsLink } from "../io/tls/connect_tls.ts";
import { TlsListener } from "../io/tls/tls_listener.ts";
import type { TlsLink } from "../io/tls/tls_link.ts";
import { udpFabric } from "../io/udp/udp_fabric.ts";
import { addressHost } from "../transport/address.ts";
import { HybridClientPaths, type HybridLinks } from "./hybrid_client_paths.ts";
import type { HybridClientConfig } from "./hybrid_options.ts";
import { HybridServerStreams } from "./hybrid_server_streams.ts";
import { SecureClient } from "./secure_client.ts";
import type { SecureClientConfig } from "./secure_client_options.ts";
import type { SecureHost } from "./secure_host.ts";
import { SecureServer } from "./secure_server.ts";
import type { SecureServerConfig } from "./secure_server_options.ts";

/** A server with what keeps its streams. */
export interface HybridServer {
  /** The server. */
  readonly server: SecureServer;
  /** The streams. */
  readonly streams: HybridServerStreams;
}

/** A client with its paths. */
export interface HybridClient {
  /** The client. */
  readonly client: SecureClient;
  /** Its paths; `undefined` where it has datagrams alone. */
  readonly paths: HybridClientPaths | undefined;
}

/**
 * Binds a server.
 *
 * @param config The checked options.
 * @param host Time, chance, cryptography.
 * @returns The server, serving. Rejects with `ResourceError` when an address cannot be had.
 */
export async function openHybridServer(config: SecureServerConfig, host: SecureHost): Promise<HybridServer> {
  config.signal?.throwIfAborted();
  const listener = new TlsListener(tcpFabric(config.tcp).listen(), config.tls);
  try {
    await listener.listening;
    // A name may have several addresses: both sockets are bound to the same one.
    const link = await udpFabric({ ...config.udp, hostname: addressHost(listener.address) }).open();
    if (!config.signal?.aborted) {
      const streams = new HybridServerStreams(host.scheduler);
      return { server: new SecureServer(config, host, link, listener, streams), streams };
    }
    link.close();
    await link.whenClosed;
    throw config.signal.reason;
  } catch (error) {
    listener.close();
    await listener.whenClosed;
    throw error;
  }
}

/**
 * Connects a client.
 *
 * @param config The checked options.
 * @param host Time, chance, cryptography.
 * @returns The client, connected; rejects as {@linkcode SecureClient.connect} does.
 */
export async function openHybridClient({ secure, paths }: HybridClientConfig, host: SecureHost): Promise<HybridClient> {
  const isPlain = !paths.isHybrid && paths.wanted === "udp";
  const links: HybridLinks = {
    reconnect: (hostname, signal) => reconnect(secure, hostname, signal),
    rebind: () => client.rebind(),
  };
  const keeper = isPlain ? undefined : new HybridClientPaths(paths, host.scheduler, links, secure.tls.port);
  const client: SecureClient = new SecureClient(secure, host, {
    connect: (signal) => openTlsLink(secure.tls, signal),
    bind: (isIpv6) => udpFabric({ ...secure.udp, hostname: isIpv6 ? "::" : "0.0.0.0" }).open(),
  }, keeper);
  await client.connect();
  return { client, paths: keeper };
}

/**
 * Goes to the address that was reached before: a name may lead to another server by now. Why not where this client shows
 * a certificate and knows the server by an authority: that way of connecting takes the name from the address.
 */
function reconnect({ tls }: SecureClientConfig, hostname: string, signal: AbortSignal): Promise<TlsLink> {
  const needsName = tls.identity !== undefined && tls.pins.length === 0 && !tls.dangerouslyAcceptAnyCertificate;
  return openTlsLink(needsName ? tls : { ...tls, hostname }, signal);
}
