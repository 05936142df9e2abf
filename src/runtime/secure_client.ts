/**
 * The connecting side of a secure socket: a resumption by UDP alone where there is a ticket, otherwise keys out of TLS,
 * then the session by UDP (src/wire/STANDARD.md, sections 7 and 10).
 *
 * Invariants: datagrams go to the address that TLS has reached, now or when the ticket was given; the TLS link is closed
 * when the first packet of the server has opened, unless a keeper makes a path of it; early messages belong to one
 * session, whichever way its handshake takes, so that none is lost or doubled.
 *
 * @module
 */
import { SendStatus } from "../error/send_status.ts";
import { CloseCode } from "../error/close_code.ts";
import { AuthenticationError, ClosedError, ConnectError, TimeoutError } from "../error/transport_error.ts";
import { connectFailure } from "../io/tls/tls_failure.ts";
import type { TlsLink } from "../io/tls/tls_link.ts";
import { SessionCloseCode } from "../session/session_close_code.ts";
import type { SessionMachine } from "../session/session_machine.ts";
import { type Address, formatAddress, type TcpAddress } from "../transport/address.ts";
import type { DatagramFailure, DatagramLink, NumericAddress } from "../transport/datagram_link.ts";
import { DatagramAddress } from "../wire/datagram_address.ts";
import type { PathKeeper } from "./hybrid_keepers.ts";
import { udpAddressOf } from "./secure_address.ts";
import type { SecureClientConfig } from "./secure_client_options.ts";
import { SecureCore } from "./secure_core.ts";
import type { SecureCoreHooks } from "./secure_core_hooks.ts";
import { DATAGRAM_PATH } from "./secure_driver.ts";
import { explain } from "./secure_event.ts";
import type { SecureHost } from "./secure_host.ts";
import { SecureStream } from "./secure_stream.ts";
import { encodeSecureTicket, type SecureTicket } from "./secure_ticket.ts";
import { tooLargeError } from "./secure_waits.ts";

/** The longest hello of a server: fixed parts and a ticket. */
const MAX_HELLO_BYTES = 1024;

/** The longest packet on a stream, which has more than the longest hello. */
const MAX_PACKET_BYTES = 2048;

const EARLY_CHANNEL = 1;

/** The sockets of a client. */
export interface SecureClientLinks {
  /**
   * Reaches the server by TLS.
   *
   * @param signal Ends the attempt.
   * @returns The link, to a server that is known.
   */
  connect(signal: AbortSignal): Promise<TlsLink>;
  /**
   * Binds a datagram socket.
   *
   * @param isIpv6 Whether it is to reach an address of IPv6.
   * @returns The link, not started.
   */
  bind(isIpv6: boolean): Promise<DatagramLink>;
}

/** How a stage of the handshake went. */
type Stage = "connected" | "not resumed" | "over";

/** One secure client. */
export class SecureClient implements SecureCoreHooks {
  /** The common part. */
  readonly core: SecureCore;
  readonly #config: SecureClientConfig;
  readonly #host: SecureHost;
  readonly #links: SecureClientLinks;
  readonly #keeper: PathKeeper | undefined;
  readonly #session: SessionMachine;
  readonly #attempt = new AbortController();
  #stage: PromiseWithResolvers<Stage> = Promise.withResolvers();
  #stream: SecureStream | undefined = undefined;
  /** What the stream runs over. */
  #link: TlsLink | undefined = undefined;
  #isIpv6: boolean | undefined = undefined;
  #hasSentEarly = false;
  #isKept = false;
  #failure: Error | undefined = undefined;
  #ticket: Uint8Array | undefined = undefined;
  readonly #closeOnAbort = (): void => {
    this.#attempt.abort(this.#config.signal!.reason);
    void this.core.close(SessionCloseCode.Normal, 0);
  };

  /**
   * Makes a client that has not connected.
   *
   * @param config The checked options.
   * @param host Time, chance, cryptography.
   * @param links Where sockets come from.
   * @param keeper Keeps the TLS link; without it that is closed when it has served.
   */
  constructor(config: SecureClientConfig, host: SecureHost, links: SecureClientLinks, keeper?: PathKeeper) {
    this.#config = config;
    this.#host = host;
    this.#links = links;
    this.#keeper = keeper;
    this.core = new SecureCore(config, {}, host, this);
    this.#session = this.core.endpoint.openClient();
  }

  /** The newest ticket for a later resumption. */
  get ticket(): Uint8Array | undefined {
    return this.#ticket;
  }

  /**
   * Connects.
   *
   * @returns When the session stands; rejects when it does not, with everything closed.
   */
  async connect(): Promise<void> {
    const { signal, ticket } = this.#config;
    try {
      signal?.throwIfAborted();
      signal?.addEventListener("abort", this.#closeOnAbort);
      const isResumed = ticket !== undefined && await this.#resume(ticket);
      if (!isResumed) await this.#shakeHands();
    } catch (error) {
      this.#attempt.abort(error);
      await this.core.close(SessionCloseCode.Normal, 0);
      throw signal?.aborted ? signal.reason : this.core.lost ?? error;
    }
  }

  /**
   * Binds another socket and goes on by it, as after a change of network: the server sees a new address and validates
   * it. What is under way to the socket before is lost.
   *
   * @returns When it is bound. Rejects with `ResourceError` when it cannot be, with `ClosedError` when the client closes.
   */
  async rebind(): Promise<void> {
    if (this.core.isClosing) throw closedError();
    const link = await this.#links.bind(this.#isIpv6 === true);
    if (this.core.isClosing) {
      link.close();
      await link.whenClosed;
      throw closedError();
    }
    await this.core.driver.useLink(link);
  }

  /** {@inheritDoc SecureCoreHooks.handleConnected} */
  handleConnected(): undefined {
    if (this.#keeper === undefined) this.#stream?.close();
    else this.#keeper.handleConnected();
    this.#stage.resolve("connected");
  }

  /** {@inheritDoc SecureCoreHooks.welcomes} */
  welcomes(): boolean {
    return true;
  }

  /** {@inheritDoc SecureCoreHooks.handleEnded} */
  handleEnded(): void {
    this.#stage.resolve("over");
    void this.core.close(SessionCloseCode.Normal);
  }

  /** {@inheritDoc SecureCoreHooks.handleResumptionFailed} */
  handleResumptionFailed(): void {
    this.#stage.resolve("not resumed");
  }

  /** {@inheritDoc SecureCoreHooks.sealTicket} */
  sealTicket(session: SessionMachine): Uint8Array | undefined {
    const address = new DatagramAddress();
    const hasAddress = this.#keeper === undefined ? session.readAddress(address) : this.#keeper.readServer(address);
    if (session.ticket === undefined || !hasAddress) return undefined;
    return this.#ticket = encodeSecureTicket(session.ticket, address);
  }

  /** {@inheritDoc SecureCoreHooks.handleSendFailure} */
  handleSendFailure(to: NumericAddress, failure: DatagramFailure): void {
    if (failure !== "not permitted" || this.#keeper !== undefined) return;
    this.#failure = new ConnectError(`Cannot send to ${nameOf(to)}: this process needs --allow-net for it`);
    this.#stage.reject(this.#failure);
  }

  /** {@inheritDoc SecureCoreHooks.handlePath} */
  handlePath(_session: SessionMachine, hasMoved: boolean): void {
    this.#keeper?.handlePath(hasMoved);
  }

  /** {@inheritDoc SecureCoreHooks.handleDrained} */
  handleDrained(): void {
    this.#keeper?.handleDrained();
  }

  /** {@inheritDoc SecureCoreHooks.handleLinkLost} */
  handleLinkLost(): boolean {
    this.#keeper?.handleDatagramsLost();
    return this.#keeper !== undefined;
  }

  /** {@inheritDoc SecureCoreHooks.streamAddress} */
  streamAddress(pathId: number): TcpAddress | undefined {
    return this.#keeper?.addressOf(pathId);
  }

  /** {@inheritDoc SecureCoreHooks.handleClosing} */
  handleClosing(): void {
    this.#config.signal?.removeEventListener("abort", this.#closeOnAbort);
    // A stream that is kept carries the last words.
    if (!this.#isKept) this.#stream?.close();
  }

  /** {@inheritDoc SecureCoreHooks.whenStopped} */
  async whenStopped(): Promise<void> {
    this.#keeper?.close();
    await this.#link?.whenClosed;
  }

  /** Tries the ticket; tells whether the session stands. */
  async #resume({ ticket, address }: SecureTicket): Promise<boolean> {
    const timeout = this.#startTimeout();
    await this.#bind(address).finally(() => timeout.disarm());
    const stage = this.#nextStage();
    this.#host.scheduler.tick();
    if (!this.#session.resume(ticket, DATAGRAM_PATH, address)) return false;
    this.#keeper?.handleResuming(this.core, this.#session, address);
    this.#sendEarly();
    this.core.driver.drain();
    const outcome = await stage;
    if (outcome === "over") throw this.#overError();
    return outcome === "connected";
  }

  /** Gets keys out of TLS, and waits for the server to be heard under them. */
  async #shakeHands(): Promise<void> {
    const timeout = this.#startTimeout();
    let stream: SecureStream;
    try {
      const link = await this.#orAborted(this.#links.connect(this.#attempt.signal));
      this.#link = link;
      stream = this.#stream = new SecureStream(link, this.#keeper === undefined ? MAX_HELLO_BYTES : MAX_PACKET_BYTES);
      this.#attempt.signal.addEventListener("abort", () => stream.close());
      await this.#exchangeHellos(stream, link);
    } catch (error) {
      throw this.#attempt.signal.aborted ? this.#attempt.signal.reason : error;
    } finally {
      timeout.disarm();
    }
    const stage = this.#nextStage();
    this.core.driver.drain();
    if (await stage === "over") throw this.#overError();
  }

  async #exchangeHellos(stream: SecureStream, { remote }: TlsLink): Promise<void> {
    const { scheduler } = this.#host;
    const server = new DatagramAddress();
    if (remote.transport !== "tcp" || !server.parse(remote.hostname, remote.port)) {
      throw new ConnectError(`Cannot send datagrams to ${formatAddress(remote)}: this is no numeric address`);
    }
    if (this.#keeper?.usesDatagrams !== false) await this.#bind(server);
    const askedAt = scheduler.tick();
    const record = await this.#askForKeys(stream, remote);
    const rttMs = scheduler.tick() - askedAt;
    const pathId = this.#keeper?.begin(this.core, this.#session, stream, record, server, rttMs) ?? DATAGRAM_PATH;
    this.#isKept = this.#keeper !== undefined;
    const code = this.#session.handleHello(record, pathId, server, rttMs);
    if (code !== SessionCloseCode.Normal) throw refusalError(formatAddress(remote), code);
    this.#sendEarly();
  }

  /** Sends the hello and waits for the answer, whatever becomes of the stream meanwhile. */
  async #askForKeys(stream: SecureStream, remote: Address): Promise<Uint8Array> {
    try {
      await stream.writeRecord(this.#session.writeHello(this.#config.token));
      const record = await stream.readRecord();
      if (record !== undefined) return record;
    } catch (cause) {
      throw cause instanceof AuthenticationError ? cause : connectFailure(remote, cause);
    }
    throw new ConnectError(`Cannot connect to ${formatAddress(remote)}: it broke off`);
  }

  /** Hands the early messages over, once; which way they go is the session's matter. */
  #sendEarly(): void {
    if (this.#hasSentEarly) return;
    this.#hasSentEarly = true;
    for (const message of this.#config.earlyData) {
      const status = this.#session.sendEarly(EARLY_CHANNEL, message);
      if (status !== SendStatus.Queued) {
        throw tooLargeError(this.#session, message);
      }
    }
  }

  /** Makes sure that there is a socket by which the server can be reached. */
  async #bind(server: DatagramAddress): Promise<void> {
    const isIpv6 = server.hostname.includes(":");
    if (this.#isIpv6 === isIpv6) return;
    const link = await this.#orAborted(this.#links.bind(isIpv6));
    this.#isIpv6 = isIpv6;
    await this.core.driver.useLink(link);
  }

  /** Waits for a link no longer than the attempt lasts; one that comes later is closed. */
  async #orAborted<T extends { close(): void }>(link: Promise<T>): Promise<T> {
    const { signal } = this.#attempt;
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    try {
      return await Promise.race([link, aborted.promise]);
    } catch (error) {
      link.then((late) => late.close(), () => {});
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  #nextStage(): Promise<Stage> {
    this.#stage = Promise.withResolvers();
    this.#stage.promise.catch(() => {});
    return this.#stage.promise;
  }

  #startTimeout(): { disarm(): void } {
    const { scheduler } = this.#host;
    const { hostname, port, timeoutMs } = this.#config.tls;
    const target = formatAddress({ transport: "tcp", hostname, port });
    const alarm = scheduler.alarm(() => {
      this.#attempt.abort(new TimeoutError(`Cannot connect to ${target}: not within ${timeoutMs} ms`));
    });
    alarm.arm(scheduler.tick() + timeoutMs);
    return alarm;
  }

  /** Why the session ended before it stood. */
  #overError(): Error {
    if (this.#failure !== undefined) return this.#failure;
    const { hostname, port } = this.#config.tls;
    const target = formatAddress({ transport: "tcp", hostname, port });
    const reason = this.#session.reason;
    if (reason === undefined) return new ConnectError(`Cannot connect to ${target}: the socket was closed`);
    const message = `Cannot connect to ${target}: ${explain(reason.code, reason.origin)}`;
    return reason.code === SessionCloseCode.HandshakeTimeout ? new TimeoutError(message) : new ConnectError(message);
  }
}

function closedError(): ClosedError {
  const error = new ClosedError(CloseCode.Normal, "local");
  error.message = "Cannot rebind: the socket is closed";
  return error;
}

function refusalError(target: string, code: number): Error {
  const message = `Cannot connect to ${target}: ${explain(code, "remote")}`;
  return code === SessionCloseCode.NotAuthorized ? new AuthenticationError(message) : new ConnectError(message);
}

function nameOf(to: NumericAddress): string {
  const address = new DatagramAddress();
  address.words.set(to.words);
  return formatAddress(udpAddressOf(address));
}
