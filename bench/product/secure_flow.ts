/**
 * Encrypted messages one way, each as long as a packet takes, with a credit back for every few so that none is lost.
 *
 * @module
 */

import { developmentCertificate, SecureSocket } from "../../src/api/secure_mod.ts";
import type { Arrivals } from "../harness/arrivals.ts";
import { sendFlow } from "../harness/flow.ts";
import { report, type Settings } from "../harness/role.ts";
import { CREDIT, WINDOW } from "../raw/datagram_flow.ts";

const CHANNEL = 1;

/**
 * The sender.
 *
 * @param settings Numbers `port`, `payloadBytes`, `warmCount`, `count`.
 */
export async function secureSender(settings: Settings): Promise<void> {
  const socket = await SecureSocket.connect({
    hostname: "127.0.0.1",
    port: settings.of("port"),
    dangerouslyAcceptAnyCertificate: true,
  });
  const payload = new Uint8Array(settings.of("payloadBytes")).fill(7);
  let room = WINDOW;
  let wake = (): void => {};
  const reading = (async () => {
    for await (const event of socket) {
      if (event.type !== "data") continue;
      room += CREDIT;
      wake();
    }
  })();
  const credit = (): Promise<void> => new Promise((resolve) => wake = resolve);
  await sendFlow(settings, async (count) => {
    for (let sent = 0; sent < count;) {
      while (room > 0 && sent < count) {
        room--;
        sent++;
        socket.send(1, CHANNEL, payload);
      }
      if (sent < count) await credit();
    }
    while (room < WINDOW) await credit();
  });
  await socket.close();
  await reading;
}

/**
 * The receiver.
 *
 * @param arrivals The book.
 */
export async function secureReceiver(arrivals: Arrivals): Promise<void> {
  const { cert, key } = developmentCertificate();
  const socket = await SecureSocket.bindServer({ hostname: "127.0.0.1", cert, key });
  report("listening", { port: socket.tcpPort });
  const credit = new Uint8Array(1);
  let owed = 0;
  for await (const event of socket) {
    if (event.type === "disconnected") break;
    if (event.type !== "data") continue;
    arrivals.add(1, event.data.length);
    if (++owed < CREDIT) continue;
    owed = 0;
    socket.send(event.peerId, CHANNEL, credit);
  }
  arrivals.close();
  await socket.close();
}
