/**
 * A game: the server moves a ball and tells all players thirty times a second, each player looks for news once a frame
 * and keeps the newest. Nobody waits for a message.
 *
 *     deno run --allow-net examples/secure_tick.ts
 *
 * @module
 */
import { developmentCertificate, SecureSocket } from "@ringwire/ringwire/secure";

const TICK_MS = 1000 / 30;
const TICKS = 15;
const PLAYERS = 3;
/** Delivers nothing that is older than what was delivered. */
const SEQUENCED = 3;

const { cert, key, pin } = developmentCertificate();
const server = await SecureSocket.bindServer({ hostname: "127.0.0.1", cert, key });
const { tcpPort: port } = server;
const to = { hostname: "127.0.0.1", port, pin } as const;
const players = await Promise.all(Array.from({ length: PLAYERS }, () => SecureSocket.connect(to)));

const nextFrame = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, TICK_MS));
const snapshot = new DataView(new ArrayBuffer(8));
const seen = new Map<SecureSocket, { tick: number; height: number; count: number }>();

for (let tick = 1; tick <= TICKS; tick++) {
  // The server's tick: who came and went, then the newest position for everybody.
  for (let event = server.poll(); event !== undefined; event = server.poll()) {
    if (event.type !== "data") console.log(`tick ${tick}: player ${event.peerId} ${event.type}`);
  }
  snapshot.setUint32(0, tick);
  snapshot.setFloat32(4, 10 - (tick - TICKS / 2) ** 2 / 8);
  for (const peerId of server.peers) server.trySend(peerId, SEQUENCED, new Uint8Array(snapshot.buffer));
  await nextFrame();
  // Each player's frame: the newest position that came, whatever else did.
  for (const player of players) {
    for (let event = player.poll(); event !== undefined; event = player.poll()) {
      if (event.type !== "data") continue;
      const view = new DataView(event.data.buffer, event.data.byteOffset, event.data.length);
      const count = (seen.get(player)?.count ?? 0) + 1;
      seen.set(player, { tick: view.getUint32(0), height: view.getFloat32(4), count });
    }
  }
}

for (const [index, player] of players.entries()) {
  const { tick, height, count } = seen.get(player)!;
  const { smoothedRttMs } = player.peerStatistics(1)!;
  console.log(`player ${index}: ${count} of ${TICKS} ticks, at last ${tick}: height ${height.toFixed(1)}`);
  if (!(smoothedRttMs > 0)) throw new Error("There is no round-trip time");
}
await Promise.all(players.map((player) => player.close()));
await server.close();
