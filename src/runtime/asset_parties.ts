/**
 * Who has to do with an endpoint of asset transfer: its links and its downloads, as it sees them, and the host of a link.
 *
 * @module
 */
import type { AssetCode } from "../asset/asset_code.ts";
import type { AssetKind, AssetMessage } from "../asset/asset_wire.ts";
import type { ServeMachine } from "../asset/serve_machine.ts";
import type { CatalogAsset } from "./asset_catalog.ts";

/** One link of an endpoint. */
export interface EndpointSession {
  /** The number of the link at its endpoint. */
  readonly id: number;
  /** Who is at the other end, for limits. */
  readonly peer: string;
  /** The serving side of the link. */
  readonly serving: ServeMachine<CatalogAsset>;
  /** When the link last brought a chunk, in ms. */
  readonly heardMs: number;
  /** Whether the link is gone. */
  readonly isDetached: boolean;
  /** Settles when the link is gone. */
  readonly whenDetached: Promise<void>;
  /** Sends a small message; it is copied. */
  post(message: Uint8Array): void;
  /** Refuses or ends a transfer that the serving side does not know. */
  postEnd(type: 3 | 9, id: number, code: AssetCode): void;
  /** Works off what the serving side has to do. */
  serve(): void;
  /** The link is gone. */
  detach(): void;
}

/** One download of an endpoint. */
export interface EndpointDownload {
  /** Who has offered the asset; empty for one that was asked for. */
  readonly peer: string;
  /** A link is there. */
  addSource(session: EndpointSession): void;
  /** A link is gone. */
  removeSource(session: EndpointSession): void;
  /** A message has come; borrowed. */
  receive(session: EndpointSession, message: AssetMessage, bytes: Uint8Array): void;
  /** Ends it now. */
  cancel(code: AssetCode, failure?: unknown): void;
}

/** What a link asks of whoever serves. */
export interface AssetHost {
  /** Finds what a peer asks for: the asset, or why not. */
  find(session: EndpointSession, name: string, root: Uint8Array | undefined): Promise<CatalogAsset | AssetCode>;
  /** A peer offers an asset; called with a name that was not checked. */
  offered(session: EndpointSession, id: number, name: string, length: number, root: Uint8Array): void;
  /** A peer has ended a transfer that was served to it. */
  ended(session: EndpointSession, id: number, code: AssetCode): void;
}

/** What a download is asked for. */
export interface DownloadRequest {
  /** The asset. */
  readonly name: string;
  /** The root that it must have. */
  readonly root?: Uint8Array | undefined;
  /** The bytes that are wanted. */
  readonly range?: { readonly start: number; readonly end: number } | undefined;
  /** What a folder's manifest may have at most, and any other asset. */
  readonly maxBytes?: number | undefined;
  /** Called when more is verified and written. */
  readonly onProgress?: ((received: number, total: number, download: { readonly kind: AssetKind }) => void) | undefined;
  /** The link whose other end has offered the asset. */
  readonly offer?: { readonly session: EndpointSession; readonly id: number; readonly length: number } | undefined;
}
