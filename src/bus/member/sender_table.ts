/**
 * The boots whose datagrams are listened to: members that were heard, and a few that have echoed a cookie and are about
 * to be members.
 *
 * Invariant: a boot that has no row here and is no member is a stranger, and nothing that it says counts; so a window
 * that was forgotten lets nothing old in.
 *
 * @module
 */
import type { PacketKey } from "../../crypto/aead.ts";
import { ReplayWindow } from "../../crypto/replay_window.ts";
import { DatagramAddress } from "../../wire/datagram_address.ts";
import type { MeshKey } from "./key_ring.ts";
import type { Member } from "./member.ts";
import { idKey, sameBytes } from "./node_identity.ts";

const MAX_CONTACTS = 256;
const CONTACT_MS = 10_000;

/** What is kept of one boot that was heard. */
export interface Sender {
  readonly bootId: Uint8Array;
  readonly window: ReplayWindow;
  meshKey: MeshKey | undefined;
  key: PacketKey | undefined;
  /** Its member; none while it is a contact. */
  member: Member | undefined;
  /** The address that it was shown to receive at. */
  readonly proven: DatagramAddress;
  isProven: boolean;
  /** Until when it is kept without a member. */
  contactUntil: number;
}

/** All senders by boot id. */
export class SenderTable {
  readonly #senders = new Map<number, Sender>();
  readonly #contacts: Sender[] = [];

  /** How many boots are listened to. */
  get size(): number {
    return this.#senders.size;
  }

  /**
   * The row of a boot.
   *
   * @param bytes The memory.
   * @param at Where its id starts.
   * @returns The row, if there is one.
   */
  find(bytes: Uint8Array, at: number): Sender | undefined {
    const sender = this.#senders.get(idKey(bytes, at));
    return sender !== undefined && sameBytes(sender.bootId, 0, bytes, at, 16) ? sender : undefined;
  }

  /**
   * Makes the row of a boot.
   *
   * @param bytes The memory; its id is copied.
   * @param at Where the id starts.
   * @param member Its member; without one it is a contact for a short time.
   * @param now The machine's time.
   * @returns The row; `undefined` where there is no room for a contact.
   */
  add(bytes: Uint8Array, at: number, member: Member | undefined, now: number): Sender | undefined {
    const key = idKey(bytes, at);
    if (this.#senders.has(key)) return undefined;
    if (member === undefined) {
      this.expire(now);
      if (this.#contacts.length >= MAX_CONTACTS) return undefined;
    }
    const sender: Sender = {
      bootId: bytes.slice(at, at + 16),
      window: new ReplayWindow(),
      meshKey: undefined,
      key: undefined,
      member,
      proven: new DatagramAddress(),
      isProven: false,
      contactUntil: now + CONTACT_MS,
    };
    this.#senders.set(key, sender);
    if (member === undefined) this.#contacts.push(sender);
    return sender;
  }

  /**
   * Ties a row to the member that its boot has become.
   *
   * @param member The member.
   */
  adopt(member: Member): void {
    const sender = this.find(member.bootId, 0);
    if (sender === undefined) return;
    sender.member = member;
    const at = this.#contacts.indexOf(sender);
    if (at >= 0) this.#contacts.splice(at, 1);
  }

  /**
   * Forgets the boot of a member.
   *
   * @param member The member.
   */
  remove(member: Member): void {
    const sender = this.find(member.bootId, 0);
    if (sender?.member === member) this.#delete(sender);
  }

  /**
   * Forgets contacts that did not become members.
   *
   * @param now The machine's time.
   */
  expire(now: number): void {
    while (this.#contacts.length > 0 && this.#contacts[0]!.contactUntil <= now) this.#delete(this.#contacts.shift()!);
  }

  #delete(sender: Sender): void {
    sender.key?.destroy();
    this.#senders.delete(idKey(sender.bootId, 0));
  }
}
