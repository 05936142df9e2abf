/**
 * The clients of an idle server, alike for the bare one and for ours: each connects, sends one frame and falls silent.
 *
 * @module
 */

import { awaitGo, report, type Settings } from "../harness/role.ts";
import { connect, writeAll } from "./loopback.ts";

const PREFIX_BYTES = 4;
const AT_ONCE = 64;

/**
 * Opens `connections` connections and holds them until the harness says go.
 *
 * @param settings Numbers `port`, `connections`, `payloadBytes`.
 */
export async function idleClients(settings: Settings): Promise<void> {
  const frame = new Uint8Array(PREFIX_BYTES + settings.of("payloadBytes"));
  new DataView(frame.buffer).setInt32(0, settings.of("payloadBytes"), true);
  const held: Deno.TcpConn[] = [];
  const openNext = async (): Promise<void> => {
    const connection = await connect(settings);
    held.push(connection);
    await writeAll(connection, frame);
  };
  for (let left = settings.of("connections"); left > 0; left -= AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(left, AT_ONCE) }, openNext));
  }
  report("connected", { connections: held.length });
  await awaitGo();
}
