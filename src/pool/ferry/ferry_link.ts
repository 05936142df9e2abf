/**
 * A link whose socket is in another thread, as a machine sees it: bytes are copied out of lent blocks into the
 * machine's own, unshared memory, and out of the machine's memory into blocks that the other thread writes.
 *
 * A write settles when its bytes are in shared memory, as a write to a socket settles when they are in the kernel; a
 * link has a few blocks on the way at most, then writing waits. Invariant: a received block is given back as soon as it
 * was copied, a sent one when the other side says so.
 *
 * @module
 */
import { CloseCode } from "../../error/close_code.ts";
import { ClosedError } from "../../error/transport_error.ts";
import type { Address } from "../../transport/address.ts";
import type { StreamLink } from "../../transport/stream_link.ts";
import type { RecordPort } from "../record_port.ts";
import { MachineRecord } from "./ferry_record.ts";
import type { LinkArena } from "./link_arena.ts";

const NONE = -1;
const NO_BYTES = Promise.resolve(0);

/** What all links of a machine side share. */
export interface FerryShared {
  readonly port: RecordPort;
  /** What links write into. */
  readonly arena: LinkArena;
  /** What the socket side lends to be read. */
  readonly socketMemory: SharedArrayBuffer;
  /** The link wanted a large block, and there was none. */
  wantLarge(link: FerryLink): void;
  /** A large block is free again. */
  largeFreed(): void;
}

interface PendingRead extends PromiseWithResolvers<number | null> {
  readonly into: Uint8Array;
}

interface PendingWrite extends PromiseWithResolvers<number> {
  readonly from: Uint8Array;
}

/** A link whose socket is in another thread. */
export class FerryLink implements StreamLink {
  readonly local: Address;
  readonly remote: Address;
  readonly number: number;
  readonly #shared: FerryShared;
  readonly #small: number;
  readonly #received: [offset: number, length: number][] = [];
  readonly #sent = new Set<number>();
  #copiedOf = 0;
  #largeCount = 0;
  #smallFree = true;
  #reading: PendingRead | undefined = undefined;
  #writing: PendingWrite | undefined = undefined;
  #ending: PromiseWithResolvers<void> | undefined = undefined;
  #ended = false;
  #readFault: Error | undefined = undefined;
  #writeFault: Error | undefined = undefined;
  #closed = false;

  /**
   * @param shared What all links share.
   * @param number The link's number.
   * @param small The link's own block.
   * @param local The address of this end.
   * @param remote The address of the other end.
   */
  constructor(shared: FerryShared, number: number, small: number, local: Address, remote: Address) {
    this.#shared = shared;
    this.number = number;
    this.#small = small;
    this.local = local;
    this.remote = remote;
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#received.length > 0) return Promise.resolve(this.#copyInto(into));
    if (this.#readFault !== undefined) return Promise.reject(this.#readFault);
    if (into.length === 0) return NO_BYTES;
    if (this.#ended) return Promise.resolve(null);
    this.#reading = { into, ...Promise.withResolvers<number | null>() };
    return this.#reading.promise;
  }

  write(from: Uint8Array): Promise<number> {
    if (this.#writeFault !== undefined) return Promise.reject(this.#writeFault);
    if (from.length === 0) return NO_BYTES;
    const count = this.#lend(from);
    if (count > 0) return Promise.resolve(count);
    this.#writing = { from, ...Promise.withResolvers<number>() };
    return this.#writing.promise;
  }

  closeWrite(): Promise<void> {
    if (this.#writeFault !== undefined) return this.#ending?.promise ?? Promise.reject(this.#writeFault);
    this.#ending = Promise.withResolvers<void>();
    this.#writeFault = new ClosedError(CloseCode.Normal, "local");
    this.#shared.port.send(MachineRecord.EndWrite, this.number);
    return this.#ending.promise;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#received.length = 0;
    this.#shared.port.send(MachineRecord.Close, this.number);
    this.fail(new ClosedError(CloseCode.Normal, "local"));
  }

  /** The socket side lends a block with received bytes. */
  handleData(offset: number, length: number): void {
    // A closed link's blocks are taken back by the socket side itself.
    if (this.#closed) return;
    this.#received.push([offset, length]);
    const reading = this.#reading;
    if (reading === undefined) return;
    this.#reading = undefined;
    reading.resolve(this.#copyInto(reading.into));
  }

  /** The peer ended its stream. */
  handleEnd(): void {
    this.#ended = true;
    this.#reading?.resolve(null);
    this.#reading = undefined;
  }

  /** Reading failed; what was received before can still be read. */
  handleBroken(error: Error): void {
    this.#readFault ??= error;
    this.#reading?.reject(error);
    this.#reading = undefined;
  }

  /** A lent block was written. */
  handleWritten(offset: number): void {
    if (!this.#sent.delete(offset)) return;
    this.#giveBlock(offset);
    this.writeOn();
  }

  /** Writing failed. */
  handleWriteFailed(error: Error): void {
    if (this.#ending === undefined) this.#writeFault ??= error;
    else this.#writeFault = error;
    this.#writing?.reject(error);
    this.#writing = undefined;
    this.#ending?.promise.catch(() => {});
    this.#ending?.reject(error);
  }

  /** The stream's end was handed to the socket. */
  handleWriteEnded(): void {
    this.#ending?.resolve();
  }

  /** Nothing works any more. */
  fail(error: Error): void {
    this.handleBroken(error);
    this.handleWriteFailed(error);
  }

  /** The socket side is done with the link: its blocks are free. */
  handleGone(): void {
    this.fail(new ClosedError(CloseCode.LinkLost, "link"));
    for (const offset of this.#sent) this.#giveBlock(offset);
    this.#sent.clear();
    this.#shared.arena.give(this.#small);
  }

  /** Writes what waits for a block, if there is one now. */
  writeOn(): void {
    const writing = this.#writing;
    if (writing === undefined) return;
    const count = this.#lend(writing.from);
    if (count === 0) return;
    this.#writing = undefined;
    writing.resolve(count);
  }

  #copyInto(into: Uint8Array): number {
    const { port, socketMemory } = this.#shared;
    let at = 0;
    while (at < into.length && this.#received.length > 0) {
      const [offset, length] = this.#received[0]!;
      const count = Math.min(into.length - at, length - this.#copiedOf);
      into.set(new Uint8Array(socketMemory, offset + this.#copiedOf, count), at);
      at += count;
      this.#copiedOf += count;
      if (this.#copiedOf < length) break;
      this.#copiedOf = 0;
      this.#received.shift();
      port.send(MachineRecord.Taken, this.number, offset);
    }
    return at;
  }

  /** Copies into blocks and lends them. Returns how many bytes found room. */
  #lend(from: Uint8Array): number {
    const { arena, port } = this.#shared;
    let at = 0;
    while (at < from.length) {
      const offset = this.#takeBlock(from.length - at);
      if (offset === NONE) break;
      const count = Math.min(from.length - at, arena.sizeOf(offset));
      arena.bytes(offset, count).set(at === 0 && count === from.length ? from : from.subarray(at, at + count));
      this.#sent.add(offset);
      port.send(MachineRecord.Write, this.number, offset, count);
      at += count;
    }
    return at;
  }

  #takeBlock(bytes: number): number {
    const { arena } = this.#shared;
    if (this.#smallFree && bytes <= arena.smallBytes) return this.#takeSmall();
    const offset = arena.takeLarge(this.#largeCount);
    if (offset !== NONE) {
      this.#largeCount++;
      return offset;
    }
    if (!this.#smallFree) this.#shared.wantLarge(this);
    return this.#smallFree ? this.#takeSmall() : NONE;
  }

  #takeSmall(): number {
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
}
