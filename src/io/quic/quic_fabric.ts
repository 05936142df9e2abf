/**
 * QUIC under the port of stream transports: each connection is one link.
 *
 * @module
 */
import { CloseCode } from "../../error/close_code.ts";
import { ClosedError, ConnectError, MisuseError, ResourceError } from "../../error/transport_error.ts";
import { formatAddress, type UdpAddress } from "../../transport/address.ts";
import type { StreamFabric, StreamListener } from "../../transport/stream_link.ts";
import { QuicLink } from "./quic_link.ts";
import { type QuicConfig, type QuicFabricOptions, quicTransport, resolveQuicOptions } from "./quic_options.ts";
import { requireQuic } from "./quic_support.ts";

export type { QuicFabricOptions } from "./quic_options.ts";

/**
 * A fabric for one QUIC address.
 *
 * @param options The address, certificates and limits.
 * @returns The fabric; it holds no socket itself. Listening and connecting need a runtime that speaks QUIC.
 * @throws {TypeError} When an option has the wrong type, or nobody knows it.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function quicFabric(options: QuicFabricOptions): StreamFabric {
  const config = resolveQuicOptions(options);
  const { hostname, port } = config;
  const target: UdpAddress = Object.freeze({ transport: "udp", hostname, port });
  return {
    target,
    listen: () => new QuicListener(config, target),
    connect: (signal) => connect(config, target, signal),
  };
}

/** Accepts QUIC connections. */
class QuicListener implements StreamListener {
  readonly address: UdpAddress;
  readonly #config: QuicConfig;
  readonly #endpoint: Deno.QuicEndpoint;
  readonly #listener: Deno.QuicListener;
  #linkCount = 0;
  #isClosed = false;
  #isAccepting = false;

  constructor(config: QuicConfig, target: UdpAddress) {
    requireQuic();
    const { hostname, port, identity, alpnProtocols } = config;
    if (identity === undefined) {
      throw new ResourceError(`Cannot listen on ${formatAddress(target)}: there is no certificate to listen with`);
    }
    this.#config = config;
    try {
      this.#endpoint = new Deno.QuicEndpoint({ hostname, port });
      this.#listener = this.#endpoint.listen({
        ...identity,
        alpnProtocols: [...alpnProtocols],
        ...quicTransport(config),
      });
    } catch (cause) {
      throw new ResourceError(`Cannot listen on ${formatAddress(target)}`, { cause });
    }
    const { addr } = this.#endpoint;
    this.address = Object.freeze({ transport: "udp", hostname: addr.hostname, port: addr.port });
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  async accept(): Promise<QuicLink> {
    if (this.#isAccepting) throw new MisuseError("Cannot accept: a call is pending");
    this.#isAccepting = true;
    try {
      for (;;) {
        if (this.#isClosed) throw new ClosedError(CloseCode.GoingAway, "local");
        const link = await this.#acceptOne();
        if (link !== undefined) return link;
      }
    } finally {
      this.#isAccepting = false;
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.stop();
    this.#closeEndpoint();
  }

  /** The next connection; `undefined` for one whose handshake failed. */
  async #acceptOne(): Promise<QuicLink | undefined> {
    const incoming = await this.#listener.incoming();
    let connection: Deno.QuicConn;
    try {
      connection = await incoming.accept(quicTransport(this.#config));
    } catch {
      return undefined;
    }
    this.#linkCount++;
    const streams = connection.incomingBidirectionalStreams.getReader();
    const stream = streams.read().then(({ value }) => {
      if (value === undefined) throw new ClosedError(CloseCode.LinkLost, "remote");
      return value;
    });
    const onClosed = (): void => {
      this.#linkCount--;
      this.#closeEndpoint();
    };
    return new QuicLink({ connection, stream, local: this.address, lingerMs: this.#config.lingerMs, onClosed });
  }

  /** The socket is that of all links: it goes when nobody is let in any more and the last link has. */
  #closeEndpoint(): void {
    if (this.#isClosed && this.#linkCount === 0) this.#endpoint.close();
  }
}

async function connect(config: QuicConfig, target: UdpAddress, signal: AbortSignal): Promise<QuicLink> {
  requireQuic();
  signal.throwIfAborted();
  const { hostname, port, alpnProtocols, caCerts, serverName, lingerMs } = config;
  if (port === 0) throw new RangeError("Cannot connect to port 0: it only stands for a free port to listen on");
  const connecting = Deno.connectQuic<false>({
    hostname,
    port,
    alpnProtocols: [...alpnProtocols],
    ...(caCerts.length === 0 ? {} : { caCerts: [...caCerts] }),
    ...(serverName === undefined ? {} : { serverName }),
    ...quicTransport(config),
  });
  const connection = await untilAborted(connecting, signal).catch((cause) => {
    if (signal.aborted) throw signal.reason;
    throw new ConnectError(`Cannot connect to ${formatAddress(target)}`, { cause });
  });
  const { addr } = connection.endpoint;
  const local: UdpAddress = Object.freeze({ transport: "udp", hostname: addr.hostname, port: addr.port });
  const stream = connection.createBidirectionalStream();
  stream.catch(() => {});
  return new QuicLink({ connection, stream, local, lingerMs, onClosed: () => {} });
}

/** Waits for a connection, or for the signal; one that comes too late is closed. */
function untilAborted(connecting: Promise<Deno.QuicConn>, signal: AbortSignal): Promise<Deno.QuicConn> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason);
      connecting.then((late) => late.close({ closeCode: 0, reason: "" }), () => {});
    };
    signal.addEventListener("abort", stop, { once: true });
    connecting.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
