/**
 * The burst of ticks again, with workers that own the sockets at both ends: two at the server, fed by the kernel or by
 * the façade's thread, and two at the client.
 *
 * @module
 */
import type { Dispatch } from "@ringwire/ringwire";
import type { Scenario } from "../scenario.ts";
import { driveTicks, LANES, RECORD_BYTES } from "./tcp_burst.ts";
import { serveTicks } from "../tick_service.ts";

const WORKERS = 2;

/** Each worker of the server accepts from the port that all share. */
export const tcpWorkersKernel: Scenario = scenario("kernel");

/** The server's main thread owns the sockets, and the bytes go through the workers. */
export const tcpWorkersRing: Scenario = scenario("ring");

function scenario(dispatch: Dispatch): Scenario {
  const options = { workers: WORKERS, dispatch };
  return {
    name: `tcp.workers.${dispatch}`,
    transport: `TCP burst, ${WORKERS} workers a side, ${dispatch} dispatch`,
    clientCount: 1,
    serve: (setting) =>
      serveTicks(setting, { recordBytes: RECORD_BYTES, connectionCount: LANES, by: "batch", options }),
    drive: (setting, watch) => driveTicks(setting, watch, WORKERS),
  };
}
