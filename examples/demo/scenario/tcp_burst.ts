/**
 * A burst with four lanes sends ticks without awaiting any of them to a reactor that takes whole batches.
 *
 * Each lane is a stream of its own. The loop asks `ready()` now and then, so that the queue never overflows and
 * nothing is dropped.
 *
 * @module
 */
import { ParticleBurst, SendStatus } from "@ringwire/ringwire";
import type { Account } from "../account.ts";
import type { ClientSetting, Scenario, Service, Setting } from "../scenario.ts";
import { tickAccount } from "../tick_check.ts";
import { TickFeed } from "../tick_feed.ts";
import { serveTicks } from "../tick_service.ts";

/** The size of a tick's record. */
export const RECORD_BYTES = 32;
/** How many connections the burst has. */
export const LANES = 4;
const ROUNDS_PER_LOOK = 256;

/** The scenario. */
export const tcpBurst: Scenario = {
  name: "tcp.burst",
  transport: `TCP burst, ${LANES} lanes, ticks`,
  clientCount: 1,
  serve,
  drive: (setting, watch) => driveTicks(setting, watch, 0),
};

function serve(setting: Setting): Promise<Service> {
  return serveTicks(setting, { recordBytes: RECORD_BYTES, connectionCount: LANES, by: "batch" });
}

/**
 * Sends ticks on all lanes without awaiting any.
 *
 * @param setting Where to connect to, for how long, and the seed.
 * @param watch Told how to count what was done so far.
 * @param workers How many workers own the client's sockets.
 * @returns What was sent.
 */
export async function driveTicks(
  setting: ClientSetting,
  watch: (count: () => number) => void,
  workers: number,
): Promise<Account> {
  const { hostname, port, seed, runMs, fault } = setting;
  const feeds = Array.from(
    { length: LANES },
    (_, lane) => new TickFeed(seed, lane, RECORD_BYTES, lane === 0 ? fault : "none"),
  );
  const burst = new ParticleBurst({ hostname, port, parallelism: LANES, workers });
  await burst.connected;
  watch(() => burst.statistics().messagesOut);
  let refused = 0;
  for (const endMs = performance.now() + runMs; performance.now() < endMs;) {
    for (let round = 0; round < ROUNDS_PER_LOOK; round++) {
      for (let lane = 0; lane < LANES; lane++) {
        if (burst.sendOn(lane, feeds[lane]!.next()) !== SendStatus.Queued) refused++;
      }
    }
    await burst.ready();
  }
  const { unsentCount, droppedCount } = await burst.close();
  return {
    streams: Object.fromEntries(feeds.map((feed, lane) => [lane, tickAccount(feed.count, RECORD_BYTES)])),
    seconds: 0,
    drops: droppedCount,
    faults: refused + unsentCount === 0 ? [] : [`${refused} messages were refused, ${unsentCount} were not sent`],
  };
}
