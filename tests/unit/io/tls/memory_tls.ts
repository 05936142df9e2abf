/**
 * TLS over in-memory links: the real handshake of both sides, and no socket.
 *
 * @module
 */
import { Duplex } from "node:stream";
import { connect, type ConnectionOptions } from "node:tls";
import { MemoryNetwork } from "../../../../src/io/memory/memory_network.ts";
import { developmentCertificate } from "../../../../src/io/tls/development_certificate.ts";
import { NodeTlsLink } from "../../../../src/io/tls/node_tls_link.ts";
import { RawStream } from "../../../../src/io/tls/raw_stream.ts";
import { listenTls, type TlsListener } from "../../../../src/io/tls/tls_listener.ts";
import type { TlsListenOptions } from "../../../../src/io/tls/tls_listen_options.ts";
import type { StreamFabric, StreamLink } from "../../../../src/transport/stream_link.ts";

const never = new AbortController().signal;

/** The certificate of every listener. */
export const CERTIFICATE = developmentCertificate();

/** A listener, and how to reach it. */
export interface MemoryTls {
  /** The listener. */
  readonly listener: TlsListener;
  /** Leads to what is below the listener. */
  readonly fabric: StreamFabric;
  /** Connects to what is below the listener. */
  connectRaw(): Promise<StreamLink>;
  /** Connects, and makes the handshake. */
  connect(options?: ConnectionOptions): Promise<NodeTlsLink>;
}

/**
 * Listens in memory.
 *
 * @param options Options of the listener, in place of those that let everything in.
 * @returns The listener and the ways to it.
 */
export function listenInMemory(options: Partial<TlsListenOptions> = {}): MemoryTls {
  const fabric = new MemoryNetwork().fabric("server");
  const { cert, key } = CERTIFICATE;
  const listener = listenTls(fabric.listen(), { cert, key, connectionsPerSecond: Infinity, ...options });
  const connectRaw = (): Promise<StreamLink> => fabric.connect(never);
  return {
    listener,
    fabric,
    connectRaw,
    connect: async (options = {}) => shakeHands(await connectRaw(), options),
  };
}

/**
 * Makes a client's handshake.
 *
 * @param link What TLS runs over.
 * @param options Options of `node:tls`.
 * @returns The link.
 */
export async function shakeHands(link: StreamLink, options: ConnectionOptions = {}): Promise<NodeTlsLink> {
  const raw = new RawStream(Duplex, link);
  const socket = connect({ socket: raw.stream, ca: CERTIFICATE.cert, host: "localhost", ...options });
  const done = Promise.withResolvers<void>();
  socket.on("error", done.reject);
  raw.stream.on("error", done.reject);
  raw.stream.on("close", () => done.reject(new Error("closed")));
  socket.on("secureConnect", () => {
    raw.hold();
    done.resolve();
  });
  await done.promise;
  const facts = { protocol: "TLSv1.3", alpnProtocol: undefined, peerCertificate: undefined } as const;
  return new NodeTlsLink(socket, { local: link.local, remote: link.remote, raw, facts });
}

/**
 * Connects a client to a listener of its own.
 *
 * @returns The client's link and the server's.
 */
export async function pairOfTls(): Promise<[NodeTlsLink, NodeTlsLink]> {
  const { listener, connect } = listenInMemory();
  const pair = await Promise.all([connect(), listener.accept()]);
  listener.close();
  return pair;
}
