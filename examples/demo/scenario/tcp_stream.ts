/**
 * A particle that awaits every send streams ticks to a reactor that takes them one by one.
 *
 * @module
 */
import { Particle } from "@ringwire/ringwire";
import type { Account } from "../account.ts";
import type { ClientSetting, Scenario, Service, Setting } from "../scenario.ts";
import { tickAccount } from "../tick_check.ts";
import { TickFeed } from "../tick_feed.ts";
import { serveTicks } from "../tick_service.ts";

const RECORD_BYTES = 32;
const SENDS_PER_LOOK = 64;

/** The scenario. */
export const tcpStream: Scenario = {
  name: "tcp.stream",
  transport: "TCP particle, ticks",
  clientCount: 1,
  serve,
  drive,
};

function serve(setting: Setting): Promise<Service> {
  return serveTicks(setting, { recordBytes: RECORD_BYTES, connectionCount: 1, by: "message" });
}

async function drive(setting: ClientSetting, watch: (count: () => number) => void): Promise<Account> {
  const { hostname, port, seed, runMs, client, fault } = setting;
  const feed = new TickFeed(seed, client, RECORD_BYTES, fault);
  const particle = new Particle({ hostname, port });
  await particle.connected;
  watch(() => feed.count);
  for (const endMs = performance.now() + runMs; performance.now() < endMs;) {
    for (let i = 0; i < SENDS_PER_LOOK; i++) await particle.send(feed.next());
  }
  await particle.close();
  const { unsent } = particle.statistics();
  return {
    streams: { [client]: tickAccount(feed.count, RECORD_BYTES) },
    seconds: 0,
    drops: 0,
    faults: unsent === 0 ? [] : [`${unsent} messages were not sent`],
  };
}
