/**
 * The files of the asset scenarios: made once in the system's folder for such things, removed with the scenario.
 *
 * @module
 */

import type { Settings } from "../harness/role.ts";

const BLOCK_BYTES = 1 << 20;
const WORDS = ["verified", "asset", "chunk", "of", "the", "tree", "root", "proof", "player", "level", "forest"];

/**
 * The path of a file.
 *
 * @param settings Number `folder`, a number that no other run has.
 * @param index Which file.
 * @returns Its path.
 */
export function assetPath(settings: Settings, index: number): string {
  return `${folderOf(settings.of("folder"))}/file${index}`;
}

/**
 * Makes a file.
 *
 * @param folder The number of the folder.
 * @param index Which file.
 * @param bytes How many bytes.
 * @param isText Whether it can be compressed.
 */
export async function makeAsset(folder: number, index: number, bytes: number, isText: boolean): Promise<void> {
  await Deno.mkdir(folderOf(folder), { recursive: true });
  using file = await Deno.open(`${folderOf(folder)}/file${index}`, { write: true, create: true, truncate: true });
  const block = new Uint8Array(BLOCK_BYTES);
  for (let left = bytes; left > 0; left -= BLOCK_BYTES) {
    if (isText) fillText(block, left);
    else for (let at = 0; at < BLOCK_BYTES; at += 65_536) crypto.getRandomValues(block.subarray(at, at + 65_536));
    const part = block.subarray(0, Math.min(left, BLOCK_BYTES));
    for (let done = 0; done < part.length;) done += await file.write(part.subarray(done));
  }
}

/**
 * Gives the first file of a folder another name: to a server it is another file, and it need not be made.
 *
 * @param folder The number of the folder.
 * @param index Which file it becomes.
 */
export async function linkAsset(folder: number, index: number): Promise<void> {
  await Deno.link(`${folderOf(folder)}/file0`, `${folderOf(folder)}/file${index}`);
}

/**
 * Removes a folder with all files.
 *
 * @param folder Its number.
 */
export async function removeAssets(folder: number): Promise<void> {
  await removeAsset(folderOf(folder));
}

/**
 * Removes a file or folder, if there is one.
 *
 * @param path Which.
 */
export async function removeAsset(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** A number for a folder that no other run has. */
export function newFolder(): number {
  return Deno.pid * 1000 + Math.floor(Math.random() * 1000);
}

function folderOf(number: number): string {
  return `${Deno.env.get("TMPDIR") ?? "/tmp"}/ringwire-bench-${number}`;
}

/** Words in an order that depends on the place, as text and tables have them. */
function fillText(block: Uint8Array, seed: number): void {
  let [at, state] = [0, seed | 1];
  const encoder = new TextEncoder();
  while (at < block.length) {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    const word = `${WORDS[(state >>> 8) % WORDS.length]} ${(state >>> 20) % 97} `;
    at += encoder.encodeInto(word, block.subarray(at)).written;
    if (at + 16 > block.length) break;
  }
}
