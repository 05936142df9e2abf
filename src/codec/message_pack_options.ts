/**
 * The limits of MessagePack messages: the one place that defaults, checks and cross-checks them.
 *
 * @module
 */
import { choice, integer, onlyKnown } from "../error/option_check.ts";

/** What becomes of integers of 64 bits. */
export type Int64Policy = "bigint" | "number";

/** The limits of messages, both ways: what cannot be received cannot be sent either. */
export interface MessagePackOptions {
  /** The most bytes that a message has, 1 to 2^30. @default 1048576 */
  readonly maxBytes?: number;
  /** How deep arrays and maps may lie in each other, 0 (none at all) to 512. @default 32 */
  readonly maxDepth?: number;
  /** The most items of one array, and entries of one map; 0 to 2^24. @default 65536 */
  readonly maxItems?: number;
  /**
   * The most values of a message, keys, arrays and maps included; 1 to 2^26. It bounds memory: an empty map is one byte
   * on the wire and some fifty in memory. @default 131072
   */
  readonly maxValues?: number;
  /** The most bytes of one text or key; 0 to 2^30. @default `maxBytes` */
  readonly maxTextBytes?: number;
  /** The most bytes of one binary; 0 to 2^30. @default `maxBytes` */
  readonly maxBinaryBytes?: number;
  /**
   * `bigint`: what is a `bigint` stays one, and a number stays a number. `number`: integers of 64 bits become numbers,
   * `bigint`s cannot be sent, and what no number holds exactly is refused. Both ends must agree. @default "bigint"
   */
  readonly int64?: Int64Policy;
}

/** {@linkcode MessagePackOptions}, complete and checked. */
export type MessagePackConfig = Readonly<Required<MessagePackOptions>>;

const NAMES: ReadonlySet<string> = new Set<keyof MessagePackOptions>([
  "maxBytes",
  "maxDepth",
  "maxItems",
  "maxValues",
  "maxTextBytes",
  "maxBinaryBytes",
  "int64",
]);
const MAX_BYTES = 2 ** 30;

/**
 * Completes and checks the limits.
 *
 * @param options What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option is unknown or has the wrong type.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function resolveMessagePackOptions(options: MessagePackOptions = {}): MessagePackConfig {
  onlyKnown("MessagePack", options, NAMES);
  const maxBytes = integer("maxBytes", options.maxBytes, 1 << 20, 1, MAX_BYTES);
  return Object.freeze({
    maxBytes,
    maxDepth: integer("maxDepth", options.maxDepth, 32, 0, 512),
    maxItems: integer("maxItems", options.maxItems, 1 << 16, 0, 1 << 24),
    maxValues: integer("maxValues", options.maxValues, 1 << 17, 1, 1 << 26),
    maxTextBytes: integer("maxTextBytes", options.maxTextBytes, maxBytes, 0, MAX_BYTES),
    maxBinaryBytes: integer("maxBinaryBytes", options.maxBinaryBytes, maxBytes, 0, MAX_BYTES),
    int64: choice("int64", options.int64, "bigint", ["bigint", "number"]),
  });
}
