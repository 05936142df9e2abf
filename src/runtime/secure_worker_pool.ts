/**
 * The workers of a secure server as its common part sees them: one endpoint and one driver, whose sessions are spread.
 *
 * A datagram goes to the worker that its connection id, or its ticket, names, whatever address it comes from, so that a
 * ticket's use is known to one worker alone. Numbers that no worker has, such as those of a process before, are folded:
 * each has one worker all the same. Invariants: the loss of a worker is the loss of its sessions and of nothing else; its
 * replacement has the same keys but those of sessions, and tells their clients by stateless resets. Why: more than 400
 * lines, because it is the whole face of the workers, in place of an endpoint and a driver, and most of them say so.
 *
 * @module
 */
import { ResourceError } from "../error/transport_error.ts";
import { SendStatus } from "../error/send_status.ts";
import { EventLoopDuty } from "../pool/event_loop_duty.ts";
import type { WorkerFailure } from "../pool/worker_failure.ts";
import { type PoolOwner, WorkerPool } from "../pool/worker_pool.ts";
import { Doorbell, DOORBELL_BYTES } from "../ring/doorbell.ts";
import { ConnectionIdScheme, ROUTE_KEY_BYTES } from "../session/connection_id_scheme.ts";
import { ownerOfDatagram, ownerOfTicket } from "../session/datagram_route.ts";
import type { EndpointConfig } from "../session/endpoint_options.ts";
import { RESET_KEY_BYTES } from "../session/reset_tokens.ts";
import { SessionCloseCode } from "../session/session_close_code.ts";
import { SessionEvent } from "../session/session_event.ts";
import type { TransitionCount } from "../session/session_state.ts";
import { TICKET_KEY_BYTES } from "../session/ticket_keeper.ts";
import type { DatagramLink } from "../transport/datagram_link.ts";
import { DatagramAddress } from "../wire/datagram_address.ts";
import { decodeClientHello, encodeHelloRefusal } from "../wire/hello_record.ts";
import type { SecureKeys } from "./secure_core_hooks.ts";
import type { SecureDriverOwner } from "./secure_driver.ts";
import type { RuntimeHost } from "./system_host.ts";
import type { SecureAgentInit } from "./secure_worker_agent.ts";
import type { DriverFace, EndpointFace } from "./secure_worker_face.ts";
import { SecureWorkerLedger, shareOf } from "./secure_worker_share.ts";
import type { TakeDatagram } from "./secure_worker_link.ts";
import { type SecureHelloAnswer, SecureRemote, type SecureRemoteOwner } from "./secure_worker_remote.ts";
import type { SecureWorkerSession } from "./secure_worker_session.ts";

/** How long a worker may take to start, in ms: where modules are type-checked first, that takes a while. */
const START_TIMEOUT_MS = 30_000;
/** How long workers may take to stop, in ms; less than closing waits for sockets. */
const STOP_TIMEOUT_MS = 900;

/** How much of the time that closing may take is left to messages that are queued. */
const QUEUE_SHARE = 0.75;

const NO_BYTES = new Uint8Array(0);
const SETTLED: Promise<void> = Promise.resolve();

/** What the workers of a server are made of. */
export interface SecureWorkersSetup {
  /** How many there are. */
  readonly count: number;
  /** The options of all of them together. */
  readonly endpoint: EndpointConfig;
  /** What is kept beyond a restart. */
  readonly keys: SecureKeys;
  /** For how many ms closing waits for the peers. */
  readonly closeTimeoutMs: number;
  /** Time and chance. */
  readonly host: RuntimeHost;
  /** The datagram socket, not started. */
  readonly link: DatagramLink;
  /** A worker was lost, or is given up on. */
  readonly report: (error: unknown) => void;
}

/** The workers of one server. */
export class SecureWorkers implements EndpointFace, DriverFace, PoolOwner, SecureRemoteOwner {
  /** Whose event is told. */
  session: SecureWorkerSession | undefined = undefined;
  /** Where a message lies that is told. */
  messageBuffer: Uint8Array = NO_BYTES;
  /** Where it starts. */
  messageOffset = 0;
  /** How long it is. */
  messageLength = 0;
  /** By which channel it came. */
  messageChannel = 0;
  /** Whether it came ahead of the handshake. */
  messageIsEarly = false;
  readonly #setup: SecureWorkersSetup;
  readonly #share: EndpointConfig;
  readonly #keys: Omit<SecureAgentInit["keys"], "owner">;
  readonly #past = new SecureWorkerLedger();
  readonly #scheme: ConnectionIdScheme;
  readonly #pool: WorkerPool;
  readonly #bellMemory = new SharedArrayBuffer(DOORBELL_BYTES);
  readonly #bell: Doorbell = new Doorbell(this.#bellMemory);
  readonly #duty: EventLoopDuty;
  readonly #remotes: (SecureRemote | undefined)[] = [];
  readonly #stopped = Promise.withResolvers<void>();
  readonly #take: TakeDatagram = (address, buffer, start, end) => {
    this.#isBlocked = this.#setup.link.send(buffer, start, end, address) === SendStatus.BackPressured;
    return !this.#isBlocked;
  };
  #owner: SecureDriverOwner | undefined = undefined;
  #credit = 0;
  #ids = 0;
  #turn = 0;
  #foreign = 0;
  #ringFull = 0;
  #workerAway = 0;
  #refused = 0;
  #endCode: number = SessionCloseCode.GoingAway;
  #isBlocked = false;
  #isStarted = false;
  #isStopping = false;
  #isOver = false;

  /**
   * Makes the workers, not started.
   *
   * @param setup What they are made of.
   */
  constructor(setup: SecureWorkersSetup) {
    const { count, endpoint, keys, host } = setup;
    const draw = (bytes: number): Uint8Array => {
      const drawn = new Uint8Array(bytes);
      host.random.fillSecret(drawn);
      return drawn;
    };
    this.#setup = setup;
    this.#share = shareOf(endpoint, count);
    this.#keys = {
      routeKey: draw(ROUTE_KEY_BYTES),
      resetKey: keys.resetKey ?? draw(RESET_KEY_BYTES),
      ticketKey: keys.ticketKey ?? draw(TICKET_KEY_BYTES),
    };
    this.#scheme = new ConnectionIdScheme(this.#keys.routeKey, 0);
    const duty = {
      isStopping: false,
      mayContinue: () => !this.#isOver,
      handleFailure: (cause: unknown) => {
        this.#owner?.handleLinkLost(new ResourceError("Cannot go on: an answer of a worker failed", { cause }));
      },
    };
    this.#duty = new EventLoopDuty({ doWork: () => this.#drain() }, this.#bell, duty, host.scheduler);
    this.#pool = new WorkerPool(
      {
        entry: new URL("../../workers/secure.ts", import.meta.url),
        count,
        startTimeoutMs: START_TIMEOUT_MS,
        stopTimeoutMs: STOP_TIMEOUT_MS,
        name: "ringwire secure",
      },
      this,
      host.scheduler,
    );
  }

  /**
   * Starts the workers.
   *
   * @returns When all run. Rejects with `ResourceError` or `TimeoutError` when one cannot; then none is left.
   */
  async start(): Promise<void> {
    await this.#pool.start();
    this.#isStarted = true;
    this.#duty.start();
  }

  /**
   * Stops workers that nobody was attached to.
   *
   * @returns When they are gone.
   */
  async abandon(): Promise<void> {
    this.stop();
    await this.#stopped.promise;
  }

  /**
   * Tells from now on.
   *
   * @param owner Whom.
   * @returns These workers.
   */
  attach(owner: SecureDriverOwner): this {
    this.#owner = owner;
    return this;
  }

  /** The datagram socket, which is closed once the workers are gone, too. */
  get link(): Pick<DatagramLink, "local" | "counters" | "close" | "whenClosed"> {
    const { link } = this.#setup;
    return {
      local: link.local,
      counters: () => ({ ...link.counters(), workerRingFull: this.#ringFull, workerAway: this.#workerAway }),
      close: () => void this.#stopped.promise.then(() => link.close()),
      whenClosed: Promise.all([link.whenClosed, this.#stopped.promise]).then(() => {}),
    };
  }

  /** How many datagrams came while a worker could not take them and found no room to wait. */
  get droppedDatagrams(): number {
    return this.#past.dropped(this.#living()) + this.#ringFull + this.#workerAway;
  }

  /** How many sessions there are, as far as is known. */
  get sessionCount(): number {
    return this.#living().reduce((sum, { load }) => sum + load, 0);
  }

  /** How many of them wait for their client's first packet, as was told last. */
  get halfOpenCount(): number {
    return this.#living().reduce((sum, { counts }) => sum + (counts?.halfOpen ?? 0), 0);
  }

  /** What became of datagrams that belong to no session, of all workers, as was told last. */
  counters(): Record<string, number> {
    const sums = this.#past.endpoint(this.#living());
    sums.foreign = (sums.foreign ?? 0) + this.#foreign;
    sums.hellosRefused = (sums.hellosRefused ?? 0) + this.#refused;
    return sums;
  }

  /** What all sessions counted, of all workers, as was told last. */
  sessionCounters(): Record<string, number> {
    return this.#past.session(this.#living());
  }

  /** What is to be said to workers is said at once. */
  get drained(): boolean {
    return true;
  }

  /** The workers whose peers have not all confirmed the end, as transitions. */
  transitions(): TransitionCount[] {
    const count = this.#living().filter(({ isSaid }) => !isSaid).length;
    return [{ role: "Server", from: "Established", to: "Closing", count }];
  }

  /** What the sender of the message that is told gets back. */
  takeCredit(): number {
    const credit = this.#credit;
    this.#credit = 0;
    return credit;
  }

  /**
   * Has the worker of a client answer its hello: the one that knows the ticket of its first flight, or the one with the
   * fewest sessions.
   *
   * @param record The record.
   * @param address Where its stream came from.
   * @param udpPort Where the client's datagrams go.
   * @returns The answer. Rejects with `ResourceError` when the worker is lost before.
   */
  acceptHello(record: Uint8Array, address: DatagramAddress, udpPort: number): Promise<SecureHelloAnswer> {
    const early = decodeClientHello(record)?.early;
    const remote = early === undefined
      ? this.#idlest()
      : this.#remotes[this.#fold(ownerOfTicket(this.#scheme, early.ticket))];
    if (remote === undefined || !remote.isRunning) return Promise.resolve(this.refuseHello(SessionCloseCode.Busy));
    return remote.accept(record, address, udpPort);
  }

  /**
   * Refuses a client.
   *
   * @param code Why.
   * @returns The answer.
   */
  refuseHello(code: number): SecureHelloAnswer {
    this.#refused++;
    return { record: encodeHelloRefusal(code), session: undefined };
  }

  /**
   * Closes all sessions.
   *
   * @param code Why.
   */
  close(code: number): void {
    const { closeTimeoutMs } = this.#setup;
    this.#endCode = code;
    for (const remote of this.#living()) remote.end(code, Math.ceil(closeTimeoutMs * QUEUE_SHARE));
  }

  /**
   * Begins to read datagrams.
   *
   * @returns At once.
   */
  useLink(): Promise<void> {
    const source = new DatagramAddress();
    this.#setup.link.start({
      source,
      handleDatagram: (buffer, start, end) => this.#route(source, buffer, start, end),
      handleRoom: () => {
        this.#isBlocked = false;
        this.#duty.requestTurn();
      },
      handleSendFailure: (to, failure) => this.#owner?.handleSendFailure(to, failure),
      handleLost: (error) => {
        if (!this.#isStopping) this.#owner?.handleLinkLost(error);
      },
    });
    return SETTLED;
  }

  /** Commands go out by themselves. */
  drain(): void {}

  /** Commands go out by themselves; when nothing is left to say, that is told. */
  drainNow(): void {
    this.#owner?.handleDrained();
  }

  /** Stops the workers; what they sent before still goes out. */
  stop(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    if (this.#isStarted) this.#drain();
    for (const remote of this.#living()) remote.settle(this.#endCode);
    void this.#stop();
  }

  /** {@inheritDoc PoolOwner.init} */
  init(index: number): SecureAgentInit {
    const remote = new SecureRemote(this.#share, this.#pool.doorbell(index), this);
    const { local, maxDatagramBytes, dontFragment } = this.#setup.link;
    if (local.transport !== "udp") throw new TypeError("The datagram link of workers must be a UDP socket");
    this.#remotes[index] = remote;
    return {
      memory: remote.memory,
      facadeBell: this.#bellMemory,
      config: this.#share,
      keys: { ...this.#keys, owner: index },
      socket: { local, maxDatagramBytes, dontFragment },
    };
  }

  /** {@inheritDoc PoolOwner.started} */
  started(index: number): void {
    const remote = this.#remotes[index];
    if (remote !== undefined) remote.isRunning = true;
  }

  /** {@inheritDoc PoolOwner.failed} */
  failed(index: number, failure: WorkerFailure): void {
    this.#lose(index, SessionCloseCode.GoingAway, "the worker that served this peer was lost");
    if (!this.#isStopping) this.#setup.report(failure.error);
  }

  /** {@inheritDoc PoolOwner.exhausted} */
  exhausted(_index: number, error: ResourceError, remainingCount: number): void {
    if (remainingCount === 0) this.#owner?.handleLinkLost(error);
    else this.#setup.report(error);
  }

  /** {@inheritDoc SecureRemoteOwner.nextId} */
  nextId(): number {
    return ++this.#ids;
  }

  /** {@inheritDoc SecureRemoteOwner.tell} */
  tell(event: SessionEvent, session: SecureWorkerSession): void {
    this.session = session;
    this.#owner?.handleEvent(event);
  }

  /** {@inheritDoc SecureRemoteOwner.tellMessage} */
  tellMessage(
    session: SecureWorkerSession,
    channel: number,
    isEarly: boolean,
    credit: number,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.messageBuffer = buffer;
    this.messageOffset = start;
    this.messageLength = end - start;
    this.messageChannel = channel;
    this.messageIsEarly = isEarly;
    this.#credit = credit;
    this.tell(SessionEvent.Message, session);
    if (this.#credit > 0) session.handleConsumed(channel, this.takeCredit());
  }

  /** {@inheritDoc SecureRemoteOwner.tellSaid} */
  tellSaid(): void {
    this.#owner?.handleDrained();
  }

  #route(source: DatagramAddress, buffer: Uint8Array, start: number, end: number): void {
    const owner = ownerOfDatagram(this.#scheme, buffer, start, end);
    if (owner < 0) {
      this.#foreign++;
      return;
    }
    const remote = this.#remotes[this.#fold(owner)];
    if (remote === undefined) this.#workerAway++;
    else if (!remote.give(source, buffer, start, end)) this.#ringFull++;
  }

  #fold(owner: number): number {
    return owner < 0 ? 0 : owner % this.#setup.count;
  }

  #idlest(): SecureRemote | undefined {
    const { count } = this.#setup;
    let best: SecureRemote | undefined;
    // Among equals they take turns.
    this.#turn = (this.#turn + 1) % count;
    for (let n = 0; n < count; n++) {
      const remote = this.#remotes[(this.#turn + n) % count];
      if (remote?.isRunning && (best === undefined || remote.load < best.load)) best = remote;
    }
    return best;
  }

  #drain(): number {
    return this.#remotes.reduce((count, remote) => count + (remote?.drain() ?? 0), this.#depart());
  }

  #depart(): number {
    let count = 0;
    for (const remote of this.#remotes) {
      if (remote !== undefined && !this.#isBlocked) count += remote.depart(this.#take);
    }
    return count;
  }

  #living(): SecureRemote[] {
    return this.#remotes.filter((remote) => remote !== undefined);
  }

  #lose(index: number, code: number, text: string): void {
    const remote = this.#remotes[index];
    if (remote === undefined) return;
    // What it had said before still counts.
    while (remote.drain() > 0);
    this.#remotes[index] = undefined;
    this.#past.keep(remote.counts);
    remote.lose(code, text);
    this.#owner?.handleDrained();
  }

  async #stop(): Promise<void> {
    await this.#pool.stop();
    // The last words of the sessions.
    while (!this.#isBlocked && this.#depart() > 0);
    for (let index = 0; index < this.#setup.count; index++) this.#lose(index, SessionCloseCode.GoingAway, "");
    this.#isOver = true;
    this.#bell.ring();
    this.#stopped.resolve();
  }
}
