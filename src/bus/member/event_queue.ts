/**
 * The notifications that wait to be polled, in their order.
 *
 * Bounded by what one input can cause: the machine takes no datagram before they are polled, and one datagram holds some
 * thirty statements.
 *
 * @module
 */
import type { Member } from "./member.ts";
import type { MemberEvent } from "./member_event.ts";

/** Notifications in order. */
export class EventQueue {
  /** The member of the event that was shifted last. */
  member: Member | undefined = undefined;
  readonly #events: MemberEvent[] = [];
  readonly #members: Member[] = [];

  /**
   * Adds a notification.
   *
   * @param event What happened.
   * @param member To whom.
   */
  push(event: MemberEvent, member: Member): void {
    this.#events.push(event);
    this.#members.push(member);
  }

  /** Takes the oldest, or `undefined`. */
  shift(): MemberEvent | undefined {
    if (this.#events.length === 0) return undefined;
    this.member = this.#members.shift();
    return this.#events.shift();
  }
}
