/**
 * The two paths of a client's session: datagrams and a TLS stream with the same packets (src/wire/STANDARD.md, section
 * 9); which of them carries it, and when it moves.
 *
 * The race at the start gives datagrams a head start (RFC 8305 does so with addresses). Later a path is dark when probe
 * timeouts in a row bring no answer (RFC 9002 section 6.2); the session then migrates, and what was under way is sent
 * again by its loss recovery, so that no reliable message is lost or doubled. Invariants: at most two streams are open,
 * one while nothing moves; the wanted path is tried again with a wait that doubles and starts anew only after it has
 * worked for a while; a command to the session is followed by a drain.
 *
 * @module
 */
import type { TlsLink } from "../io/tls/tls_link.ts";
import type { SessionMachine } from "../session/session_machine.ts";
import { STREAM_PATH } from "../session/session_path.ts";
import { SessionState } from "../session/session_state.ts";
import type { Alarm, Scheduler } from "../time/scheduler.ts";
import type { TcpAddress } from "../transport/address.ts";
import { DatagramAddress } from "../wire/datagram_address.ts";
import { decodeServerHello } from "../wire/hello_record.ts";
import { tellMode, type TransportMode, transportModeOf } from "./hybrid_mode.ts";
import type { HybridPathConfig } from "./hybrid_options.ts";
import type { PathKeeper } from "./hybrid_keepers.ts";
import type { SecureCore } from "./secure_core.ts";
import { DATAGRAM_PATH } from "./secure_driver.ts";
import { SecureStream } from "./secure_stream.ts";

/** A wanted path that has worked for so long is trusted again, in ms. */
const STEADY_MS = 10_000;

/** How long a stream has at least for its first answer before another one is opened besides, in ms. */
const LEAST_HEDGE_MS = 250;
const MAX_HEDGE_MS = 10_000;

/** The longest packet on a stream. */
const MAX_PACKET_BYTES = 2048;

/** Room for a length, and a packet of one byte that every receiver drops (STANDARD.md, rule 4.3). */
const PULSE_BYTES = 3;

/** How many round trips a server has at least to answer a resumption. */
const RESUMPTION_ROUND_TRIPS = 1.25;

const NOWHERE = new DatagramAddress();
const SETTLED: Promise<void> = Promise.resolve();

/** Where a client's links come from. */
export interface HybridLinks {
  /**
   * Reaches the server by TLS once more.
   *
   * @param hostname The address that was reached before.
   * @param signal Ends the attempt.
   * @returns The link, to a server that is known.
   */
  reconnect(hostname: string, signal: AbortSignal): Promise<TlsLink>;
  /** Binds another datagram socket in place of one that broke; rejects when there is none to be had. */
  rebind(): Promise<void>;
}

/** The paths of one client. */
export class HybridClientPaths implements PathKeeper {
  readonly #config: HybridPathConfig;
  readonly #scheduler: Scheduler;
  readonly #links: HybridLinks;
  readonly #tcpPort: number;
  readonly #server = new DatagramAddress();
  readonly #attempt = new AbortController();
  /** The open streams by path, the newest last. */
  readonly #streams = new Map<number, SecureStream>();
  readonly #race: Alarm;
  readonly #retry: Alarm;
  readonly #hedge: Alarm;
  readonly #pulse: Alarm;
  readonly #pulsePacket = new Uint8Array(PULSE_BYTES);
  #core: SecureCore | undefined = undefined;
  #session: SessionMachine | undefined = undefined;
  #mode: TransportMode | undefined = undefined;
  #streamCount = 0;
  #opening = false;
  #closed = false;
  readonly #hasDatagrams: boolean;
  /** Whether the datagram socket broke. */
  #isUnbound = false;
  /** Datagrams had their head start already, in a resumption. */
  #hadHeadStart = false;
  /** How many unanswered probes of the past do not count. */
  #forgiven = 0;
  #retryMs: number;
  #hedgeMs = LEAST_HEDGE_MS;
  #steadyFrom = Infinity;

  /**
   * Makes the paths of a client that has not connected.
   *
   * @param config When which path is taken.
   * @param scheduler Time.
   * @param links Where links come from.
   * @param tcpPort Where the server listens for TLS.
   */
  constructor(config: HybridPathConfig, scheduler: Scheduler, links: HybridLinks, tcpPort: number) {
    this.#config = config;
    this.#scheduler = scheduler;
    this.#links = links;
    this.#tcpPort = tcpPort;
    this.#retryMs = config.retryDelayMs;
    this.#hasDatagrams = config.isHybrid || config.wanted === "udp";
    this.#race = scheduler.alarm(() => this.#endHeadStart());
    this.#retry = scheduler.alarm(() => this.#takeWanted());
    this.#hedge = scheduler.alarm(() => this.#openAnother());
    this.#pulse = scheduler.alarm(() => this.#sendPulse());
  }

  /** What carries the session. */
  get mode(): TransportMode {
    return this.#mode ?? this.#config.wanted;
  }

  /** How many streams were opened so far. */
  get streamCount(): number {
    return this.#streamCount;
  }

  /** {@inheritDoc PathKeeper.usesDatagrams} */
  get usesDatagrams(): boolean {
    return this.#hasDatagrams;
  }

  /** {@inheritDoc PathKeeper.handleResuming} */
  handleResuming(core: SecureCore, session: SessionMachine, server: DatagramAddress): void {
    this.#attach(core, session, server);
    // The ticket knows how far away the server is: an answer gets the time that it takes.
    const answerMs = RESUMPTION_ROUND_TRIPS * session.statistics().smoothedRttMs;
    this.#race.arm(this.#scheduler.tick() + Math.max(this.#config.fallbackDelayMs, answerMs));
  }

  /** {@inheritDoc PathKeeper.begin} */
  begin(
    core: SecureCore,
    session: SessionMachine,
    stream: SecureStream,
    record: Uint8Array,
    server: DatagramAddress,
    rttMs: number,
  ): number {
    this.#attach(core, session, server);
    this.#server.words[4] = decodeServerHello(record)?.udpPort ?? 0;
    const pathId = this.#add(stream);
    if (this.#config.wanted === "tcp") return pathId;
    const headStartMs = this.#hadHeadStart ? 0 : this.#config.fallbackDelayMs - rttMs;
    this.#race.arm(this.#scheduler.tick() + Math.max(0, headStartMs));
    return DATAGRAM_PATH;
  }

  /** {@inheritDoc PathKeeper.readServer} */
  readServer(into: DatagramAddress): boolean {
    if (this.#hasDatagrams) into.copyFrom(this.#server);
    return this.#hasDatagrams;
  }

  /** {@inheritDoc PathKeeper.handleConnected} */
  handleConnected(): void {
    const { wanted, streamKeepAliveMs } = this.#config;
    this.#race.disarm();
    this.#hedge.disarm();
    this.#mode = transportModeOf(this.#session!);
    this.#forgiven = this.#session!.unansweredProbes;
    const now = this.#scheduler.tick();
    this.#steadyFrom = now;
    if (streamKeepAliveMs > 0) this.#pulse.arm(now + streamKeepAliveMs);
    if (this.#mode !== wanted) this.#takeWanted();
  }

  /** {@inheritDoc PathKeeper.handlePath} */
  handlePath(hasMoved: boolean): void {
    if (this.#closed || this.#mode === undefined) return;
    if (hasMoved) return this.#handleMoved();
    // What fails beside datagrams is a stream, and those are tried in order.
    if (this.#mode === "udp") this.#streams.values().next().value?.close();
    if (this.#mode !== this.#config.wanted) this.#retryLater();
  }

  /** {@inheritDoc PathKeeper.handleDrained} */
  handleDrained(): void {
    const session = this.#session;
    if (session === undefined || this.#mode === undefined) return;
    const count = session.unansweredProbes;
    if (count < this.#forgiven) this.#forgiven = count;
    if (count - this.#forgiven < this.#config.darkProbesCount) return;
    this.#forgiven = count;
    this.#leave();
  }

  /** {@inheritDoc PathKeeper.handleDatagramsLost} */
  handleDatagramsLost(): void {
    this.#isUnbound = true;
    if (this.#closed || this.#core === undefined) return;
    this.#core.endpoint.handlePathLost(DATAGRAM_PATH);
    if (this.mode === "udp") this.#leave();
  }

  /** {@inheritDoc PathKeeper.addressOf} */
  addressOf(pathId: number): TcpAddress | undefined {
    if (pathId < 0 || (pathId & STREAM_PATH) === 0) return undefined;
    return { transport: "tcp", hostname: this.#server.hostname, port: this.#tcpPort };
  }

  /** {@inheritDoc PathKeeper.close} */
  close(): void {
    this.#closed = true;
    for (const alarm of [this.#race, this.#retry, this.#hedge, this.#pulse]) alarm.disarm();
    this.#attempt.abort();
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
  }

  /** Whether the path in use owes answers. */
  get #isDark(): boolean {
    const session = this.#session!;
    if (this.#mode === undefined || session.unansweredProbes > 0) return true;
    return (session.pathId & STREAM_PATH) !== 0 && !this.#streams.has(session.pathId);
  }

  #attach(core: SecureCore, session: SessionMachine, server: DatagramAddress): void {
    this.#core = core;
    this.#session = session;
    this.#server.copyFrom(server);
  }

  /** Datagrams had their time. */
  #endHeadStart(): void {
    const session = this.#session!;
    if (this.#mode !== undefined) return;
    this.#hadHeadStart = true;
    if (session.state !== SessionState.Resuming) return this.#takeStream();
    session.abandonResumption();
    this.#drain();
  }

  /** The path in use is dark, or gone. */
  #leave(): void {
    if (this.#closed || !isAlive(this.#session!)) return;
    if (this.mode === "udp") return this.#takeStream();
    this.#openAnother();
    if (this.#hasDatagrams) this.#takeDatagrams();
  }

  #handleMoved(): void {
    const session = this.#session!;
    const { wanted, retryDelayMs } = this.#config;
    const mode = transportModeOf(session);
    const now = this.#scheduler.tick();
    this.#hedge.disarm();
    this.#hedgeMs = LEAST_HEDGE_MS;
    if (mode === "tcp") this.#closeOthers(session.pathId);
    if (mode === this.#mode) return;
    this.#mode = mode;
    if (mode === wanted) {
      this.#steadyFrom = now;
      this.#retry.disarm();
    } else {
      if (now - this.#steadyFrom >= STEADY_MS) this.#retryMs = retryDelayMs;
      this.#retryLater();
    }
    tellMode(this.#core!, session);
  }

  /** Tries to go where the application wants the session to be. */
  #takeWanted(): void {
    if (this.#closed || this.mode === this.#config.wanted || !isAlive(this.#session!)) return;
    if (this.#config.wanted === "tcp") this.#takeStream();
    else if (this.#hasDatagrams) this.#takeDatagrams();
  }

  #retryLater(): void {
    if (!this.#config.isHybrid || this.#closed) return;
    this.#retry.arm(this.#scheduler.tick() + this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, this.#config.maxRetryDelayMs);
  }

  #takeDatagrams(): void {
    if (this.#isUnbound) return this.#rebind();
    if (!this.#session!.migrate(DATAGRAM_PATH, this.#server)) this.#retryLater();
    this.#drain();
  }

  #rebind(): void {
    this.#links.rebind().then(
      () => {
        this.#isUnbound = false;
        const isNeeded = this.#config.wanted === "udp" || this.#isDark;
        if (!this.#closed && isNeeded && this.mode === "tcp") this.#takeDatagrams();
      },
      () => this.#retryLater(),
    );
  }

  /** Tries the newest stream, and another one besides when that does not answer. */
  #takeStream(): void {
    const pathId = [...this.#streams.keys()].at(-1);
    if (pathId === undefined) return this.#open();
    this.#session!.migrate(pathId, NOWHERE);
    this.#armHedge();
    this.#drain();
  }

  #armHedge(): void {
    const rttMs = this.#session!.statistics().smoothedRttMs;
    this.#hedge.arm(this.#scheduler.tick() + Math.max(this.#hedgeMs, Math.min(3 * rttMs, MAX_HEDGE_MS)));
    this.#hedgeMs = Math.min(2 * this.#hedgeMs, MAX_HEDGE_MS);
  }

  #openAnother(): void {
    if (!this.#closed && this.#isDark) this.#open();
  }

  #open(): void {
    if (this.#opening || this.#closed || !isAlive(this.#session!)) return;
    this.#opening = true;
    this.#hedge.disarm();
    this.#links.reconnect(this.#server.hostname, this.#attempt.signal).then(
      (link) => {
        this.#opening = false;
        if (this.#closed) return link.close();
        this.#add(new SecureStream(link, MAX_PACKET_BYTES));
        this.#takeStream();
      },
      () => {
        this.#opening = false;
        if (!this.#closed) this.#armHedge();
      },
    );
  }

  #add(stream: SecureStream): number {
    const { driver } = this.#core!;
    const pathId = STREAM_PATH | ++this.#streamCount;
    if (this.#streams.size > 1) this.#closeOthers(this.#session!.pathId);
    this.#streams.set(pathId, stream);
    driver.addStream(pathId, stream);
    void stream.readPackets((buffer, start, end) => driver.handlePacket(pathId, NOWHERE, buffer, start, end))
      .then(() => this.#handleEnded(pathId));
    return pathId;
  }

  #closeOthers(kept: number): void {
    for (const [pathId, stream] of this.#streams) if (pathId !== kept) stream.close();
  }

  #handleEnded(pathId: number): void {
    this.#streams.delete(pathId);
    if (this.#closed) return;
    this.#core!.driver.removeStream(pathId);
    // The session may have gone back to datagrams by itself.
    if (this.#session!.pathId === pathId) this.#leave();
  }

  #sendPulse(): void {
    this.#pulse.arm(this.#scheduler.tick() + this.#config.streamKeepAliveMs);
    for (const stream of this.#streams.values()) stream.sendPacket(this.#pulsePacket, PULSE_BYTES - 1, PULSE_BYTES);
  }

  /** Behind what runs now: it may be an event. */
  #drain(): void {
    const { driver } = this.#core!;
    void SETTLED.then(() => driver.drain());
  }
}

/** Whether a session may move at all. */
function isAlive({ state }: SessionMachine): boolean {
  return state === SessionState.Confirming || state === SessionState.Established;
}
