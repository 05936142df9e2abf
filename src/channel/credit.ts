/**
 * What the credit of reliable channels is counted in (STANDARD.md, section 12), after RFC 9000 section 4.
 *
 * Both ends count each message once, when its first frame is sent or comes, with its size and a fixed cost: so empty
 * messages are bounded as well, and a message whose sending has begun can always be completed. Invariant: what was sent
 * never exceeds the limit, the limit never falls.
 *
 * @module
 */

/** What a message costs besides its bytes. */
export const MESSAGE_COST = 64;

/** What may be sent on each channel before the first credit came. */
export const INITIAL_CHANNEL_CREDIT: number = 1 << 16;

/** What may be sent on all channels before the first credit came. */
export const INITIAL_CONNECTION_CREDIT: number = 1 << 18;

/** The sender's account of one channel or of the connection. */
export class SendCredit {
  #sent = 0;
  #limit: number;

  /**
   * Opens an account.
   *
   * @param initial What may be sent before the first credit comes.
   */
  constructor(initial: number) {
    this.#limit = initial;
  }

  /**
   * Opens the account anew.
   *
   * @param initial What may be sent before the first credit comes.
   */
  reset(initial: number): void {
    this.#sent = 0;
    this.#limit = initial;
  }

  /**
   * Whether there is credit.
   *
   * @param cost What is to be sent.
   * @returns Whether it may be.
   */
  allows(cost: number): boolean {
    return this.#sent + cost <= this.#limit;
  }

  /**
   * Something is sent.
   *
   * @param cost What it costs.
   */
  spend(cost: number): void {
    this.#sent += cost;
  }

  /**
   * The peer has told a limit.
   *
   * @param limit The limit; a smaller one than before came late and means nothing.
   * @returns Whether there is more credit than before.
   */
  raise(limit: number): boolean {
    if (limit <= this.#limit) return false;
    this.#limit = limit;
    return true;
  }

  /**
   * Writes the account down.
   *
   * @param cells Grows by two numbers.
   */
  save(cells: number[]): void {
    cells.push(this.#sent, this.#limit);
  }

  /**
   * Takes over an account that was written down.
   *
   * @param cells The numbers.
   * @param at The place of the first one.
   * @returns The place after the last one.
   */
  load(cells: readonly number[], at: number): number {
    this.#sent = cells[at]!;
    this.#limit = cells[at + 1]!;
    return at + 2;
  }
}

/** The receiver's account of one channel or of the connection. */
export class ReceiveCredit {
  /** Whether the limit is to be told. */
  isDue = false;
  #received = 0;
  #consumed = 0;
  #told: number;
  readonly #window: number;

  /**
   * Opens an account.
   *
   * @param initial What the peer may send before it is told a limit.
   * @param window What it may send beyond what was consumed.
   */
  constructor(initial: number, window: number) {
    this.#told = initial;
    this.#window = window;
  }

  /**
   * Opens the account anew.
   *
   * @param initial What the peer may send before it is told a limit.
   */
  reset(initial: number): void {
    this.isDue = false;
    this.#received = this.#consumed = 0;
    this.#told = initial;
  }

  /** What is received and not consumed. */
  get held(): number {
    return this.#received - this.#consumed;
  }

  /**
   * The peer has sent something.
   *
   * @param cost What it costs.
   * @returns False when it had no credit for that.
   */
  receive(cost: number): boolean {
    if (this.#received + cost > this.#told) return false;
    this.#received += cost;
    // The first message shows that the channel is in use: the peer is to know the window.
    if (this.#told < this.#window) this.isDue = true;
    return true;
  }

  /**
   * Something that was received takes no memory any more.
   *
   * @param cost What it cost; not more than what is held.
   */
  consume(cost: number): void {
    this.#consumed += Math.min(cost, this.held);
    if (this.#consumed + this.#window - this.#told >= this.#window / 4) this.isDue = true;
  }

  /**
   * The limit to tell.
   *
   * @returns The limit, which holds from now on.
   */
  tell(): number {
    this.isDue = false;
    const limit = this.#consumed + this.#window;
    if (limit > this.#told) this.#told = limit;
    return this.#told;
  }

  /**
   * Writes the account down, of which nothing is due.
   *
   * @param cells Grows by three numbers.
   */
  save(cells: number[]): void {
    cells.push(this.#received, this.#consumed, this.#told);
  }

  /**
   * Takes over an account that was written down.
   *
   * @param cells The numbers.
   * @param at The place of the first one.
   * @returns The place after the last one.
   */
  load(cells: readonly number[], at: number): number {
    this.isDue = false;
    this.#received = cells[at]!;
    this.#consumed = cells[at + 1]!;
    this.#told = cells[at + 2]!;
    return at + 3;
  }
}
