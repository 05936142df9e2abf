/**
 * A reader of session packets written from src/wire/STANDARD.md alone: sections 4 to 11, over the platform's own
 * cryptography. It shares no code with the package.
 *
 * @module
 */
import { createDecipheriv, createHash, createHmac } from "node:crypto";

/** A frame as the document names it. */
export interface Frame {
  /** The name in the tables of sections 6 and 12. */
  readonly name: string;
  /** The fields behind it; byte strings in hexadecimal digits, 64-bit integers as numbers. */
  readonly [field: string]: string | number;
}

/** A datagram as the document takes it apart, without its seal opened. */
export interface Packet {
  /** Section 4: 0 to 4. */
  readonly type: number;
  /** Section 4: 0 or 1. */
  readonly phase: number;
  /** The connection id that the datagram names; "" in a first flight. */
  readonly id: string;
  /** The packet number; -1 where there is none. */
  readonly number: number;
  /** Where the sealed frames start; 0 where there are none. */
  readonly body: number;
  /** The other fields, in hexadecimal digits. */
  readonly fields: Readonly<Record<string, string>>;
}

const SESSION = 0;
const FIRST_FLIGHT = 1;
const REPLY = 2;
const RETRY = 3;

/** Hexadecimal digits of bytes. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Takes a datagram apart; throws when the document does not allow it. */
export function readPacket(datagram: Uint8Array): Packet {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
  const first = view.getUint8(0);
  if (first >> 4 !== 0b1101) throw new Error(`first byte ${first}`);
  const type = first >> 1 & 7;
  const phase = first & 1;
  if (type > 4 || type !== SESSION && phase !== 0) throw new Error(`type ${type} phase ${phase}`);
  const part = (at: number, length: number): string => {
    if (at + length > datagram.length) throw new Error("short");
    return hex(datagram.subarray(at, at + length));
  };
  const number = (at: number): number => Number(view.getBigUint64(at));
  if (type === SESSION) return { type, phase, id: part(1, 8), number: number(9), body: 17, fields: {} };
  if (type === REPLY) {
    const fields = { serverId: part(17, 8), share: part(25, 32), transcript: part(17, 40) };
    return { type, phase, id: part(1, 8), number: number(9), body: 57, fields };
  }
  if (type === FIRST_FLIGHT) {
    if (datagram.length !== 1200) throw new Error(`a first flight of ${datagram.length} bytes`);
    const ticket = view.getUint16(109);
    const fields = {
      cookie: part(9, 24),
      clientId: part(33, 8),
      random: part(41, 32),
      share: part(73, 32),
      aged: part(105, 4),
      ticket: part(111, ticket),
      transcript: part(33, 78 + ticket),
    };
    return { type, phase, id: "", number: number(1), body: 111 + ticket, fields };
  }
  const isRetry = type === RETRY;
  if (datagram.length !== (isRetry ? 41 : 18)) throw new Error(`an answer of ${datagram.length} bytes`);
  const fields = { echo: part(9, 8), [isRetry ? "cookie" : "reason"]: part(17, isRetry ? 24 : 1) };
  return { type, phase, id: part(1, 8), number: -1, body: 0, fields };
}

/** Opens the seal of a packet; `undefined` when it is not authentic. */
export function openPacket(datagram: Uint8Array, traffic: Uint8Array): Uint8Array | undefined {
  const { body, number } = readPacket(datagram);
  const nonce = label(traffic, "iv", new Uint8Array(0), 12);
  const view = new DataView(nonce.buffer, nonce.byteOffset, 12);
  view.setBigUint64(4, view.getBigUint64(4) ^ BigInt(number));
  const key = label(traffic, "key", new Uint8Array(0), 32);
  const decipher = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
  const end = datagram.length - 16;
  decipher.setAAD(datagram.subarray(0, body), { plaintextLength: end - body });
  decipher.setAuthTag(datagram.subarray(end));
  try {
    return Uint8Array.from([...decipher.update(datagram.subarray(body, end)), ...decipher.final()]);
  } catch {
    return undefined;
  }
}

/** The frames of sections 6 and 12, padding left out; throws when they break the format. */
export function readFrames(bytes: Uint8Array): Frame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const frames: Frame[] = [];
  let at = 0;
  const uint = (size: 1 | 2 | 4 | 8): number => {
    const from = at;
    at += size;
    if (at > bytes.length) throw new Error("a frame ends outside");
    if (size === 1) return view.getUint8(from);
    if (size === 2) return view.getUint16(from);
    return size === 4 ? view.getUint32(from) : Number(view.getBigUint64(from));
  };
  const part = (length: number): string => {
    at += length;
    if (at > bytes.length) throw new Error("a frame ends outside");
    return hex(bytes.subarray(at - length, at));
  };
  while (at < bytes.length) {
    const type = uint(1);
    if (type === 0x00) continue;
    else if (type === 0x01) frames.push({ name: "Ping" });
    else if (type === 0x02) frames.push({ name: "Ack", largest: uint(8), count: uint(4), delay: uint(4) });
    else if (type === 0x03) frames.push({ name: "PathChallenge", data: part(8) });
    else if (type === 0x04) frames.push({ name: "PathResponse", data: part(8) });
    else if (type === 0x05) frames.push({ name: "NewConnectionId", sequence: uint(4), id: part(8), token: part(16) });
    else if (type === 0x06) frames.push({ name: "RetireConnectionId", sequence: uint(4) });
    else if (type === 0x07) frames.push({ name: "Close", code: uint(2), text: part(uint(1)) });
    else if (type === 0x08) frames.push({ name: "HandshakeDone" });
    else if (type === 0x09) frames.push({ name: "Ticket", ...grant(uint, part) });
    else if (type === 0x0a) frames.push({ name: "Accept", verdict: uint(1), token: part(16), ...limits(uint) });
    else if (type === 0x0b) frames.push({ name: "Offer", ...limits(uint) });
    else if (type === 0x0c || type === 0x0d) frames.push(ackRanges(type === 0x0d, uint));
    else if (type >= 0x12 && type <= 0x18) frames.push(channelFrame(type, uint, part));
    else if (type === 0x10 || type === 0x11 || type === 0x19) {
      const name = type === 0x10 ? "Message" : type === 0x11 ? "EarlyMessage" : "Plain";
      frames.push({ name, channel: uint(1), id: uint(4), payload: part(uint(2)) });
    } else throw new Error(`frame type ${type}`);
  }
  return frames;
}

/** A record of section 10 as name and fields; throws when it breaks the format. */
export function readHello(record: Uint8Array): Frame {
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  let at = 0;
  const uint = (size: 1 | 2 | 4 | 8): number => {
    const from = at;
    at += size;
    if (size === 1) return view.getUint8(from);
    return size === 2 ? view.getUint16(from) : view.getUint32(from);
  };
  const part = (length: number): string => {
    at += length;
    if (at > record.length) throw new Error("a field ends outside");
    return hex(record.subarray(at - length, at));
  };
  const kind = uint(1);
  let hello: Frame;
  if (kind === 1) {
    const fixed = { lowest: uint(1), highest: uint(1), id: part(8), ...limits(uint) };
    const early = uint(1) === 1 ? { random: part(32), proof: part(32), ticket: part(uint(2)) } : {};
    hello = { name: "client", ...fixed, ...early, token: part(uint(2)) };
  } else if (kind === 2) {
    const fixed = { version: uint(1), id: part(8), resetToken: part(16), port: uint(2), ...limits(uint) };
    const flags = uint(1);
    const secrets = { clientSecret: part(32), serverSecret: part(32) };
    const ticket = (flags & 2) === 0 ? {} : grant(uint, part);
    hello = { name: "server", ...fixed, delivered: flags & 1, ...secrets, ...ticket };
  } else if (kind === 3) hello = { name: "refusal", code: uint(2) };
  else throw new Error(`record ${kind}`);
  if (at !== record.length) throw new Error("bytes behind the record");
  return hello;
}

/** `Label` of section 11. */
export function label(secret: Uint8Array, name: string, context: Uint8Array, length: number): Uint8Array {
  const text = new TextEncoder().encode(`ringwire ${name}`);
  const info = [length >> 8, length & 255, text.length, ...text, context.length, ...context];
  let block: Uint8Array = new Uint8Array(0);
  const all: number[] = [];
  for (let i = 1; all.length < length; i++) {
    block = createHmac("sha256", secret).update(Uint8Array.from([...block, ...info, i])).digest();
    all.push(...block);
  }
  return Uint8Array.from(all.slice(0, length));
}

/** `Extract` of section 11. */
export function extract(salt: Uint8Array, input: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("sha256", salt).update(input).digest());
}

/** SHA-256 over parts without lengths between them. */
export function hashOf(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

type Uint = (size: 1 | 2 | 4 | 8) => number;
type Part = (length: number) => string;

/** Rule 6.3a: `more` are the older ranges, from largest to smallest. */
function ackRanges(hasMarks: boolean, uint: Uint): Frame {
  const largest = uint(8);
  const delay = uint(4);
  const n = uint(1);
  const count = varint(uint);
  let below = largest - count;
  const more: string[] = [];
  for (let i = 0; i < n; i++) {
    const next = below - varint(uint) - 2;
    below = next - varint(uint);
    if (below < 0) throw new Error("a range below 0");
    more.push(`${next}-${below}`);
  }
  const marks = hasMarks ? { ect0: varint(uint), ect1: varint(uint), ce: varint(uint) } : {};
  return { name: hasMarks ? "AckRangesEcn" : "AckRanges", largest, delay, count, more: more.join(" "), ...marks };
}

/** Section 12, without Message. */
function channelFrame(type: number, uint: Uint, part: Part): Frame {
  if (type === 0x12) {
    const fixed = { channel: uint(1), id: uint(4), total: triple(uint), offset: triple(uint) };
    return { name: "Fragment", ...fixed, payload: part(uint(2)) };
  }
  if (type === 0x13) return { name: "Skip", channel: uint(1), id: uint(4), total: triple(uint) };
  if (type === 0x14) return { name: "Credit", channel: uint(1), limit: uint(8) };
  if (type === 0x15) return { name: "Blocked", channel: uint(1) };
  if (type === 0x16) return { name: "Protected", group: uint(2), index: uint(1) };
  if (type === 0x17) {
    const place = { channel: uint(1), group: uint(2), index: uint(1), frames: uint(1), parities: uint(1) };
    return { name: "Parity", ...place, parity: part(uint(2)) };
  }
  return { name: "Recovered", channel: uint(1), group: uint(2), indexes: part(uint(1)) };
}

function triple(uint: Uint): number {
  return uint(1) * 65_536 + uint(2);
}

/** RFC 9000 section 16. */
function varint(uint: Uint): number {
  const first = uint(1);
  let value = first & 63;
  for (let left = (1 << (first >> 6)) - 1; left > 0; left--) value = value * 256 + uint(1);
  return value;
}

function limits(uint: Uint): Record<string, number> {
  return { maxDatagram: uint(2), maxAckDelay: uint(2), idleTimeout: uint(4), features: uint(4) };
}

function grant(uint: Uint, part: (length: number) => string): Record<string, string | number> {
  return { lifetime: uint(4), ageMask: uint(4), secret: part(32), ticket: part(uint(2)) };
}
