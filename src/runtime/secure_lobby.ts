/**
 * Clients that came back with a ticket while the application is asked whether it still wants them.
 *
 * Invariants: what such a client says is copied, kept within bounds, and given out in order when it is let in, or never;
 * nobody outside of the socket sees the client before.
 *
 * @module
 */

/** How many unreliable messages of one client are kept: as many as a first flight may have. */
const MAX_MESSAGES = 32;

/** A message that waits. */
export interface HeldMessage {
  /** By which channel it came. */
  readonly channel: number;
  /** The message; a copy. */
  readonly data: Uint8Array;
  /** Whether it came ahead of the handshake. */
  readonly isEarly: boolean;
  /** What to give back to the session when the application has it; 0 of unreliable ones. */
  readonly credit: number;
}

/** Who waits to be let in, and what they said. */
export class SecureLobby {
  readonly #maxBytes: number;
  readonly #guests = new Map<number, HeldMessage[]>();
  #bytes = 0;

  /**
   * Makes a lobby with nobody in it.
   *
   * @param maxBytes How many bytes of messages are kept, of all clients together.
   */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How many clients wait. */
  get count(): number {
    return this.#guests.size;
  }

  /**
   * Lets a client wait.
   *
   * @param id Its session.
   */
  enter(id: number): void {
    this.#guests.set(id, []);
  }

  /**
   * Whether a client waits.
   *
   * @param id Its session.
   */
  has(id: number): boolean {
    return this.#guests.has(id);
  }

  /**
   * Keeps a message of a client that waits.
   *
   * @param id Its session.
   * @param channel By which channel it came.
   * @param bytes The message; copied.
   * @param isEarly Whether it came ahead of the handshake.
   * @param credit What the client gets back for it; one that has credit is always kept: the client's window bounds it.
   * @returns Whether the client waits and there was room.
   */
  keep(id: number, channel: number, bytes: Uint8Array, isEarly: boolean, credit = 0): boolean {
    const messages = this.#guests.get(id);
    if (messages === undefined) return false;
    const isFull = messages.length >= MAX_MESSAGES || this.#bytes + bytes.length > this.#maxBytes;
    if (isFull && credit === 0) return false;
    messages.push({ channel, data: bytes.slice(), isEarly, credit });
    this.#bytes += bytes.length;
    return true;
  }

  /**
   * Ends the waiting of a client.
   *
   * @param id Its session.
   * @returns What it said meanwhile; nothing when it did not wait.
   */
  leave(id: number): readonly HeldMessage[] {
    const messages = this.#guests.get(id) ?? [];
    this.#guests.delete(id);
    for (const { data } of messages) this.#bytes -= data.length;
    return messages;
  }
}
