/**
 * A download beside input: four mebibytes in the lane `low` on a reliable channel, while a player's input goes sixty times
 * a second on channel 1 in the lane `critical`, each packet repeating what was not acknowledged yet.
 *
 *     deno run --allow-net examples/secure_lanes.ts
 *
 * @module
 */
import { developmentCertificate, SecureSocket } from "@ringwire/ringwire/secure";

const ASSETS = 10;
const INPUT = 1;
const channels = {
  [ASSETS]: { delivery: "reliableOrdered", lane: "low" },
  [INPUT]: { lane: "critical", redundancyBytes: 256 },
} as const;
const ASSET_BYTES = 1 << 20;
const ASSET_COUNT = 4;
const INPUT_COUNT = 30;

const { cert, key, pin } = developmentCertificate();
const server = await SecureSocket.bindServer({ hostname: "127.0.0.1", cert, key, channels });
const player = await SecureSocket.connect({ hostname: "127.0.0.1", port: server.tcpPort, pin, channels });

const serving = (async () => {
  const inputs = new Set<number>();
  for await (const event of server) {
    if (event.type === "connected") {
      // Waits where the queue of the channel is full; the loop goes on meanwhile.
      void (async () => {
        for (let n = 0; n < ASSET_COUNT; n++) {
          await server.send(event.peerId, ASSETS, new Uint8Array(ASSET_BYTES).fill(n));
        }
      })();
    }
    if (event.type === "data") inputs.add(event.data[0]!);
    if (event.type === "disconnected") break;
  }
  return inputs.size;
})();

const loading = (async () => {
  let count = 0;
  for await (const event of player) {
    if (event.type !== "data") continue;
    console.log(`asset ${event.data[0]}: ${event.data.length} bytes`);
    if (++count === ASSET_COUNT) return;
  }
})();

for (let n = 0; n < INPUT_COUNT; n++) {
  player.trySend(1, INPUT, Uint8Array.of(n));
  await new Promise((resolve) => setTimeout(resolve, 1000 / 60));
}
await loading;
const { smoothedRttMs, lossRatio } = player.peerStatistics(1)!;
console.log(`round trip ${smoothedRttMs.toFixed(1)} ms, loss ${(lossRatio * 100).toFixed(1)} %`);
await player.close();
console.log(`${await serving} of ${INPUT_COUNT} inputs came`);
await server.close();
