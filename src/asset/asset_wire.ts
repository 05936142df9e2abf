/**
 * The messages of asset transfer, byte for byte as PROTOCOL.md in this folder has them: encode and decode only.
 *
 * Invariant: no bytes make the decoder throw or read outside of its range; a message that is not exactly one of those in
 * the table is refused as a whole. Integers are QUIC varints (RFC 9000 section 16).
 *
 *     | type | id varint | fields of the type |
 *
 * @module
 */
import { decodeVarint, encodeVarint, varintLength, varintLengthFrom } from "../bytes/varint.ts";
import { MAX_NAME_BYTES } from "./asset_name.ts";
import { NODE_BYTES, proofLengthOf } from "./chunk_tree.ts";
import { CHUNK_BYTES } from "./group_hasher.ts";

/** The version of the protocol. */
export const ASSET_VERSION = 1;

/** The types of messages. */
export const AssetMessageType = {
  /** The sink asks for an asset by name. */
  Open: 1,
  /** The source tells length and root. */
  Opened: 2,
  /** The other side refuses an `Open` or an `Offer`. */
  Refused: 3,
  /** The sink wants chunks. */
  Want: 4,
  /** One chunk with its proof. */
  Chunk: 5,
  /** The sink wants leaves of the tree. */
  WantLeaves: 6,
  /** Leaves of the tree. */
  Leaves: 7,
  /** The source offers an asset: an upload. */
  Offer: 8,
  /** Either side ends a transfer. */
  Close: 9,
} as const;

/** What an asset is. */
export const AssetKind = {
  /** One file. */
  File: 0,
  /** A folder; its content is its manifest. */
  Folder: 1,
} as const;

/** One of the values of {@linkcode AssetKind}. */
export type AssetKind = (typeof AssetKind)[keyof typeof AssetKind];

/** The longest a tree of 2^53 bytes gets. */
const MAX_PROOF_LENGTH = 37;
/** The largest head of a `Chunk`: type, id, index, flags and proof. */
export const MAX_CHUNK_HEAD_BYTES: number = 1 + 8 + 8 + 1 + MAX_PROOF_LENGTH * NODE_BYTES;
/** How many leaves one message has at most. */
export const MAX_LEAVES = 1024;
/** The longest message; a link must carry it whole. */
export const MAX_ASSET_MESSAGE_BYTES: number = MAX_CHUNK_HEAD_BYTES + CHUNK_BYTES;
/** The largest id of a transfer. */
export const MAX_TRANSFER_ID: number = 2 ** 31 - 1;

const ROOT_GIVEN = 1;
const IS_COMPRESSED = 1;
const IS_AGAIN = 1;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** One decoded message; its fields mean something for their types only. Decoding overwrites it. */
export class AssetMessage {
  /** Which type; 0 after a failure. */
  type = 0;
  /** The transfer. */
  id = 0;
  /** `Open`, `Offer`: the name, not checked. */
  name = "";
  /** `Opened`: a file or a folder. */
  kind: AssetKind = AssetKind.File;
  /** `Opened`, `Offer`: how many bytes the asset has, as the other side says. */
  length = 0;
  /** `Want`, `WantLeaves`, `Leaves`: the number of the first chunk; `Chunk`: of the chunk. */
  first = 0;
  /** `Want`, `WantLeaves`, `Leaves`: how many. */
  count = 0;
  /** `Open`: whether a root is given; `Want`: whether an earlier copy was bad; `Chunk`: whether it is compressed. */
  flag = false;
  /** `Refused`, `Close`: why. */
  code = 0;
  /** Where the root (`Open`, `Opened`, `Offer`), the proof (`Chunk`) or the leaves start. */
  at = 0;

  /**
   * Decodes a message.
   *
   * @param bytes Memory with the message.
   * @returns Whether it is one.
   */
  decode(bytes: Uint8Array): boolean {
    const type = bytes[0];
    this.type = 0;
    this.at = 1;
    if (type === undefined || !this.#id(bytes) || !this.#fields(type, bytes)) return false;
    this.type = type;
    return true;
  }

  #fields(type: number, bytes: Uint8Array): boolean {
    const { length } = bytes;
    switch (type) {
      case AssetMessageType.Open:
        if (!this.#version(bytes) || !this.#flag(bytes, ROOT_GIVEN) || !this.#name(bytes)) return false;
        return this.at + (this.flag ? NODE_BYTES : 0) === length;
      case AssetMessageType.Offer:
        if (!this.#version(bytes) || (this.length = this.#varint(bytes)) < 0 || !this.#name(bytes)) return false;
        return this.at + NODE_BYTES === length;
      case AssetMessageType.Opened: {
        const kind = bytes[this.at++];
        if (kind !== AssetKind.File && kind !== AssetKind.Folder) return false;
        this.kind = kind;
        return (this.length = this.#varint(bytes)) >= 0 && this.at + NODE_BYTES === length;
      }
      case AssetMessageType.Refused:
      case AssetMessageType.Close:
        this.code = bytes[this.at++] ?? 255;
        return this.at === length;
      case AssetMessageType.Want:
        return this.#range(bytes) && this.#flag(bytes, IS_AGAIN) && this.at === length;
      case AssetMessageType.WantLeaves:
        return this.#range(bytes) && this.at === length;
      case AssetMessageType.Chunk:
        return (this.first = this.#varint(bytes)) >= 0 && this.#flag(bytes, IS_COMPRESSED) && this.at <= length;
      case AssetMessageType.Leaves:
        if ((this.first = this.#varint(bytes)) < 0) return false;
        this.count = (length - this.at) / NODE_BYTES;
        return Number.isInteger(this.count) && this.count > 0 && this.count <= MAX_LEAVES;
      default:
        return false;
    }
  }

  #id(bytes: Uint8Array): boolean {
    this.id = this.#varint(bytes);
    return this.id >= 0 && this.id <= MAX_TRANSFER_ID;
  }

  #version(bytes: Uint8Array): boolean {
    return bytes[this.at++] === ASSET_VERSION;
  }

  #range(bytes: Uint8Array): boolean {
    this.first = this.#varint(bytes);
    this.count = this.#varint(bytes);
    return this.first >= 0 && this.count > 0 && this.first + this.count <= Number.MAX_SAFE_INTEGER;
  }

  #flag(bytes: Uint8Array, bit: number): boolean {
    const flags = bytes[this.at++];
    this.flag = flags === bit;
    return flags === bit || flags === 0;
  }

  #name(bytes: Uint8Array): boolean {
    const length = this.#varint(bytes);
    const end = this.at + length;
    if (length < 0 || length > MAX_NAME_BYTES || end > bytes.length) return false;
    try {
      this.name = decoder.decode(bytes.subarray(this.at, end));
    } catch {
      return false;
    }
    this.at = end;
    return true;
  }

  /** A negative number where there is none that is exact. */
  #varint(bytes: Uint8Array): number {
    const value = decodeVarint(bytes, this.at);
    if (value >= 0) this.at += varintLengthFrom(bytes[this.at]!);
    return value;
  }
}

/** Writes messages into memory of the caller; each method returns the length, and throws where there is no room. */
export class AssetWriter {
  #into: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** `Open`: asks for an asset. */
  open(into: Uint8Array, id: number, name: string, root: Uint8Array | undefined): number {
    this.#begin(into, AssetMessageType.Open, id);
    this.#byte(ASSET_VERSION);
    this.#byte(root === undefined ? 0 : ROOT_GIVEN);
    this.#name(name);
    if (root !== undefined) this.#bytes(root);
    return this.#at;
  }

  /** `Opened`: tells what an asset is. */
  opened(into: Uint8Array, id: number, kind: AssetKind, length: number, root: Uint8Array): number {
    this.#begin(into, AssetMessageType.Opened, id);
    this.#byte(kind);
    this.#varint(length);
    this.#bytes(root);
    return this.#at;
  }

  /** `Offer`: offers an asset. */
  offer(into: Uint8Array, id: number, name: string, length: number, root: Uint8Array): number {
    this.#begin(into, AssetMessageType.Offer, id);
    this.#byte(ASSET_VERSION);
    this.#varint(length);
    this.#name(name);
    this.#bytes(root);
    return this.#at;
  }

  /** `Refused` or `Close`. */
  end(into: Uint8Array, type: 3 | 9, id: number, code: number): number {
    this.#begin(into, type, id);
    this.#byte(code);
    return this.#at;
  }

  /** `Want`: asks for chunks. */
  want(into: Uint8Array, id: number, first: number, count: number, isAgain: boolean): number {
    this.#begin(into, AssetMessageType.Want, id);
    this.#varint(first);
    this.#varint(count);
    this.#byte(isAgain ? IS_AGAIN : 0);
    return this.#at;
  }

  /** `WantLeaves`: asks for leaves. */
  wantLeaves(into: Uint8Array, id: number, first: number, count: number): number {
    this.#begin(into, AssetMessageType.WantLeaves, id);
    this.#varint(first);
    this.#varint(count);
    return this.#at;
  }

  /** The head of `Leaves`; the values follow. */
  leaves(into: Uint8Array, id: number, first: number): number {
    this.#begin(into, AssetMessageType.Leaves, id);
    this.#varint(first);
    return this.#at;
  }

  /** The head of `Chunk`; proof and data follow. */
  chunk(into: Uint8Array, id: number, index: number, isCompressed: boolean): number {
    this.#begin(into, AssetMessageType.Chunk, id);
    this.#varint(index);
    this.#byte(isCompressed ? IS_COMPRESSED : 0);
    return this.#at;
  }

  #begin(into: Uint8Array, type: number, id: number): void {
    this.#into = into;
    this.#at = 0;
    this.#byte(type);
    this.#varint(id);
  }

  #byte(value: number): void {
    this.#into[this.#at++] = value;
  }

  #varint(value: number): void {
    const written = encodeVarint(value, this.#into, this.#at);
    if (written === 0) throw new RangeError("Cannot write a message: there is no room for it");
    this.#at += written;
  }

  #name(name: string): void {
    const bytes = encoder.encode(name);
    this.#varint(bytes.length);
    this.#bytes(bytes);
  }

  #bytes(bytes: Uint8Array): void {
    this.#into.set(bytes, this.#at);
    this.#at += bytes.length;
  }
}

/**
 * How many bytes a `Chunk` has before its data.
 *
 * @param id The transfer.
 * @param index The number of the chunk.
 * @param chunkCount How many chunks the asset has.
 * @returns The count.
 */
export function chunkHeadBytes(id: number, index: number, chunkCount: number): number {
  return 2 + varintLength(id) + varintLength(index) + proofLengthOf(index, chunkCount) * NODE_BYTES;
}
