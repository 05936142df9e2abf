/**
 * A ping-pong by UDP, one datagram in flight; the same for bare sockets and for links.
 *
 * @module
 */

import { report, type Settings } from "../harness/role.ts";
import { RoundTrips } from "../harness/round_trips.ts";
import type { Bind } from "./udp_flow.ts";

/**
 * The one who answers: sends everything back.
 *
 * @param bind Binds its socket.
 */
export async function pong(bind: Bind): Promise<void> {
  const socket = await bind((bytes, port) => socket.send(bytes, port));
  report("listening", { port: socket.port });
  await new Promise(() => {});
}

/**
 * The one who asks.
 *
 * @param settings Numbers `port`, `payloadBytes`, and those of the book.
 * @param bind Binds its socket.
 */
export async function ping(settings: Settings, bind: Bind): Promise<void> {
  const trips = new RoundTrips(settings);
  const done = Promise.withResolvers<void>();
  const payload = new Uint8Array(settings.of("payloadBytes"));
  const port = settings.of("port");
  const next = (): void => {
    if (trips.start(payload)) socket.send(payload, port);
    else done.resolve();
  };
  const socket = await bind((reply) => {
    trips.finish(reply);
    next();
  });
  next();
  await done.promise;
  trips.close();
  socket.close();
}
