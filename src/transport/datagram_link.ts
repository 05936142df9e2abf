/**
 * The port of datagrams: UDP sockets implement it, whoever runs sessions uses it and knows nothing else of them.
 *
 * Datagrams come by callback and addresses are numbers, so that nothing is allocated for a datagram on this side of the
 * runtime's own calls; sending never waits, but what is under way is bounded, and what is beyond is refused by a status.
 *
 * @module
 */
import type { SendStatus } from "../error/send_status.ts";
import type { MemoryAddress, UdpAddress } from "./address.ts";

/**
 * A datagram's address as numbers.
 *
 * ```text
 * words: | 0 … 3: the 128-bit address, big-endian; IPv4 as ::ffff:a.b.c.d | 4: port | 5: zone (RFC 4007), 0: none |
 * ```
 */
export interface NumericAddress {
  /** The numbers, six 32-bit words. */
  readonly words: Int32Array;
}

/**
 * Why a datagram did not go out: this process may not send there; it is longer than the path takes; nothing leads
 * there, or an earlier one was refused there (ICMP); the system has no memory for it; anything else.
 */
export type DatagramFailure = "not permitted" | "too long" | "unreachable" | "no buffers" | "other";

/** Where a link hands what it receives; made by whoever uses the link. None of its methods may throw. */
export interface DatagramReceiver {
  /** Overwritten by the link, before each `handleDatagram`, with the address that the datagram came from. */
  readonly source: NumericAddress;

  /**
   * A datagram came. It may be empty.
   *
   * @param buffer Memory of the link, one of a few buffers that it uses again and again; lent for this call, in which
   * it may be changed.
   * @param start Where the datagram starts.
   * @param end Where it ends.
   */
  handleDatagram(buffer: Uint8Array, start: number, end: number): void;

  /** There is room for more after `send` has refused a datagram with `BackPressured`. */
  handleRoom?(): void;

  /**
   * A datagram that `send` took did not go out. It is counted, and like one that the network has lost.
   *
   * @param to Where it was to go; lent for this call.
   * @param failure Why it did not.
   */
  handleSendFailure?(to: NumericAddress, failure: DatagramFailure): void;

  /**
   * The socket is of no use any more, and the link has closed itself.
   *
   * @param error Why; a `ResourceError` where the system is to blame.
   */
  handleLost?(error: Error): void;
}

/** One bound socket for datagrams. */
export interface DatagramLink {
  /** The address of this end, with the port that was bound. */
  readonly local: UdpAddress | MemoryAddress;

  /** The longest datagram that is sent and that is received; what comes longer is counted and dropped as a whole. */
  readonly maxDatagramBytes: number;

  /**
   * Whether a datagram that is too long for the path is refused or lost and never cut into fragments. Where this is
   * false, a search for the largest datagram would find sizes that only arrive in fragments.
   */
  readonly dontFragment: boolean;

  /** Whether a datagram of any allowed length would be taken now. */
  readonly hasRoom: boolean;

  /**
   * Begins to hand over what is received. What came since the socket was bound waits until then, as far as the system
   * keeps it.
   *
   * @param receiver Where to. Nothing is handed over within this call.
   * @throws {MisuseError} When the link was started before.
   */
  start(receiver: DatagramReceiver): void;

  /**
   * Sends a datagram without waiting.
   *
   * @param buffer The memory; copied before the call returns.
   * @param start Where the datagram starts.
   * @param end Where it ends; may be `start`.
   * @param to Where it goes; copied.
   * @returns `Queued`; `BackPressured` when as much as allowed is under way; `TooLarge` when it is longer than
   * {@linkcode DatagramLink.maxDatagramBytes}; `NotConnected` when no datagram of this socket can have this
   * destination; `Closed`. Whatever is not queued is counted and forgotten.
   * @throws {RangeError} When the range does not lie in the memory.
   * @throws {MisuseError} When the link was not started.
   */
  send(buffer: Uint8Array, start: number, end: number, to: NumericAddress): SendStatus;

  /** What was sent, received, refused and dropped so far, by name. */
  counters(): Record<string, number>;

  /** Closes the socket now; nothing is handed over any more. Never throws, and a second call does nothing. */
  close(): void;

  /** Settles once the socket is closed and nothing is under way any more. Never rejects. */
  readonly whenClosed: Promise<void>;
}

/** How to open datagram links; runtimes are given one and never name a driver. */
export interface DatagramFabric {
  /** What is bound, as it was asked for. */
  readonly target: UdpAddress | MemoryAddress;

  /**
   * Binds a socket.
   *
   * @returns The link, not started. Rejects with `ResourceError` when the address cannot be had.
   */
  open(): Promise<DatagramLink>;
}
