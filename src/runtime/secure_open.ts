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
import type { DatagramLink } from "../transport/datagram_link.ts";
import { SecureClient } from "./secure_client.ts";
import type { SecureClientConfig } from "./secure_client_options.ts";
import type { SecureHost } from "./secure_host.ts";
import { SecureWorkers } from "./secure_worker_pool.ts";
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
    const workers = config.workers === 0 ? undefined : await startWorkers(config, host, link);
    if (!config.signal?.aborted) return new SecureServer(config, host, link, listener, undefined, workers);
    await workers?.abandon();
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

/** Starts the workers of a server; its datagram socket is closed when one of them cannot. */
async function startWorkers(config: SecureServerConfig, host: SecureHost, link: DatagramLink): Promise<SecureWorkers> {
  const { workers: count, endpoint, keys, closeTimeoutMs, onError } = config;
  const report = (error: unknown): void => {
    // deno-lint-ignore no-console -- an error that nobody listens for must not vanish
    if (onError === undefined) return console.error("Ringwire secure server:", error);
    // deno-lint-ignore no-console -- the error handler itself failed
    const giveUp = (failure: unknown): void => console.error("Ringwire secure server: onError failed:", failure);
    Promise.try(onError, error).catch(giveUp);
  };
  const workers = new SecureWorkers({ count, endpoint, keys, closeTimeoutMs, host, link, report });
  try {
    await workers.start();
  } catch (error) {
    link.close();
    await link.whenClosed;
    throw error;
  }
  return workers;
}
