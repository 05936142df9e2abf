/**
 * Which names assets may have: relative paths that mean the same file on every system and never leave their folder.
 *
 * Refused: traversal, absolute paths, backslashes, drive letters and streams, control and invisible characters, names
 * that Windows reserves ("Naming Files, Paths, and Namespaces"), names that it trims, forms that are not NFC (UAX #15),
 * and what no file system takes. Invariant: a name that passes has only parts that are plain file names.
 *
 * @module
 */

/** The longest name in bytes of UTF-8. */
export const MAX_NAME_BYTES = 1024;
const MAX_PART_BYTES = 255;
const MAX_PARTS = 32;

/** Devices of Windows, whatever their extension; the digits may be superscripts. */
const RESERVED = /^(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(\.|$)/i;
/** Characters that no part has: what Windows forbids, and what is a control in Unicode's C0 and C1. */
// deno-lint-ignore no-control-regex -- the point of it
const FORBIDDEN = /[<>:"|?*\\\u0000-\u001f\u007f-\u009f]/;
/** What looks like nothing or turns text around: one name must not look like another one. */
const INVISIBLE = /[\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufe00-\ufe0f]/u;

/** What downloads keep beside their destinations: an asset of such a name would take the place of one that is under way. */
const UNFINISHED = /\.ringwire-(part|state)$/i;

const encoder = new TextEncoder();

/**
 * Checks the name of an asset.
 *
 * @param name The name, such as a peer may send.
 * @returns What is wrong with it, as the rest of a sentence; `undefined` where nothing is.
 */
export function assetNameFault(name: string): string | undefined {
  if (name === "") return "is empty";
  if (name.length > MAX_NAME_BYTES || !name.isWellFormed()) return "is too long or no Unicode text";
  if (name.length * 3 > MAX_NAME_BYTES && encoder.encode(name).length > MAX_NAME_BYTES) {
    return `has more than ${MAX_NAME_BYTES} bytes`;
  }
  if (name.normalize("NFC") !== name) return "is not in the composed form of Unicode (NFC)";
  if (FORBIDDEN.test(name)) return "has a character that not every system allows";
  if (INVISIBLE.test(name)) return "has a character that does not show";
  const parts = name.split("/");
  if (parts.length > MAX_PARTS) return `has more than ${MAX_PARTS} parts`;
  for (const part of parts) {
    const fault = partFault(part);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function partFault(part: string): string | undefined {
  if (part === "") return "is absolute, or has an empty part";
  if (part === "." || part === "..") return "leads out of its folder";
  // One unit of UTF-16 has three bytes at most.
  const mayBeLong = part.length * 3 > MAX_PART_BYTES;
  if (mayBeLong && encoder.encode(part).length > MAX_PART_BYTES) {
    return `has a part of more than ${MAX_PART_BYTES} bytes`;
  }
  if (/[. ]$/.test(part) || part.startsWith(" ")) return "has a part that begins or ends in a way that systems trim";
  if (RESERVED.test(part)) return "is reserved by Windows";
  if (UNFINISHED.test(part)) return "is kept for unfinished files";
  return undefined;
}

/**
 * A key that two names share where a system that ignores case would take them for the same file.
 *
 * @param name A name without fault.
 * @returns The key.
 */
export function assetNameKey(name: string): string {
  return name.normalize("NFKC").toLowerCase().toUpperCase().normalize("NFC");
}
