/**
 * The messages of the arena that must arrive: what a client asks for, and what the server tells besides snapshots.
 *
 * They are JSON texts in UTF-8 and never go through the simulated link. What a client sends is checked field by field;
 * what is out of range is brought into it, what is no such message is ignored.
 *
 * @module
 */
import type { Mood } from "../world/arena_trace.ts";

/** What is done to this client's datagrams, in each direction. */
export interface LinkSettings {
  /** The share that is lost, in percent. */
  readonly lossPercent: number;
  /** How long each is under way, in ms. */
  readonly delayMs: number;
  /** The most ms that are added, drawn anew for each. */
  readonly jitterMs: number;
}

/** How much of the arena this client is sent. */
export interface SightSettings {
  /** How far it sees. */
  readonly radius: number;
  /** The longest snapshot in bytes. */
  readonly budgetBytes: number;
}

/** What a client may ask for. */
export type Request =
  | ({ readonly type: "link" } & LinkSettings)
  | ({ readonly type: "sight" } & SightSettings)
  | { readonly type: "mood"; readonly mood: Mood };

/** The first message of the server. */
export interface Welcome {
  readonly type: "welcome";
  /** The id of the client's own entity. */
  readonly avatar: number;
  /** What the client is called. */
  readonly name: string;
  /** How many entities move by themselves; those of players have the ids from here on. */
  readonly inhabitants: number;
  /** How many entities there may be. */
  readonly capacity: number;
  /** What the client's link does at first. */
  readonly link: LinkSettings;
  /** What the client sees at first. */
  readonly sight: SightSettings;
}

/** Who plays. */
export interface Roster {
  readonly type: "roster";
  readonly players: readonly { readonly id: number; readonly name: string; readonly isBot: boolean }[];
}

/** How many bytes the snapshots of the same ticks take, in the four ways of making them. */
export interface Comparison {
  /** All entities, whole in every snapshot. */
  readonly everything: number;
  /** The relevant entities, whole in every snapshot. */
  readonly interestOnly: number;
  /** What changed of all entities. */
  readonly deltaOnly: number;
  /** What changed of the relevant entities: what this client is sent. */
  readonly deltaAndInterest: number;
}

/** What the server measured since the status before. */
export interface Status {
  readonly type: "status";
  /** The last tick that counts. */
  readonly tick: number;
  /** How long it took, in ms. */
  readonly spanMs: number;
  /** The bytes of the snapshots that were made for this client. */
  readonly bytes: Comparison;
  /** How many entities have a change that did not fit into the last snapshot. */
  readonly waiting: number;
  /** How many entities there are. */
  readonly entities: number;
  /** How many players there are, bots included. */
  readonly players: number;
  /** How lively it is. */
  readonly mood: Mood;
  /** How long the server worked on a tick, for all players, in ms on average. */
  readonly tickMs: number;
  /** How many datagrams to this client and from it were lost on purpose since it came. */
  readonly lost: number;
  /** How many datagrams that was of. */
  readonly sent: number;
  /** Snapshots of this client since it came, by kind; `WorldObserver.counters()`. */
  readonly counters: Readonly<Record<string, number>>;
}

/** What the server may say. */
export type Notice = Welcome | Roster | Status;

/** The ranges of what a client may ask for. */
export const LIMITS = {
  lossPercent: [0, 100],
  delayMs: [0, 400],
  jitterMs: [0, 200],
  radius: [60, 400],
  budgetBytes: [48, 1200],
} as const;

/** The longest request in bytes. */
export const MAX_REQUEST_BYTES = 512;

const MOODS: readonly unknown[] = ["calm", "busy", "chaotic"] satisfies Mood[];
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Writes a control message.
 *
 * @param message The message.
 * @returns Its bytes.
 */
export function encodeControl(message: Request | Notice): Uint8Array {
  return encoder.encode(JSON.stringify(message));
}

/**
 * Reads what a client asks for; any bytes may come from one.
 *
 * @param bytes The message.
 * @returns What it asks for, with every number in its range; `undefined` when it makes no sense.
 */
export function decodeRequest(bytes: Uint8Array): Request | undefined {
  if (bytes.length > MAX_REQUEST_BYTES) return undefined;
  const fields = parse(bytes);
  if (fields === undefined) return undefined;
  const { type, mood } = fields;
  if (type === "mood") return MOODS.includes(mood) ? { type, mood: mood as Mood } : undefined;
  const value = (name: keyof typeof LIMITS): number => bring(fields[name], LIMITS[name]);
  if (type === "link") {
    const link = { lossPercent: value("lossPercent"), delayMs: value("delayMs"), jitterMs: value("jitterMs") };
    return isComplete(link) ? { type, ...link } : undefined;
  }
  if (type !== "sight") return undefined;
  const sight = { radius: value("radius"), budgetBytes: Math.round(value("budgetBytes")) };
  return isComplete(sight) ? { type, ...sight } : undefined;
}

/**
 * Reads what the server says; the server is trusted to say it right.
 *
 * @param bytes The message.
 * @returns The message, `undefined` when it is none.
 */
export function decodeNotice(bytes: Uint8Array): Notice | undefined {
  return parse(bytes) as Notice | undefined;
}

function parse(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}

/** NaN where it is no number. */
function bring(value: unknown, [min, max]: readonly [number, number]): number {
  return typeof value === "number" ? Math.max(min, Math.min(max, value)) : NaN;
}

function isComplete(values: Readonly<Record<string, number>>): boolean {
  return Object.values(values).every((value) => !Number.isNaN(value));
}
