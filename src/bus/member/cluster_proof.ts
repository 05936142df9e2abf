/**
 * The proof that a node is in a cluster: a MAC under the cluster's key over what others would misuse.
 *
 *     first 16 bytes of HMAC-SHA-256(HKDF-Extract("ringwire bus cluster", key),
 *       node id | boot id | n 1 | cluster n | n 1 | link addresses, 18 each)
 *
 * Why the link addresses: a member of the mesh without the cluster's key must not lead the cluster's commands to itself
 * under the proof of another. Invariant: where this node has a key, only a right proof puts a member in its cluster;
 * where it has none, only a member without a proof.
 *
 * @module
 */
import { constantTimeEqual } from "../../bytes/constant_time.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import { hkdfExtract, hmacSha256 } from "../../crypto/kdf.ts";
import { WIRE_ADDRESS_BYTES } from "./gossip_wire.ts";
import { PROOF_BYTES, type RecordFields, writeAddress } from "./member_record.ts";

const MIN_KEY_BYTES = 16;
const NO_BYTES = new Uint8Array(0);
const TEXT = new TextEncoder();

/** The fields that a proof covers. */
export type ProvenFields = Pick<RecordFields, "nodeId" | "bootId" | "cluster" | "linkAddresses">;

/** The cluster of this node. */
export class ClusterProof {
  readonly #cluster: string;
  readonly #secret: Uint8Array | undefined;

  /**
   * Takes the cluster and its key.
   *
   * @param cluster The name; "" for none.
   * @param key At least 16 bytes; only read.
   * @throws {TypeError} When there is a key and no cluster.
   * @throws {RangeError} When the key is shorter.
   */
  constructor(cluster: string, key: Uint8Array | undefined) {
    this.#cluster = cluster;
    if (key !== undefined && cluster === "") throw new TypeError("A cluster key needs a cluster");
    if (key !== undefined && key.length < MIN_KEY_BYTES) {
      throw new RangeError(`A cluster key must have at least ${MIN_KEY_BYTES} bytes: got ${key.length}`);
    }
    this.#secret = key === undefined ? undefined : hkdfExtract(TEXT.encode("ringwire bus cluster"), key);
  }

  /**
   * The proof of this node.
   *
   * @param fields Its record.
   * @returns 16 bytes, or none where the cluster has no key.
   */
  prove(fields: ProvenFields): Uint8Array {
    if (this.#secret === undefined) return NO_BYTES;
    const memory = new Uint8Array(34 + 64 + 4 * WIRE_ADDRESS_BYTES);
    const writer = new ByteWriter(memory);
    const name = TEXT.encode(fields.cluster);
    writer.writeBytes(fields.nodeId);
    writer.writeBytes(fields.bootId);
    writer.writeUint8(name.length);
    writer.writeBytes(name);
    writer.writeUint8(fields.linkAddresses.length);
    for (const address of fields.linkAddresses) writeAddress(writer, address);
    return hmacSha256(this.#secret, memory.subarray(0, writer.offset)).subarray(0, PROOF_BYTES);
  }

  /**
   * Whether a member is in the cluster of this node.
   *
   * @param fields Its record.
   * @returns Whether it is; `false` where this node is in none.
   */
  covers(fields: RecordFields): boolean {
    if (this.#cluster === "" || fields.cluster !== this.#cluster) return false;
    if (this.#secret === undefined) return fields.proof.length === 0;
    return constantTimeEqual(this.prove(fields), fields.proof);
  }
}
