/**
 * The port of congestion controllers: what they are told and what they decide.
 *
 * A controller decides two numbers, how many bytes may be under way and how fast they leave; everything that goes out
 * obeys both, unreliable messages included (RFC 8085 section 3.1). Invariant: it is told of acknowledgements and losses
 * as sums, once for each acknowledgement that comes, after the ledger has settled all packets that it covers.
 *
 * @module
 */

/** What one acknowledgement, or one timeout, brought; one record is used again and again. */
export class AckSample {
  /** How many bytes were acknowledged. */
  ackedBytes = 0;
  /** How many bytes were found lost; lost searches for the largest datagram are not among them. */
  lostBytes = 0;
  /** When the newest packet among the lost went out, in ms; -1: none. */
  lostSentAt: number = -1;
  /** When the newest packet among the acknowledged went out, in ms; -1: none. */
  ackedSentAt: number = -1;
  /** How many bytes are under way now. */
  inFlightBytes = 0;
  /** How many were before. */
  priorInFlightBytes = 0;
  /** The delivery rate in bytes per ms that the newest acknowledged packet tells; 0: none. */
  rate = 0;
  /** Whether the application, and not the path, may have limited that rate. */
  isAppLimited = false;
  /** The round-trip time in ms without the peer's delay; -1: none. */
  rttMs: number = -1;
  /** How many bytes the connection has delivered so far. */
  deliveredBytes = 0;
  /** How many of these were delivered when the newest acknowledged packet went out. */
  priorDeliveredBytes = 0;
  /** How many packets were marked with congestion since the last acknowledgement. */
  markedPackets = 0;
  /** How many bytes that were found lost before turned out to have come late. */
  spuriousBytes = 0;

  /** Empties the record. */
  clear(): void {
    this.ackedBytes =
      this.lostBytes =
      this.markedPackets =
      this.spuriousBytes =
        0;
    this.lostSentAt = this.ackedSentAt = this.rttMs = -1;
    this.rate = this.priorDeliveredBytes = 0;
    this.isAppLimited = false;
  }
}

/** What a controller knows of its path when it starts. */
export interface ControllerSetup {
  /** The size in bytes of the datagrams that are sent now. */
  readonly datagramBytes: number;
}

/** Decides how much of a path a connection uses. */
export interface CongestionController {
  /** What it is called in statistics. */
  readonly name: "delay-bounded" | "cubic";

  /** How many bytes may be under way. */
  readonly windowBytes: number;

  /** How many bytes may leave per ms. */
  readonly pacingRate: number;

  /** The bandwidth in bytes per ms that the path is taken to have for this connection; 0: not known. */
  readonly bandwidth: number;

  /**
   * A packet goes out.
   *
   * @param bytes Its size.
   * @param inFlightBytes How many bytes were under way before it.
   */
  handleSent(bytes: number, inFlightBytes: number): void;

  /**
   * An acknowledgement came, or a timeout found losses.
   *
   * @param sample What it brought; borrowed.
   */
  handleAck(sample: AckSample): void;

  /** Nothing came through for several probe timeouts (RFC 9002 section 7.6). */
  handlePersistentCongestion(): void;

  /**
   * Datagrams have another size from now on.
   *
   * @param datagramBytes The size in bytes.
   */
  handleDatagramBytes(datagramBytes: number): void;

  /** The path is another one: all that was learned is forgotten. */
  reset(): void;
}
