/**
 * A codec for message packets written from the published format alone: it knows nothing of this package.
 *
 * @module
 */

/** A packet as the format describes it. */
export interface ForeignPacket {
  readonly version: number;
  readonly compression: number;
  readonly type: number;
  readonly businessType: number;
  readonly messageId: number;
  readonly extension: Uint8Array;
  readonly payload: Uint8Array;
  readonly flags: number;
}

/**
 * Writes a packet.
 *
 * @param packet What to write; the defaults are a one-way message of version 1.
 * @returns Its bytes.
 */
export function writeForeign(packet: Partial<ForeignPacket>): Uint8Array {
  const { version = 1, compression = 0, type = 0, businessType = 0, messageId = 1, flags = 0 } = packet;
  const { extension = new Uint8Array(), payload = new Uint8Array() } = packet;
  const bytes = new Uint8Array(16 + extension.length + payload.length);
  const view = new DataView(bytes.buffer);
  [version, compression, type, businessType].forEach((value, i) => view.setUint8(i, value));
  view.setUint32(4, messageId, false);
  view.setUint16(8, extension.length, false);
  view.setUint32(10, payload.length, false);
  view.setUint16(14, flags, false);
  bytes.set(extension, 16);
  bytes.set(payload, 16 + extension.length);
  return bytes;
}

/**
 * Reads the packet at the start of some bytes.
 *
 * @param bytes They may go on behind the packet.
 * @returns The packet and its length, or `undefined` while it is incomplete.
 */
export function readForeign(bytes: Uint8Array): { packet: ForeignPacket; length: number } | undefined {
  if (bytes.length < 16) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const extensionEnd = 16 + view.getUint16(8, false);
  const length = extensionEnd + view.getUint32(10, false);
  if (bytes.length < length) return undefined;
  const packet = {
    version: view.getUint8(0),
    compression: view.getUint8(1),
    type: view.getUint8(2),
    businessType: view.getUint8(3),
    messageId: view.getUint32(4, false),
    flags: view.getUint16(14, false),
    extension: bytes.slice(16, extensionEnd),
    payload: bytes.slice(extensionEnd, length),
  };
  return { packet, length };
}
