/**
 * Whether a path carries explicit congestion notification (RFC 9000 section 13.4.2).
 *
 * Marks a few packets and believes in marks only when the peer's counts grow by at least what it acknowledged. Invariant:
 * counts that are missing, that shrink or that do not add up switch marking off for the path. Links that cannot set or
 * read the bits never start it.
 *
 * @module
 */

/** What is known of a path. */
export const EcnState = {
  /** Packets are not marked. */
  Off: 0,
  /** Some are, to find out. */
  Testing: 1,
  /** All are marked. */
  Capable: 2,
  /** The path or the peer does not carry marks. */
  Failed: 3,
} as const;

/** One of the values of {@linkcode EcnState}. */
export type EcnState = (typeof EcnState)[keyof typeof EcnState];

/** How many packets are marked to find out. */
const TESTING_PACKETS = 10;

/** The validation of one path. */
export class EcnValidator {
  /** What is known. */
  state: EcnState = EcnState.Off;
  #marked = 0;
  #lost = 0;
  #ect0 = 0;
  #ect1 = 0;
  #ce = 0;

  /** Whether the next packet goes out as `ECT(0)`. */
  get marks(): boolean {
    return this.state === EcnState.Capable || (this.state === EcnState.Testing && this.#marked < TESTING_PACKETS);
  }

  /** Starts to test, on a link that can set and read the bits. */
  start(): void {
    this.stop();
    this.state = EcnState.Testing;
  }

  /** Stops marking; counts start over. */
  stop(): void {
    this.state = EcnState.Off;
    this.#marked =
      this.#lost =
      this.#ect0 =
      this.#ect1 =
      this.#ce =
        0;
  }

  /** A packet went out as `ECT(0)`. */
  handleMarkedSent(): void {
    this.#marked++;
  }

  /** A marked packet was lost: when all that test are, the path drops marked packets. */
  handleMarkedLost(): void {
    if (this.state === EcnState.Testing && ++this.#lost >= TESTING_PACKETS) this.state = EcnState.Failed;
  }

  /**
   * An acknowledgement that raised the largest number came.
   *
   * @param markedAcked How many marked packets it newly acknowledges.
   * @param ect0 The peer's count of `ECT(0)`; -1: it told none.
   * @param ect1 Its count of `ECT(1)`.
   * @param ce Its count of marks of congestion.
   * @returns How many packets were newly marked with congestion; 0 too when the counts are not to be believed.
   */
  handleAck(markedAcked: number, ect0: number, ect1: number, ce: number): number {
    if (this.state === EcnState.Off || this.state === EcnState.Failed) return 0;
    if (ect0 < 0) {
      if (markedAcked > 0) this.state = EcnState.Failed;
      return 0;
    }
    const marked = ce - this.#ce;
    const seen = ect0 - this.#ect0 + marked;
    const isSound = marked >= 0 && ect0 >= this.#ect0 && ect1 === this.#ect1 && seen >= markedAcked &&
      ect0 + ce <= this.#marked;
    this.#ect0 = ect0;
    this.#ect1 = ect1;
    this.#ce = ce;
    if (!isSound) this.state = EcnState.Failed;
    else if (markedAcked > 0) this.state = EcnState.Capable;
    return isSound ? marked : 0;
  }
}
