/**
 * A session of a worker as the façade of a secure server sees it: what the common part of secure sockets needs of a
 * session, by records.
 *
 * Invariants: of each channel at most a window of bytes is on its way to the worker, or one message that is larger, so
 * that a slow peer holds up neither the ring nor other channels; what the worker would refuse by throwing is refused
 * here. Why messages have no handle: the answer whether one could be taken back would have to be waited for.
 *
 * @module
 */
import type { ChannelSendOptions } from "../channel/channel_set.ts";
import type { ChannelSetConfig } from "../channel/channel_options.ts";
import { LANES } from "../channel/channel_class.ts";
import { SendStatus } from "../error/send_status.ts";
import type { SessionCloseReason } from "../session/session_event.ts";
import type { SessionStatistics } from "../session/session_statistics.ts";
import { DatagramAddress } from "../wire/datagram_address.ts";
import { DATAGRAM_PATH } from "./secure_driver.ts";
import type { SecureSession } from "./secure_worker_face.ts";
import type { SecureWorkerPort } from "./secure_worker_port.ts";
import { SecureCommand, SEND_COST_BYTES } from "./secure_worker_record.ts";

/** How many bytes of a channel may be on their way to the worker. */
const WINDOW_BYTES = 1 << 18;
const MAX_TTL_MS = 2 ** 31 - 1;
const MAX_CODE = 0xffff;

/** One session of a worker. */
export class SecureWorkerSession implements SecureSession {
  readonly id: number;
  /** The address that the peer had last. */
  readonly address: DatagramAddress = new DatagramAddress();
  readonly maxMessageBytes: number;
  readonly messageHandle = -1;
  readonly pathId = DATAGRAM_PATH;
  /** Whether the keys come from a ticket. */
  isResumed = false;
  /** What the client showed. */
  token: Uint8Array | undefined = undefined;
  /** Why it is over. */
  reason: SessionCloseReason | undefined = undefined;
  /** What the worker told last. */
  counted: SessionStatistics | undefined = undefined;
  readonly #serial: number;
  readonly #port: SecureWorkerPort;
  readonly #channels: ChannelSetConfig;
  readonly #unread = new Map<number, number>();
  readonly #pressed = new Set<number>();

  /**
   * Makes the double of a session.
   *
   * @param id Its number at the socket.
   * @param serial Its number in the worker.
   * @param port Where the worker is reached.
   * @param channels Its channels.
   */
  constructor(id: number, serial: number, port: SecureWorkerPort, channels: ChannelSetConfig) {
    this.id = id;
    this.#serial = serial;
    this.#port = port;
    this.#channels = channels;
    this.maxMessageBytes = channels.maxMessageBytes;
  }

  /** {@inheritDoc SessionMachine.send} */
  send(channel: number, payload: Uint8Array, options?: ChannelSendOptions): SendStatus {
    const lane = this.#laneOf(channel, options);
    if (this.reason !== undefined) return SendStatus.Closed;
    if (payload.length > this.maxMessageBytes) return SendStatus.TooLarge;
    const onTheWay = this.#unread.get(channel) ?? 0;
    const cost = payload.length + SEND_COST_BYTES;
    if (onTheWay > 0 && onTheWay + cost > WINDOW_BYTES) {
      this.#pressed.add(channel);
      return SendStatus.BackPressured;
    }
    this.#unread.set(channel, onTheWay + cost);
    const ttlMs = options?.ttlMs === undefined ? -1 : Math.min(Math.ceil(options.ttlMs), MAX_TTL_MS);
    this.#port.send(SecureCommand.Send, this.#serial, channel | (lane + 1) << 8, ttlMs, payload);
    return SendStatus.Queued;
  }

  /** {@inheritDoc SessionMachine.cancel} */
  cancel(): boolean {
    return false;
  }

  /** {@inheritDoc SessionMachine.close} */
  close(code = 0, text = ""): void {
    if (!Number.isInteger(code) || code < 0 || code > MAX_CODE) {
      throw new RangeError(`Cannot close with the code ${code}: it is an integer from 0 to ${MAX_CODE}`);
    }
    if (this.reason === undefined) {
      this.#port.send(SecureCommand.Close, this.#serial, code, 0, new TextEncoder().encode(text));
    }
  }

  /** {@inheritDoc SessionMachine.handleConsumed} */
  handleConsumed(channel: number, credit: number): void {
    if (this.reason === undefined) this.#port.send(SecureCommand.Consumed, this.#serial, channel, credit);
  }

  /** {@inheritDoc SessionMachine.readAddress} */
  readAddress(into: DatagramAddress): boolean {
    into.copyFrom(this.address);
    return true;
  }

  /** What the worker told last; asking has it tell again, for a while. */
  statistics(): SessionStatistics {
    if (this.reason === undefined) this.#port.send(SecureCommand.Watch, this.#serial);
    return this.counted!;
  }

  /**
   * The session has taken messages.
   *
   * @param channel By which channel.
   * @param bytes How much, costs included.
   * @returns Whether a send that was refused may be tried again.
   */
  handleTaken(channel: number, bytes: number): boolean {
    const left = (this.#unread.get(channel) ?? 0) - bytes;
    if (left > 0) this.#unread.set(channel, left);
    else this.#unread.delete(channel);
    return left * 2 <= WINDOW_BYTES && this.#pressed.delete(channel);
  }

  /** The number of the lane; -1: that of the channel. */
  #laneOf(channel: number, options: ChannelSendOptions | undefined): number {
    const config = this.#channels.channels[channel];
    if (config === undefined) throw new RangeError(`Cannot send on channel ${channel}: there is none`);
    if (options?.lane === undefined) return -1;
    const lane = LANES.indexOf(options.lane);
    if (lane < 0) throw new RangeError(`Cannot send in the lane ${options.lane}: there is none`);
    if (lane !== config.lane && (config.isOrdered || config.isSequenced)) {
      throw new RangeError(`Cannot send in the lane ${options.lane}: messages of channel ${channel} keep their order`);
    }
    return lane;
  }
}
