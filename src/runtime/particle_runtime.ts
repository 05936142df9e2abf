/**
 * The connecting side of framed streams: one queue, one link at a time, and a new link when the old one is lost.
 *
 * Delivery over a lost link is at most once: what the kernel took is not sent again, a message that went out in part is
 * dropped and counted, everything behind it waits for the next link. Invariant: once `closed` has settled nothing runs
 * any more and every send has settled.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { SendStatus } from "../error/send_status.ts";
import { TimeoutError } from "../error/transport_error.ts";
import type { Histogram } from "../metric/histogram.ts";
import { StreamCounter } from "../stream/stream_counters.ts";
import type { CloseReason } from "../stream/stream_machine.ts";
import { formatAddress } from "../transport/address.ts";
import type { StreamFabric, StreamLink } from "../transport/stream_link.ts";
import type { Alarm } from "../time/scheduler.ts";
import { Backoff } from "./backoff.ts";
import { closedError, describeReason } from "./disconnect.ts";
import type { ParticleConfig, ParticleHandlers } from "./particle_options.ts";
import { Sender } from "./sender.ts";
import type { ParticleStatistics } from "./statistics.ts";
import { StreamConnection } from "./stream_connection.ts";
import { StreamEndpoint } from "./stream_endpoint.ts";
import type { OwnedConnection, StreamOwner, StreamRole } from "./stream_role.ts";
import type { RuntimeHost } from "./system_host.ts";

const SLOT = 0;

/** Runs one particle. */
export class ParticleRuntime implements StreamOwner {
  /** Takes what is sent; it stays when the link changes. */
  readonly sender: Sender;
  readonly received: StreamOwner["received"];
  readonly batch: StreamOwner["batch"];
  readonly #config: ParticleConfig;
  readonly #handlers: ParticleHandlers;
  readonly #fabric: StreamFabric;
  readonly #endpoint: StreamEndpoint;
  readonly #role: StreamRole;
  readonly #backoff: Backoff | undefined;
  readonly #alarm: Alarm;
  readonly #connected = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #connection: StreamConnection | undefined = undefined;
  #attempt: AbortController | undefined = undefined;
  /** Called once when it is over for good; says how many messages were lost before they reached the queue. */
  onEnd: () => number = () => 0;
  /** Called when the send queue is down at its low mark, before the application is told. */
  onDrained: () => void = () => {};
  #onAlarm: () => void = () => {};
  #ready = false;
  #closing = false;
  #over = false;
  #connects = 0;
  readonly #abortOnSignal = (): void => this.abort();

  /**
   * @param config The checked options.
   * @param handlers What the application does.
   * @param fabric Where links come from.
   * @param host Time and randomness.
   * @param mayWait Whether sends may wait for room; a burst's never do.
   */
  constructor(
    config: ParticleConfig,
    handlers: ParticleHandlers,
    fabric: StreamFabric,
    host: RuntimeHost,
    mayWait = true,
  ) {
    const { onReceived, onBatch } = handlers;
    this.#config = config;
    this.#handlers = handlers;
    this.#fabric = fabric;
    this.#endpoint = new StreamEndpoint(config.stream, host);
    this.sender = new Sender(this.#endpoint.outbox(this.#endpoint.takeSlot(), mayWait), this.#endpoint);
    this.sender.absent = {
      writeQueued: () => {},
      refusal: () => undefined,
      overflow: () => this.#overflow(),
      crowd: (error) => this.report(error),
    };
    this.#role = {
      endpoint: this.#endpoint,
      owner: this,
      handshake: config.peerId === undefined ? { kind: "none" } : { kind: "announce", peerId: config.peerId },
      peerEnd: config.reconnect !== undefined ? "drop" : config.stream.allowHalfOpen ? "stay" : "flush",
    };
    this.received = onReceived === undefined ? undefined : (_connection, payload) => onReceived(payload);
    this.batch = onBatch === undefined ? undefined : (_connection, frames) => onBatch(frames);
    this.#backoff = config.reconnect === undefined
      ? undefined
      : new Backoff(config.reconnect, host.scheduler.clock, host.random);
    this.#alarm = host.scheduler.alarm(() => this.#onAlarm());
    this.#connected.promise.catch(() => {});
  }

  /** Settles with the first link: rejects when there is none and no reconnect. */
  get whenConnected(): Promise<void> {
    return this.#connected.promise;
  }

  /** Settles when the particle is closed for good; never rejects. */
  get whenClosed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Whether there is a link now. */
  get isConnected(): boolean {
    return this.#ready;
  }

  /** Whether it is closed for good. */
  get over(): boolean {
    return this.#over;
  }

  /** Whether there is a link, or the first one is on its way. */
  get canSend(): boolean {
    return this.#connection !== undefined || (this.#attempt !== undefined && this.#connects === 0);
  }

  /** The age of received messages in microseconds, with `timestamps`. */
  get latency(): Histogram | undefined {
    return this.#endpoint.latency;
  }

  /** Starts connecting. */
  start(): void {
    const { signal } = this.#config;
    // In a later job, because whoever makes the particle does not hold it yet.
    if (signal?.aborted) return void Promise.resolve().then(this.#abortOnSignal);
    signal?.addEventListener("abort", this.#abortOnSignal, { once: true });
    void this.#connect();
  }

  /**
   * Closes in order: what is queued is written first, where there is a link or the first one is on its way.
   *
   * @returns When it is closed; bounded by `closeTimeoutMs`.
   */
  close(): Promise<void> {
    if (this.#closing) return this.#closed.promise;
    this.#closing = true;
    const { outbox } = this.sender;
    const coming = this.canSend;
    outbox.shut(SendStatus.Closed);
    if (this.#ready) void this.#connection?.shut(CloseCode.Normal);
    else if (coming && !outbox.empty) {
      this.#wake(this.#config.stream.closeTimeoutMs, () => this.#cancel(CloseCode.CloseTimeout));
    } else this.#cancel(CloseCode.Normal);
    return this.#closed.promise;
  }

  /**
   * Closes at once; what is queued is lost and counted.
   *
   * @param code Why.
   */
  abort(code: CloseCode = CloseCode.Aborted): void {
    if (this.#over) return;
    this.#closing = true;
    this.#cancel(code);
  }

  /** What was counted so far, over all links. */
  statistics(): ParticleStatistics {
    const { latency } = this.#endpoint;
    return {
      ...this.#endpoint.totals(),
      queuedBytes: this.sender.outbox.queuedBytes,
      waitingBytes: this.sender.waitingBytes,
      connects: this.#connects,
      ...(latency === undefined ? {} : { latency: latency.snapshot() }),
    };
  }

  /** A particle announces itself and never asks for an announcement. */
  peerAnnounced(connection: OwnedConnection): void {
    connection.refuse(CloseCode.HandshakeMismatch);
  }

  ready(connection: OwnedConnection): unknown {
    this.#ready = true;
    this.#connects++;
    this.#alarm.disarm();
    this.#backoff?.handleConnected();
    this.#connected.resolve();
    const result = this.#handlers.onConnected?.();
    if (this.#closing) void connection.shut(CloseCode.Normal);
    return result;
  }

  drained(): void {
    this.onDrained();
    this.#guarded(() => this.#handlers.onDrain?.(), (error) => {
      this.#connection?.refuse(CloseCode.HandlerFailed, error);
    });
  }

  closed(_connection: OwnedConnection, reason: CloseReason): void {
    this.#connection = undefined;
    if (this.#ready) this.#backoff?.handleDisconnected();
    this.#ready = false;
    this.#handleLoss(reason);
  }

  failed(_connection: OwnedConnection, error: unknown): void {
    this.report(error);
  }

  async #connect(): Promise<void> {
    const attempt = this.#attempt = new AbortController();
    const { connectTimeoutMs } = this.#config;
    const late = new TimeoutError(`No link to ${formatAddress(this.#fabric.target)} within ${connectTimeoutMs} ms`);
    this.#wake(connectTimeoutMs, () => attempt.abort(late));
    try {
      const link = await this.#fabric.connect(attempt.signal);
      if (this.#attempt !== attempt) return link.close();
      this.#attempt = undefined;
      if (!this.#closing) this.#alarm.disarm();
      this.#run(link);
    } catch (cause) {
      if (this.#attempt !== attempt) return;
      this.#attempt = undefined;
      this.#alarm.disarm();
      this.#handleLoss({ code: CloseCode.ConnectFailed, origin: "link", cause });
    }
  }

  #run(link: StreamLink): void {
    this.#endpoint.scheduler.tick();
    const { reconnect } = this.#config;
    if (reconnect?.whileDisconnected === "refuse" && !this.#closing) this.sender.recover();
    this.#connection = new StreamConnection(this.#role, this.#connects + 1, SLOT, link, this.sender);
    this.#connection.start();
  }

  #handleLoss(reason: CloseReason): void {
    const { reconnect } = this.#config;
    const delayMs = this.#closing || reconnect === undefined ? -1 : this.#backoff?.nextDelay() ?? -1;
    if (delayMs < 0) return this.#end(reason);
    const unsent = this.sender.interrupt(reconnect?.whileDisconnected === "refuse", closedError(reason));
    this.#wake(delayMs, () => void this.#connect());
    this.#guarded(() => this.#handlers.onDisconnected?.(describeReason(reason, unsent, false)));
  }

  #end(reason: CloseReason): void {
    this.#over = this.#closing = true;
    this.#alarm.disarm();
    this.#config.signal?.removeEventListener("abort", this.#abortOnSignal);
    const before = this.onEnd();
    if (before !== 0) this.#endpoint.counters.add(SLOT, StreamCounter.Unsent, before);
    const unsent = before + this.sender.end(closedError(reason));
    this.#connected.reject(reason.cause instanceof Error ? reason.cause : closedError(reason));
    this.#closed.resolve();
    const { onDisconnected } = this.#handlers;
    const described = describeReason(reason, unsent, true);
    if (onDisconnected !== undefined) this.#guarded(() => onDisconnected(described));
    else if (reason.origin !== "local" && unsent > 0) this.report(closedError(reason));
  }

  /** The queue overflowed before there was a link, or between two. */
  #overflow(): void {
    if (this.#config.reconnect === undefined) this.abort(CloseCode.SendQueueFull);
  }

  #cancel(code: CloseCode): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    attempt?.abort();
    this.#alarm.disarm();
    if (this.#connection !== undefined) this.#connection.refuse(code);
    else this.#end({ code, origin: "local" });
  }

  #wake(ms: number, run: () => void): void {
    this.#onAlarm = run;
    this.#alarm.arm(this.#endpoint.scheduler.tick() + ms);
  }

  #guarded(run: () => unknown, failed?: (error: unknown) => void): void {
    Promise.try(run).catch((error) => {
      this.report(error);
      failed?.(error);
    });
  }

  /** Hands an error to the application, or to the console where it does not listen for errors. */
  report(error: unknown): void {
    const { onError } = this.#handlers;
    // deno-lint-ignore no-console -- an error that nobody listens for must not vanish
    if (onError === undefined) return console.error("Ringwire particle:", error);
    // deno-lint-ignore no-console -- the error handler itself failed
    const giveUp = (failure: unknown): void => console.error("Ringwire particle: onError failed:", failure);
    Promise.try(onError, error).catch(giveUp);
  }
}
