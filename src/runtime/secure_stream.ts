/**
 * Records and packets behind 16-bit lengths on a stream (src/wire/STANDARD.md, section 9): first the hellos, then, where
 * the stream becomes a path of a session, its packets.
 *
 * Invariants: one read and one write are pending at most; what waits to be written is bounded, a packet beyond that is
 * dropped and counted like one that a network has lost.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { ProtocolError } from "../error/transport_error.ts";
import { PacketUnframer } from "../session/packet_unframer.ts";
import type { StreamLink } from "../transport/stream_link.ts";
import { encodePacketLength, MAX_STREAM_PACKET_BYTES, PACKET_LENGTH_BYTES } from "../wire/packet_length.ts";
import type { PacketStream } from "./secure_driver.ts";

const READ_BYTES = 4096;

/** How many bytes of packets may wait to be written. */
const MAX_QUEUED_BYTES = 1 << 18;

/** One stream with records. */
export class SecureStream implements PacketStream {
  readonly #link: StreamLink;
  readonly #into = new Uint8Array(READ_BYTES);
  readonly #unframer: PacketUnframer;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #droppedCount = 0;
  #writing = false;
  #closed = false;

  /**
   * Takes a stream over.
   *
   * @param link The stream; it belongs to this object from here on.
   * @param maxRecordBytes The longest record that is taken, 1 to 65535.
   */
  constructor(link: StreamLink, maxRecordBytes: number = MAX_STREAM_PACKET_BYTES) {
    this.#link = link;
    this.#unframer = new PacketUnframer(maxRecordBytes);
  }

  /** How many packets found no room. */
  get droppedPackets(): number {
    return this.#droppedCount;
  }

  /**
   * Waits for the next record.
   *
   * @returns A copy of it; `undefined` at the end of the stream. Rejects with `ProtocolError` when a length breaks the
   * standard or the stream ends inside a record, and with the link's error when that broke or was closed.
   */
  async readRecord(): Promise<Uint8Array | undefined> {
    for (;;) {
      const unframer = this.#unframer;
      if (unframer.next()) return unframer.buffer.slice(unframer.offset, unframer.offset + unframer.length);
      if (unframer.failed) {
        throw new ProtocolError(CloseCode.FrameTooLarge, "The peer announced a record of a bad length");
      }
      if (!await this.#read()) return undefined;
    }
  }

  /**
   * Hands every packet to a function until the stream ends or breaks.
   *
   * @param take Called with each packet; lent for the call.
   */
  async readPackets(take: (buffer: Uint8Array, start: number, end: number) => void): Promise<void> {
    const unframer = this.#unframer;
    try {
      do {
        while (unframer.next()) take(unframer.buffer, unframer.offset, unframer.offset + unframer.length);
      } while (!unframer.failed && await this.#read());
    } catch {
      // The stream broke: it ends like one that was ended.
    }
    this.close();
  }

  /**
   * Writes a record.
   *
   * @param record At most 65535 bytes.
   * @returns When the link has taken it. Rejects when the link broke or was closed.
   */
  async writeRecord(record: Uint8Array): Promise<void> {
    const memory = new Uint8Array(PACKET_LENGTH_BYTES + record.length);
    encodePacketLength(memory, 0, record.length);
    memory.set(record, PACKET_LENGTH_BYTES);
    await this.#write(memory);
  }

  /**
   * Sends a packet without waiting.
   *
   * @param buffer Where it lies, with two bytes before it that are overwritten; copied.
   * @param start Where it starts.
   * @param end Where it ends.
   */
  sendPacket(buffer: Uint8Array, start: number, end: number): void {
    if (this.#closed || this.#queuedBytes + end - start > MAX_QUEUED_BYTES) {
      this.#droppedCount++;
      return;
    }
    encodePacketLength(buffer, start - PACKET_LENGTH_BYTES, end - start);
    this.#queue.push(buffer.slice(start - PACKET_LENGTH_BYTES, end));
    this.#queuedBytes += end - start;
    if (!this.#writing) void this.#writeQueue();
  }

  /** Closes the stream now. A second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#droppedCount += this.#queue.length;
    this.#queue.length = 0;
    this.#link.close();
  }

  /** Reads once; tells whether the stream goes on. */
  async #read(): Promise<boolean> {
    const count = await this.#link.read(this.#into);
    if (count !== null) this.#unframer.push(this.#into.subarray(0, count));
    else if (this.#unframer.heldBytes > 0) {
      throw new ProtocolError(CloseCode.Truncated, "The peer ended its stream inside a record");
    }
    return count !== null;
  }

  async #write(memory: Uint8Array): Promise<void> {
    for (let at = 0; at < memory.length;) at += await this.#link.write(memory.subarray(at));
  }

  async #writeQueue(): Promise<void> {
    this.#writing = true;
    try {
      for (let packet = this.#queue.shift(); packet !== undefined; packet = this.#queue.shift()) {
        await this.#write(packet);
        this.#queuedBytes -= packet.length - PACKET_LENGTH_BYTES;
      }
    } catch {
      this.close();
    }
    this.#writing = false;
  }
}
