/**
 * Clients whose address changes under them, on real sockets: through a relay, by a new socket, and what a copy of
 * packets from elsewhere gains.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { bytesOf } from "./payloads.ts";
import { openClient, openEcho, UdpRelay } from "./secure_ends.ts";
import { eventually } from "./waiting.ts";

Deno.test("a session goes on when the port changes that the server sees", async () => {
  await using relay = await UdpRelay.open();
  await using server = await openEcho({ advertisedUdpPort: relay.port });
  relay.serverPort = server.socket.udpPort;
  await using client = await openClient(server.socket.tcpPort);
  for (let n = 0; n < 4; n++) {
    await client.socket.send(1, 1, bytesOf(`from port ${n}`));
    await client.messages(n + 1);
    const { seenPort } = relay;
    assertEquals(server.socket.peerStatistics(1)?.address.port, seenPort);
    await relay.rebind();
    assertNotEquals(relay.seenPort, seenPort);
  }
  assertEquals(client.texts, ["from port 0", "from port 1", "from port 2", "from port 3"]);
  assertEquals([server.ends, server.socket.peers], [[], [1]]);
  await eventually("the changes were counted", () => server.socket.peerStatistics(1)!.counters.migrations! >= 3);
  await relay.rebind();
});

Deno.test("a client moves to a new socket, and the session goes on", async () => {
  await using server = await openEcho();
  await using client = await openClient(server.socket.tcpPort);
  const ports = new Set<number>();
  for (let n = 0; n < 4; n++) {
    await client.socket.send(1, 1, bytesOf(`${n}`));
    await client.messages(n + 1);
    ports.add(client.socket.udpPort);
    assertEquals(server.socket.peerStatistics(1)?.address.port, client.socket.udpPort);
    await client.socket.rebind();
  }
  assertEquals([ports.size, client.texts], [4, ["0", "1", "2", "3"]]);
});

Deno.test("who copies packets of a client to the server from elsewhere gains nothing", async () => {
  await using relay = await UdpRelay.open();
  await using attacker = await UdpRelay.open();
  await using server = await openEcho({ advertisedUdpPort: relay.port });
  relay.serverPort = attacker.serverPort = server.socket.udpPort;
  await using client = await openClient(server.socket.tcpPort);
  const copies: Uint8Array[] = [];
  relay.tap = (bytes) => copies.push(bytes) > 0;
  for (let n = 0; n < 20; n++) {
    await client.socket.send(1, 1, bytesOf(`${n}`));
    await client.messages(n + 1);
    // Late copies of everything so far.
    for (const copy of copies) attacker.inject(copy);
  }
  await eventually("the copies were dropped", () => server.socket.peerStatistics(1)!.counters.replayed! >= 100);
  assertEquals(server.socket.peerStatistics(1)?.address.port, relay.seenPort);
  assertEquals(server.texts.length, 20);
  assert(server.ends.length === 0);
});
