import { assertEquals, assertThrows } from "@std/assert";
import {
  type AssetClientOptions,
  type AssetServerOptions,
  filePath,
  resolveAssetClientOptions,
  resolveAssetServerOptions,
} from "../../../src/runtime/asset_options.ts";

Deno.test("resolveAssetServerOptions() fills in the defaults, and freezes", () => {
  const config = resolveAssetServerOptions({});
  assertEquals([config.hostname, config.port, config.maxConnectionCount], ["127.0.0.1", 0, 256]);
  assertEquals([config.common.compress, config.common.sync, config.common.slotCount], [true, true, 64]);
  assertEquals(config.common.download.maxAssetBytes, 2 ** 36);
  assertEquals([config.common.workers, config.common.maxUploadsPerPeerCount, config.maxUploadBytes], [0, 4, 2 ** 36]);
  assertEquals([config.maxConnectionsPerAddressCount, config.common.linkIdleTimeoutMs], [64, 600_000]);
  const { common, maxConnectionsPerAddressCount } = resolveAssetServerOptions({
    maxActiveCount: 1,
    maxConnectionCount: 3,
  });
  assertEquals([common.maxUploadsPerPeerCount, maxConnectionsPerAddressCount], [1, 3]);
  assertEquals(resolveAssetClientOptions({}).common.linkIdleTimeoutMs, 0);
  assertEquals(Object.isFrozen(config) && Object.isFrozen(config.common), true);
});

Deno.test("resolveAssetClientOptions() takes one server, several, or none", () => {
  assertEquals(resolveAssetClientOptions({}).servers, []);
  assertEquals(resolveAssetClientOptions({ port: 5 }).servers, [{ hostname: "127.0.0.1", port: 5 }]);
  const servers = [{ port: 1 }, { hostname: "h", port: 2 }];
  assertEquals(resolveAssetClientOptions({ servers }).servers[1], { hostname: "h", port: 2 });
});

const badServers: readonly (readonly [string, unknown])[] = [
  ["an unknown option", { compres: true }],
  ["compress that is no boolean", { compress: 1 }],
  ["slotCount 0", { slotCount: 0 }],
  ["maxBadCount 0", { maxBadCount: 0 }],
  ["maxRetriesCount 255", { maxRetriesCount: 255 }],
  ["a negative time", { chunkTimeoutMs: -1 }],
  ["onOffer with uploadFolder", { onOffer: () => undefined, uploadFolder: "x" }],
  ["serveUploads without uploads", { serveUploads: true }],
  ["onOffer that is no function", { onOffer: "x" }],
  ["onEvent that is no function", { onEvent: 1 }],
  ["an empty folder", { uploadFolder: "" }],
  ["a port that is none", { port: 65536 }],
  ["workers that are no count", { workers: -1 }],
  ["more uploads of a peer than may run", { maxActiveCount: 4, maxUploadsPerPeerCount: 5 }],
  ["more links of an address than there may be", { maxConnectionCount: 4, maxConnectionsPerAddressCount: 5 }],
  ["a negative amount of uploads", { maxUploadBytes: -1 }],
];

for (const [what, options] of badServers) {
  Deno.test(`resolveAssetServerOptions() refuses ${what}`, () => {
    assertThrows(() => resolveAssetServerOptions(options as AssetServerOptions));
  });
}

const badClients: readonly (readonly [string, unknown])[] = [
  ["servers with a port", { servers: [], port: 1 }],
  ["a host without a port", { hostname: "h" }],
  ["a server without a port", { servers: [{}] }],
  ["servers that are no array", { servers: 1 }],
  ["more than 64 servers", { servers: Array.from({ length: 65 }, () => ({ port: 1 })) }],
  ["an option of servers", { onOffer: () => undefined }],
  ["another option of servers", { linkIdleTimeoutMs: 5 }],
];

for (const [what, options] of badClients) {
  Deno.test(`resolveAssetClientOptions() refuses ${what}`, () => {
    assertThrows(() => resolveAssetClientOptions(options as AssetClientOptions));
  });
}

Deno.test("filePath() refuses what is no path", () => {
  for (const path of ["", "a\0b", 5]) assertThrows(() => filePath("path", path as string), TypeError);
  assertEquals(filePath("path", "a/b"), "a/b");
});
