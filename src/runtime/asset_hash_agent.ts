/**
 * What a worker does that hashes files: it hashes the blocks in its lanes, and rings when one is done.
 *
 * @module
 */
import { systemHasher } from "../io/file/simd_hasher.ts";
import type { Agent } from "../pool/agent.ts";
import { Doorbell } from "../ring/doorbell.ts";
import { SharedLane } from "./asset_hash_lane.ts";

/** What such a worker is told; posted once. */
export interface HashAgentInit {
  /** Its lanes. */
  readonly lanes: readonly SharedArrayBuffer[];
  /** The doorbell of the thread that reads files. */
  readonly bell: SharedArrayBuffer;
}

/**
 * Builds the agent of a worker that hashes.
 *
 * @param init What it was told.
 * @returns The agent.
 */
export function hashAgent(init: HashAgentInit): Agent {
  const hasher = systemHasher();
  const lanes = init.lanes.map((memory) => new SharedLane(memory));
  const bell = new Doorbell(init.bell);
  return {
    doWork: () => {
      let count = 0;
      for (const lane of lanes) {
        if (!lane.tryHash(hasher)) continue;
        count++;
        bell.ring();
      }
      return count;
    },
  };
}
