/**
 * The way out of a secure socket: messages of the application, checked before anything else happens, to sessions that
 * take them, or to wait for room.
 *
 * Invariants: a message that waits was checked, so that it can be refused for its length alone later; within a channel
 * nothing overtakes what waits; every refusal by `trySend` is followed by news of room, or by the peer's end.
 *
 * @module
 */
import { LANES } from "../channel/channel_class.ts";
import type { ChannelConfig } from "../channel/channel_options.ts";
import type { ChannelSendOptions } from "../channel/channel_set.ts";
import { CloseCode } from "../error/close_code.ts";
import { onlyKnown } from "../error/option_check.ts";
import { SendStatus } from "../error/send_status.ts";
import { ClosedError } from "../error/transport_error.ts";
import type { EndpointConfig } from "../session/endpoint_options.ts";
import type { SessionMachine } from "../session/session_machine.ts";
import type { SecureDriver } from "./secure_driver.ts";
import { secureClosedError } from "./secure_event.ts";
import { rejected, SecureWaits, tooLargeError } from "./secure_waits.ts";

/** How one message is sent by a secure socket. */
export interface SecureSendOptions extends ChannelSendOptions {
  /** Gives the wait for room up when it fires; a message that is queued stays so. Of no account to `trySend`. */
  readonly signal?: AbortSignal;
}

const TAKEN: Promise<void> = Promise.resolve();

/** Sends by these can be taken back: they take no short way. */
const NO_OPTIONS: SecureSendOptions = Object.freeze({});

const KNOWN: ReadonlySet<string> = new Set(["ttlMs", "lane", "signal"]);

/** The messages of one socket on their way to sessions. */
export class SecureOutbox {
  readonly #channels: readonly (ChannelConfig | undefined)[];
  readonly #driver: SecureDriver;
  readonly #waits = new Map<number, SecureWaits>();
  #handle = -1;
  #isSealed = false;

  /**
   * Makes an outbox with nothing in it.
   *
   * @param config Which channels there are.
   * @param driver Drained behind every message.
   */
  constructor({ channelSet }: EndpointConfig, driver: SecureDriver) {
    this.#channels = channelSet.channels;
    this.#driver = driver;
  }

  /**
   * Offers a message.
   *
   * @param session To whom; `undefined`: there is no such peer.
   * @param channel The channel.
   * @param payload Copied.
   * @param options How it is sent.
   * @returns What became of it.
   */
  trySend(
    session: SessionMachine | undefined,
    channel: number,
    payload: Uint8Array,
    options: SecureSendOptions | undefined,
  ): SendStatus {
    this.#check(channel, payload, options);
    if (session === undefined) return SendStatus.NotConnected;
    const status = this.#offer(session, channel, payload, options);
    if (status === SendStatus.BackPressured) this.#waitsOf(session).noteRefusal(channel);
    return status;
  }

  /**
   * Sends a message and waits for room where there is none.
   *
   * @param session To whom; `undefined`: there is no such peer.
   * @param peerId Its number.
   * @param channel The channel.
   * @param payload Copied.
   * @param options How it is sent.
   * @returns When it is queued.
   */
  send(
    session: SessionMachine | undefined,
    peerId: number,
    channel: number,
    payload: Uint8Array,
    options: SecureSendOptions | undefined,
  ): Promise<void> {
    try {
      const waiting = this.#send(session, peerId, channel, payload, options);
      if (waiting === undefined) return TAKEN;
      const sent = waiting.then(() => {});
      sent.catch(() => {});
      return sent;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Sends a message that can be taken back.
   *
   * @param session To whom; `undefined`: there is no such peer.
   * @param peerId Its number.
   * @param channel The channel.
   * @param payload Copied.
   * @param options How it is sent.
   * @returns Its handle, when it is queued.
   */
  sendMessage(
    session: SessionMachine | undefined,
    peerId: number,
    channel: number,
    payload: Uint8Array,
    options: SecureSendOptions = NO_OPTIONS,
  ): Promise<number> {
    try {
      return this.#send(session, peerId, channel, payload, options) ?? Promise.resolve(this.#handle);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * A session has room again.
   *
   * @param session Which.
   * @returns The channels that refused an offer and may take it now.
   */
  serve(session: SessionMachine): readonly number[] {
    const waits = this.#waits.get(session.id);
    if (waits === undefined) return [];
    waits.serve(session);
    const ready = waits.takeReady();
    if (waits.isEmpty) this.#waits.delete(session.id);
    return ready;
  }

  /**
   * Whether something of a session is on its way: it waits, it is queued, or, on reliable channels, unacknowledged.
   *
   * @param session Which.
   * @returns Whether there is anything.
   */
  holds(session: SessionMachine): boolean {
    if ((this.#waits.get(session.id)?.count ?? 0) > 0) return true;
    const { queuedBytes, laneBytes } = session.statistics();
    return queuedBytes > 0 || LANES.some((lane) => laneBytes[lane] > 0);
  }

  /** Takes no more messages; what waits already is sent. */
  seal(): void {
    this.#isSealed = true;
  }

  /**
   * A session is over: what waits is rejected.
   *
   * @param session Which.
   */
  end(session: SessionMachine): void {
    this.#waits.get(session.id)?.fail(secureClosedError(session.reason!));
    this.#waits.delete(session.id);
  }

  #send(
    session: SessionMachine | undefined,
    peerId: number,
    channel: number,
    payload: Uint8Array,
    options: SecureSendOptions | undefined,
  ): Promise<number> | undefined {
    this.#check(channel, payload, options);
    const signal = options?.signal;
    signal?.throwIfAborted();
    if (session === undefined) return rejected(unknownPeer(peerId));
    const status = this.#offer(session, channel, payload, options);
    if (status === SendStatus.Queued) return undefined;
    if (status === SendStatus.BackPressured) return this.#waitsOf(session).add(channel, payload, options, signal);
    if (status === SendStatus.TooLarge) throw tooLargeError(session, payload);
    return rejected(session.reason === undefined ? closing() : secureClosedError(session.reason));
  }

  #offer(
    session: SessionMachine,
    channel: number,
    payload: Uint8Array,
    options: SecureSendOptions | undefined,
  ): SendStatus {
    if (this.#isSealed) return SendStatus.Closed;
    if (this.#waits.get(session.id)?.holds(channel)) {
      return payload.length > session.maxMessageBytes ? SendStatus.TooLarge : SendStatus.BackPressured;
    }
    const status = session.send(channel, payload, options);
    if (status !== SendStatus.Queued) return status;
    // To drain may send others that waited.
    this.#handle = session.messageHandle;
    this.#driver.drain();
    return status;
  }

  #waitsOf({ id }: SessionMachine): SecureWaits {
    let waits = this.#waits.get(id);
    if (waits === undefined) this.#waits.set(id, waits = new SecureWaits());
    return waits;
  }

  #check(channel: number, payload: Uint8Array, options: SecureSendOptions | undefined): void {
    if (!(payload instanceof Uint8Array)) throw new TypeError("A message must be a Uint8Array");
    const config = this.#channels[channel];
    if (config === undefined) {
      throw new RangeError(`Cannot send on channel ${channel}: there is none; the option channels adds one`);
    }
    if (options !== undefined && options !== NO_OPTIONS) checkOptions(config, options);
  }
}

function checkOptions({ number, lane: own, isOrdered, isSequenced }: ChannelConfig, options: SecureSendOptions): void {
  onlyKnown("A message", options, KNOWN);
  const { ttlMs, lane, signal } = options;
  if (ttlMs !== undefined && typeof ttlMs !== "number") throw new TypeError("The option ttlMs must be a number");
  if (ttlMs !== undefined && !(ttlMs >= 0 && ttlMs < Infinity)) {
    throw new RangeError(`The option ttlMs must be at least 0 and finite: got ${ttlMs}`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError("The option signal must be an AbortSignal");
  }
  if (lane === undefined) return;
  if (!LANES.includes(lane)) throw new RangeError(`Cannot send in the lane ${lane}: there is none`);
  if (lane !== LANES[own] && (isOrdered || isSequenced)) {
    throw new RangeError(`Cannot send in the lane ${lane}: messages of channel ${number} keep their order`);
  }
}

function unknownPeer(peerId: number): ClosedError {
  const error = new ClosedError(CloseCode.UnknownPeer, "local");
  error.message = `Cannot send to peer ${peerId}: no such peer is connected`;
  return error;
}

function closing(): ClosedError {
  const error = new ClosedError(CloseCode.GoingAway, "local");
  error.message = "Cannot send: the socket is closing";
  return error;
}
