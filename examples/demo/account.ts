/**
 * What one process of a run sent, or received and verified; and how the accounts of both halves become a verdict.
 *
 * Invariant: a verdict without faults means that every stream was received as often, as long and with the same digest
 * as it was sent, and that no receiver found a wrong byte.
 *
 * @module
 */
import { type RoundTripBuckets, RoundTrips } from "./round_trips.ts";

/** What went over one stream: an ordered sequence of messages from one sender. */
export interface StreamAccount {
  /** How many messages. */
  readonly messages: number;
  /** How many bytes of payload. */
  readonly bytes: number;
  /** The SHA-256 of all payloads with their lengths, where contents cannot be generated anew. */
  readonly sha256?: string;
}

/** What one process has to say after a run. */
export interface Account {
  /** The streams that it sent or received, by name. */
  readonly streams: Readonly<Record<string, StreamAccount>>;
  /** From the first to the last message in seconds; 0 where it is the sender. */
  readonly seconds: number;
  /** How many messages the product dropped or replaced by its policies. */
  readonly drops: number;
  /** What was wrong, one sentence each. */
  readonly faults: readonly string[];
  /** The round trips in microseconds, where there are any. */
  readonly roundTrips?: RoundTripBuckets;
}

/** A row of the table. */
export interface Verdict {
  readonly messages: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly drops: number;
  /** Empty when every byte is right and no message is missing. */
  readonly faults: readonly string[];
  readonly roundTrips: RoundTrips;
}

/** More sentences than this say nothing new. */
const MAX_FAULTS = 20;

/**
 * Holds the accounts of both halves against each other.
 *
 * @param server The account of the serving half.
 * @param clients The accounts of all client processes.
 * @returns The verdict.
 */
export function settle(server: Account, clients: readonly Account[]): Verdict {
  const all = [server, ...clients];
  const faults = [
    ...server.faults.map((fault) => `server: ${fault}`),
    ...clients.flatMap((account, client) => account.faults.map((fault) => `client ${client}: ${fault}`)),
  ];
  const driven: Record<string, StreamAccount> = {};
  for (const { streams } of clients) {
    for (const [name, stream] of Object.entries(streams)) {
      if (driven[name] !== undefined) faults.push(`two clients have a stream ${name}`);
      driven[name] = stream;
    }
  }
  const names = [...new Set([...Object.keys(driven), ...Object.keys(server.streams)])].sort();
  for (const name of names) faults.push(...compare(name, driven[name], server.streams[name]));
  const served = Object.values(server.streams);
  if (sum(served, (stream) => stream.messages) === 0) faults.push("no message arrived");
  const roundTrips = new RoundTrips();
  for (const account of all) roundTrips.add(account.roundTrips ?? []);
  return {
    messages: sum(served, (stream) => stream.messages),
    bytes: sum(served, (stream) => stream.bytes),
    seconds: Math.max(...all.map((account) => account.seconds)),
    drops: sum(all, (account) => account.drops),
    faults: faults.slice(0, MAX_FAULTS),
    roundTrips,
  };
}

function compare(name: string, client: StreamAccount | undefined, server: StreamAccount | undefined): string[] {
  if (client === undefined || server === undefined) {
    return [`stream ${name} is known to the ${client === undefined ? "server" : "client"} only`];
  }
  return (["messages", "bytes", "sha256"] as const)
    .filter((what) => client[what] !== server[what])
    .map((what) => `stream ${name}: ${what} of the client ${client[what]}, of the server ${server[what]}`);
}

function sum<T>(of: readonly T[], figure: (one: T) => number): number {
  return of.reduce((total, one) => total + figure(one), 0);
}
