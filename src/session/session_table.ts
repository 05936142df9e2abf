/**
 * The sessions of an endpoint by slot.
 *
 * Invariants: at most `maxSessions` sessions; a slot is given again only after its session was released; a handle finds
 * its session or nothing, never the one that has the slot now.
 *
 * @module
 */
import { MAX_SLOTS, Session } from "./session.ts";
import { SessionMachine } from "./session_machine.ts";
import type { SessionContext } from "./session_context.ts";
import { openIds } from "./session_start.ts";
import type { SessionRole } from "./session_state.ts";

/** Slots with sessions. */
export class SessionTable {
  readonly #context: SessionContext;
  readonly #sessions: (Session | undefined)[] = [];
  readonly #machines: (SessionMachine | undefined)[] = [];
  readonly #free: number[] = [];
  #serial = 0;
  #size = 0;

  /**
   * Makes a table without sessions.
   *
   * @param context What the sessions share.
   */
  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** How many sessions there are. */
  get size(): number {
    return this.#size;
  }

  /** Whether there is no room for another one. */
  get isFull(): boolean {
    return this.#size >= this.#context.config.maxSessions;
  }

  /** One more than the highest slot that was ever in use. */
  get slots(): number {
    return this.#sessions.length;
  }

  /**
   * Makes a session with an id of its own.
   *
   * @param role Which end it is.
   * @returns The session, or `undefined` when there is no room.
   */
  open(role: SessionRole): Session | undefined {
    if (this.isFull) return undefined;
    const slot = this.#free.pop() ?? this.#sessions.length;
    const session = new Session(this.#context, role, slot, ++this.#serial);
    this.#sessions[slot] = session;
    this.#machines[slot] = new SessionMachine(session);
    this.#size++;
    openIds(session);
    return session;
  }

  /**
   * The session in a slot.
   *
   * @param slot The slot.
   * @returns The session, or `undefined`.
   */
  at(slot: number): Session | undefined {
    return this.#sessions[slot];
  }

  /**
   * The machine of the session in a slot.
   *
   * @param slot The slot.
   * @returns The machine, or `undefined`.
   */
  machineAt(slot: number): SessionMachine | undefined {
    return this.#machines[slot];
  }

  /**
   * The session with a handle.
   *
   * @param handle What `Session.handle` was.
   * @returns The session, or `undefined` when it is gone.
   */
  live(handle: number): Session | undefined {
    const session = this.#sessions[handle % MAX_SLOTS];
    return session !== undefined && session.handle === handle ? session : undefined;
  }

  /**
   * Gives back the slot of a session that is over, and all that it had.
   *
   * @param session The session.
   */
  release(session: Session): void {
    const { slot } = session;
    this.#machines[slot]!.finish();
    session.release();
    this.#context.counters.retire(slot);
    this.#context.channels.counters.retire(slot);
    this.#sessions[slot] = this.#machines[slot] = undefined;
    this.#free.push(slot);
    this.#size--;
  }
}
