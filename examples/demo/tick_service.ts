/**
 * What the scenarios of ticks have in common: a reactor that takes ticks and checks each, and a client that asks for
 * its ticks back.
 *
 * @module
 */
import type { Connection, ReactorOptions } from "@ringwire/ringwire";
import type { Account } from "./account.ts";
import { Asker } from "./asker.ts";
import type { ClientSetting, Service, Setting } from "./scenario.ts";
import { Arrivals, serveTcp } from "./tcp_service.ts";
import { tickAccount, TickCheck } from "./tick_check.ts";
import { TickFeed } from "./tick_feed.ts";

/** How ticks are taken. */
export interface TickPlan {
  /** The size of a record. */
  readonly recordBytes: number;
  /** How many connections all clients make. */
  readonly connectionCount: number;
  /** Message by message, or all of one read at a time. */
  readonly by: "message" | "batch";
  /** Workers, if the reactor shall have any. */
  readonly options?: Pick<ReactorOptions, "workers" | "dispatch">;
  /** What follows a message that was checked; only by message. */
  readonly answer?: (connection: Connection, payload: Uint8Array) => void;
}

/**
 * Serves one scenario of ticks.
 *
 * @param setting Where to listen.
 * @param plan How ticks are taken.
 * @returns The running service.
 */
export function serveTicks(setting: Setting, plan: TickPlan): Promise<Service> {
  const { recordBytes, connectionCount, by, options, answer } = plan;
  const check = new TickCheck(setting.seed, recordBytes);
  const arrivals = new Arrivals();
  const account = () => ({ streams: check.streams(), faults: check.faults });
  if (by === "batch") {
    return serveTcp(setting, {
      connectionCount,
      arrivals,
      account,
      options: {
        ...options,
        onBatch: (_connection, frames) => {
          arrivals.note();
          while (frames.next()) check.take(frames.buffer, frames.offset, frames.length);
        },
      },
    });
  }
  return serveTcp(setting, {
    connectionCount,
    arrivals,
    account,
    options: {
      ...options,
      onReceived: (connection, payload) => {
        arrivals.note();
        check.take(payload, 0, payload.length);
        answer?.(connection, payload);
      },
    },
  });
}

/**
 * Sends ticks one at a time and compares what comes back.
 *
 * @param setting Where to connect to, for how long, and the seed.
 * @param watch Told how to count what was done so far.
 * @param recordBytes The size of a record.
 * @param peerId The id to announce, if the server asks for one.
 * @returns What was sent and measured.
 */
export async function askForTicks(
  setting: ClientSetting,
  watch: (count: () => number) => void,
  recordBytes: number,
  peerId?: string,
): Promise<Account> {
  const { hostname, port, seed, runMs, client, fault } = setting;
  const feed = new TickFeed(seed, client, recordBytes, fault);
  const check = new TickCheck(seed, recordBytes);
  const to = { hostname, port, ...(peerId === undefined ? {} : { peerId }) };
  const asker = new Asker(to, (reply) => check.take(reply, 0, reply.length));
  watch(() => asker.count);
  await asker.connected;
  for (const endMs = performance.now() + runMs; performance.now() < endMs;) await asker.ask(feed.next());
  await asker.close();
  return {
    streams: { [client]: tickAccount(feed.count, recordBytes) },
    seconds: 0,
    drops: 0,
    faults: [...asker.faults, ...check.faults],
    roundTrips: asker.roundTrips.buckets(),
  };
}
