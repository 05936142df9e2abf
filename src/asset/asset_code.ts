/**
 * Why a transfer ended or was refused, as numbers that stand on the wire and never change their meaning.
 *
 * @module
 */

/** The reasons; those from 64 on are local and never on the wire. */
export const AssetCode = {
  /** Everything arrived, or the one who closes has what it wanted. */
  Done: 0,
  /** There is no asset of this name. */
  NotFound: 1,
  /** A limit on transfers is reached; a later try may succeed. */
  Busy: 2,
  /** The file is not the one any more that the root was made from. */
  Changed: 3,
  /** The asset or a part of it is larger than a limit. */
  TooLarge: 4,
  /** The other side does not allow it. */
  Forbidden: 5,
  /** A message makes no sense. */
  Malformed: 6,
  /** Whoever asked does not want it any more. */
  Cancelled: 7,
  /** The file could not be read or written. */
  StorageFailed: 8,
  /** The asset of this name has another root. */
  OtherRoot: 9,
  /** The other side speaks another version. */
  OtherVersion: 10,
  /** The name is none that may be used. */
  BadName: 11,
  /** No source sent what holds up to the root. */
  Corrupt: 64,
  /** Nothing came for too long, again and again. */
  TimedOut: 65,
  /** No source is left. */
  NoSource: 66,
} as const;

/** One of the values of {@linkcode AssetCode}. */
export type AssetCode = (typeof AssetCode)[keyof typeof AssetCode];

/** The names of the reasons. */
export type AssetCodeName =
  | "Done"
  | "NotFound"
  | "Busy"
  | "Changed"
  | "TooLarge"
  | "Forbidden"
  | "Malformed"
  | "Cancelled"
  | "StorageFailed"
  | "OtherRoot"
  | "OtherVersion"
  | "BadName"
  | "Corrupt"
  | "TimedOut"
  | "NoSource";

const names = new Map<number, AssetCodeName>(
  Object.entries(AssetCode).map(([name, code]) => [code, name as AssetCodeName]),
);

/**
 * The name of a code.
 *
 * @param code The number, such as a peer may send.
 * @returns Its name; `"Malformed"` for a number that this version does not know.
 */
export function assetCodeName(code: number): AssetCodeName {
  return names.get(code) ?? "Malformed";
}

/**
 * A code from the wire.
 *
 * @param code The number that a peer sent.
 * @returns The code; `Malformed` for one that does not stand on the wire.
 */
export function wireCode(code: number): AssetCode {
  return code < 64 && names.has(code) ? code as AssetCode : AssetCode.Malformed;
}
