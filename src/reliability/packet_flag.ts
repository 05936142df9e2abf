/**
 * What is special about a packet under way, as bits.
 *
 * @module
 */

/** Bits of the flags that `SentPackets` keeps with each packet. */
export const PacketFlag = {
  /** The peer acknowledges it within its delay (RFC 9000 section 13.2). */
  Eliciting: 1,
  /** It searches for the largest datagram: its loss is no congestion (RFC 8899 section 3). */
  MtuProbe: 2,
  /** It went out under a mark of explicit congestion notification (RFC 9000 section 13.4). */
  EcnMarked: 4,
  /** The application had nothing more to send when it went out; set by the ledger. */
  AppLimited: 8,
} as const;
