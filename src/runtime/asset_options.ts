/**
 * The options of asset servers and clients: the one place that defaults and checks them.
 *
 * @module
 */
import {
  DOWNLOAD_OPTION_NAMES,
  type DownloadConfig,
  type DownloadOptions,
  resolveDownloadOptions,
} from "../asset/download_options.ts";
import { duration, flag, integer, onlyKnown } from "../error/option_check.ts";
import type { AssetEvent } from "./asset_event.ts";
import { hostName } from "./reactor_options.ts";
import { resolveWorkers, WORKER_OPTION_NAMES } from "./worker_options.ts";

/** What servers and clients have in common. */
export interface AssetOptions extends DownloadOptions {
  /**
   * How many worker threads hash files that are registered or compared with what is to come: 0 for none, so that this
   * thread does; `"auto"` for one a core. They start with the first file and end with `stop` or `close`. @default 0
   */
  readonly workers?: number | "auto";
  /** Whether chunks are compressed with LZ4 where that makes them shorter. @default true */
  readonly compress?: boolean;
  /** How many chunks of 64 KiB may wait for their write, over all transfers, 1 to 4096. @default 64 */
  readonly slotCount?: number;
  /** How many downloads run at once; more wait for their turn. @default 8 */
  readonly maxActiveCount?: number;
  /** How many downloads may wait for their turn; more are refused. @default 65536 */
  readonly maxWaitingCount?: number;
  /** How many transfers one peer may have open at once, 1 to 65536. @default 256 */
  readonly maxTransfersPerPeerCount?: number;
  /** How many transfers all peers together may have open at once, 1 to 1048576. @default 4096 */
  readonly maxTransferCount?: number;
  /** How long an open transfer may want nothing before it is closed, in ms. @default 60000 */
  readonly idleTimeoutMs?: number;
  /** How many files a folder may have, 1 to 1000000. @default 100000 */
  readonly maxFolderFileCount?: number;
  /** Whether a finished file is synced to the disk before it gets its name; off, a loss of power may lose it. @default true */
  readonly sync?: boolean;
  /** Gets every event; without it they wait for `pollEvents`. */
  readonly onEvent?: ((event: AssetEvent) => unknown) | undefined;
}

/** {@linkcode AssetOptions}, complete and checked. */
export interface AssetConfig {
  /** How assets are fetched. */
  readonly download: DownloadConfig;
  /** Whether chunks are compressed. */
  readonly compress: boolean;
  /** How many chunks may wait for their write. */
  readonly slotCount: number;
  /** How many downloads run at once. */
  readonly maxActiveCount: number;
  /** How many downloads may wait. */
  readonly maxWaitingCount: number;
  /** The limit on transfers of one peer. */
  readonly maxTransfersPerPeerCount: number;
  /** The limit on all transfers. */
  readonly maxTransferCount: number;
  /** When an idle transfer is closed. */
  readonly idleTimeoutMs: number;
  /** The limit on files of a folder. */
  readonly maxFolderFileCount: number;
  /** How many uploads of one peer run at once. */
  readonly maxUploadsPerPeerCount: number;
  /** When a link without transfers is closed; 0: never. */
  readonly linkIdleTimeoutMs: number;
  /** Whether finished files are synced. */
  readonly sync: boolean;
  /** How many workers hash files. */
  readonly workers: number;
  /** Gets every event. */
  readonly onEvent: ((event: AssetEvent) => unknown) | undefined;
}

/** Whether an upload is taken: what is offered, and by whom. */
export interface AssetOffer {
  /** Who offers it: the address of a peer over TCP, otherwise what the link was attached as. */
  readonly peer: string;
  /** The name; one that may be used. */
  readonly name: string;
  /** Its length in bytes, as the peer says. */
  readonly length: number;
  /** Its root, 32 bytes, as the peer says: what arrives is held to it. */
  readonly root: Uint8Array;
}

/** The options of an asset server. */
export interface AssetServerOptions extends AssetOptions {
  /** The address to listen on. @default "127.0.0.1" */
  readonly hostname?: string;
  /** The port to listen on; 0 takes a free one. @default 0 */
  readonly port?: number;
  /** How many links there may be at once; one that is served takes about a megabyte. @default 256 */
  readonly maxConnectionCount?: number;
  /**
   * Where an offered asset is stored: a path, or `undefined` to refuse it. Without this, clients may not upload. The name
   * is safe below a folder (see `uploadFolder`), but whether an existing file is replaced is up to this function.
   */
  readonly onOffer?: ((offer: AssetOffer) => string | undefined | Promise<string | undefined>) | undefined;
  /** The folder in which every offered asset is stored under its name; takes the place of `onOffer`. */
  readonly uploadFolder?: string;
  /**
   * Whether what was uploaded is served under its name. A name that was registered, or lies in a registered folder, is
   * then refused. @default false
   */
  readonly serveUploads?: boolean;
  /** How many uploads of one peer run at once, 1 to `maxActiveCount`; more wait for their turn. @default half of that */
  readonly maxUploadsPerPeerCount?: number;
  /**
   * How many bytes uploads may take in all, those that are stored and those that were begun, each counted as 64 KiB at
   * least; what goes beyond is refused. An upload to the same path takes the place of the one before. @default 2^36
   */
  readonly maxUploadBytes?: number;
  /** How many links one address may have, 1 to `maxConnectionCount`. @default 64, or all where there are fewer */
  readonly maxConnectionsPerAddressCount?: number;
  /**
   * How long a link may have no transfer before it is closed, in ms; 0 closes none. Clients come back by themselves.
   * @default 600000
   */
  readonly linkIdleTimeoutMs?: number;
}

/** One server that has an asset. */
export interface AssetPeer {
  /** The host. @default "127.0.0.1" */
  readonly hostname?: string;
  /** The port. */
  readonly port: number;
}

/** The options of an asset client. */
export interface AssetClientOptions extends AssetOptions {
  /** The host of the only server. @default "127.0.0.1" */
  readonly hostname?: string;
  /** The port of the only server; without it and without `servers`, links are attached. */
  readonly port?: number;
  /** Several servers, in place of one: every download may be fetched from all of them. */
  readonly servers?: readonly AssetPeer[];
}

/** {@linkcode AssetServerOptions}, complete and checked. */
export interface AssetServerConfig {
  /** What servers and clients have in common. */
  readonly common: AssetConfig;
  /** The address to listen on. */
  readonly hostname: string;
  /** The port to listen on. */
  readonly port: number;
  /** The limit on links. */
  readonly maxConnectionCount: number;
  /** Where an offered asset is stored. */
  readonly onOffer: AssetServerOptions["onOffer"];
  /** The folder for offered assets. */
  readonly uploadFolder: string | undefined;
  /** Whether uploads are served. */
  readonly serveUploads: boolean;
  /** How many bytes uploads may take in all. */
  readonly maxUploadBytes: number;
  /** The limit on links of one address. */
  readonly maxConnectionsPerAddressCount: number;
}

/** {@linkcode AssetClientOptions}, complete and checked. */
export interface AssetClientConfig {
  /** What servers and clients have in common. */
  readonly common: AssetConfig;
  /** The servers. */
  readonly servers: readonly Required<AssetPeer>[];
}

/** What only servers are asked for. */
type UploadLimits = Pick<AssetServerOptions, "maxUploadsPerPeerCount" | "linkIdleTimeoutMs">;

/** More than that a disk does not feed. */
const MAX_WORKERS = 64;
const COMMON_NAMES = [
  ...DOWNLOAD_OPTION_NAMES,
  ...WORKER_OPTION_NAMES,
  "compress",
  "slotCount",
  "maxActiveCount",
  "maxWaitingCount",
  "maxTransfersPerPeerCount",
  "maxTransferCount",
  "idleTimeoutMs",
  "maxFolderFileCount",
  "sync",
  "onEvent",
];
const SERVER_NAMES = new Set([
  ...COMMON_NAMES,
  "hostname",
  "port",
  "maxConnectionCount",
  "onOffer",
  "uploadFolder",
  "serveUploads",
  "maxUploadsPerPeerCount",
  "maxUploadBytes",
  "maxConnectionsPerAddressCount",
  "linkIdleTimeoutMs",
]);
const CLIENT_NAMES = new Set([...COMMON_NAMES, "hostname", "port", "servers"]);

/**
 * Completes and checks the options of a server.
 *
 * @param o What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is unknown.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveAssetServerOptions(o: AssetServerOptions): AssetServerConfig {
  onlyKnown("An asset server", o, SERVER_NAMES);
  if (o.onOffer !== undefined && o.uploadFolder !== undefined) {
    throw new RangeError("The options onOffer and uploadFolder exclude each other");
  }
  if (o.onOffer !== undefined && typeof o.onOffer !== "function") throw new TypeError("onOffer must be a function");
  const takesUploads = o.onOffer !== undefined || o.uploadFolder !== undefined;
  const serveUploads = flag("serveUploads", o.serveUploads, false);
  if (serveUploads && !takesUploads) throw new RangeError("The option serveUploads needs onOffer or uploadFolder");
  const maxConnectionCount = integer("maxConnectionCount", o.maxConnectionCount, 256, 1, 2 ** 20);
  const addressCount = Math.min(64, maxConnectionCount);
  return Object.freeze({
    common: resolveCommon(o),
    hostname: hostName(o.hostname, "127.0.0.1"),
    port: integer("port", o.port, 0, 0, 65535),
    maxConnectionCount,
    maxConnectionsPerAddressCount: integer(
      "maxConnectionsPerAddressCount",
      o.maxConnectionsPerAddressCount,
      addressCount,
      1,
      maxConnectionCount,
    ),
    maxUploadBytes: integer("maxUploadBytes", o.maxUploadBytes, 2 ** 36, 0, Number.MAX_SAFE_INTEGER),
    onOffer: o.onOffer,
    uploadFolder: o.uploadFolder === undefined ? undefined : filePath("uploadFolder", o.uploadFolder),
    serveUploads,
  });
}

/**
 * Completes and checks the options of a client.
 *
 * @param o What the caller gave.
 * @returns The frozen configuration.
 * @throws {TypeError} When an option has the wrong type or is unknown.
 * @throws {RangeError} When an option is out of its bounds or contradicts another one.
 */
export function resolveAssetClientOptions(o: AssetClientOptions): AssetClientConfig {
  onlyKnown("An asset client", o, CLIENT_NAMES);
  if (o.servers !== undefined && (o.port !== undefined || o.hostname !== undefined)) {
    throw new RangeError("The options servers and port or hostname exclude each other");
  }
  if (o.servers !== undefined && !Array.isArray(o.servers)) throw new TypeError("The option servers must be an array");
  if (o.hostname !== undefined && o.port === undefined) throw new TypeError("The option port is missing");
  const peers = o.servers ?? (o.port === undefined ? [] : [o as AssetPeer]);
  if (peers.some((peer) => peer?.port === undefined)) throw new TypeError("The option port of a server is missing");
  if (peers.length > 64) throw new RangeError(`The option servers takes up to 64: got ${peers.length}`);
  return Object.freeze({
    common: Object.freeze({ ...resolveCommon(o), linkIdleTimeoutMs: 0 }),
    servers: Object.freeze(
      peers.map(({ hostname, port }) =>
        Object.freeze({ hostname: hostName(hostname, "127.0.0.1"), port: integer("port", port, 0, 1, 65535) })
      ),
    ),
  });
}

/**
 * Checks a path.
 *
 * @param name What it is, for the message.
 * @param path What the caller gave.
 * @returns The same.
 * @throws {TypeError} When it is no string or empty, or has a NUL.
 */
export function filePath(name: string, path: string): string {
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw new TypeError(`The ${name} must be a path: a string that is not empty and has no NUL`);
  }
  return path;
}

function resolveCommon(o: AssetOptions & UploadLimits): AssetConfig {
  if (o.onEvent !== undefined && typeof o.onEvent !== "function") throw new TypeError("onEvent must be a function");
  const maxActiveCount = integer("maxActiveCount", o.maxActiveCount, 8, 1, 4096);
  const uploadCount = Math.ceil(maxActiveCount / 2);
  return Object.freeze({
    download: resolveDownloadOptions(o),
    compress: flag("compress", o.compress, true),
    slotCount: integer("slotCount", o.slotCount, 64, 1, 4096),
    maxActiveCount,
    maxUploadsPerPeerCount: integer(
      "maxUploadsPerPeerCount",
      o.maxUploadsPerPeerCount,
      uploadCount,
      1,
      maxActiveCount,
    ),
    linkIdleTimeoutMs: duration("linkIdleTimeoutMs", o.linkIdleTimeoutMs, 600_000),
    maxWaitingCount: integer("maxWaitingCount", o.maxWaitingCount, 65_536, 0, 2 ** 20),
    maxTransfersPerPeerCount: integer("maxTransfersPerPeerCount", o.maxTransfersPerPeerCount, 256, 1, 65_536),
    maxTransferCount: integer("maxTransferCount", o.maxTransferCount, 4096, 1, 2 ** 20),
    idleTimeoutMs: duration("idleTimeoutMs", o.idleTimeoutMs, 60_000),
    maxFolderFileCount: integer("maxFolderFileCount", o.maxFolderFileCount, 100_000, 1, 1_000_000),
    sync: flag("sync", o.sync, true),
    workers: resolveWorkers(o.workers, MAX_WORKERS),
    onEvent: o.onEvent,
  });
}
