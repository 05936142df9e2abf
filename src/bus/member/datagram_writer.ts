/**
 * Turns what is to be said into a sealed datagram.
 *
 * Invariant: every datagram of this boot has a counter of its own, under whichever mesh key; none is longer than its
 * limit. A request of one that the receiver may not know is padded, so that a challenge is not longer.
 *
 * @module
 */
import { ByteWriter } from "../../bytes/byte_writer.ts";
import { AEAD_TAG_BYTES } from "../../crypto/aead.ts";
import { NonceSequence } from "../../crypto/nonce_sequence.ts";
import {
  COUNTER_AT,
  GOSSIP_VERSION,
  HEADER_BYTES,
  MAX_COUNTER,
  MessageKind,
  MIN_REQUEST_BYTES,
  PAGE_LAST,
  RECEIVER_AT,
  RECEIVER_BYTES,
  SENDER_AT,
} from "./gossip_wire.ts";
import type { GossipTransmit } from "./gossip_transmit.ts";
import type { KeyRing } from "./key_ring.ts";
import type { MemberContext } from "./member_context.ts";
import { MemberCounter } from "./member_counters.ts";
import { writeAddress } from "./member_record.ts";
import type { Waiting } from "./outbox.ts";
import { writeAll, writeInterest, writeRecord } from "./statement_writer.ts";

/** Writes datagrams. */
export class DatagramWriter {
  readonly #context: MemberContext;
  readonly #ring: KeyRing;
  readonly #counter = new NonceSequence(0, MAX_COUNTER);
  readonly #writer = new ByteWriter(new Uint8Array(0));
  /** Whether the page that was written last was the last one. */
  #isLastPage = true;
  #nextPage = 0;
  #buffer: Uint8Array = new Uint8Array(0);

  /**
   * Makes a writer.
   *
   * @param context The shared parts.
   * @param ring The keys.
   */
  constructor(context: MemberContext, ring: KeyRing) {
    this.#context = context;
    this.#ring = ring;
  }

  /**
   * Writes a datagram.
   *
   * @param waiting What is to be said.
   * @param target Where.
   * @returns Its length; 0 when no counter is left.
   * @throws {RangeError} When the target has no room.
   */
  write(waiting: Waiting, target: GossipTransmit): number {
    const { out, to } = waiting;
    const { config, counters, self } = this.#context;
    const { buffer, offset: start } = target;
    if (buffer.length - start < config.maxDatagramBytes) {
      throw new RangeError(`Cannot write a datagram: the target needs room for ${config.maxDatagramBytes} bytes`);
    }
    const counter = this.#counter.take();
    if (counter < 0) return 0;
    const { own, id } = this.#ring.keys[0]!;
    buffer[start] = GOSSIP_VERSION;
    buffer[start + 1] = id;
    buffer.set(self.member.bootId, start + SENDER_AT);
    if (out.bootId === undefined) buffer.fill(0, start + RECEIVER_AT, start + COUNTER_AT);
    else for (let i = 0; i < RECEIVER_BYTES; i++) buffer[start + RECEIVER_AT + i] = out.bootId[i]!;
    for (let i = 0, rest = counter; i < 6; i++, rest = Math.floor(rest / 256)) {
      buffer[start + COUNTER_AT + 5 - i] = rest;
    }
    const body = start + HEADER_BYTES;
    const limit = Math.min(out.maxBytes ?? config.maxDatagramBytes, config.maxDatagramBytes);
    this.#buffer = buffer;
    this.#writer.reset(buffer, body, start + limit - AEAD_TAG_BYTES);
    this.#writeBody(waiting);
    const end = this.#pad(waiting, buffer, start);
    own.seal(buffer, start, body, end, counter);
    target.isAnnouncement = out.to === undefined;
    target.address.copyFrom(to);
    const length = end + AEAD_TAG_BYTES - start;
    counters.add(0, MemberCounter.DatagramsOut, 1);
    counters.add(0, MemberCounter.BytesOut, length);
    return length;
  }

  /**
   * Moves a page on to the next one of its burst.
   *
   * @param waiting What was written last.
   * @returns Whether there is another datagram in it.
   */
  advance(waiting: Waiting): boolean {
    if (waiting.out.kind !== MessageKind.Page || this.#isLastPage || waiting.c <= 1) return false;
    waiting.b = this.#nextPage;
    waiting.c--;
    return true;
  }

  #writeBody(waiting: Waiting): void {
    const { out } = waiting;
    const writer = this.#writer;
    const { self, news } = this.#context;
    if (out.cookie !== undefined && out.kind !== MessageKind.Challenge) {
      writer.writeUint8(MessageKind.Cookie);
      writer.writeBytes(out.cookie);
    }
    writer.writeUint8(out.kind);
    if (out.kind === MessageKind.Page) return this.#writePage(waiting);
    this.#writeFields(waiting);
    if (out.kind === MessageKind.Hello || out.kind === MessageKind.Challenge) return;
    if (out.about !== undefined) writeAll(writer, out.about);
    if (out.withSelf) {
      writeRecord(writer, self.member);
      writeInterest(writer, self.member);
    }
    if (out.kind !== MessageKind.InterestPart) news.fill(writer);
  }

  #writeFields({ out, to, b }: Waiting): void {
    const writer = this.#writer;
    const { a = 0, c = 0, d = 0, bytes } = out;
    switch (out.kind) {
      case MessageKind.Hello:
        writer.writeBytes(bytes!);
        return writer.writeUint8(a);
      case MessageKind.Challenge:
        writer.writeBytes(bytes!);
        writer.writeBytes(out.cookie!);
        return writeAddress(writer, to);
      case MessageKind.Pull:
        for (const number of [a, b, c]) writer.writeUint32(number);
        writer.writeUint8(d);
        return writeAddress(writer, to);
      case MessageKind.PingRequest:
        writer.writeUint32(a);
        return writer.writeBytes(bytes!);
      case MessageKind.InterestPull:
        writer.writeBytes(bytes!);
        writer.writeUint32(b);
        return writer.writeUint16(c);
      case MessageKind.InterestPart:
        writer.writeBytes(out.bytes!);
        return;
      case MessageKind.Gossip:
        return;
      default:
        return writer.writeUint32(a);
    }
  }

  /** Everything from a cursor on, as far as it goes. The own record stands before the first. */
  #writePage(waiting: Waiting): void {
    const writer = this.#writer;
    const { table, self } = this.#context;
    writer.writeUint32(waiting.out.a ?? 0);
    writer.writeUint32(waiting.b);
    const at = writer.offset;
    writer.skip(6);
    if (waiting.out.about !== undefined) writeAll(writer, waiting.out.about);
    let slot = waiting.b;
    if (slot === 0 && self.isAddressed) {
      writeRecord(writer, self.member);
      writeInterest(writer, self.member);
    }
    const isInSync = waiting.out.d === 1;
    if (isInSync) slot = table.slotCount;
    while (slot < table.slotCount) {
      const member = table.at(slot);
      if (member !== undefined && !writeAll(writer, member)) break;
      slot++;
    }
    this.#isLastPage = slot >= table.slotCount;
    this.#nextPage = slot;
    const buffer = this.#buffer;
    for (let i = 0; i < 4; i++) buffer[at + i] = slot >>> (24 - 8 * i);
    buffer[at + 4] = this.#isLastPage ? PAGE_LAST : 0;
    buffer[at + 5] = Math.max(0, waiting.c - 1);
  }

  #pad(waiting: Waiting, buffer: Uint8Array, start: number): number {
    let end = this.#writer.offset;
    const { kind } = waiting.out;
    const isRequest = kind === MessageKind.Hello || kind === MessageKind.Challenge || kind === MessageKind.Ping ||
      kind === MessageKind.Pull ||
      kind === MessageKind.InterestPull || kind === MessageKind.Gossip || kind === MessageKind.PingRequest;
    const least = isRequest ? start + MIN_REQUEST_BYTES - AEAD_TAG_BYTES : end;
    if (end < least) buffer.fill(0, end, least);
    end = Math.max(end, least);
    return end;
  }
}
