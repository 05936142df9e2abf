/**
 * Whose turn it is: how many downloads of an endpoint run at once, in all and by who has offered them.
 *
 * Invariant: one that has its turn gives it back once; the oldest that may run is next. Why a limit per peer: a peer whose
 * uploads stand still holds only its own share of the turns.
 *
 * @module
 */
import { ResourceError } from "../error/transport_error.ts";

interface Waiting {
  readonly peer: string;
  readonly resolve: (isTurn: boolean) => void;
}

/** The turns of one endpoint. */
export class TransferTurns {
  readonly #maxActiveCount: number;
  readonly #maxPerPeerCount: number;
  readonly #maxWaitingCount: number;
  readonly #active = new Map<number, string>();
  readonly #waiting = new Map<number, Waiting>();

  /**
   * Makes turns that nobody has.
   *
   * @param maxActiveCount How many may run at once.
   * @param maxPerPeerCount How many of them one peer may have offered.
   * @param maxWaitingCount How many may wait.
   */
  constructor(maxActiveCount: number, maxPerPeerCount: number, maxWaitingCount: number) {
    this.#maxActiveCount = maxActiveCount;
    this.#maxPerPeerCount = maxPerPeerCount;
    this.#maxWaitingCount = maxWaitingCount;
  }

  /** How many run. */
  get activeCount(): number {
    return this.#active.size;
  }

  /**
   * Checks whether one more may wait for its turn.
   *
   * @throws {ResourceError} When too many do.
   */
  checkRoom(): void {
    const [active, waiting] = [this.#active.size, this.#waiting.size];
    if (active < this.#maxActiveCount || waiting < this.#maxWaitingCount) return;
    throw new ResourceError(`Cannot start a transfer: ${active} run and ${waiting} wait already`);
  }

  /**
   * Waits for a turn.
   *
   * @param id The download.
   * @param peer Who has offered it; empty where nobody has.
   * @returns Whether it has its turn; `false` when it left before.
   */
  take(id: number, peer: string): Promise<boolean> {
    if (this.#mayRun(peer)) {
      this.#active.set(id, peer);
      return Promise.resolve(true);
    }
    return new Promise((resolve) => this.#waiting.set(id, { peer, resolve }));
  }

  /** Gives a turn back, or does not wait for one any more; without either nothing happens. */
  leave(id: number): void {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) {
      this.#waiting.delete(id);
      return waiting.resolve(false);
    }
    if (!this.#active.delete(id)) return;
    for (const [next, { peer, resolve }] of this.#waiting) {
      if (this.#active.size >= this.#maxActiveCount) return;
      if (!this.#mayRun(peer)) continue;
      this.#waiting.delete(next);
      this.#active.set(next, peer);
      resolve(true);
    }
  }

  #mayRun(peer: string): boolean {
    if (this.#active.size >= this.#maxActiveCount) return false;
    if (peer === "") return true;
    let own = 0;
    for (const other of this.#active.values()) if (other === peer) own++;
    return own < this.#maxPerPeerCount;
  }
}
