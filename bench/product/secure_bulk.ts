/**
 * Messages of any size one way on a reliable channel of a secure socket, as fast as `await send` lets them go.
 *
 * @module
 */

import { developmentCertificate, SecureSocket } from "../../src/api/secure_mod.ts";
import type { Arrivals } from "../harness/arrivals.ts";
import { sendFlow } from "../harness/flow.ts";
import { report, type Settings } from "../harness/role.ts";

const CHANNEL = 0;

/**
 * The sender.
 *
 * @param settings Numbers `port`, `payloadBytes`, `warmCount`, `count`.
 */
export async function secureBulkSender(settings: Settings): Promise<void> {
  const socket = await SecureSocket.connect({
    hostname: "127.0.0.1",
    port: settings.of("port"),
    dangerouslyAcceptAnyCertificate: true,
  });
  const payload = new Uint8Array(settings.of("payloadBytes")).fill(7);
  await sendFlow(settings, async (count) => {
    for (let sent = 0; sent < count; sent++) await socket.send(1, CHANNEL, payload);
  });
  await socket.close();
}

/**
 * The receiver.
 *
 * @param arrivals The book.
 */
export async function secureBulkReceiver(arrivals: Arrivals): Promise<void> {
  const { cert, key } = developmentCertificate();
  const socket = await SecureSocket.bindServer({ hostname: "127.0.0.1", cert, key });
  report("listening", { port: socket.tcpPort });
  for await (const event of socket) {
    if (event.type === "disconnected") break;
    if (event.type === "data") arrivals.add(1, event.data.length);
  }
  arrivals.close();
  await socket.close();
}
