/**
 * The receiving end of tick feeds: generates every record anew and compares it byte by byte with what arrived.
 *
 * A stream's first fault is told; what follows in that stream is only counted, because nothing can be expected of it
 * any more.
 *
 * @module
 */
import type { StreamAccount } from "./account.ts";
import { TickFeed } from "./tick_feed.ts";

const MAX_STREAMS = 256;

interface Stream {
  readonly feed: TickFeed;
  messages: number;
  broken: boolean;
}

/** Verifies any number of feeds with one seed. */
export class TickCheck {
  /** What was wrong. */
  readonly faults: string[] = [];
  readonly #seed: number;
  readonly #recordBytes: number;
  readonly #streams: (Stream | undefined)[] = [];

  /**
   * Makes a check that has seen nothing.
   *
   * @param seed What all contents follow from.
   * @param recordBytes The size of a record.
   */
  constructor(seed: number, recordBytes: number) {
    this.#seed = seed;
    this.#recordBytes = recordBytes;
  }

  /**
   * Verifies the next record of the stream that it names.
   *
   * @param bytes Memory that holds it.
   * @param offset Where it starts.
   * @param length How many bytes it has.
   */
  take(bytes: Uint8Array, offset: number, length: number): void {
    const number = length < 4 ? MAX_STREAMS : bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16);
    const stream = this.#streams[number] ?? this.#open(number);
    if (stream === undefined) return;
    stream.messages++;
    if (stream.broken) return;
    stream.feed.next();
    const at = stream.feed.difference(bytes, offset, length);
    if (at < 0) return;
    stream.broken = true;
    this.faults.push(`stream ${number}: record ${stream.messages} differs at byte ${at} of ${length}`);
  }

  /**
   * What arrived.
   *
   * @returns An account of every stream that was seen.
   */
  streams(): Record<string, StreamAccount> {
    return Object.fromEntries(
      this.#streams.flatMap((stream, number) =>
        stream === undefined ? [] : [[number, tickAccount(stream.messages, this.#recordBytes)]]
      ),
    );
  }

  #open(number: number): Stream | undefined {
    if (number >= MAX_STREAMS) {
      if (this.faults.length < MAX_STREAMS) this.faults.push(`a record of no stream: ${number}`);
      return undefined;
    }
    const feed = new TickFeed(this.#seed, number, this.#recordBytes);
    return this.#streams[number] = { feed, messages: 0, broken: false };
  }
}

/**
 * The account of a stream of ticks.
 *
 * @param messages How many records.
 * @param recordBytes The size of a record.
 * @returns The account.
 */
export function tickAccount(messages: number, recordBytes: number): StreamAccount {
  return { messages, bytes: messages * recordBytes };
}
