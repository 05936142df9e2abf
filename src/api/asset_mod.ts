/**
 * Asset transfer: large files and folders, verified chunk by chunk against one root, resumable, over any link.
 *
 * @example
 * ```ts
 * import { AssetClient, AssetServer } from "@ringwire/ringwire/asset";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/a.txt`, "asset");
 * await using server = new AssetServer();
 * await server.register("a.txt", `${folder}/a.txt`);
 * await server.start();
 * await using client = new AssetClient({ port: server.port });
 * await client.download("a.txt", `${folder}/b.txt`);
 * console.assert(await Deno.readTextFile(`${folder}/b.txt`) === "asset");
 * ```
 *
 * @module
 */
export { type AssetCodeName } from "../asset/asset_code.ts";
export { assetNameFault } from "../asset/asset_name.ts";
export { MAX_ASSET_MESSAGE_BYTES } from "../asset/asset_wire.ts";
export type { DownloadOptions } from "../asset/download_options.ts";
export { CHUNK_BYTES } from "../asset/group_hasher.ts";
export { MisuseError, ResourceError, TransportError, type TransportErrorCode } from "../error/transport_error.ts";
export type { AssetInfo } from "../runtime/asset_catalog.ts";
export { AssetError } from "../runtime/asset_error.ts";
export type { AssetCompleted, AssetEvent, AssetFailed, AssetProgress } from "../runtime/asset_event.ts";
export type { AssetAttachment, AssetLink } from "../runtime/asset_link.ts";
export type {
  AssetClientOptions,
  AssetOffer,
  AssetOptions,
  AssetPeer,
  AssetServerOptions,
} from "../runtime/asset_options.ts";
export type { AssetStatistics } from "../runtime/asset_statistics.ts";
export type { TransferResult } from "../runtime/asset_transfers.ts";
export { AssetClient, type AssetDownloadOptions, type AssetTransfer } from "./asset_client.ts";
export { type AssetGrant, AssetServer } from "./asset_server.ts";
