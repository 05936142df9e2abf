/**
 * The accepting side of TLS 1.3: raw links with limits of ours, then the runtime's handshake, then links.
 *
 * Why not the runtime's own TLS listener: it takes TLS 1.2, asks for no client certificates, and lets a stalled
 * handshake stay for ever. Invariants: a handshake never holds up another one or `accept`; everything that a client can
 * make grow has a limit (handshakes, what waits inside of TLS, links that nobody has accepted), and every connection is
 * counted by what became of it. Why a resumed session is refused where certificates are asked for: it brings a
 * certificate along that another listener may have been content with, and nobody checks it again.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { CloseCode } from "../../error/close_code.ts";
import { ClosedError, MisuseError } from "../../error/transport_error.ts";
import { CounterTable } from "../../metric/counter_table.ts";
import { type Address, addressHost } from "../../transport/address.ts";
import type { StreamLink, StreamListener } from "../../transport/stream_link.ts";
import { pinOf } from "./certificate_pin.ts";
import { type HandshakeEnd, HandshakeGate } from "./handshake_gate.ts";
import { discard, HandshakeServer } from "./handshake_server.ts";
import { NodeTlsLink, type NodeTlsParts } from "./node_tls_link.ts";
import { RawStream } from "./raw_stream.ts";
import { TLS_COUNTER_NAMES, TlsCounter } from "./tls_counter.ts";
import type { TlsFacts } from "./tls_link.ts";
import { resolveTlsListenOptions, type TlsListenConfig, type TlsListenOptions } from "./tls_listen_options.ts";

/** How long the listener waits after the system could not accept. */
const TROUBLE_PAUSE_MS = 50;

const ENDS: Readonly<Record<HandshakeEnd, number>> = {
  "crowded out": TlsCounter.CrowdedOut,
  "timed out": TlsCounter.TimedOut,
  "closed": TlsCounter.Closed,
};

/** The module has a deadline of its own, which must not be the one that strikes. */
const GRACE_MS = 60_000;

/** The longest time of a timer of the runtime; a longer one strikes at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What handshakes are made with; the modules are only loaded where somebody listens. */
interface Tools {
  readonly handshakes: HandshakeServer;
  readonly Duplex: typeof Duplex;
}

/**
 * Begins to accept TLS connections.
 *
 * @param raw Where raw connections come from, a TCP listener as a rule; it belongs to the listener from here on.
 * @param options As whom, and the limits.
 * @returns The listener.
 * @throws {TypeError} When an option has the wrong type, or certificate and key are no pair.
 * @throws {RangeError} When an option is out of range.
 * @example
 * ```ts ignore
 * const { cert, key } = developmentCertificate();
 * const listener = listenTls(tcpFabric({ hostname: "127.0.0.1", port: 7778 }).listen(), { cert, key });
 * const link = await listener.accept();
 * ```
 */
export function listenTls(raw: StreamListener, options: TlsListenOptions): TlsListener {
  return new TlsListener(raw, resolveTlsListenOptions(options));
}

/** A stream listener whose links speak TLS 1.3; {@linkcode listenTls} makes it. */
export class TlsListener implements StreamListener {
  readonly #raw: StreamListener;
  readonly #config: TlsListenConfig;
  readonly #counters = new CounterTable(TLS_COUNTER_NAMES, 1);
  readonly #gate: HandshakeGate;
  readonly #waiting: NodeTlsLink[] = [];
  readonly #open = new Set<RawStream>();
  #emptied: PromiseWithResolvers<void> | undefined;
  #accepting: PromiseWithResolvers<NodeTlsLink> | undefined;
  /** What the next `accept` rejects with, once. */
  #trouble: Error | undefined;
  /** What every `accept` rejects with. */
  #end: Error | undefined;
  #endRest: (() => void) | undefined;
  readonly #running: Promise<void>;

  /**
   * Begins to accept.
   *
   * @param raw Where raw connections come from.
   * @param config As whom, and the limits.
   */
  constructor(raw: StreamListener, config: TlsListenConfig) {
    this.#raw = raw;
    this.#config = config;
    this.#gate = new HandshakeGate(config, crypto.getRandomValues(new Int32Array(2)), () => performance.now());
    this.#running = this.#run().catch((error) => this.#finish(error));
  }

  /** Where it listens; before that, where it was told to. */
  get address(): Address {
    return this.#raw.address;
  }

  /** Settles once it listens, where that is later; see the port. */
  get listening(): Promise<void> | undefined {
    return this.#raw.listening;
  }

  /** Settles once nobody is let in any more, where that is later; see the port. */
  get whenClosed(): Promise<void> | undefined {
    return this.#raw.whenClosed;
  }

  /** Settles once the listener is closed and no connection is left that came in here, in its handshake or later. */
  get whenEmpty(): Promise<void> {
    return this.#running.then(() => {
      if (this.#open.size === 0) return;
      this.#emptied ??= Promise.withResolvers();
      return this.#emptied.promise;
    });
  }

  /** Whether the listener was closed, or never came to listen. */
  get closed(): boolean {
    return this.#end !== undefined;
  }

  /** How many handshakes are under way. */
  get handshakesCount(): number {
    return this.#gate.count;
  }

  /**
   * What became of connections so far.
   *
   * @returns The counts by name; see `TlsCounter`.
   */
  counters(): Record<string, number> {
    return this.#counters.snapshot(0);
  }

  /**
   * Waits for the next link whose handshake is done; one call at a time. Whoever fails the handshake does not show.
   *
   * @returns The link. Rejects with `ClosedError` when the listener was closed, and with the raw listener's error when
   * that could not listen or failed for now.
   */
  accept(): Promise<NodeTlsLink> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    if (this.#accepting !== undefined) return Promise.reject(new MisuseError("Cannot accept: a call is pending"));
    const link = this.#waiting.shift();
    if (link !== undefined) return Promise.resolve(link);
    const trouble = this.#trouble;
    this.#trouble = undefined;
    if (trouble !== undefined) return Promise.reject(trouble);
    this.#accepting = Promise.withResolvers();
    return this.#accepting.promise;
  }

  /**
   * Stops listening: a pending `accept` rejects, handshakes under way end, links that wait to be accepted are closed.
   * Links that were accepted stay. A second call does nothing.
   */
  close(): void {
    this.#finish(new ClosedError(CloseCode.GoingAway, "local"));
  }

  #finish(end: Error): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#endRest?.();
    this.#raw.close();
    this.#gate.close();
    for (const link of this.#waiting.splice(0)) link.close();
    this.#accepting?.reject(end);
    this.#accepting = undefined;
  }

  /** One raw link after the other; none waits for the handshake of another one. */
  async #run(): Promise<void> {
    const tools = await loadTools(this.#config);
    while (this.#end === undefined) {
      try {
        this.#shakeHands(await this.#raw.accept(), tools);
      } catch (error) {
        if (this.#raw.closed) return this.#finish(error as Error);
        this.#report(error as Error);
        await this.#rest();
      }
    }
  }

  /** Begins a handshake, if its address may have one. */
  #shakeHands(link: StreamLink, { handshakes, Duplex }: Tools): void {
    const raw = new RawStream(Duplex, link);
    this.#open.add(raw);
    raw.stream.on("close", () => this.#forget(raw));
    const handshake = this.#gate.enter(addressHost(link.remote), (why) => {
      this.#count(ENDS[why]);
      raw.cut();
    });
    if (handshake === undefined) {
      this.#count(this.closed ? TlsCounter.Closed : TlsCounter.TooMany);
      return raw.cut();
    }
    raw.stream.on("close", () => {
      if (this.#gate.leave(handshake)) this.#count(TlsCounter.Failed);
    });
    handshakes.shakeHands(raw.stream, (socket) => {
      raw.hold();
      if (this.#gate.leave(handshake)) this.#admit(socket, { local: link.local, remote: link.remote, raw });
      else discard(socket);
    });
  }

  #forget(raw: RawStream): void {
    this.#open.delete(raw);
    if (this.#open.size > 0) return;
    this.#emptied?.resolve();
    this.#emptied = undefined;
  }

  /** A handshake is done. */
  #admit(socket: TLSSocket, parts: Omit<NodeTlsParts, "facts">): void {
    const facts = this.#factsOf(socket);
    const accepting = this.#accepting;
    const isFull = accepting === undefined && this.#waiting.length >= this.#config.maxWaitingLinksCount;
    if (facts === undefined || isFull) {
      this.#count(facts === undefined ? TlsCounter.Unauthorized : TlsCounter.Overflowed);
      return discard(socket);
    }
    this.#count(TlsCounter.Established);
    const link = new NodeTlsLink(socket, { ...parts, facts });
    this.#accepting = undefined;
    if (accepting === undefined) this.#waiting.push(link);
    else accepting.resolve(link);
  }

  /** What the handshake told; `undefined` when the client is not one to be let in. */
  #factsOf(socket: TLSSocket): TlsFacts | undefined {
    const alpnProtocol = socket.alpnProtocol || undefined;
    const { clientCertificates } = this.#config;
    if (clientCertificates === "none") return { protocol: "TLSv1.3", alpnProtocol, peerCertificate: undefined };
    if (socket.isSessionReused()) return undefined;
    const der = socket.getPeerX509Certificate()?.raw;
    if (der === undefined) {
      const isWelcome = clientCertificates === "optional";
      return isWelcome ? { protocol: "TLSv1.3", alpnProtocol, peerCertificate: undefined } : undefined;
    }
    if (!socket.authorized) return undefined;
    return { protocol: "TLSv1.3", alpnProtocol, peerCertificate: { der: Uint8Array.from(der), pin: pinOf(der) } };
  }

  /** Tells whoever accepts that it failed for now. */
  #report(error: Error): void {
    const accepting = this.#accepting;
    this.#accepting = undefined;
    if (accepting === undefined) this.#trouble = error;
    else accepting.reject(error);
  }

  /** Waits a moment, or until the listener is closed. */
  async #rest(): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, TROUBLE_PAUSE_MS);
    this.#endRest = over.resolve;
    await over.promise;
    clearTimeout(timer);
    this.#endRest = undefined;
  }

  #count(counter: number): void {
    this.#counters.add(0, counter, 1);
  }
}

async function loadTools(config: TlsListenConfig): Promise<Tools> {
  const [{ createServer }, { Duplex }] = await Promise.all([import("node:tls"), import("node:stream")]);
  const { cert, key, alpnProtocols, clientCertificates, clientCaCerts } = config;
  const handshakes = new HandshakeServer(createServer, {
    cert,
    key,
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    handshakeTimeout: Math.min(config.handshakeTimeoutMs + GRACE_MS, MAX_TIMER_MS),
    ...alpnProtocols.length > 0 ? { ALPNProtocols: [...alpnProtocols] } : {},
    ...clientCertificates === "none" ? {} : {
      requestCert: true,
      rejectUnauthorized: clientCertificates === "required",
      ca: [...clientCaCerts],
    },
  });
  return { handshakes, Duplex };
}
