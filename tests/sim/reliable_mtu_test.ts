/**
 * The search for larger datagrams, on links that say that they never cut them.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Exchange } from "./reliable_bench.ts";
import { type Connected, numbered, Sim } from "./session_bench.ts";

const LINK_BYTES = 1452;

/** Two ends on links that take 1452 bytes, over a path that takes fewer. */
function searching(mtuBytes: number, seed = 1): { sim: Sim; connected: Connected } {
  const sim = new Sim({ delayMs: 10, mtuBytes }, {}, seed);
  sim.server.endpoint.declareLink(0, LINK_BYTES);
  const end = sim.addClient();
  end.endpoint.declareLink(0, LINK_BYTES);
  const pair = sim.shake(end);
  sim.scheduler.advance(500);
  return { sim, connected: { ...pair, end } };
}

/** Sends so many messages of 3000 bytes to the server. */
function talk(sim: Sim, { client, end }: Connected, count: number): void {
  for (let i = 0; i < count; i++) {
    client.send(0, numbered(i, 3000));
    end.pump();
    sim.scheduler.advance(20);
  }
  sim.scheduler.advance(500);
}

Deno.test("reliable: datagrams grow to what the path takes, and no further", () => {
  for (const mtuBytes of [1452, 1400, 1281, 1200]) {
    const { sim, connected } = searching(mtuBytes);
    talk(sim, connected, 60);
    const { datagramBytes, counters } = connected.client.statistics();
    assert(datagramBytes <= mtuBytes && datagramBytes > mtuBytes - 16, `${datagramBytes} of ${mtuBytes}`);
    assertEquals(sim.server.arrived.length, 60);
    assertEquals(counters.forged, 0);
  }
});

Deno.test("reliable: a path that becomes narrower is noticed, and every message comes", () => {
  const { sim, connected } = searching(LINK_BYTES);
  talk(sim, connected, 30);
  assertEquals(connected.client.statistics().datagramBytes, LINK_BYTES);
  sim.network.tap = ({ bytes }) => bytes.length <= 1250;
  talk(sim, connected, 30);
  sim.scheduler.advance(20_000);
  assertEquals(sim.server.arrived.length, 60);
  assertEquals(connected.client.statistics().datagramBytes, 1200);
});

Deno.test("reliable: another host starts from the size that every path carries", () => {
  const { sim, connected } = searching(LINK_BYTES);
  talk(sim, connected, 30);
  const { client, server, end } = connected;
  server.send(0, numbered(1, 100_000));
  sim.server.pump();
  sim.scheduler.advance(1000);
  assertEquals(server.statistics().datagramBytes, LINK_BYTES);
  end.host.rebind("10.50.0.1", 50);
  const sizes: number[] = [];
  sim.network.tap = ({ bytes, from }) => {
    if (from.port === 4433) sizes.push(bytes.length);
    return true;
  };
  client.send(1, numbered(1));
  end.pump();
  sim.scheduler.advance(11);
  server.send(0, numbered(2, 5000));
  sim.server.pump();
  sim.scheduler.advance(5);
  assert(sizes.length > 0 && Math.max(...sizes) <= 1200, `${sizes}`);
});

Deno.test("reliable: where no link was declared datagrams keep their size", () => {
  const sim = new Sim({ delayMs: 10 });
  const connected = sim.connect();
  const exchange = new Exchange(sim, connected, "none", [3000]);
  for (let i = 0; i < 50; i++) exchange.step(10);
  exchange.settle(5000);
  exchange.check();
  assertEquals(connected.client.statistics().datagramBytes, 1200);
});
