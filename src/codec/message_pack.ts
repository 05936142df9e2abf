/**
 * Values as MessagePack (the MessagePack specification, 2017) by `@msgpack/msgpack`, with every limit set.
 *
 * Invariants: bytes from a peer never make it throw, and nothing of a refused message is decoded; what `encode` gives,
 * a `decode` with the same limits takes; a decoded value is the application's own: no binary in it is a view of received
 * memory, and no class is ever made by a name in the message.
 *
 * @module
 */
import { Decoder, Encoder, ExtensionCodec, type ExtensionCodecType } from "@msgpack/msgpack";
import type { MessagePackConfig } from "./message_pack_options.ts";
import { MessagePackRefusal } from "./message_pack_refusal.ts";
import { MessagePackScan } from "./message_pack_scan.ts";

/** An encoder that has grown beyond this is replaced, so that one large message does not hold memory for ever. */
const KEPT_BYTES = 256 << 10;

/**
 * Encodes and decodes values; one serves a thread.
 *
 * What can be sent: `null`, booleans, numbers, text, `Uint8Array` and other views, `Date`, arrays, plain objects, and
 * `bigint` of 64 bits. A property that is `undefined` is left out; elsewhere `undefined` becomes `null`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MessagePack } from "./message_pack.ts";
 * import { resolveMessagePackOptions } from "./message_pack_options.ts";
 * import { MessagePackRefusal } from "./message_pack_refusal.ts";
 *
 * const pack = new MessagePack(resolveMessagePackOptions({ maxDepth: 4 }));
 * const bytes = pack.encode({ id: 7, tags: ["a", "b"] });
 * assertEquals(pack.decode(bytes, 0, bytes.length), MessagePackRefusal.None);
 * assertEquals(pack.takeValue(), { id: 7, tags: ["a", "b"] });
 * ```
 */
export class MessagePack {
  readonly #config: MessagePackConfig;
  readonly #scan: MessagePackScan;
  readonly #decoder: Decoder<undefined>;
  #encoder: Encoder<undefined>;
  #value: unknown = undefined;

  /**
   * Makes a codec.
   *
   * @param config The checked limits.
   */
  constructor(config: MessagePackConfig) {
    this.#config = config;
    this.#scan = new MessagePackScan(config);
    this.#decoder = new Decoder({
      extensionCodec: TIMESTAMPS_ONLY,
      useBigInt64: config.int64 === "bigint",
      maxStrLength: config.maxTextBytes,
      maxBinLength: config.maxBinaryBytes,
      maxArrayLength: config.maxItems,
      maxMapLength: config.maxItems,
      maxExtLength: 12,
    });
    this.#encoder = this.#newEncoder();
  }

  /**
   * Encodes a value.
   *
   * @param value The value; only read.
   * @returns The message, in memory of this codec: valid until the next `encode`.
   * @throws {TypeError} When something in it cannot be sent.
   * @throws {RangeError} When it breaks a limit.
   */
  encode(value: unknown): Uint8Array {
    const bytes = this.#encoded(value);
    if (bytes.buffer.byteLength > KEPT_BYTES) this.#encoder = this.#newEncoder();
    const refusal = this.#scan.scan(bytes, 0, bytes.length);
    if (refusal !== MessagePackRefusal.None) throw refusedValue(refusal, bytes.length);
    if (this.#scan.hasInt64) checkBigInts(value);
    return bytes;
  }

  /**
   * Decodes a message.
   *
   * @param bytes Any memory, such as a peer may fill; only read, and not kept.
   * @param start Where the message starts.
   * @param end Where it ends.
   * @returns What is wrong with it; 0 where nothing is, and `takeValue` gives the value.
   * @throws {RangeError} When the stretch is not inside of the memory.
   */
  decode(bytes: Uint8Array, start: number, end: number): MessagePackRefusal {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`Cannot decode: ${start} to ${end} is not inside of ${bytes.length} bytes`);
    }
    this.#value = undefined;
    // Another thread could change shared memory after it was judged.
    if (!(bytes.buffer instanceof ArrayBuffer)) return this.#decodeShared(bytes, start, end);
    const refusal = this.#scan.scan(bytes, start, end);
    if (refusal !== MessagePackRefusal.None) return refusal;
    // Binaries come out as views of what they were read from: it must not be the caller's.
    const message = this.#scan.hasBinary ? bytes.slice(start, end) : bytes.subarray(start, end);
    this.#value = this.#decoder.decode(message);
    return refusal;
  }

  /**
   * The value of the last message that was decoded; it is handed out once.
   *
   * @returns The value.
   */
  takeValue(): unknown {
    const value = this.#value;
    this.#value = undefined;
    return value;
  }

  #decodeShared(bytes: Uint8Array, start: number, end: number): MessagePackRefusal {
    if (end - start > this.#config.maxBytes) return MessagePackRefusal.TooLarge;
    const own = new Uint8Array(end - start);
    own.set(bytes.subarray(start, end));
    return this.decode(own, 0, own.length);
  }

  #encoded(value: unknown): Uint8Array {
    try {
      return this.#encoder.encodeSharedRef(value);
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError) throw error;
      const text = error instanceof Error ? error.message : String(error);
      const isDeep = text.startsWith("Too ");
      throw isDeep
        ? new RangeError(`Cannot encode a value: it is circular, or deeper than ${this.#config.maxDepth}`, {
          cause: error,
        })
        : new TypeError(`Cannot encode a value: ${text}`, { cause: error });
    }
  }

  #newEncoder(): Encoder<undefined> {
    return new Encoder({
      extensionCodec: TIMESTAMPS_ONLY,
      useBigInt64: this.#config.int64 === "bigint",
      // Scalars count as a level there.
      maxDepth: this.#config.maxDepth + 1,
      ignoreUndefined: true,
    });
  }
}

/** The library's timestamps, and a refusal of objects whose contents it would lose without a word. */
const TIMESTAMPS_ONLY: ExtensionCodecType<undefined> = {
  tryToEncode: (object, context) => {
    const timestamp = ExtensionCodec.defaultCodec.tryToEncode(object, context);
    // The library would send a date that is none as the year 1970.
    if (timestamp !== null && Number.isNaN(Number(object))) {
      throw new TypeError("Cannot encode a value: a date in it is invalid");
    }
    if (timestamp !== null) return timestamp;
    if (!isPlain(object)) throw new TypeError(`Cannot encode a value: ${nameOf(object)} in it has no form as bytes`);
    return null;
  },
  decode: (data, type, context) => ExtensionCodec.defaultCodec.decode(data, type, context),
};

/** Whether an object is what its own properties, items or bytes say. */
function isPlain(object: unknown): boolean {
  if (typeof object !== "object" || object === null) return false;
  // A promise that nobody awaited.
  if (typeof (object as { readonly then?: unknown }).then === "function") return false;
  return !(object instanceof Map || object instanceof Set || object instanceof ArrayBuffer ||
    object instanceof RegExp || object instanceof Error || object instanceof WeakMap ||
    object instanceof WeakSet);
}

function nameOf(object: unknown): string {
  return typeof object === "object" ? Object.prototype.toString.call(object).slice(8, -1) : `a ${typeof object}`;
}

/** Refuses what 64 bits cannot hold: the library would cut it. Only values with a `bigint` come here. */
function checkBigInts(value: unknown): void {
  if (typeof value === "bigint") {
    if (BigInt.asIntN(64, value) !== value && BigInt.asUintN(64, value) !== value) {
      throw new RangeError(`Cannot encode a value: ${value} does not fit 64 bits`);
    }
  } else if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) {
    for (const item of Object.values(value)) checkBigInts(item);
  }
}

function refusedValue(refusal: MessagePackRefusal, length: number): Error {
  const name = Object.entries(MessagePackRefusal).find(([, value]) => value === refusal)![0];
  const message = `Cannot encode a value of ${length} bytes: it would be refused as ${name}`;
  const isShape = refusal === MessagePackRefusal.ForbiddenKey || refusal === MessagePackRefusal.BadText;
  return isShape ? new TypeError(message) : new RangeError(message);
}
