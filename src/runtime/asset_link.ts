/**
 * What asset transfer needs of a link: whole messages both ways.
 *
 * @module
 */

/** A link that the application brings: anything that carries whole messages, in any order, even with losses. */
export interface AssetLink {
  /**
   * Sends one message to the other end.
   *
   * @param message At most `MAX_ASSET_MESSAGE_BYTES` long; must not be kept after the promise has settled, or after the
   * return where there is none.
   * @returns When there is room for the next one. When it rejects or throws, the link counts as lost.
   */
  send(message: Uint8Array): Promise<unknown> | unknown;

  /** Closes the link: it had no transfer for too long. Without this it stays; must not throw. */
  close?(): void;
}

/** The other half of a link: what the application calls. */
export interface AssetAttachment {
  /**
   * A message has come from the other end.
   *
   * @param message Borrowed until the promise has settled, or for the call where there is none.
   * @returns A promise where the next message must wait until it has settled: there is no room for more now.
   */
  receive(message: Uint8Array): Promise<void> | undefined;

  /** The link is gone. Transfers wait for another one, or are over. */
  detach(): void;
}
