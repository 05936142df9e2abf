/**
 * A particle asks, the reactor returns: 64 bytes there and back, one at a time.
 *
 * @module
 */
import type { Account } from "../account.ts";
import type { ClientSetting, Scenario, Service, Setting } from "../scenario.ts";
import type { Connection } from "@ringwire/ringwire";
import { askForTicks, serveTicks } from "../tick_service.ts";

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
  const answer = (connection: Connection, payload: Uint8Array) => void connection.return(payload);
  return serveTicks(setting, { recordBytes: RECORD_BYTES, connectionCount: 1, by: "message", answer });
}

function drive(setting: ClientSetting, watch: (count: () => number) => void): Promise<Account> {
  return askForTicks(setting, watch, RECORD_BYTES);
}
