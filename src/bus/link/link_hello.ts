/**
 * The first record of each end: what it says once it has shown that it has the key.
 *
 *     features (1), 0 so far | dials (4) | proof of the cluster (32), zeros without one | cluster as UTF-8 (up to 64)
 *
 * Invariant: the proof is bound to this handshake and this direction; it cannot be shown again elsewhere.
 *
 * @module
 */
import { constantTimeEqual } from "../../bytes/constant_time.ts";
import { HASH_BYTES } from "../../crypto/kdf.ts";
import { clusterProof } from "./link_key.ts";
import { type LinkIdentity, type LinkPeer, MAX_CLUSTER_BYTES } from "./link_setup.ts";

const DIALS_AT = 1;
const PROOF_AT = DIALS_AT + 4;
const CLUSTER_AT = PROOF_AT + HASH_BYTES;

/** The most that the text of a hello has. */
export const MAX_HELLO_BYTES: number = CLUSTER_AT + MAX_CLUSTER_BYTES;

/**
 * Makes the text of a hello.
 *
 * @param self Who says it.
 * @param dials How many dials this node has begun.
 * @param handshakeHash What names the handshake.
 * @param isDialer Whether this end dialled.
 * @returns The text.
 */
export function encodeHello(
  self: LinkIdentity,
  dials: number,
  handshakeHash: Uint8Array,
  isDialer: boolean,
): Uint8Array {
  const cluster = new TextEncoder().encode(self.cluster);
  const text = new Uint8Array(CLUSTER_AT + cluster.length);
  new DataView(text.buffer).setUint32(DIALS_AT, dials, true);
  if (self.clusterKey !== undefined) {
    text.set(clusterProof(self.clusterKey, cluster, handshakeHash, isDialer), PROOF_AT);
  }
  text.set(cluster, CLUSTER_AT);
  return text;
}

/**
 * Reads the text of a hello.
 *
 * @param text The text; only read.
 * @param self Who reads it.
 * @param handshakeHash What names the handshake.
 * @param isDialer Whether the end that said it dialled.
 * @returns What it says; `undefined` when it is none.
 */
export function decodeHello(
  text: Uint8Array,
  self: LinkIdentity,
  handshakeHash: Uint8Array,
  isDialer: boolean,
): Pick<LinkPeer, "cluster" | "isSameCluster" | "dials"> | undefined {
  if (text.length < CLUSTER_AT || text.length > MAX_HELLO_BYTES) return undefined;
  const name = text.slice(CLUSTER_AT);
  const dials = new DataView(text.buffer, text.byteOffset).getUint32(DIALS_AT, true);
  const cluster = new TextDecoder().decode(name);
  const isSaid = cluster !== "" && cluster === self.cluster;
  const isProved = self.clusterKey === undefined || constantTimeEqual(
    text.subarray(PROOF_AT, CLUSTER_AT),
    clusterProof(self.clusterKey, name, handshakeHash, isDialer),
  );
  return { dials, cluster, isSameCluster: isSaid && isProved };
}
