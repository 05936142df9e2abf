/**
 * A client of encrypted UDP that was written from src/wire/STANDARD.md alone, over `node:tls`, `node:dgram` and
 * `node:crypto`: it shares no code with the package. It keeps one path, sends what it is told, answers challenges and
 * acknowledges; it repeats nothing.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { connect, type TLSSocket } from "node:tls";

const HOSTNAME = "127.0.0.1";

/** What a server's packet held. */
export interface PlainFrame {
  readonly type: number;
  /** The fields behind the type. */
  readonly fields: Uint8Array;
}

interface Keys {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

/** One session. */
export class PlainSecureClient implements AsyncDisposable {
  /** The frames that came, but for padding. */
  readonly frames: PlainFrame[] = [];
  /** What the server's hello said. */
  readonly hello: Uint8Array;
  readonly #tls: TLSSocket;
  readonly #socket: Socket;
  readonly #send: Keys;
  readonly #receive: Keys;
  readonly #seen = new Set<number>();
  #next = 0;
  #messages = 0;

  private constructor(tls: TLSSocket, socket: Socket, clientHello: Uint8Array, serverHello: Uint8Array) {
    this.#tls = tls;
    this.#socket = socket;
    this.hello = serverHello;
    const context = sha256(clientHello, serverHello);
    this.#send = keysOf(label(serverHello.subarray(41, 73), "client", context));
    this.#receive = keysOf(label(serverHello.subarray(73, 105), "server", context));
    socket.on("message", (bytes) => this.#take(bytes));
  }

  /** Section 10: TLS, both hellos, and the first packet. */
  static async connect(port: number, token: Uint8Array): Promise<PlainSecureClient> {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, HOSTNAME, resolve));
    const tls = connect({ host: HOSTNAME, port, rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) => tls.once("secureConnect", resolve).once("error", reject));
    const id = randomBytes(8);
    const limits = [0x04, 0xb0, 0, 25, 0, 0, 0x75, 0x30, 0, 0, 0, 0];
    const hello = Uint8Array.of(1, 1, 1, ...id, ...limits, 0, 0, token.length, ...token);
    tls.write(Uint8Array.of(0, hello.length, ...hello));
    const client = new PlainSecureClient(tls, socket, hello, await readRecord(tls));
    client.sendFrames([1]);
    return client;
  }

  /** The messages that came by Plain. */
  get messages(): string[] {
    return this.frames.filter(({ type }) => type === 0x19).map(({ fields }) =>
      new TextDecoder().decode(fields.subarray(7))
    );
  }

  /** Section 12: the whole messages that came on a channel, by their ids. */
  messagesOn(channel: number): Map<number, string> {
    const found = this.frames.filter(({ type, fields }) => type === 0x10 && fields[0] === channel);
    return new Map(
      found.map(({ fields }) => [numbersOf(fields, 1, 4)[0]!, new TextDecoder().decode(fields.subarray(7))]),
    );
  }

  /** Section 12: the fragments of a message, put together; `undefined` while some are missing. */
  fragmentsOf(channel: number, id: number): Uint8Array | undefined {
    let message = new Uint8Array(0);
    const missing = new Set<number>();
    for (const { type, fields } of this.frames) {
      const [total, offset, length] = numbersOf(fields, 5, 3, 3, 2);
      if (type !== 0x12 || fields[0] !== channel || numbersOf(fields, 1, 4)[0] !== id) continue;
      if (message.length === 0) {
        message = new Uint8Array(total!);
        for (let at = 0; at < total!; at++) missing.add(at);
      }
      message.set(fields.subarray(13), offset!);
      for (let at = 0; at < length!; at++) missing.delete(offset! + at);
    }
    return message.length > 0 && missing.size === 0 ? message : undefined;
  }

  /** Sends a message on channel 1. */
  send(text: string): void {
    const payload = new TextEncoder().encode(text);
    this.sendFrames([0x19, 1, ...bytesOf(this.#messages++, 4), ...bytesOf(payload.length, 2), ...payload], false);
  }

  /** Section 12: sends a whole message on any channel. */
  sendMessage(channel: number, id: number, text: string): void {
    const payload = new TextEncoder().encode(text);
    this.sendFrames([0x10, channel, ...bytesOf(id, 4), ...bytesOf(payload.length, 2), ...payload], false);
  }

  /** Section 12: sends a part of a message. */
  sendFragment(channel: number, id: number, message: Uint8Array, start: number, end: number): void {
    const part = message.subarray(start, end);
    const header = [...bytesOf(id, 4), ...bytesOf(message.length, 3), ...bytesOf(start, 3), ...bytesOf(part.length, 2)];
    this.sendFrames([0x12, channel, ...header, ...part], false);
  }

  /** Sends a packet of frames; padded to 1200 bytes where the standard asks for it. */
  sendFrames(frames: readonly number[], isPadded = true): void {
    const number = this.#next++;
    const header = Uint8Array.of(0xd0, ...this.hello.subarray(2, 10), ...bytesOf(number, 8));
    const text = new Uint8Array(isPadded ? 1200 - header.length - 16 : frames.length);
    text.set(frames);
    const cipher = createCipheriv("chacha20-poly1305", this.#send.key, nonceOf(this.#send.iv, number), {
      authTagLength: 16,
    });
    cipher.setAAD(header, { plaintextLength: text.length });
    const sealed = [header, cipher.update(text), cipher.final(), cipher.getAuthTag()];
    const [port] = numbersOf(this.hello, 26, 2);
    this.#socket.send(sealed, port!, HOSTNAME);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tls.destroy();
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  #take(packet: Uint8Array): void {
    const [high, low] = numbersOf(packet, 9, 4, 4);
    const number = high! * 2 ** 32 + low!;
    if (packet[0] !== 0xd0 || this.#seen.has(number)) return;
    const sealed = packet.subarray(17, -16);
    const decipher = createDecipheriv("chacha20-poly1305", this.#receive.key, nonceOf(this.#receive.iv, number), {
      authTagLength: 16,
    });
    decipher.setAAD(packet.subarray(0, 17), { plaintextLength: sealed.length });
    decipher.setAuthTag(packet.subarray(-16));
    const text = decipher.update(sealed);
    decipher.final();
    this.#seen.add(number);
    this.#read(new Uint8Array(text), number);
  }

  #read(text: Uint8Array, number: number): void {
    let elicits = false;
    for (let at = 0; at < text.length;) {
      const type = text[at]!;
      const length = fieldBytes(text, at);
      const fields = text.slice(at + 1, at + 1 + length);
      at += 1 + length;
      if (type === 0) continue;
      this.frames.push({ type, fields });
      if (![0x02, 0x07, 0x0c, 0x0d].includes(type)) elicits = true;
      if (type === 3) this.sendFrames([4, ...fields]);
    }
    if (elicits) this.sendFrames([2, ...bytesOf(number, 8), ...bytesOf(0, 4), ...bytesOf(0, 4)], false);
  }
}

/** How many bytes stand behind the type of a frame (section 6). */
function fieldBytes(text: Uint8Array, at: number): number {
  switch (text[at]) {
    case 0x00:
    case 0x01:
    case 0x08:
      return 0;
    case 0x02:
      return 16;
    case 0x03:
    case 0x04:
      return 8;
    case 0x05:
      return 28;
    case 0x06:
      return 4;
    case 0x07:
      return 3 + text[at + 3]!;
    case 0x09:
      return 42 + numbersOf(text, at + 41, 2)[0]!;
    case 0x0c:
      return rangesEnd(text, at, 0) - at - 1;
    case 0x0d:
      return rangesEnd(text, at, 3) - at - 1;
    case 0x10:
    case 0x19:
      return 7 + numbersOf(text, at + 6, 2)[0]!;
    case 0x12:
      return 13 + numbersOf(text, at + 12, 2)[0]!;
    case 0x13:
      return 8;
    case 0x14:
      return 9;
    case 0x15:
      return 1;
    default:
      throw new TypeError(`A frame of type ${text[at]} does not stand in a server's session packet`);
  }
}

/** Where the varints of an AckRanges end; their length is in their first two bits (RFC 9000 section 16). */
function rangesEnd(text: Uint8Array, at: number, extra: number): number {
  let end = at + 14;
  for (let left = 1 + 2 * text[at + 13]! + extra; left > 0; left--) end += 1 << (text[end]! >> 6);
  return end;
}

function readRecord(tls: TLSSocket): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let held = new Uint8Array(0);
    tls.on("error", reject).on("close", () => reject(new Error("the server closed")));
    tls.on("data", (chunk: Uint8Array) => {
      held = Uint8Array.of(...held, ...chunk);
      const length = held.length < 2 ? Infinity : numbersOf(held, 0, 2)[0]!;
      if (held.length >= 2 + length) resolve(held.slice(2, 2 + length));
    });
  });
}

function keysOf(traffic: Uint8Array): Keys {
  return { key: label(traffic, "key", new Uint8Array(0)), iv: label(traffic, "iv", new Uint8Array(0), 12) };
}

/** Section 11: one block of HKDF-Expand is enough for 32 bytes. */
function label(secret: Uint8Array, name: string, context: Uint8Array, length = 32): Uint8Array {
  const text = new TextEncoder().encode(`ringwire ${name}`);
  const info = Uint8Array.of(...bytesOf(length, 2), text.length, ...text, context.length, ...context);
  return Uint8Array.from(createHmac("sha256", secret).update(info).update(Uint8Array.of(1)).digest()).slice(0, length);
}

function nonceOf(iv: Uint8Array, number: number): Uint8Array {
  const nonce = iv.slice();
  for (const [i, byte] of bytesOf(number, 8).entries()) nonce[4 + i]! ^= byte;
  return nonce;
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return Uint8Array.from(hash.digest());
}

function bytesOf(number: number, length: number): number[] {
  return Array.from({ length }, (_, i) => Math.floor(number / 256 ** (length - 1 - i)) % 256);
}

/** Big-endian numbers of the given widths, one behind the other. */
function numbersOf(bytes: Uint8Array, at: number, ...widths: readonly number[]): number[] {
  return widths.map((width) => {
    let number = 0;
    for (let i = 0; i < width; i++) number = number * 256 + bytes[at++]!;
    return number;
  });
}
