/**
 * The handler of many_echoes.ts, as it runs in workers.
 *
 * @module
 */
import type { Connection } from "../../mod.ts";

/** Returns every message. */
export function onReceived(connection: Connection, payload: Uint8Array): void {
  connection.return(payload);
}
