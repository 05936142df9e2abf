/**
 * What is to be passed on: the state and the interest of members, each sent a number of times that grows with the
 * logarithm of the mesh's size (SWIM 4.1).
 *
 * A member has at most one entry of each kind, and what is written is what is thought of it then: newer news takes the
 * place of older. What was sent least goes first. Invariant: at most two entries for a member.
 *
 * @module
 */
import type { ByteWriter } from "../../bytes/byte_writer.ts";
import type { Member } from "./member.ts";
import { writeInterest, writeNews } from "./statement_writer.ts";

const MIN_ROOM_BYTES = 45;

/** News, least sent first. */
export class NewsQueue {
  readonly #states: Member[] = [];
  readonly #interests: Member[] = [];
  readonly #retransmitMult: number;
  #limit: number;

  /**
   * Makes an empty queue.
   *
   * @param retransmitMult How often each piece is sent in a mesh of ten.
   */
  constructor(retransmitMult: number) {
    this.#retransmitMult = retransmitMult;
    this.#limit = retransmitMult;
  }

  /** How many pieces there are. */
  get size(): number {
    return this.#states.length + this.#interests.length;
  }

  /**
   * Sets how often each piece is sent.
   *
   * @param memberCount How many nodes there are.
   */
  scaleTo(memberCount: number): void {
    this.#limit = this.#retransmitMult * Math.max(1, Math.ceil(Math.log10(memberCount + 1)));
  }

  /**
   * Spreads the state of a member, from the beginning.
   *
   * @param member The member.
   */
  pushState(member: Member): void {
    if (member.newsSends < 0) this.#states.push(member);
    member.newsSends = 0;
  }

  /**
   * Spreads the interest of a member, from the beginning.
   *
   * @param member The member.
   */
  pushInterest(member: Member): void {
    if (member.interestSends < 0) this.#interests.push(member);
    member.interestSends = 0;
  }

  /**
   * Spreads nothing of a member any more.
   *
   * @param member The member.
   */
  remove(member: Member): void {
    if (member.newsSends >= 0) this.#states.splice(this.#states.indexOf(member), 1);
    if (member.interestSends >= 0) this.#interests.splice(this.#interests.indexOf(member), 1);
    member.newsSends = -1;
    member.interestSends = -1;
  }

  /**
   * Fills the rest of a datagram.
   *
   * @param writer Where to.
   */
  fill(writer: ByteWriter): void {
    if (this.#states.length > 0) {
      this.#states.sort((a, b) => a.newsSends - b.newsSends);
      for (const member of this.#states) {
        if (writer.remaining < MIN_ROOM_BYTES) break;
        if (writeNews(writer, member)) member.newsSends++;
      }
      sweep(this.#states, (member) => {
        if (member.newsSends < this.#limit) return true;
        member.newsSends = -1;
        return false;
      });
    }
    if (this.#interests.length === 0) return;
    this.#interests.sort((a, b) => a.interestSends - b.interestSends);
    for (const member of this.#interests) {
      if (writer.remaining < MIN_ROOM_BYTES) break;
      if (writeInterest(writer, member)) member.interestSends++;
    }
    sweep(this.#interests, (member) => {
      if (member.interestSends < this.#limit) return true;
      member.interestSends = -1;
      return false;
    });
  }
}

/** Keeps what is to stay, in place. */
function sweep(members: Member[], stays: (member: Member) => boolean): void {
  let kept = 0;
  for (const member of members) if (stays(member)) members[kept++] = member;
  members.length = kept;
}
