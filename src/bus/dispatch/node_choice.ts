/**
 * Which of several nodes gets a command: in turn, the least busy, or always the same one for a key.
 *
 * By key it is rendezvous hashing (Thaler and Ravishankar, 1996): every sender finds the same node without asking, and
 * when a node comes or goes only its own share of the keys moves. The hash is FNV-1a with the finalizer of MurmurHash3.
 *
 * @module
 */

/** How a command's node is chosen. */
export type NodeChoice = "roundRobin" | "leastBusy" | "byKey";

/** What the choice looks at. */
export interface Candidate {
  /** The node's id. */
  readonly id: string;
  /** How many commands are on their way to it or with it, as far as this node knows. */
  readonly busyCount: number;
}

/**
 * The one whose turn it is.
 *
 * @param candidates At least one.
 * @param turn A number that grows by one with every choice.
 * @returns The candidate's index.
 */
export function chooseInTurn(candidates: readonly Candidate[], turn: number): number {
  return turn % candidates.length;
}

/**
 * The one with the fewest commands; among equals the one whose turn it is.
 *
 * @param candidates At least one.
 * @param turn A number that grows by one with every choice.
 * @returns The candidate's index.
 */
export function chooseLeastBusy(candidates: readonly Candidate[], turn: number): number {
  const first = turn % candidates.length;
  let best = first;
  for (let i = 1; i < candidates.length; i++) {
    const at = (first + i) % candidates.length;
    if (candidates[at]!.busyCount < candidates[best]!.busyCount) best = at;
  }
  return best;
}

/**
 * The one that a key belongs to.
 *
 * @param candidates At least one, in any order.
 * @param key The key.
 * @returns The candidate's index.
 */
export function chooseByKey(candidates: readonly Candidate[], key: string): number {
  const seed = hash(key, 0x811c9dc5);
  let best = 0;
  let bestScore = -1;
  for (let i = 0; i < candidates.length; i++) {
    const { id } = candidates[i]!;
    const score = finish(hash(id, seed));
    if (score > bestScore || score === bestScore && id < candidates[best]!.id) {
      best = i;
      bestScore = score;
    }
  }
  return best;
}

function hash(text: string, seed: number): number {
  let sum = seed;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return sum;
}

function finish(sum: number): number {
  let mixed = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
