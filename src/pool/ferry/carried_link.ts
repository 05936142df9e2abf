/**
 * One real link on the socket side of a ferry: reads into lent blocks, writes from lent blocks.
 *
 * Reading is a few blocks ahead of the machine side at most: a small one is the link's own, large ones are taken while
 * the link is busy. So a slow machine side stops the reads of its own links and of no others. Invariant: a block is given back
 * only when no pending call of the link can touch it any more; `Gone` says so for all of them at once.
 *
 * @module
 */
import type { StreamLink } from "../../transport/stream_link.ts";
import { describeError, type RecordPort } from "../record_port.ts";
import { SocketRecord } from "./ferry_record.ts";
import type { LinkArena } from "./link_arena.ts";

const NONE = -1;

/** What all carried links of a socket side share. */
export interface CarrierShared {
  readonly port: RecordPort;
  /** What links read into. */
  readonly arena: LinkArena;
  /** What the machine side lends to be written. */
  readonly machineMemory: SharedArrayBuffer;
  /** The link wanted a large block, and there was none. */
  wantLarge(link: CarriedLink): void;
  /** A large block is free again. */
  largeFreed(): void;
  /** The link is closed once what was lent is written; somebody has to bound that time. */
  linger(link: CarriedLink): void;
  /** The link is over: its number means nothing any more. */
  gone(link: CarriedLink): void;
}

/** One real link whose bytes are carried to another thread. */
export class CarriedLink {
  readonly number: number;
  readonly #shared: CarrierShared;
  readonly #link: StreamLink;
  readonly #small: number;
  readonly #lent = new Set<number>();
  readonly #writes: [offset: number, length: number][] = [];
  #largeCount = 0;
  #smallFree = true;
  #busy = false;
  #reading = NONE;
  #writing = false;
  #writtenOf = 0;
  #ended = false;
  #ending = false;
  #writeFailed = false;
  #lingering = false;
  #closed = false;
  readonly #onRead = (count: number | null): void => this.#handleRead(count);
  readonly #onReadError = (error: unknown): void => this.#handleReadError(error);
  readonly #onWritten = (count: number): void => this.#handleWritten(count);
  readonly #onWriteError = (error: unknown): void => this.#handleWriteError(error);

  /**
   * @param shared What all links share.
   * @param number The link's number.
   * @param link The link; this object closes it.
   * @param small The link's own block.
   */
  constructor(shared: CarrierShared, number: number, link: StreamLink, small: number) {
    this.#shared = shared;
    this.number = number;
    this.#link = link;
    this.#small = small;
  }

  /** Reads on, if there is a block to read into. */
  read(): void {
    if (this.#reading !== NONE || this.#ended || this.#closed || this.#lingering) return;
    const offset = this.#takeBlock();
    if (offset === NONE) return;
    this.#reading = offset;
    const { arena } = this.#shared;
    this.#link.read(arena.bytes(offset, arena.sizeOf(offset))).then(this.#onRead, this.#onReadError);
  }

  /** The machine side is done with a block. */
  taken(offset: number): void {
    if (!this.#lent.delete(offset)) return;
    this.#giveBlock(offset);
    this.read();
  }

  /** The machine side lends a block to be written. */
  write(offset: number, length: number): void {
    this.#writes.push([offset, length]);
    this.#writeOn();
  }

  /** The stream ends after what was lent so far. */
  endWrite(): void {
    this.#ending = true;
    this.#writeOn();
  }

  /**
   * Closes the link once what was lent before is written, as a socket that is closed still sends what the kernel has.
   * `Gone` follows when nothing is pending any more.
   */
  close(): void {
    if (this.#closed || this.#lingering) return;
    if (this.#writes.length === 0 || this.#writeFailed) return this.abort();
    this.#lingering = true;
    this.#shared.linger(this);
  }

  /** Closes the link now. */
  abort(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#link.close();
    this.#conclude();
  }

  #handleRead(count: number | null): void {
    const offset = this.#reading;
    this.#reading = NONE;
    if (this.#closed) return this.#finishRead(offset);
    const { port, arena } = this.#shared;
    if (count === null) {
      this.#ended = true;
      this.#giveBlock(offset);
      return port.send(SocketRecord.Ended, this.number);
    }
    this.#busy = count >= arena.sizeOf(offset) / 2;
    this.#lent.add(offset);
    port.send(SocketRecord.Data, this.number, offset, count);
    this.read();
  }

  #handleReadError(error: unknown): void {
    const offset = this.#reading;
    this.#reading = NONE;
    if (this.#closed) return this.#finishRead(offset);
    this.#ended = true;
    this.#giveBlock(offset);
    this.#shared.port.sendText(SocketRecord.Broken, this.number, describeError(error));
  }

  #finishRead(offset: number): void {
    this.#giveBlock(offset);
    this.#conclude();
  }

  #writeOn(): void {
    if (this.#writing || this.#closed || this.#writeFailed) return;
    const next = this.#writes[0];
    if (next === undefined) {
      if (this.#ending) this.#endWrite();
      if (this.#lingering) this.abort();
      return;
    }
    this.#writing = true;
    const [offset, length] = next;
    const bytes = new Uint8Array(this.#shared.machineMemory, offset + this.#writtenOf, length - this.#writtenOf);
    this.#link.write(bytes).then(this.#onWritten, this.#onWriteError);
  }

  #handleWritten(count: number): void {
    this.#writing = false;
    if (this.#closed) return this.#conclude();
    const [offset, length] = this.#writes[0]!;
    this.#writtenOf += count;
    if (this.#writtenOf >= length) {
      this.#writtenOf = 0;
      this.#writes.shift();
      this.#shared.port.send(SocketRecord.Written, this.number, offset);
    }
    this.#writeOn();
  }

  #handleWriteError(error: unknown): void {
    this.#writing = false;
    if (this.#closed) return this.#conclude();
    this.#writeFailed = true;
    if (this.#lingering) return this.abort();
    this.#shared.port.sendText(SocketRecord.WriteFailed, this.number, describeError(error));
  }

  #endWrite(): void {
    this.#ending = false;
    const { port } = this.#shared;
    this.#link.closeWrite().then(
      () => port.send(SocketRecord.WriteEnded, this.number),
      (error) => port.sendText(SocketRecord.WriteFailed, this.number, describeError(error)),
    );
  }

  /** Why the small block is the last choice for a busy link: a large one takes what the kernel has in fewer calls. */
  #takeBlock(): number {
    const { arena } = this.#shared;
    if (this.#busy) {
      const offset = arena.takeLarge(this.#largeCount);
      if (offset !== NONE) {
        this.#largeCount++;
        return offset;
      }
      if (!this.#smallFree) this.#shared.wantLarge(this);
    }
    if (!this.#smallFree) return NONE;
    this.#smallFree = false;
    return this.#small;
  }

  #giveBlock(offset: number): void {
    if (offset === this.#small) {
      this.#smallFree = true;
      return;
    }
    this.#shared.arena.give(offset);
    this.#largeCount--;
    this.#shared.largeFreed();
  }

  #conclude(): void {
    if (this.#reading !== NONE || this.#writing) return;
    for (const offset of this.#lent) this.#giveBlock(offset);
    this.#lent.clear();
    this.#shared.arena.give(this.#small);
    this.#shared.port.send(SocketRecord.Gone, this.number);
    this.#shared.gone(this);
  }
}
