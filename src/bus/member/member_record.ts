/**
 * The record by which a node describes itself; it is passed on as it is.
 *
 *     node id 16 | boot id 16 | incarnation 4 | interest version 4 | host id 16 | gossip address 18
 *     | n 1 | link addresses 18 n | n 1 | name n | n 1 | cluster n | flags 1 | [proof 16] | n 2 | metadata n
 *
 * An address is 16 bytes (IPv4 mapped) and a port of 2. Invariant: a record is at most {@linkcode MAX_RECORD_BYTES}, so
 * that every datagram has room for one.
 *
 * @module
 */
import type { ByteReader } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import { DatagramAddress } from "../../wire/datagram_address.ts";
import { MAX_LINK_ADDRESSES } from "./bus_member.ts";
import { MAX_INCARNATION, WIRE_ADDRESS_BYTES } from "./gossip_wire.ts";

/** The longest name and the longest cluster in bytes. */
export const MAX_NAME_BYTES = 64;
/** The most metadata in bytes. */
export const MAX_METADATA_BYTES = 512;
/** How long a cluster's proof is. */
export const PROOF_BYTES = 16;
/** Where the boot id stands in a record. */
export const RECORD_BOOT_AT = 16;
/** Where the incarnation stands in a record. */
export const RECORD_INCARNATION_AT = 32;
/** The shortest part of a record that is looked at before the rest. */
export const RECORD_HEAD_BYTES = 40;
/** The longest record. */
export const MAX_RECORD_BYTES: number = RECORD_HEAD_BYTES + 16 + WIRE_ADDRESS_BYTES * (1 + MAX_LINK_ADDRESSES) + 1 +
  2 * (1 + MAX_NAME_BYTES) + 1 + PROOF_BYTES + 2 + MAX_METADATA_BYTES;

const FLAG_PROOF = 1;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** What stands in a record. */
export interface RecordFields {
  nodeId: Uint8Array;
  bootId: Uint8Array;
  incarnation: number;
  interestVersion: number;
  hostId: Uint8Array;
  gossipAddress: DatagramAddress;
  linkAddresses: readonly DatagramAddress[];
  name: string;
  cluster: string;
  /** 16 bytes, or none. */
  proof: Uint8Array;
  metadata: Uint8Array;
}

/**
 * Writes a record.
 *
 * @param fields What stands in it; all within their bounds.
 * @returns New memory with the record.
 */
export function encodeRecord(fields: RecordFields): Uint8Array {
  const memory = new Uint8Array(MAX_RECORD_BYTES);
  const writer = new ByteWriter(memory);
  writer.writeBytes(fields.nodeId);
  writer.writeBytes(fields.bootId);
  writer.writeUint32(fields.incarnation);
  writer.writeUint32(fields.interestVersion);
  writer.writeBytes(fields.hostId);
  writeAddress(writer, fields.gossipAddress);
  writer.writeUint8(fields.linkAddresses.length);
  for (const address of fields.linkAddresses) writeAddress(writer, address);
  for (const text of [fields.name, fields.cluster]) {
    const bytes = new TextEncoder().encode(text);
    writer.writeUint8(bytes.length);
    writer.writeBytes(bytes);
  }
  writer.writeUint8(fields.proof.length === 0 ? 0 : FLAG_PROOF);
  writer.writeBytes(fields.proof);
  writer.writeUint16(fields.metadata.length);
  writer.writeBytes(fields.metadata);
  return memory.slice(0, writer.offset);
}

/**
 * Reads a record.
 *
 * @param reader Stands at its start; its range ends where the record ends. Bytes behind the last field are passed over.
 * @returns The fields, which are copies, or `undefined` where it is malformed.
 */
export function decodeRecord(reader: ByteReader): RecordFields | undefined {
  const nodeId = reader.readBytes(16).slice();
  const bootId = reader.readBytes(16).slice();
  const incarnation = reader.readUint32();
  const interestVersion = reader.readUint32();
  const hostId = reader.readBytes(16).slice();
  const gossipAddress = readAddress(reader);
  const linkCount = reader.readUint8();
  if (linkCount > MAX_LINK_ADDRESSES) return undefined;
  const linkAddresses: DatagramAddress[] = [];
  for (let i = 0; i < linkCount; i++) linkAddresses.push(readAddress(reader));
  const name = readText(reader);
  const cluster = readText(reader);
  const flags = reader.readUint8();
  const proof = reader.readBytes((flags & FLAG_PROOF) !== 0 ? PROOF_BYTES : 0).slice();
  const metadataBytes = reader.readUint16();
  if (metadataBytes > MAX_METADATA_BYTES) return undefined;
  const metadata = reader.readBytes(metadataBytes).slice();
  if (reader.failed || name === undefined || name === "" || cluster === undefined) return undefined;
  if (incarnation > MAX_INCARNATION || isUnspecified(gossipAddress) || gossipAddress.port === 0) return undefined;
  const fields = { nodeId, bootId, incarnation, interestVersion, hostId, gossipAddress, linkAddresses };
  return { ...fields, name, cluster, proof, metadata };
}

/**
 * Writes an address.
 *
 * @param writer Where to.
 * @param address The address; its zone means nothing elsewhere and is left out.
 */
export function writeAddress(writer: ByteWriter, address: DatagramAddress): void {
  for (let i = 0; i < 4; i++) writer.writeInt32(address.words[i]!);
  writer.writeUint16(address.port);
}

/**
 * Reads an address.
 *
 * @param reader Where from.
 * @returns A new address.
 */
export function readAddress(reader: ByteReader): DatagramAddress {
  const address = new DatagramAddress();
  for (let i = 0; i < 4; i++) address.words[i] = reader.readInt32();
  address.words[4] = reader.readUint16();
  return address;
}

/**
 * Whether an address names no host: `0.0.0.0` or `::`.
 *
 * @param address The address.
 * @returns Whether it does not.
 */
export function isUnspecified(address: DatagramAddress): boolean {
  const { words } = address;
  return words[0] === 0 && words[1] === 0 && (words[2] === 0 || words[2] === 0xffff) && words[3] === 0;
}

function readText(reader: ByteReader): string | undefined {
  const length = reader.readUint8();
  if (length > MAX_NAME_BYTES) return undefined;
  const bytes = reader.readBytes(length);
  if (reader.failed) return undefined;
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
