/**
 * The members by node id, boot id and slot: those that are present, and those that are lost and remembered so that old
 * news cannot bring them back.
 *
 * Invariant: at most `maxMembers` in all; a node id has one row. A new member takes the place of the one that was lost
 * longest ago; where all are present it is refused.
 *
 * @module
 */
import { MemberState } from "./bus_member.ts";
import type { Member } from "./member.ts";
import { idKey, sameBytes } from "./node_identity.ts";

/** All members but this node. */
export class MemberTable {
  /** Alive and suspected members, in no order. */
  readonly present: Member[] = [];
  /** Members that failed or left, in no order. */
  readonly lost: Member[] = [];
  readonly #maxMembers: number;
  readonly #slots: (Member | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #byNode = new Map<number, Member>();
  readonly #byBoot = new Map<number, Member>();

  /**
   * Makes an empty table.
   *
   * @param maxMembers How many it holds.
   */
  constructor(maxMembers: number) {
    this.#maxMembers = maxMembers;
  }

  /** One more than the highest slot that was ever in use. */
  get slotCount(): number {
    return this.#slots.length;
  }

  /**
   * The member of a slot.
   *
   * @param slot The slot.
   * @returns The member, if there is one.
   */
  at(slot: number): Member | undefined {
    return this.#slots[slot];
  }

  /**
   * The row of a node.
   *
   * @param bytes The memory.
   * @param at Where the node's id starts.
   * @returns The row, if there is one.
   */
  find(bytes: Uint8Array, at: number): Member | undefined {
    const member = this.#byNode.get(idKey(bytes, at));
    return member !== undefined && sameBytes(member.nodeBytes, 0, bytes, at, 16) ? member : undefined;
  }

  /**
   * The row of a boot.
   *
   * @param bytes The memory.
   * @param at Where the boot's id starts.
   * @returns The row, if there is one.
   */
  findBoot(bytes: Uint8Array, at: number): Member | undefined {
    const member = this.#byBoot.get(idKey(bytes, at));
    return member !== undefined && sameBytes(member.bootId, 0, bytes, at, 16) ? member : undefined;
  }

  /**
   * Whether a new member finds room, if need be in place of `oldestLost`.
   *
   * @param nodeBytes Its node id.
   * @returns Whether it does.
   */
  hasRoomFor(nodeBytes: Uint8Array): boolean {
    if (this.#byNode.has(idKey(nodeBytes, 0))) return false;
    return this.present.length + this.lost.length < this.#maxMembers || this.lost.length > 0;
  }

  /** The member that has to go before another one comes; `undefined` while there is room. */
  oldestLost(): Member | undefined {
    if (this.present.length + this.lost.length < this.#maxMembers) return undefined;
    return this.lost.reduce<Member | undefined>(
      (old, m) => old === undefined || m.diedAt < old.diedAt ? m : old,
      undefined,
    );
  }

  /**
   * Adds a member, by its state present or lost.
   *
   * @param member A member for whom there is room.
   */
  add(member: Member): void {
    member.slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[member.slot] = member;
    this.#byNode.set(idKey(member.nodeBytes, 0), member);
    if (member.bootBytesKnown === 16) this.#byBoot.set(idKey(member.bootId, 0), member);
    this.#list(member);
  }

  /**
   * Changes the state of a member and the list that it is in.
   *
   * @param member The member.
   * @param state Its new state.
   */
  move(member: Member, state: MemberState): void {
    this.#unlist(member);
    member.state = state;
    this.#list(member);
  }

  /**
   * Takes a member out.
   *
   * @param member The member.
   */
  remove(member: Member): void {
    this.#unlist(member);
    this.#slots[member.slot] = undefined;
    this.#free.push(member.slot);
    this.#byNode.delete(idKey(member.nodeBytes, 0));
    if (this.findBoot(member.bootId, 0) === member) this.#byBoot.delete(idKey(member.bootId, 0));
  }

  #list(member: Member): void {
    const list = member.state <= MemberState.Suspect ? this.present : this.lost;
    member.listIndex = list.push(member) - 1;
  }

  #unlist(member: Member): void {
    const list = member.state <= MemberState.Suspect ? this.present : this.lost;
    const last = list.pop()!;
    if (last === member) return;
    list[member.listIndex] = last;
    last.listIndex = member.listIndex;
  }
}
