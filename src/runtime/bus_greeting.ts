/**
 * What nodes without gossip say about themselves: who they are, and what they want.
 *
 * ```text
 * hello     | 16 | { v, id, name, cluster, events: [pattern …], commands: [name …] } in MessagePack |
 * interest  | 17 | { kind, name, wanted } in MessagePack |
 * bye       | 18 |
 * heartbeat | 19 |
 * ask       | 20 | as hello; the other end says hello, too |
 * ```
 *
 * Numbers from 16 on are no records of dispatchers. Invariant: whatever the bytes are, reading them gives a checked value
 * or `undefined`.
 *
 * @module
 */
import { isName, isPattern } from "../bus/dispatch/topic.ts";
import { MessagePack } from "../codec/message_pack.ts";
import { resolveMessagePackOptions } from "../codec/message_pack_options.ts";
import { MessagePackRefusal } from "../codec/message_pack_refusal.ts";

/** The kinds of records between fabrics. */
export const GreetingKind = { Hello: 16, Interest: 17, Bye: 18, Heartbeat: 19, Ask: 20 } as const;

/** From here on a record is between fabrics. */
export const FIRST_GREETING_KIND: number = GreetingKind.Hello;

/** The most patterns and names in a hello. */
const MAX_INTEREST_COUNT = 65_536;
const MAX_NAME_LENGTH = 64;
const VERSION = 1;

/** Who an end is. */
export interface Hello {
  /** Its id: 32 hexadecimal digits. */
  readonly id: string;
  /** Its name. */
  readonly name: string;
  /** The cluster that it says it is in. */
  readonly cluster: string;
  /** What it subscribes. */
  readonly events: readonly string[];
  /** What it handles. */
  readonly commands: readonly string[];
}

/** A change of what an end wants. */
export interface InterestChange {
  /** What the name names. */
  readonly kind: "event" | "command";
  /** The pattern or the command. */
  readonly name: string;
  /** Whether it is wanted from now on. */
  readonly isWanted: boolean;
}

/** Encodes and decodes greetings. */
export class BusGreeting {
  readonly #pack = new MessagePack(resolveMessagePackOptions({ maxBytes: 16 << 20, maxDepth: 2, maxItems: 1 << 17 }));

  /**
   * Encodes a hello.
   *
   * @param hello What it says.
   * @returns The record.
   */
  hello({ id, name, cluster, events, commands }: Hello): Uint8Array {
    return this.#record(GreetingKind.Hello, { v: VERSION, id, name, cluster, events, commands });
  }

  /**
   * Encodes a change of interest.
   *
   * @param change What changed.
   * @returns The record.
   */
  interest({ kind, name, isWanted }: InterestChange): Uint8Array {
    return this.#record(GreetingKind.Interest, { kind, name, wanted: isWanted });
  }

  /**
   * Reads a hello.
   *
   * @param buffer Where it lies.
   * @param start Where it starts, its kind included.
   * @param end Where it ends.
   * @returns What it says; `undefined` when it is none.
   */
  readHello(buffer: Uint8Array, start: number, end: number): Hello | undefined {
    const { v, id, name, cluster, events, commands } = this.#read(buffer, start, end);
    if (v !== VERSION || !isId(id) || !isShort(name) || name === "" || !isShort(cluster)) return undefined;
    if (!isList(events, isPattern) || !isList(commands, isName)) return undefined;
    return { id, name, cluster, events, commands };
  }

  /**
   * Reads a change of interest.
   *
   * @param buffer Where it lies.
   * @param start Where it starts, its kind included.
   * @param end Where it ends.
   * @returns What it says; `undefined` when it is none.
   */
  readInterest(buffer: Uint8Array, start: number, end: number): InterestChange | undefined {
    const { kind, name, wanted } = this.#read(buffer, start, end);
    if (typeof name !== "string" || typeof wanted !== "boolean") return undefined;
    if (kind === "event" && isPattern(name)) return { kind, name, isWanted: wanted };
    return kind === "command" && isName(name) ? { kind, name, isWanted: wanted } : undefined;
  }

  #record(kind: number, value: unknown): Uint8Array {
    const bytes = this.#pack.encode(value);
    const record = new Uint8Array(1 + bytes.length);
    record[0] = kind;
    record.set(bytes, 1);
    return record;
  }

  #read(buffer: Uint8Array, start: number, end: number): Readonly<Record<string, unknown>> {
    if (this.#pack.decode(buffer, start + 1, end) !== MessagePackRefusal.None) return {};
    const value = this.#pack.takeValue();
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
  }
}

function isId(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{32}$/.test(value);
}

function isShort(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_NAME_LENGTH;
}

function isList(value: unknown, isItem: (text: string) => boolean): value is string[] {
  return Array.isArray(value) && value.length <= MAX_INTEREST_COUNT &&
    value.every((item) => typeof item === "string" && isItem(item));
}
