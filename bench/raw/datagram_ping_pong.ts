/**
 * A bare ping-pong of datagrams over `Deno.listenDatagram`: one in flight, both sides await every send and receive.
 *
 * @module
 */

import { report, type Settings } from "../harness/role.ts";
import type { RoundTrips } from "../harness/round_trips.ts";

const HOST = { transport: "udp", hostname: "127.0.0.1" } as const;
const NO_BYTES = new Uint8Array(0);

/**
 * The client; an empty datagram ends the server.
 *
 * @param settings Numbers `port`, `payloadBytes`.
 * @param trips The book of the round trips.
 */
export async function datagramPing(settings: Settings, trips: RoundTrips): Promise<void> {
  const socket = Deno.listenDatagram({ ...HOST, port: 0 });
  const server = { ...HOST, port: settings.of("port") };
  const payload = new Uint8Array(settings.of("payloadBytes"));
  const into = new Uint8Array(2048);
  while (trips.start(payload)) {
    await socket.send(payload, server);
    const [reply] = await socket.receive(into);
    trips.finish(reply);
  }
  await socket.send(NO_BYTES, server);
  socket.close();
}

/** The server: sends every datagram back until one is empty. */
export async function datagramPong(): Promise<void> {
  const socket = Deno.listenDatagram({ ...HOST, port: 0 });
  report("listening", { port: (socket.addr as Deno.NetAddr).port });
  const into = new Uint8Array(2048);
  for (;;) {
    const [bytes, from] = await socket.receive(into);
    if (bytes.length === 0) break;
    await socket.send(bytes, from);
  }
  socket.close();
}
