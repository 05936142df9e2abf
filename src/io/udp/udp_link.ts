/**
 * A bound UDP socket as a datagram link, whichever backend the socket comes from: bounds, counts, addresses, the end.
 *
 * Invariants: each datagram is counted once, by what became of it; after `close` nothing is handed over, and
 * `whenClosed` waits for every send and receive. A receiver that throws ends the link with what it threw: half of its
 * work is done, and nobody can say which half.
 *
 * @module
 */
import { SendStatus } from "../../error/send_status.ts";
import { MisuseError, ResourceError } from "../../error/transport_error.ts";
import { CounterTable } from "../../metric/counter_table.ts";
import { formatAddress, type UdpAddress } from "../../transport/address.ts";
import type { DatagramFailure, DatagramLink, DatagramReceiver, NumericAddress } from "../../transport/datagram_link.ts";
import { DestinationCache, type Reach } from "./destination_cache.ts";
import { SendFlight, type SendSlot } from "./send_flight.ts";
import { SourceReader } from "./source_reader.ts";
import { UDP_COUNTER_NAMES, UdpCounter } from "./udp_counter.ts";
import { isSocketGone, receivePauseMs, sendFailure } from "./udp_failure.ts";
import type { UdpConfig } from "./udp_options.ts";
import type { UdpSocket, UdpSocketOwner } from "./udp_socket.ts";

const FAILURE_COUNTERS: Readonly<Record<DatagramFailure, number>> = {
  "not permitted": UdpCounter.FailedNotPermitted,
  "too long": UdpCounter.FailedTooLong,
  "unreachable": UdpCounter.FailedUnreachable,
  "no buffers": UdpCounter.FailedNoBuffers,
  "other": UdpCounter.FailedOther,
};

/** A datagram link over a UDP socket; `udpFabric` makes it. */
export class UdpLink implements DatagramLink, UdpSocketOwner {
  /** The address of this end. */
  readonly local: UdpAddress;
  /** The longest datagram that is sent and received. */
  readonly maxDatagramBytes: number;
  /** The system cuts what is too long for the path into fragments, and no public interface of the runtime stops it. */
  readonly dontFragment = false;
  /** Settles once the socket is closed and nothing is under way any more. */
  readonly whenClosed: Promise<void>;
  readonly #socket: UdpSocket;
  readonly #flight: SendFlight;
  readonly #destinations: DestinationCache;
  readonly #sources = new SourceReader();
  readonly #counters = new CounterTable(UDP_COUNTER_NAMES, 1);
  readonly #landed: PromiseWithResolvers<void> = Promise.withResolvers();
  #receiver: DatagramReceiver | undefined;
  #failuresInARow = 0;
  #owesRoom = false;
  #closed = false;

  /**
   * Takes a bound socket over.
   *
   * @param socket The socket.
   * @param config The limits.
   */
  constructor(socket: UdpSocket, config: UdpConfig) {
    this.#socket = socket;
    this.local = socket.address;
    this.maxDatagramBytes = config.maxDatagramBytes;
    this.#flight = new SendFlight(config.maxInFlightCount, config.maxInFlightBytes);
    this.#destinations = new DestinationCache(reachOf(socket.address));
    this.whenClosed = Promise.all([socket.whenClosed, this.#landed.promise]).then(() => {});
  }

  /** Whether a datagram of any allowed length would be taken now. */
  get hasRoom(): boolean {
    return !this.#closed && this.#flight.admits(this.maxDatagramBytes);
  }

  /**
   * Begins to hand over what is received.
   *
   * @param receiver Where to.
   * @throws {MisuseError} When the link was started before.
   */
  start(receiver: DatagramReceiver): void {
    if (this.#receiver !== undefined) throw new MisuseError("Cannot start: this link was started before");
    this.#receiver = receiver;
    if (!this.#closed) this.#socket.start(this);
  }

  /**
   * Sends a datagram without waiting.
   *
   * @param buffer The memory; copied before the call returns.
   * @param start Where the datagram starts.
   * @param end Where it ends.
   * @param to Where it goes; copied.
   * @returns What became of it.
   * @throws {RangeError} When the range does not lie in the memory.
   * @throws {MisuseError} When the link was not started.
   */
  send(buffer: Uint8Array, start: number, end: number, to: NumericAddress): SendStatus {
    const length = end - start;
    if (!(start >= 0 && length >= 0 && end <= buffer.length)) {
      throw new RangeError(`Cannot send from ${start} to ${end}: the memory has ${buffer.length} bytes`);
    }
    if (this.#closed) return SendStatus.Closed;
    if (this.#receiver === undefined) throw new MisuseError("Cannot send: this link was not started");
    if (length > this.maxDatagramBytes) return this.#refuse(UdpCounter.RefusedTooLarge, SendStatus.TooLarge);
    if (!this.#flight.admits(length)) {
      this.#owesRoom = true;
      return this.#refuse(UdpCounter.RefusedFull, SendStatus.BackPressured);
    }
    const destination = this.#destinations.find(to.words);
    if (destination === undefined) return this.#refuse(UdpCounter.RefusedDestination, SendStatus.NotConnected);
    this.#socket.send(this.#flight.take(buffer, start, end, destination));
    return SendStatus.Queued;
  }

  /**
   * What was sent, received, refused and dropped so far.
   *
   * @returns The counts by name; see `UdpCounter`.
   */
  counters(): Record<string, number> {
    return this.#counters.snapshot(0);
  }

  /** Closes the socket now. A second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#flight.count === 0) this.#landed.resolve();
    this.#socket.close();
  }

  /**
   * A datagram came.
   *
   * @param buffer The memory that it was received into.
   * @param length How long it is.
   * @param hostname The sender's numeric address.
   * @param port The sender's port.
   */
  handleReceived(buffer: Uint8Array, length: number, hostname: string, port: number): void {
    if (this.#closed) return;
    this.#failuresInARow = 0;
    const receiver = this.#receiver!;
    if (length > this.maxDatagramBytes) return this.#count(UdpCounter.DroppedTooLarge, 1);
    if (!this.#sources.read(hostname, port, receiver.source.words)) return this.#count(UdpCounter.DroppedSource, 1);
    this.#count(UdpCounter.Received, 1);
    this.#count(UdpCounter.ReceivedBytes, length);
    try {
      receiver.handleDatagram(buffer, 0, length);
    } catch (error) {
      this.#lose(error);
    }
  }

  /**
   * Datagrams were dropped before the start.
   *
   * @param count How many.
   */
  handleDroppedEarly(count: number): void {
    this.#count(UdpCounter.DroppedEarly, count);
  }

  /**
   * Receiving failed.
   *
   * @param error What was thrown.
   * @returns After how many ms to try again; -1: never.
   */
  handleReceiveFailure(error: unknown): number {
    if (this.#closed) return -1;
    this.#count(UdpCounter.ReceiveFailures, 1);
    const pauseMs = isSocketGone(error) ? -1 : receivePauseMs(++this.#failuresInARow);
    if (pauseMs < 0) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `Cannot receive on ${formatAddress(this.local)}: ${reason}`;
      this.#lose(new ResourceError(message, { cause: error }));
    }
    return pauseMs;
  }

  /**
   * A datagram went out.
   *
   * @param slot The datagram.
   */
  handleSent(slot: SendSlot): void {
    this.#count(UdpCounter.Sent, 1);
    this.#count(UdpCounter.SentBytes, slot.bytes.length);
    this.#land(slot);
  }

  /**
   * A datagram did not go out.
   *
   * @param slot The datagram.
   * @param error What the socket reported.
   */
  handleSendFailed(slot: SendSlot, error: unknown): void {
    const { to } = slot;
    const failure = sendFailure(error, to.address);
    this.#count(FAILURE_COUNTERS[failure], 1);
    this.#land(slot);
    if (this.#closed) return;
    try {
      this.#receiver!.handleSendFailure?.(to, failure);
    } catch (thrown) {
      this.#lose(thrown);
    }
  }

  #land(slot: SendSlot): void {
    this.#flight.give(slot);
    if (this.#closed) {
      if (this.#flight.count === 0) this.#landed.resolve();
      return;
    }
    if (!this.#owesRoom || !this.#flight.isHalfEmpty) return;
    this.#owesRoom = false;
    try {
      this.#receiver!.handleRoom?.();
    } catch (error) {
      this.#lose(error);
    }
  }

  #lose(error: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#receiver!.handleLost?.(error instanceof Error ? error : new Error(String(error)));
  }

  #refuse(counter: number, status: SendStatus): SendStatus {
    this.#count(counter, 1);
    return status;
  }

  #count(counter: number, by: number): void {
    this.#counters.add(0, counter, by);
  }
}

/** Only Linux is known to take IPv4 addresses on a socket of IPv6 as they are. */
function reachOf({ hostname }: UdpAddress): Reach {
  if (!hostname.includes(":")) return "ipv4";
  return Deno.build.os === "linux" ? "both" : "mapped";
}
