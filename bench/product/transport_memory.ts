/**
 * Requests inside one process by memory, and the bare in-memory link beside them.
 *
 * @module
 */
import { memory, MemoryNetwork, TransportClient, TransportServer } from "../../src/api/transport_mod.ts";
import { memoryPair } from "../../src/io/memory/memory_link.ts";
import type { Settings } from "../harness/role.ts";
import { RoundTrips } from "../harness/round_trips.ts";

/**
 * Ping-pong over the bare link.
 *
 * @param settings Numbers `warmCount`, `count`, `payloadBytes`.
 */
export async function bareMemory(settings: Settings): Promise<void> {
  const trips = new RoundTrips(settings);
  const [here, there] = memoryPair();
  const payload = new Uint8Array(settings.of("payloadBytes"));
  const pong = (async () => {
    const block = new Uint8Array(4096);
    for (let read = await there.read(block); read !== null; read = await there.read(block)) {
      await there.write(block.subarray(0, read));
    }
  })();
  const reply = new Uint8Array(4096);
  while (trips.start(payload)) {
    await here.write(payload);
    await here.read(reply);
    trips.finish(reply);
  }
  here.close();
  await pong;
  trips.close();
}

/**
 * Requests by the memory protocol.
 *
 * @param settings Numbers `warmCount`, `count`, `payloadBytes`.
 */
export async function transportMemory(settings: Settings): Promise<void> {
  const trips = new RoundTrips(settings);
  const network = new MemoryNetwork();
  const server = await TransportServer.listen({
    protocols: [memory(network, "here")],
    request: (message) => message.data,
  });
  const client = await TransportClient.connect({ protocol: memory(network, "here") });
  const payload = new Uint8Array(settings.of("payloadBytes"));
  while (trips.start(payload)) trips.finish((await client.request(payload)).data);
  await client.close();
  await server.close();
  trips.close();
}
