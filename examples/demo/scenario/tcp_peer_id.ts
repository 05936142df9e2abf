/**
 * Three named clients in processes of their own, as in Zerio: the server knows each by its peer id and answers by it.
 *
 * @module
 */
import type { Account } from "../account.ts";
import type { ClientSetting, Scenario, Service, Setting } from "../scenario.ts";
import { Arrivals, serveTcp } from "../tcp_service.ts";
import { TickCheck } from "../tick_check.ts";
import { askForTicks } from "../tick_service.ts";

const RECORD_BYTES = 64;
const NAMES = ["anna", "berta", "clara"];

/** The scenario. */
export const tcpPeerId: Scenario = {
  name: "tcp.peerid",
  transport: `TCP peer ids, ${NAMES.length} clients, echo`,
  clientCount: NAMES.length,
  serve,
  drive,
};

function serve(setting: Setting): Promise<Service> {
  const check = new TickCheck(setting.seed, RECORD_BYTES);
  const arrivals = new Arrivals();
  const came: string[] = [];
  return serveTcp(setting, {
    connectionCount: NAMES.length,
    arrivals,
    options: { peerIds: true, onClientConnected: (peerId) => void came.push(peerId) },
    attach: (reactor) => {
      reactor.onMessageReceived = (peerId, payload) => {
        arrivals.note();
        check.take(payload, 0, payload.length);
        return reactor.send(peerId, payload);
      };
    },
    account: () => {
      const isComplete = came.sort().join() === NAMES.join();
      return {
        streams: check.streams(),
        faults: isComplete ? check.faults : [...check.faults, `the clients that came are ${came.join()}`],
      };
    },
  });
}

function drive(setting: ClientSetting, watch: (count: () => number) => void): Promise<Account> {
  return askForTicks(setting, watch, RECORD_BYTES, NAMES[setting.client]!);
}
