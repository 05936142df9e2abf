/**
 * Ends of a transfer are killed at random moments (`kill -9`), and the transfer goes on from what is on disk.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { killAndResume } from "../soak/asset_kills.ts";

Deno.test("killed clients and servers leave nothing wrong, and nothing to be fetched again", async () => {
  const seed = Date.now() >>> 0;
  const { clients, servers, bytesAgain } = await killAndResume(seed, 5);
  assertEquals({ clients, servers, bytesAgain }, { clients: 5, servers: 5, bytesAgain: 0 }, `seed ${seed}`);
});
