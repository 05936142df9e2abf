/**
 * What a folder is as an asset: the list of its files with length and root, in order of their names.
 *
 * The manifest is itself transferred and verified as an asset, so that one root stands for the whole folder. Invariant:
 * what `decode` returns has only names that `assetNameFault` passes, no two of which fall together on a system that
 * ignores case, and none that is a folder of another one.
 *
 *     | "RWM1" | count varint | count × ( name length varint, name | length varint | root 32 ) |
 *
 * @module
 */
import { decodeVarint, encodeVarint, varintLength, varintLengthFrom } from "../bytes/varint.ts";
import { assetNameFault, assetNameKey, MAX_NAME_BYTES } from "./asset_name.ts";
import { NODE_BYTES } from "./chunk_tree.ts";

/** What a file takes in a manifest at most, on the average: names may be longer, but not all of them. */
const ENTRY_BYTES = 320;

/**
 * How many bytes a manifest may have.
 *
 * @param maxCount How many files it may have.
 * @returns The bytes: room for names of some 280 bytes, and for one of any length.
 */
export function maxManifestBytes(maxCount: number): number {
  return maxCount * ENTRY_BYTES + MAX_NAME_BYTES;
}

/** One file of a folder. */
export interface ManifestEntry {
  /** Its path in the folder. */
  readonly name: string;
  /** How many bytes it has. */
  readonly length: number;
  /** The root of its tree, 32 bytes. */
  readonly root: Uint8Array;
}

const MAGIC = [0x52, 0x57, 0x4d, 0x31] as const;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Encodes a manifest.
 *
 * @param entries The files, in any order.
 * @returns The bytes; the same for the same files.
 * @throws {TypeError} When a name is none that may be used, or falls together with another one.
 */
export function encodeManifest(entries: readonly ManifestEntry[]): Uint8Array {
  const sorted = [...entries].sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const fault = entriesFault(sorted);
  if (fault !== undefined) throw new TypeError(`Cannot make a manifest: ${fault}`);
  const names = sorted.map(({ name }) => encoder.encode(name));
  let length = MAGIC.length + varintLength(sorted.length);
  sorted.forEach((entry, i) => {
    length += varintLength(names[i]!.length) + names[i]!.length + varintLength(entry.length) + NODE_BYTES;
  });
  const bytes = new Uint8Array(length);
  bytes.set(MAGIC);
  let at: number = MAGIC.length;
  at += encodeVarint(sorted.length, bytes, at);
  sorted.forEach((entry, i) => {
    at += encodeVarint(names[i]!.length, bytes, at);
    bytes.set(names[i]!, at);
    at += names[i]!.length;
    at += encodeVarint(entry.length, bytes, at);
    bytes.set(entry.root, at);
    at += NODE_BYTES;
  });
  return bytes;
}

/**
 * Decodes a manifest.
 *
 * @param bytes The bytes, such as a peer may send; roots are copies.
 * @param maxCount How many files it may have.
 * @returns The files, or what is wrong.
 */
export function decodeManifest(bytes: Uint8Array, maxCount: number): readonly ManifestEntry[] | string {
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) return "it does not begin like a manifest";
  let at: number = MAGIC.length;
  const varint = (): number => {
    const value = decodeVarint(bytes, at);
    if (value >= 0) at += varintLengthFrom(bytes[at]!);
    return value;
  };
  const count = varint();
  if (count < 0 || count > maxCount) return `it has ${count} files, and ${maxCount} are allowed`;
  const entries: ManifestEntry[] = [];
  for (let i = 0; i < count; i++) {
    const nameLength = varint();
    if (nameLength < 1 || nameLength > MAX_NAME_BYTES || at + nameLength > bytes.length) return "a name is cut off";
    const name = textOf(bytes.subarray(at, at + nameLength));
    at += nameLength;
    const length = varint();
    if (name === undefined || length < 0 || at + NODE_BYTES > bytes.length) return "an entry makes no sense";
    entries.push({ name, length, root: bytes.slice(at, at + NODE_BYTES) });
    at += NODE_BYTES;
  }
  if (at !== bytes.length) return "something follows its last file";
  return entriesFault(entries) ?? entries;
}

function entriesFault(entries: readonly ManifestEntry[]): string | undefined {
  const keys = new Set<string>();
  for (let i = 0; i < entries.length; i++) {
    const { name } = entries[i]!;
    const fault = assetNameFault(name);
    if (fault !== undefined) return `the name ${JSON.stringify(name)} ${fault}`;
    if (i > 0 && entries[i - 1]!.name >= name) return "its files are not in order";
    const key = assetNameKey(name);
    if (keys.has(key)) return `the name ${JSON.stringify(name)} falls together with another one`;
    keys.add(key);
  }
  // A key has the slashes of its name: what is before one is the key of the folder.
  for (const key of keys) {
    for (let slash = key.indexOf("/"); slash > 0; slash = key.indexOf("/", slash + 1)) {
      if (keys.has(key.slice(0, slash))) return `${JSON.stringify(key.toLowerCase())} lies in a file`;
    }
  }
  return undefined;
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
