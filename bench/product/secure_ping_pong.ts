/**
 * A secure client that asks and a secure server that answers, both by `for await`.
 *
 * @module
 */

import { developmentCertificate, SecureSocket } from "../../src/api/secure_mod.ts";
import { report, type Settings } from "../harness/role.ts";
import type { RoundTrips } from "../harness/round_trips.ts";

/**
 * The client: one message in flight.
 *
 * @param settings Numbers `port`, `payloadBytes`.
 * @param trips The book of the round trips.
 * @param channel The channel, there and back.
 */
export async function securePing(settings: Settings, trips: RoundTrips, channel = 1): Promise<void> {
  const socket = await SecureSocket.connect({
    hostname: "127.0.0.1",
    port: settings.of("port"),
    dangerouslyAcceptAnyCertificate: true,
  });
  const payload = new Uint8Array(settings.of("payloadBytes"));
  trips.start(payload);
  socket.send(1, channel, payload);
  for await (const event of socket) {
    if (event.type !== "data") continue;
    trips.finish(event.data);
    if (!trips.start(payload)) break;
    socket.send(1, channel, payload);
  }
  await socket.close();
}

/** The server: returns every message until the one client is gone. */
export async function securePong(): Promise<void> {
  const { cert, key } = developmentCertificate();
  const socket = await SecureSocket.bindServer({ hostname: "127.0.0.1", cert, key });
  report("listening", { port: socket.tcpPort });
  for await (const event of socket) {
    if (event.type === "data") socket.send(event.peerId, event.channel, event.data);
    if (event.type === "disconnected") break;
  }
  await socket.close();
}
