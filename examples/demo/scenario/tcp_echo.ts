/**
 * A particle asks, the reactor returns: 64 bytes there and back, one at a time.
 *
 * @module
 */
import type { Account } from "../account.ts";
import { Asker } from "../asker.ts";
import type { ClientSetting, Scenario, Service, Setting } from "../scenario.ts";
import { Arrivals, serveTcp } from "../tcp_service.ts";
import { tickAccount, TickCheck } from "../tick_check.ts";
import { TickFeed } from "../tick_feed.ts";

const RECORD_BYTES = 64;

/** The scenario. */
export const tcpEcho: Scenario = {
  name: "tcp.echo",
  transport: "TCP particle, echo of 64 B",
  clientCount: 1,
  serve,
  drive,
};

function serve(setting: Setting): Promise<Service> {
  const check = new TickCheck(setting.seed, RECORD_BYTES);
  const arrivals = new Arrivals();
  return serveTcp(setting, {
    connectionCount: 1,
    arrivals,
    options: {
      onReceived: (connection, payload) => {
        arrivals.note();
        check.take(payload, 0, payload.length);
        connection.return(payload);
      },
    },
    account: () => ({ streams: check.streams(), faults: check.faults }),
  });
}

async function drive(setting: ClientSetting, watch: (count: () => number) => void): Promise<Account> {
  const { hostname, port, seed, runMs, client, fault } = setting;
  const feed = new TickFeed(seed, client, RECORD_BYTES, fault);
  const check = new TickCheck(seed, RECORD_BYTES);
  const asker = new Asker({ hostname, port }, (reply) => check.take(reply, 0, reply.length));
  watch(() => asker.count);
  await asker.connected;
  for (const endMs = performance.now() + runMs; performance.now() < endMs;) await asker.ask(feed.next());
  await asker.close();
  return {
    streams: { [client]: tickAccount(feed.count, RECORD_BYTES) },
    seconds: 0,
    drops: 0,
    faults: [...asker.faults, ...check.faults],
    roundTrips: asker.roundTrips.buckets(),
  };
}
