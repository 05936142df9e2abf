/**
 * Who may come in to a reactor: limits on connections, and peer ids that only one connection holds at a time.
 *
 * A reactor whose connections live in one thread asks {@linkcode AdmissionBook} at once; one whose connections live in
 * several workers has one book, on the main thread, and each worker asks it over a ring. Invariant: what was admitted or
 * claimed is given back exactly once.
 *
 * @module
 */

/** Whom a reactor asks; an answer that takes time is a promise. */
export interface ReactorGate {
  /**
   * Asks whether one more connection may come in.
   *
   * @param host The host that it comes from.
   * @returns Whether it may; then {@linkcode ReactorGate.leave} follows.
   */
  admit(host: string): boolean | Promise<boolean>;

  /**
   * A connection that was admitted is over.
   *
   * @param host The host that it came from.
   */
  leave(host: string): void;

  /**
   * Claims a peer id for a connection.
   *
   * @param peerId The id.
   * @param connection The connection's number.
   * @returns Whether no other one holds it; then {@linkcode ReactorGate.releasePeer} follows.
   */
  claimPeer(peerId: string, connection: number): boolean | Promise<boolean>;

  /**
   * A connection that held a peer id is over.
   *
   * @param peerId The id.
   */
  releasePeer(peerId: string): void;

  /** How many connections were turned away because there were too many, and because too many had the same host. */
  readonly refused: Readonly<RefusedCounts>;
}

/** How many connections were turned away. */
export interface RefusedCounts {
  /** Because of `maxConnectionCount`. */
  byCount: number;
  /** Because of `maxConnectionsPerAddressCount`. */
  byAddress: number;
}

/** The limits of a reactor. */
export interface AdmissionLimits {
  /** The limit on all connections. */
  readonly maxConnectionCount: number;
  /** The limit on connections from one host. */
  readonly maxConnectionsPerAddressCount: number;
}

/** The book itself. */
export class AdmissionBook implements ReactorGate {
  readonly refused: RefusedCounts = { byCount: 0, byAddress: 0 };
  readonly #limits: AdmissionLimits;
  readonly #perHost = new Map<string, number>();
  readonly #peers = new Set<string>();
  #count = 0;

  /** @param limits How many may come in. */
  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  admit(host: string): boolean {
    if (this.#count >= this.#limits.maxConnectionCount) {
      this.refused.byCount++;
      return false;
    }
    const count = this.#perHost.get(host) ?? 0;
    if (count >= this.#limits.maxConnectionsPerAddressCount) {
      this.refused.byAddress++;
      return false;
    }
    this.#count++;
    this.#perHost.set(host, count + 1);
    return true;
  }

  leave(host: string): void {
    this.#count--;
    const count = (this.#perHost.get(host) ?? 1) - 1;
    if (count === 0) this.#perHost.delete(host);
    else this.#perHost.set(host, count);
  }

  claimPeer(peerId: string): boolean {
    if (this.#peers.has(peerId)) return false;
    this.#peers.add(peerId);
    return true;
  }

  releasePeer(peerId: string): void {
    this.#peers.delete(peerId);
  }
}
