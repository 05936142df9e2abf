/**
 * Opens gossip datagrams in place: key, freshness, and for whom they are.
 *
 * Invariant: what did not open, is not fresh or is for another boot changes nothing; keys are derived for unknown boots
 * at a bounded rate only.
 *
 * @module
 */
import { AEAD_TAG_BYTES, type PacketKey } from "../../crypto/aead.ts";
import { COUNTER_AT, GOSSIP_VERSION, HEADER_BYTES, KEY_ID_AT, MIN_DATAGRAM_BYTES, RECEIVER_AT } from "./gossip_wire.ts";
import { RECEIVER_BYTES, SENDER_AT } from "./gossip_wire.ts";
import type { KeyRing, MeshKey } from "./key_ring.ts";
import type { MemberContext } from "./member_context.ts";
import { MemberCounter } from "./member_counters.ts";
import { sameBytes } from "./node_identity.ts";
import type { Sender } from "./sender_table.ts";
import { StrangerRate } from "./stranger_rate.ts";

/** Opens datagrams. */
export class DatagramOpener {
  /** The row of the sender; none for a stranger. */
  sender: Sender | undefined = undefined;
  /** Whether this boot sent it. */
  isOwn = false;
  /** Whether it is sealed for this boot and nobody else. */
  isBound = false;
  readonly #context: MemberContext;
  readonly #ring: KeyRing;
  readonly #strangers: StrangerRate;
  #key: PacketKey | undefined = undefined;
  #meshKey: MeshKey | undefined = undefined;
  #counter = 0;

  /**
   * Makes an opener.
   *
   * @param context The shared parts.
   * @param ring The keys.
   */
  constructor(context: MemberContext, ring: KeyRing) {
    this.#context = context;
    this.#ring = ring;
    this.#strangers = new StrangerRate(context.time, context.config.strangersPerSecond);
  }

  /**
   * Opens a datagram.
   *
   * @param buffer The memory.
   * @param start Where it starts.
   * @param end Where it ends.
   * @returns Whether its body, from `start + HEADER_BYTES` to `end - AEAD_TAG_BYTES`, may be read.
   */
  open(buffer: Uint8Array, start: number, end: number): boolean {
    const { senders, table, self, time } = this.#context;
    if (end - start < MIN_DATAGRAM_BYTES || buffer[start] !== GOSSIP_VERSION) {
      return this.#refuse(MemberCounter.Foreign);
    }
    const own = self.member.bootId;
    this.isBound = !isZero(buffer, start + RECEIVER_AT);
    if (this.isBound && !sameBytes(buffer, start + RECEIVER_AT, own, 0, RECEIVER_BYTES)) {
      return this.#refuse(MemberCounter.NotForUs);
    }
    const boot = start + SENDER_AT;
    this.isOwn = sameBytes(buffer, boot, own, 0, 16);
    this.sender = this.isOwn ? undefined : senders.find(buffer, boot);
    this.#counter = 0;
    for (let i = 0; i < 6; i++) this.#counter = this.#counter * 256 + buffer[start + COUNTER_AT + i]!;
    if (this.sender !== undefined && !this.sender.window.isFresh(this.#counter)) {
      return this.#refuse(MemberCounter.Replayed);
    }
    if (!this.#openUnder(buffer, start, end)) return false;
    if (this.sender === undefined && !this.isOwn && this.isBound) {
      const member = table.findBoot(buffer, boot);
      if (member !== undefined) {
        senders.remove(member);
        member.heardAt = time.now;
        this.admit(senders.add(buffer, boot, member, time.now));
        return true;
      }
    }
    this.sender?.window.accept(this.#counter);
    if (this.sender?.member !== undefined) this.sender.member.heardAt = time.now;
    this.#context.counters.add(0, MemberCounter.DatagramsIn, 1);
    return true;
  }

  /**
   * Gives the sender of the open datagram its row, with its key and its first number.
   *
   * @param sender The new row, or none where there was no room.
   */
  admit(sender: Sender | undefined): void {
    this.sender = sender;
    if (sender === undefined) return;
    sender.key = this.#key;
    sender.meshKey = this.#meshKey;
    sender.window.accept(this.#counter);
    this.#key = undefined;
  }

  #openUnder(buffer: Uint8Array, start: number, end: number): boolean {
    const body = start + HEADER_BYTES;
    const id = buffer[start + KEY_ID_AT];
    const { sender } = this;
    const ring = this.#ring;
    ring.prune();
    if (sender?.key !== undefined && sender.meshKey!.id === id && ring.keys.includes(sender.meshKey!)) {
      if (sender.key.open(buffer, start, body, end, this.#counter)) return true;
    }
    if (this.isOwn) {
      const opened = ring.keys.some((key) => key.id === id && key.own.open(buffer, start, body, end, this.#counter));
      return opened || this.#refuse(MemberCounter.Unsealed);
    }
    for (const meshKey of ring.keys) {
      if (meshKey.id !== id || (sender?.meshKey === meshKey && sender.key !== undefined)) continue;
      if (!this.#strangers.take()) return this.#refuse(MemberCounter.StrangersLimited);
      const key = ring.packetKey(meshKey.secret, buffer.subarray(start + SENDER_AT, start + SENDER_AT + 16));
      if (!key.open(buffer, start, body, end, this.#counter)) {
        key.destroy();
        continue;
      }
      this.#key?.destroy();
      this.#key = key;
      this.#meshKey = meshKey;
      if (sender !== undefined) {
        sender.key?.destroy();
        sender.key = key;
        sender.meshKey = meshKey;
        this.#key = undefined;
      }
      return true;
    }
    return this.#refuse(MemberCounter.Unsealed);
  }

  #refuse(counter: number): false {
    this.#context.counters.add(0, counter, 1);
    return false;
  }
}

/**
 * Where the body of a datagram ends.
 *
 * @param end Where the datagram ends.
 * @returns The end of what was sealed.
 */
export function bodyEnd(end: number): number {
  return end - AEAD_TAG_BYTES;
}

function isZero(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < RECEIVER_BYTES; i++) if (bytes[at + i] !== 0) return false;
  return true;
}
