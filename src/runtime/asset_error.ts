/**
 * What a transfer that did not succeed rejects with.
 *
 * @module
 */
import { AssetCode, type AssetCodeName, assetCodeName } from "../asset/asset_code.ts";
import { TransportError, type TransportErrorCode } from "../error/transport_error.ts";

/** A transfer failed; `reason` says why. */
export class AssetError extends TransportError {
  /** Why, as a name that never changes its meaning. */
  readonly reason: AssetCodeName;

  /**
   * Makes an error.
   *
   * @param name The asset.
   * @param code Why.
   * @param options The cause, where there is one.
   */
  constructor(name: string, code: AssetCode, options?: ErrorOptions) {
    const cause = options?.cause instanceof Error ? `: ${options.cause.message}` : "";
    super(
      kinds.get(code) ?? "PROTOCOL",
      `The transfer of ${JSON.stringify(name)} failed: ${texts[code]}${cause}`,
      options,
    );
    this.reason = assetCodeName(code);
  }
}

const texts: Readonly<Record<AssetCode, string>> = {
  [AssetCode.Done]: "the other side has ended it",
  [AssetCode.NotFound]: "there is no such asset",
  [AssetCode.Busy]: "too many transfers are open",
  [AssetCode.Changed]: "the file has changed while it was served",
  [AssetCode.TooLarge]: "it is larger than allowed, or has no such range",
  [AssetCode.Forbidden]: "the other side does not allow it",
  [AssetCode.Malformed]: "the other side sent what makes no sense",
  [AssetCode.Cancelled]: "it was cancelled",
  [AssetCode.StorageFailed]: "a file could not be read or written",
  [AssetCode.OtherRoot]: "the asset has another root",
  [AssetCode.OtherVersion]: "the other side speaks another version",
  [AssetCode.BadName]: "the name may not be used",
  [AssetCode.Corrupt]: "no source sent what holds up to the root",
  [AssetCode.TimedOut]: "nothing came for too long",
  [AssetCode.NoSource]: "no source is connected",
};

const kinds = new Map<AssetCode, TransportErrorCode>([
  [AssetCode.NotFound, "RESOURCE"],
  [AssetCode.Busy, "RESOURCE"],
  [AssetCode.Changed, "RESOURCE"],
  [AssetCode.TooLarge, "RESOURCE"],
  [AssetCode.Forbidden, "RESOURCE"],
  [AssetCode.StorageFailed, "RESOURCE"],
  [AssetCode.Cancelled, "CLOSED"],
  [AssetCode.TimedOut, "TIMEOUT"],
  [AssetCode.NoSource, "CONNECT"],
]);
