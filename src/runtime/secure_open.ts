/**
 * Puts secure sockets together: options, sockets of the system, server or client.
 *
 * @module
 */
import { openTlsLink } from "../io/tls/connect_tls.ts";
import { tcpFabric } from "../io/tcp/tcp_fabric.ts";
import { TlsListener } from "../io/tls/tls_listener.ts";
import { udpFabric } from "../io/udp/udp_fabric.ts";
import { addressHost } from "../transport/address.ts";
import { SecureClient } from "./secure_client.ts";
import type { SecureClientConfig } from "./secure_client_options.ts";
import type { SecureHost } from "./secure_host.ts";
import { SecureServer } from "./secure_server.ts";
import type { SecureServerConfig } from "./secure_server_options.ts";

/**
 * Binds a server.
 *
 * @param config The checked options.
 * @param host Time, chance, cryptography.
 * @returns The server, serving. Rejects with `ResourceError` when an address cannot be had.
 */
export async function openSecureServer(config: SecureServerConfig, host: SecureHost): Promise<SecureServer> {
  config.signal?.throwIfAborted();
  const listener = new TlsListener(tcpFabric(config.tcp).listen(), config.tls);
  try {
    await listener.listening;
    // A name may have several addresses: both sockets are bound to the same one.
    const link = await udpFabric({ ...config.udp, hostname: addressHost(listener.address) }).open();
    if (!config.signal?.aborted) return new SecureServer(config, host, link, listener);
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
export async function openSecureClient(config: SecureClientConfig, host: SecureHost): Promise<SecureClient> {
  const client = new SecureClient(config, host, {
    connect: (signal) => openTlsLink(config.tls, signal),
    bind: (isIpv6) => udpFabric({ ...config.udp, hostname: isIpv6 ? "::" : "0.0.0.0" }).open(),
  });
  await client.connect();
  return client;
}
