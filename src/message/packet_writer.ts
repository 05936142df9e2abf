/**
 * The sending half of a message machine: puts packets together and offers them to the link's queue.
 *
 * Invariants: nothing of our own is in a packet before the peer has shown that it understands it, but for flag bit 15;
 * a packet that the queue refuses leaves no trace.
 *
 * @module
 */
import { SendStatus } from "../error/send_status.ts";
import {
  MAX_EXTENSION_BYTES,
  MESSAGE_HEADER_BYTES,
  MessageCompression,
  MessageFlag,
  MessageHeader,
  type MessageType,
} from "../wire/message_packet.ts";
import { ControlField, encodeBytesField, encodeNumberField, fieldBytes, NUMBER_FIELD_BYTES } from "./control_list.ts";
import type { MessageConfig } from "./message_options.ts";
import { OWN_MEMORY_BYTES, type PacketScratch } from "./packet_scratch.ts";
import type { PayloadCompression } from "./payload_compression.ts";

/** Where packets go: the queue of a link. */
export interface PacketSink {
  /**
   * Offers a packet.
   *
   * @param packet Copied.
   * @returns `Queued` or why not.
   */
  offer(packet: Uint8Array): SendStatus;

  /**
   * Offers a large packet.
   *
   * @param packet Given away when it is queued.
   * @returns `Queued` or why not.
   */
  offerOwned(packet: Uint8Array): SendStatus;
}

/** What the sender of a message may add to its payload. */
export interface MessageFields {
  /** The application's own number, 0 to 255. @default 0 */
  readonly businessType?: number;
  /** The application's own header, at most 65,535 bytes, never compressed; copied. @default none */
  readonly extension?: Uint8Array;
  /** Sets the flag by which the receiver sees that the sender calls the message urgent. @default false */
  readonly highPriority?: boolean;
  /** Sets the flag by which the receiver sees that the extension begins with a route tag. @default false */
  readonly routeTag?: boolean;
  /** `false` keeps this payload from being compressed. @default true */
  readonly compress?: boolean;
}

const NOTHING = new Uint8Array(0);

/** Writes packets for one connection. */
export class PacketWriter {
  /** Whether the peer has shown that it understands control. */
  peerUnderstands = false;
  /** Whether a packet was queued. */
  hasSpoken = false;
  /** Whether the last packet was compressed. */
  compressed = false;
  readonly #config: MessageConfig;
  readonly #sink: PacketSink;
  readonly #scratch: PacketScratch;
  readonly #compression: PayloadCompression | undefined;
  readonly #ownFlags: number;
  readonly #header = new MessageHeader();

  /**
   * @param config The checked options.
   * @param sink The link's queue.
   * @param scratch Where packets are put together.
   * @param compressions The known ways of compressing.
   * @throws {RangeError} When the one that the options name is not among them.
   */
  constructor(
    config: MessageConfig,
    sink: PacketSink,
    scratch: PacketScratch,
    compressions: readonly PayloadCompression[],
  ) {
    this.#config = config;
    this.#sink = sink;
    this.#scratch = scratch;
    this.#ownFlags = config.control ? MessageFlag.UnderstandsControl : 0;
    const code = compressionCode(config.compression);
    this.#compression = compressions.find((one) => one.code === code);
    if (code !== MessageCompression.None && this.#compression === undefined) {
      throw new RangeError(`Cannot compress with ${config.compression}: it is not available here`);
    }
  }

  /**
   * Offers a message.
   *
   * @param type What it is.
   * @param id Its id.
   * @param payload Copied.
   * @param fields What is added.
   * @param remainingMs How long the sender of a request waits; `Infinity` where that is not said.
   * @returns What became of it.
   * @throws {TypeError} When the payload or a field is of the wrong kind.
   * @throws {RangeError} When a field is out of its bounds.
   */
  offer(
    type: MessageType,
    id: number,
    payload: Uint8Array,
    fields: MessageFields | undefined,
    remainingMs: number,
  ): SendStatus {
    if (!(payload instanceof Uint8Array)) throw payloadError(payload);
    if (payload.length > this.#config.maxPayloadBytes) return SendStatus.TooLarge;
    const header = this.#header;
    const extension = fields === undefined ? NOTHING : this.#applyFields(fields);
    header.type = type;
    header.id = id;
    if (fields === undefined) {
      header.businessType = 0;
      header.flags = this.#ownFlags;
    }
    const body = this.#pack(payload, fields);
    const wrapped = extension.length === 0 ? 0 : fieldBytes(extension.length);
    const hasDeadline = remainingMs !== Infinity && this.peerUnderstands && this.#ownFlags !== 0 &&
      NUMBER_FIELD_BYTES + wrapped <= MAX_EXTENSION_BYTES;
    header.extensionBytes = hasDeadline ? NUMBER_FIELD_BYTES + wrapped : extension.length;
    header.payloadBytes = body.length;
    if (hasDeadline) header.flags |= MessageFlag.Control;
    const packet = this.#scratch.take(MESSAGE_HEADER_BYTES + header.extensionBytes + body.length);
    header.encode(packet, 0);
    if (hasDeadline) {
      const at = encodeNumberField(packet, MESSAGE_HEADER_BYTES, ControlField.Deadline, Math.ceil(remainingMs));
      if (wrapped !== 0) encodeBytesField(packet, at, ControlField.Extension, extension);
    } else if (wrapped !== 0) packet.set(extension, MESSAGE_HEADER_BYTES);
    packet.set(body, MESSAGE_HEADER_BYTES + header.extensionBytes);
    return this.#put(packet);
  }

  /**
   * Offers a packet that is control alone; only to a peer that understands it.
   *
   * @param type What it is.
   * @param id The request that it is about, or 0.
   * @param list The control list.
   * @returns What became of it.
   */
  offerControl(type: MessageType, id: number, list: Uint8Array): SendStatus {
    const header = this.#header;
    header.type = type;
    header.id = id;
    header.businessType = header.compression = header.payloadBytes = 0;
    header.flags = MessageFlag.UnderstandsControl | MessageFlag.Control;
    header.extensionBytes = list.length;
    const packet = this.#scratch.take(MESSAGE_HEADER_BYTES + list.length);
    header.encode(packet, 0);
    packet.set(list, MESSAGE_HEADER_BYTES);
    return this.#put(packet);
  }

  #put(packet: Uint8Array): SendStatus {
    const status = packet.length < OWN_MEMORY_BYTES ? this.#sink.offer(packet) : this.#sink.offerOwned(packet);
    if (status === SendStatus.Queued) this.hasSpoken = true;
    return status;
  }

  #applyFields(fields: MessageFields): Uint8Array {
    const { businessType = 0, extension = NOTHING, highPriority = false, routeTag = false } = fields;
    if (!(businessType >= 0 && businessType <= 255) || !Number.isInteger(businessType)) {
      throw new RangeError(`Cannot send the business type ${businessType}: it is an integer from 0 to 255`);
    }
    if (!(extension instanceof Uint8Array)) throw new TypeError("An extension header must be a Uint8Array");
    if (extension.length > MAX_EXTENSION_BYTES) {
      throw new RangeError(`Cannot send an extension header of ${extension.length} bytes: 65535 is the most`);
    }
    const header = this.#header;
    header.businessType = businessType;
    header.flags = this.#ownFlags | (highPriority ? MessageFlag.HighPriority : 0) |
      (routeTag ? MessageFlag.RouteTag : 0);
    return extension;
  }

  /** Compresses a payload where that is wanted and makes it smaller. */
  #pack(payload: Uint8Array, fields: MessageFields | undefined): Uint8Array {
    this.#header.compression = MessageCompression.None;
    this.compressed = false;
    const compression = this.#compression;
    if (compression === undefined || payload.length < this.#config.compressFromBytes) return payload;
    if (fields?.compress === false) return payload;
    const packed = compression.compress(payload);
    if (packed.length >= payload.length) return payload;
    this.#header.compression = compression.code as MessageCompression;
    this.compressed = true;
    return packed;
  }
}

/**
 * The error of a payload that is none.
 *
 * @param value What the caller gave.
 * @returns The error.
 */
export function payloadError(value: unknown): TypeError {
  const hint = typeof value === "string" ? ", which new TextEncoder().encode(text) makes of text" : "";
  return new TypeError(`A payload must be a Uint8Array${hint}: got ${value === null ? "null" : typeof value}`);
}

function compressionCode(name: MessageConfig["compression"]): MessageCompression {
  if (name === "zstd") return MessageCompression.Zstd;
  return name === "zlib" ? MessageCompression.Zlib : MessageCompression.None;
}
