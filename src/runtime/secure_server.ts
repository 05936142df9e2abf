/**
 * The serving side of a secure socket: TLS hands out keys, datagrams carry the sessions (src/wire/STANDARD.md, section
 * 10).
 *
 * Invariants: no client holds up another one: every greeting has a deadline, and those under way are bounded in all and
 * for each address, whoever has taken longest making way; before `authorize` has agreed there is no session, but for
 * that of a client who resumes, which nobody sees before. A client's TLS link stays open until its first packet has
 * come, and is closed then, unless a keeper makes a path of it.
 *
 * @module
 */
import { HandshakeGate } from "../io/tls/handshake_gate.ts";
import type { PeerCertificate, TlsLink } from "../io/tls/tls_link.ts";
import { CounterTable } from "../metric/counter_table.ts";
import type { HelloAnswer } from "../session/hello_desk.ts";
import { SessionCloseCode } from "../session/session_close_code.ts";
import type { SessionMachine } from "../session/session_machine.ts";
import type { Alarm } from "../time/scheduler.ts";
import { type Address, formatAddress, type TcpAddress } from "../transport/address.ts";
import type { DatagramLink } from "../transport/datagram_link.ts";
import { DatagramAddress } from "../wire/datagram_address.ts";
import { decodeClientHello } from "../wire/hello_record.ts";
import { PacketType, packetType } from "../wire/packet_header.ts";
import type { StreamKeeper } from "./hybrid_keepers.ts";
import { SecureCore } from "./secure_core.ts";
import type { SecureCoreHooks } from "./secure_core_hooks.ts";
import type { SecureHost } from "./secure_host.ts";
import type { Authorize, SecureServerConfig } from "./secure_server_options.ts";
import type { SecureWorkers } from "./secure_worker_pool.ts";
import { SecureStream } from "./secure_stream.ts";

/** The longest hello of a client: fixed parts, ticket, token. */
const MAX_HELLO_BYTES = 2048;

/** For how long nothing is accepted after accepting has failed. */
const ACCEPT_PAUSE_MS = 50;

const GREETING_COUNTERS = [
  "hellosAccepted",
  "hellosRefused",
  "hellosFailed",
  "hellosTimedOut",
  "hellosCrowdedOut",
  "resumptionsRefused",
] as const;
const ACCEPTED = 0;
const REFUSED = 1;
const FAILED = 2;
const TIMED_OUT = 3;
const CROWDED_OUT = 4;
const RESUMPTION_REFUSED = 5;

const NO_BYTES = new Uint8Array(0);

/** What a secure server listens with. */
export interface SecureListener {
  /** Where it listens. */
  readonly address: Address;
  /** Whether it was closed. */
  readonly closed: boolean;
  /** Waits for the next link whose handshake is done. */
  accept(): Promise<TlsLink>;
  /** What became of connections, by name. */
  counters(): Record<string, number>;
  /** Stops listening. */
  close(): void;
  /** Settles once nobody is let in any more. */
  readonly whenClosed?: Promise<void> | undefined;
  /** Settles once no link is left that came in here, where that is known. */
  readonly whenEmpty?: Promise<void> | undefined;
}

/** A client whose hello was accepted and whose first packet has not come. */
interface Guest {
  /** Closed once that packet has come; `undefined` where streams are kept. */
  readonly stream: SecureStream | undefined;
  readonly certificate: PeerCertificate | undefined;
}

/** One secure server. */
export class SecureServer implements SecureCoreHooks {
  /** The common part. */
  readonly core: SecureCore;
  readonly #config: SecureServerConfig;
  readonly #host: SecureHost;
  readonly #listener: SecureListener;
  readonly #keeper: StreamKeeper | undefined;
  readonly #udpPort: number;
  readonly #gate: HandshakeGate;
  readonly #guests = new Map<number, Guest>();
  readonly #counters = new CounterTable(GREETING_COUNTERS, 1);
  /** The times that answers about clients who resume may take. */
  readonly #questions = new Set<Alarm>();
  #endPause: (() => void) | undefined = undefined;
  readonly #closeOnAbort = (): void => void this.core.close(SessionCloseCode.GoingAway, 0);

  /**
   * Takes the sockets over and begins to serve.
   *
   * @param config The checked options.
   * @param host Time, chance, cryptography.
   * @param link The datagram socket, not started.
   * @param listener The TLS listener.
   * @param keeper Keeps the TLS links of clients; without it they are closed when they have served.
   * @param workers Have the sessions, and are started; without them this thread has. Never with a keeper.
   */
  constructor(
    config: SecureServerConfig,
    host: SecureHost,
    link: DatagramLink,
    listener: SecureListener,
    keeper?: StreamKeeper,
    workers?: SecureWorkers,
  ) {
    if (keeper !== undefined && config.workers > 0) {
      link.close();
      throw new RangeError("The option workers must be 0 where streams carry sessions: those are on this thread");
    }
    const { scheduler, random } = host;
    this.#config = config;
    this.#host = host;
    this.#listener = listener;
    this.#keeper = keeper;
    this.#udpPort = config.advertisedUdpPort || udpPortOf(link.local);
    this.core = new SecureCore(config, config.keys, host, this, workers);
    const hashKey = new Int32Array(2);
    random.fillSecret(new Uint8Array(hashKey.buffer));
    // The TLS listener has counted connections a second already.
    const limits = { ...config.tls, connectionsPerSecond: Infinity };
    this.#gate = new HandshakeGate(limits, hashKey, () => scheduler.tick());
    void this.core.driver.useLink(link);
    config.signal?.addEventListener("abort", this.#closeOnAbort);
    if (config.signal?.aborted) this.#closeOnAbort();
    void this.#accept();
  }

  /** Where TLS is listened for. */
  get tcpAddress(): TcpAddress {
    return tcpOf(this.#listener.address);
  }

  /** What became of TLS connections and hellos, by name. */
  handshakes(): Record<string, number> {
    return { ...this.#listener.counters(), ...this.#counters.snapshot(0) };
  }

  /** {@inheritDoc SecureCoreHooks.handleConnected} */
  handleConnected(session: SessionMachine): PeerCertificate | undefined {
    const guest = this.#guests.get(session.id);
    this.#guests.delete(session.id);
    guest?.stream?.close();
    this.#keeper?.handleMoved(this.core, session);
    return guest?.certificate;
  }

  /** {@inheritDoc SecureCoreHooks.welcomes} */
  welcomes(session: SessionMachine): boolean | Promise<boolean> {
    if (this.#config.authorize === undefined || !session.isResumed) return true;
    const token = session.token?.slice() ?? NO_BYTES;
    const address = this.core.addressOf(session);
    // Behind the event: the application may send, disconnect and close in its answer, which the machine cannot take now.
    return this.#inTime(Promise.resolve().then(() => this.#ask(token, address, undefined)));
  }

  /** {@inheritDoc SecureCoreHooks.handleEnded} */
  handleEnded(session: SessionMachine): void {
    this.#guests.get(session.id)?.stream?.close();
    this.#guests.delete(session.id);
    this.#keeper?.handleEnded(session);
  }

  /** {@inheritDoc SecureCoreHooks.handleResumptionFailed} */
  handleResumptionFailed(): void {}

  /** {@inheritDoc SecureCoreHooks.sealTicket} */
  sealTicket(): undefined {}

  /** {@inheritDoc SecureCoreHooks.handleSendFailure} */
  handleSendFailure(): void {}

  /** {@inheritDoc SecureCoreHooks.handlePath} */
  handlePath(session: SessionMachine, hasMoved: boolean): void {
    if (hasMoved) this.#keeper?.handleMoved(this.core, session);
  }

  /** {@inheritDoc SecureCoreHooks.streamAddress} */
  streamAddress(pathId: number): TcpAddress | undefined {
    return this.#keeper?.addressOf(pathId);
  }

  /** {@inheritDoc SecureCoreHooks.handleClosing} */
  handleClosing(): void {
    this.#config.signal?.removeEventListener("abort", this.#closeOnAbort);
    this.#listener.close();
    this.#gate.close();
    this.#endPause?.();
    for (const question of this.#questions) question.disarm();
  }

  /** {@inheritDoc SecureCoreHooks.whenStopped} */
  async whenStopped(): Promise<void> {
    this.#keeper?.close();
    await Promise.all([this.#listener.whenClosed, this.#listener.whenEmpty]);
  }

  async #accept(): Promise<void> {
    while (!this.#listener.closed) {
      try {
        void this.#greet(await this.#listener.accept());
      } catch (error) {
        if (this.#listener.closed) return;
        this.#report(error);
        await this.#pause();
      }
    }
  }

  async #greet(link: TlsLink): Promise<void> {
    const stream = new SecureStream(link, MAX_HELLO_BYTES);
    let isOver = false;
    const greeting = this.#gate.enter(tcpOf(link.remote).hostname, (why) => {
      isOver = true;
      if (why === "timed out") this.#count(TIMED_OUT);
      if (why === "crowded out") this.#count(CROWDED_OUT);
      stream.close();
    });
    if (greeting === undefined) return stream.close();
    try {
      const record = await stream.readRecord();
      if (record === undefined) throw new TypeError("The client ended its stream before its hello");
      if (this.#keeper !== undefined && packetType(record[0]!) === PacketType.Session) {
        return await this.#keeper.rejoin(this.core, record, stream, tcpOf(link.remote));
      }
      const isWelcome = await this.#isWelcome(record, link);
      if (!isOver) await this.#answer(stream, await this.#judge(record, link, isWelcome), link);
    } catch {
      // A client that breaks off, or speaks something else, concerns nobody but itself.
      if (!isOver) this.#count(FAILED);
      stream.close();
    } finally {
      this.#gate.leave(greeting);
    }
  }

  /** Asks the application, where it wants to be asked and the hello can be read. */
  async #isWelcome(record: Uint8Array, link: TlsLink): Promise<boolean> {
    const hello = this.#config.authorize === undefined ? undefined : decodeClientHello(record);
    return hello === undefined || await this.#ask(hello.token, tcpOf(link.remote), link.facts.peerCertificate);
  }

  /** What the application says; anything but `true` is no. */
  #ask(...question: Parameters<Authorize>): boolean | Promise<boolean> {
    const refuse = (error: unknown): boolean => {
      this.#report(error);
      return false;
    };
    try {
      const answer = this.#config.authorize!(...question);
      return typeof answer === "boolean" ? answer : Promise.resolve(answer).then((one) => one === true, refuse);
    } catch (error) {
      return refuse(error);
    }
  }

  /** An answer that takes longer than a handshake may is no. */
  async #inTime(answer: Promise<boolean>): Promise<boolean> {
    const { scheduler } = this.#host;
    const late = Promise.withResolvers<boolean>();
    const alarm = scheduler.alarm(() => late.resolve(false));
    this.#questions.add(alarm);
    alarm.arm(scheduler.tick() + this.#config.tls.handshakeTimeoutMs);
    const isWelcome = await Promise.race([answer, late.promise]);
    alarm.disarm();
    this.#questions.delete(alarm);
    if (!isWelcome) this.#count(RESUMPTION_REFUSED);
    return isWelcome;
  }

  #judge(record: Uint8Array, { remote }: TlsLink, isWelcome: boolean): HelloAnswer | Promise<HelloAnswer> {
    const { endpoint, events, isClosing } = this.core;
    if (isClosing) return endpoint.refuseHello(SessionCloseCode.GoingAway);
    if (!isWelcome) return endpoint.refuseHello(SessionCloseCode.NotAuthorized);
    if (!events.hasRoom) return endpoint.refuseHello(SessionCloseCode.Busy);
    const address = new DatagramAddress();
    const { hostname, port } = tcpOf(remote);
    address.parse(hostname, port);
    this.#host.scheduler.tick();
    return endpoint.acceptHello(record, address, this.#udpPort);
  }

  async #answer(
    stream: SecureStream,
    { record, session }: HelloAnswer,
    link: TlsLink,
  ): Promise<void> {
    if (session?.reason !== undefined) throw new TypeError("The session ended before its hello was answered");
    const keeper = this.#keeper;
    const guest = { stream: keeper === undefined ? stream : undefined, certificate: link.facts.peerCertificate };
    if (session !== undefined) this.#guests.set(session.id, guest);
    this.core.driver.drain();
    try {
      await stream.writeRecord(record);
    } catch (error) {
      session?.close(SessionCloseCode.GoingAway);
      this.core.driver.drain();
      throw error;
    }
    this.#count(session === undefined ? REFUSED : ACCEPTED);
    if (session === undefined) stream.close();
    else if (keeper === undefined) void closeAfterEnd(stream);
    else keeper.keep(this.core, session, stream, tcpOf(link.remote));
  }

  #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { scheduler } = this.#host;
    const alarm = scheduler.alarm(resolve);
    alarm.arm(scheduler.tick() + ACCEPT_PAUSE_MS);
    this.#endPause = () => {
      alarm.disarm();
      resolve();
    };
    return promise;
  }

  /** Hands an error to the application, or to the console where it does not listen for errors. */
  #report(error: unknown): void {
    const { onError } = this.#config;
    // deno-lint-ignore no-console -- an error that nobody listens for must not vanish
    if (onError === undefined) return console.error("Ringwire secure server:", error);
    // deno-lint-ignore no-console -- the error handler itself failed
    const giveUp = (failure: unknown): void => console.error("Ringwire secure server: onError failed:", failure);
    Promise.try(onError, error).catch(giveUp);
  }

  #count(counter: number): void {
    this.#counters.add(0, counter, 1);
  }
}

/** TLS runs over TCP here. */
function tcpOf(address: Address): TcpAddress {
  if (address.transport !== "tcp") throw new TypeError(`Cannot use ${formatAddress(address)}: it is no TCP address`);
  return address;
}

function udpPortOf(address: DatagramLink["local"]): number {
  if (address.transport !== "udp") throw new TypeError(`Cannot use ${formatAddress(address)}: it is no UDP address`);
  return address.port;
}

/** Nothing more is expected of a client that has its answer: what comes is the end. */
async function closeAfterEnd(stream: SecureStream): Promise<void> {
  try {
    await stream.readRecord();
  } catch {
    // It broke, or was closed here.
  }
  stream.close();
}
