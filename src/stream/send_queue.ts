/**
 * What one stream is going to send: frames packed into blocks, large payloads by reference, lent out for writing.
 *
 * Everything that was queued since the last write lies in one block and goes out in one write. A block that is lent is
 * sealed: later frames go into the next one. Invariants: a sealed segment holds whole frames, or ends with the header
 * of the borrowed payload that is the next segment; `queuedBytes` counts headers and never passes the bound, except
 * that one frame of any legal size, or what a ring gives at a time, fits an empty queue.
 *
 * @module
 */
import type { BlockPool } from "../bytes/block_pool.ts";
import { MisuseError } from "../error/transport_error.ts";
import type { TransmitSpan } from "../machine/transmit_span.ts";
import type { Framing } from "./framing.ts";
import { Segment, SegmentKind } from "./send_segment.ts";

const NOTHING = new Uint8Array(0);

/** A bounded queue of frames in the memory that they are written from. */
export class SendQueue {
  readonly #framing: Framing;
  readonly #headerBytes: number;
  readonly #pool: BlockPool;
  readonly #maxBytes: number;
  readonly #segments: Segment[] = [];
  readonly #spare: Segment[] = [];
  // The open block: frames are appended at #at while they end at or before #limit.
  #block: Uint8Array = NOTHING;
  #at = 0;
  #limit = 0;
  #messages = 0;
  #class = 0;
  #lent = 0;
  // Positions in the stream of all bytes ever accepted; the open block is not in #sealed yet.
  #sealed = 0;
  #passed = 0;
  // Bytes dropped behind a head that is still being written: they pass when it has, or it would seem to have passed.
  #dropped = 0;
  #sentMessages = 0;

  /**
   * @param framing Writes the headers.
   * @param pool The endpoint's send blocks.
   * @param maxBytes The bound on queued bytes, headers included.
   */
  constructor(framing: Framing, pool: BlockPool, maxBytes: number) {
    this.#framing = framing;
    this.#headerBytes = framing.headerBytes;
    this.#pool = pool;
    this.#maxBytes = maxBytes;
  }

  /** How many bytes are queued, headers included, the lent ones too. */
  get queuedBytes(): number {
    return this.#sealed + this.#at - this.#passed - this.#dropped;
  }

  /** The position behind the last byte that was accepted: bytes ever accepted, headers included. */
  get acceptedBytes(): number {
    return this.#sealed + this.#at;
  }

  /** The position behind the last byte that was written or dropped. */
  get passedBytes(): number {
    return this.#passed;
  }

  /** How many bytes cannot be dropped, because they are being written. */
  get pinnedBytes(): number {
    const head = this.#segments[0];
    return head !== undefined && (this.#lent !== 0 || head.started) ? head.end - head.start : 0;
  }

  /** How many messages were written whole since this was last asked. */
  takeSentMessages(): number {
    const count = this.#sentMessages;
    this.#sentMessages = 0;
    return count;
  }

  /**
   * Copies a payload in, behind its header.
   *
   * @param payload The bytes; the caller's again at once.
   * @returns Whether there was room.
   */
  append(payload: Uint8Array): boolean {
    const at = this.#at;
    const body = at + this.#headerBytes;
    const end = body + payload.length;
    if (end > this.#limit) return this.#appendSlow(payload);
    const block = this.#block;
    this.#framing.encodeHeader(block, at, payload.length);
    block.set(payload, body);
    this.#at = end;
    this.#messages++;
    return true;
  }

  /**
   * Reserves a frame that the caller fills: for payloads that are made of parts.
   *
   * @param length The payload's length.
   * @returns Where the payload starts in `reserved`, or -1 when there is no room.
   */
  reserve(length: number): number {
    const size = this.#headerBytes + length;
    if (this.#at + size > this.#limit && !this.#makeRoom(size)) return -1;
    const at = this.#at;
    this.#framing.encodeHeader(this.#block, at, length);
    this.#at = at + size;
    this.#messages++;
    return at + this.#headerBytes;
  }

  /** The memory that the last `reserve` gave a place in. */
  get reserved(): Uint8Array {
    return this.#block;
  }

  /**
   * Queues frames that are encoded already, as they stand in a ring.
   *
   * @param from Holds them.
   * @param offset Where they start.
   * @param length How many bytes; whole frames only.
   * @param messages How many frames.
   * @returns Whether there was room for all of them; if not, none was taken.
   */
  appendFrames(from: Uint8Array, offset: number, length: number, messages: number): boolean {
    if (this.#at + length > this.#limit && !this.#makeRoom(length)) return false;
    this.#block.set(from.subarray(offset, offset + length), this.#at);
    this.#at += length;
    this.#messages += messages;
    return true;
  }

  /**
   * Queues a payload by reference, behind a header of its own.
   *
   * @param payload Borrowed: it must not change until `passedBytes` has reached the returned position.
   * @returns The position behind the frame, or -1 when there was no room.
   */
  appendReference(payload: Uint8Array): number {
    if (this.#exceeds(this.#headerBytes + payload.length)) return -1;
    if (this.#at + this.#headerBytes > this.#block.length) this.#openBlock(this.#headerBytes);
    this.#framing.encodeHeader(this.#block, this.#at, payload.length);
    this.#at += this.#headerBytes;
    this.#seal(false);
    this.#push(payload, payload.length, SegmentKind.Borrowed, 1);
    return this.#sealed;
  }

  /**
   * Queues encoded frames by reference.
   *
   * @param frames Whole frames, borrowed: they must not change until `passedBytes` has reached the returned position.
   * @param messages How many frames.
   * @returns The position behind them, or -1 when there was no room.
   */
  appendBorrowedFrames(frames: Uint8Array, messages: number): number {
    if (this.#exceeds(frames.length)) return -1;
    if (frames.length === 0) return this.acceptedBytes;
    if (this.#at > 0) this.#seal(false);
    this.#push(frames, frames.length, SegmentKind.BorrowedFrames, messages);
    return this.#sealed;
  }

  /**
   * Queues one frame that is encoded already and whose memory is given away.
   *
   * @param frame Header and payload; the caller must not touch it any more once it is queued.
   * @returns Whether there was room.
   */
  appendOwned(frame: Uint8Array): boolean {
    if (this.#exceeds(frame.length)) return false;
    if (this.#at > 0) this.#seal(false);
    this.#push(frame, frame.length, SegmentKind.Owned, 1);
    return true;
  }

  /**
   * Lends the oldest bytes.
   *
   * @param span Filled in.
   * @returns How many bytes are lent; 0 when there are none or some are lent already.
   */
  lend(span: TransmitSpan): number {
    if (this.#lent !== 0) return 0;
    if (this.#segments.length === 0) {
      if (this.#at === 0) return 0;
      this.#seal(false);
    }
    const head = this.#segments[0]!;
    span.buffer = head.bytes;
    span.offset = head.start;
    span.length = this.#lent = head.end - head.start;
    return this.#lent;
  }

  /** Whether bytes are lent and not confirmed yet. */
  get lending(): boolean {
    return this.#lent !== 0;
  }

  /**
   * Takes back what was lent.
   *
   * @param count How many of the lent bytes were written, from the start.
   * @throws {MisuseError} When nothing is lent.
   * @throws {RangeError} When more were written than were lent.
   */
  confirm(count: number): void {
    if (this.#lent === 0) throw new MisuseError("Cannot confirm a transmit: nothing is lent");
    if (!(count >= 0 && count <= this.#lent)) throw new RangeError(`Cannot confirm ${count} of ${this.#lent} bytes`);
    const head = this.#segments[0]!;
    this.#lent = 0;
    head.start += count;
    this.#passed += count;
    if (head.start === head.end) this.#sentMessages += this.#recycle();
  }

  /**
   * Drops the oldest message that is not being written. Only for queues without `appendReference`.
   *
   * @returns Whether there was one.
   */
  dropOldest(): boolean {
    const first = this.pinnedBytes !== 0 ? 1 : 0;
    if (this.#segments.length <= first) {
      if (this.#at === 0) return false;
      this.#seal(false);
    }
    const victim = this.#segments[first]!;
    const size = victim.dropFirst(this.#framing);
    if (first === 0) this.#passed += size;
    else this.#dropped += size;
    if (victim.start === victim.end) this.#recycle(first);
    return true;
  }

  /**
   * Prepares the queue for another link after the one that it was written to is gone: a message of which the lost link
   * took a part is dropped, messages that it took nothing of stay.
   *
   * @returns How many messages were dropped (0 or 1).
   */
  restart(): number {
    this.#lent = 0;
    const head = this.#segments[0];
    if (head === undefined || !head.started) return 0;
    this.#sentMessages += head.skipSent(this.#framing);
    const cut = head.cutPartial(this.#framing);
    this.#passed += cut.bytes;
    if (head.start === head.end) this.#recycle();
    if (!cut.takesNext) return cut.messages;
    this.#passed += this.#segments[0]!.end;
    this.#recycle();
    return 1;
  }

  /**
   * Drops everything and gives the memory back; a block that is lent is left to whoever still writes from it.
   *
   * @returns How many messages were not written whole.
   */
  clear(): number {
    let messages = this.#messages;
    const head = this.#segments[0];
    if (head?.started) this.#sentMessages += head.skipSent(this.#framing);
    for (const segment of this.#segments) messages += segment.messages;
    if (head !== undefined && this.#lent !== 0) head.kind = SegmentKind.Owned;
    this.#sealed = this.acceptedBytes;
    while (this.#segments.length > 0) this.#recycle();
    this.#passed = this.#sealed;
    this.#pool.give(this.#block);
    this.#block = NOTHING;
    this.#at =
      this.#limit =
      this.#messages =
      this.#lent =
        0;
    return messages;
  }

  #appendSlow(payload: Uint8Array): boolean {
    return this.#makeRoom(this.#headerBytes + payload.length) && this.append(payload);
  }

  /** Whether the bound forbids so many bytes more; an empty queue takes one frame of any size. */
  #exceeds(size: number): boolean {
    const queued = this.queuedBytes;
    return queued > 0 && queued + size > this.#maxBytes;
  }

  /** Makes sure that `size` bytes fit the open block, or says that the bound forbids it. */
  #makeRoom(size: number): boolean {
    if (this.#exceeds(size)) return false;
    if (this.#at + size > this.#block.length) {
      if (this.#at > 0) this.#seal(true);
      this.#openBlock(size);
    }
    const room = Math.max(size, this.#maxBytes - this.queuedBytes);
    this.#limit = Math.min(this.#block.length, this.#at + room);
    return true;
  }

  #openBlock(size: number): void {
    if (this.#at > 0) this.#seal(true);
    this.#pool.give(this.#block);
    const fitting = this.#pool.classFor(size);
    this.#block = fitting < 0 ? new Uint8Array(size) : this.#pool.take(Math.max(fitting, this.#class));
    this.#limit = 0;
  }

  /** Closes the open block; blocks that fill up are followed by larger ones, blocks that do not by smaller ones. */
  #seal(full: boolean): void {
    const used = this.#at;
    this.#push(this.#block, used, SegmentKind.Pooled, this.#messages);
    if (full) this.#class = Math.min(this.#class + 1, this.#pool.classCount - 1);
    else if (this.#class > 0 && used <= this.#pool.classBytes(this.#class - 1) >>> 1) this.#class--;
    this.#block = NOTHING;
    this.#at = this.#limit = this.#messages = 0;
  }

  #push(bytes: Uint8Array, length: number, kind: SegmentKind, messages: number): void {
    const segment = this.#spare.pop() ?? new Segment();
    this.#segments.push(segment.set(bytes, length, kind, messages));
    this.#sealed += length;
  }

  /** Takes a finished segment out and returns how many messages it had left. */
  #recycle(index = 0): number {
    const segments = this.#segments;
    // Why pop where it does: an array that is emptied by shifting allocates again with the next push.
    const segment = segments.length === 1
      ? segments.pop()!
      : index === 0
      ? segments.shift()!
      : segments.splice(index, 1)[0]!;
    const messages = segment.messages;
    if (index === 0) {
      this.#passed += this.#dropped;
      this.#dropped = 0;
    }
    if (segment.kind === SegmentKind.Pooled) this.#pool.give(segment.bytes);
    segment.set(NOTHING, 0, SegmentKind.Owned, 0);
    if (this.#spare.length < 4) this.#spare.push(segment);
    return messages;
  }
}
