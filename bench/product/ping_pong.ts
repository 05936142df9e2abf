/**
 * A particle that asks and a reactor that returns.
 *
 * @module
 */

import { ParticleBuilder, Reactor } from "../../mod.ts";
import { report, type Settings } from "../harness/role.ts";
import type { RoundTrips } from "../harness/round_trips.ts";

/**
 * The client: one message in flight.
 *
 * @param settings Numbers `port`, `payloadBytes`.
 * @param trips The book of the round trips.
 */
export async function askingClient(settings: Settings, trips: RoundTrips): Promise<void> {
  let arrived = (): void => {};
  const particle = new ParticleBuilder().connectTo("127.0.0.1", settings.of("port")).onReceived((reply) => {
    trips.finish(reply);
    arrived();
  }).build();
  await particle.connected;
  const payload = new Uint8Array(settings.of("payloadBytes"));
  while (trips.start(payload)) {
    const reply = new Promise<void>((resolve) => arrived = resolve);
    await particle.send(payload);
    await reply;
  }
  await particle.close();
}

/** The server: returns every message until the one client is gone. */
export async function returningServer(): Promise<void> {
  const gone = Promise.withResolvers<void>();
  const reactor = new Reactor({
    hostname: "127.0.0.1",
    port: 0,
    onReceived: (connection, payload) => {
      connection.return(payload);
    },
    onDisconnected: () => gone.resolve(),
  });
  await reactor.start();
  report("listening", { port: reactor.port });
  await gone.promise;
  await reactor.stop();
}
