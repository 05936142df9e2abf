/**
 * Foreign peers of the transport: a codec written from the published format alone, over the sockets of Node, over TLS of
 * Node and of openssl, and over the platform's WebSocket; and vectors of that format.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { connect as connectNode, createServer, type Socket } from "node:net";
import { connect as connectNodeTls } from "node:tls";
import {
  developmentCertificate,
  tcp,
  tls,
  TransportClient,
  TransportServer,
  webSocket,
} from "../../src/api/transport_mod.ts";
import { MessageHeader, messagePacketBytes } from "../../src/wire/message_packet.ts";
import { eventually, within } from "../e2e/waiting.ts";
import { type ForeignPacket, readForeign, writeForeign } from "./foreign_message_codec.ts";

const hostname = "127.0.0.1";
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Packets by hand, after the table of the format. */
const VECTORS: readonly (readonly [hex: string, packet: Partial<ForeignPacket>])[] = [
  ["01000000 00000001 0000 00000000 0000", { messageId: 1 }],
  ["0100012a 00000102 0000 00000002 0000 6869", { type: 1, businessType: 42, messageId: 258, payload: bytesOf("hi") }],
  ["010102ff ffffffff 0003 00000001 8006 616263 7a", {
    compression: 1,
    type: 2,
    businessType: 255,
    messageId: 0xffff_ffff,
    extension: bytesOf("abc"),
    payload: bytesOf("z"),
    flags: 0x8006,
  }],
];

Deno.test("vectors of message packets are what both codecs write and read", () => {
  for (const [hex, packet] of VECTORS) {
    const bytes = Uint8Array.fromHex(hex.replaceAll(" ", ""));
    assertEquals(writeForeign(packet), bytes);
    const header = new MessageHeader();
    assertEquals(header.decode(bytes, 0), 0);
    const { type = 0, businessType = 0, messageId = 1, compression = 0, flags = 0 } = packet;
    assertEquals([header.type, header.businessType, header.id], [type, businessType, messageId]);
    assertEquals([header.compression, header.flags, messagePacketBytes(bytes, 0)], [compression, flags, bytes.length]);
    const written = new Uint8Array(16);
    header.encode(written, 0);
    assertEquals(written, bytes.subarray(0, 16));
  }
});

/** Collects packets out of a socket of Node. */
class NodePeer {
  readonly packets: ForeignPacket[] = [];
  readonly socket: Socket;
  hasEnded = false;
  #held = Buffer.alloc(0);
  readonly #closed = Promise.withResolvers<void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.once("close", () => this.#closed.resolve());
    socket.on("data", (data: Uint8Array) => {
      this.#held = Buffer.concat([this.#held, data]);
      for (let found = readForeign(this.#held); found !== undefined; found = readForeign(this.#held)) {
        this.packets.push(found.packet);
        this.#held = this.#held.subarray(found.length);
      }
    });
    socket.on("error", () => {});
    socket.on("end", () => this.hasEnded = true);
  }

  /** Writes packets, a few bytes at a time. */
  dribble(packets: readonly Partial<ForeignPacket>[]): void {
    const all = Buffer.concat(packets.map(writeForeign));
    for (let at = 0; at < all.length; at += 5) this.socket.write(all.subarray(at, at + 5));
  }

  async end(): Promise<void> {
    this.socket.destroy();
    await this.#closed.promise;
  }
}

Deno.test("a client of node:net asks, sends, is asked, and hears of the end", async () => {
  const got: string[] = [];
  const server = await TransportServer.listen({
    protocols: [tcp({ hostname, port: 0 })],
    messageReceived: async ({ message }) => {
      got.push(`${message.messageId} ${message.businessType} ${message.text}`);
      if (message.isRequest) await message.respond(bytesOf(`re ${message.text}`), { businessType: 7 });
    },
  });
  const peer = new NodePeer(connectNode({ host: hostname, port: server.port("tcp") }));
  const large = "x".repeat(100_000);
  peer.dribble([
    { type: 0, messageId: 1, payload: bytesOf("one way"), businessType: 3 },
    { type: 1, messageId: 2, payload: bytesOf("question") },
  ]);
  peer.socket.write(writeForeign({ type: 1, messageId: 3, payload: bytesOf(large) }));
  await eventually("the answers", () => peer.packets.length === 2);
  assertEquals(got, ["1 3 one way", "2 0 question", `3 0 ${large}`]);
  const [first, second] = peer.packets;
  assertEquals([first!.type, first!.messageId, first!.businessType, textOf(first!.payload)], [2, 2, 7, "re question"]);
  assertEquals([second!.messageId, second!.payload.length, second!.extension.length], [3, 100_003, 0]);

  const asked = server.request(server.sessionIds[0]!, bytesOf("and you?"));
  await eventually("the question", () => peer.packets.length === 3);
  const { type, messageId } = peer.packets[2]!;
  assertEquals([type, messageId], [1, 1]);
  peer.socket.write(writeForeign({ type: 2, messageId: 99, payload: bytesOf("stray") }));
  peer.socket.write(writeForeign({ type: 2, messageId, payload: bytesOf("fine") }));
  assertEquals(textOf((await asked).data), "fine");
  assertEquals(server.statistics().messages.unknownResponses, 1);

  const stopping = server.shutdown(1000);
  await eventually("the end", () => peer.hasEnded);
  await peer.end();
  await stopping;
  assert(peer.packets.every(({ flags }) => flags === 1 << 15));
});

Deno.test("a server of node:net is asked by our client", async () => {
  const peers: NodePeer[] = [];
  const foreign = createServer((socket) => {
    const peer = new NodePeer(socket);
    peers.push(peer);
    socket.on("data", () => {
      for (const { type, messageId, payload } of peer.packets.splice(0)) {
        if (type === 1) socket.write(writeForeign({ type: 2, messageId, payload: bytesOf(`node ${textOf(payload)}`) }));
      }
    });
  });
  await new Promise<void>((resolve) => foreign.listen(0, hostname, resolve));
  const { port } = foreign.address() as { readonly port: number };
  const client = await TransportClient.connect({ protocol: tcp({ hostname, port }) });
  const answers = await Promise.all(["1", "2", "3"].map((text) => client.request(bytesOf(text))));
  assertEquals(answers.map(({ data }) => textOf(data)), ["node 1", "node 2", "node 3"]);
  const closing = client.close();
  await eventually("the end", () => peers[0]!.hasEnded);
  await peers[0]!.end();
  await closing;
  await new Promise((resolve) => foreign.close(resolve));
});

Deno.test({
  name: "clients of node:tls and of openssl are answered over TLS",
  // TLS says goodbye after its links are closed.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const { cert, key } = developmentCertificate();
    const server = await TransportServer.listen({
      protocols: [tls({ hostname, port: 0, listen: { cert, key } })],
      request: (message) => bytesOf(`re ${message.text}`),
    });
    const port = server.port("tls");
    const question = writeForeign({ type: 1, messageId: 5, payload: bytesOf("hello") });

    const peer = new NodePeer(connectNodeTls({ host: hostname, port, ca: cert, servername: "localhost" }));
    peer.socket.write(question);
    await eventually("the answer", () => peer.packets.length === 1);
    assertEquals(textOf(peer.packets[0]!.payload), "re hello");
    await peer.end();

    const openssl = new Deno.Command("openssl", {
      args: ["s_client", "-quiet", "-connect", `${hostname}:${port}`],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const writer = openssl.stdin.getWriter();
    await writer.write(question);
    const reader = openssl.stdout.getReader();
    let held = Buffer.alloc(0);
    while (readForeign(held) === undefined) {
      const { value } = await within("openssl", reader.read());
      held = Buffer.concat([held, value!]);
    }
    assertEquals(textOf(readForeign(held)!.packet.payload), "re hello");
    openssl.kill("SIGKILL");
    await Promise.all([openssl.status, writer.close().catch(() => {}), reader.cancel()]);
    await server.close();
  },
});

Deno.test("the platform's WebSocket with a foreign codec is served; text and bad packets end it", async () => {
  const reasons: string[] = [];
  const server = await TransportServer.listen({
    protocols: [webSocket({ hostname, port: 0, path: "/ws", subprotocols: ["msgtrans"] })],
    request: (message) => bytesOf(`re ${message.text}`),
    connectionClosed: ({ reason }) => void reasons.push(reason.name),
  });
  const open = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://${hostname}:${server.port("websocket")}/ws?who=me`, "msgtrans");
    socket.binaryType = "arraybuffer";
    await new Promise((resolve) => socket.onopen = resolve);
    return socket;
  };
  const good = await open();
  assertEquals(good.protocol, "msgtrans");
  const answer = new Promise<ArrayBuffer>((resolve) => good.onmessage = ({ data }) => resolve(data));
  good.send(writeForeign({ type: 1, messageId: 5, payload: bytesOf("hi") }) as Uint8Array<ArrayBuffer>);
  const { packet } = readForeign(new Uint8Array(await answer))!;
  assertEquals([packet.type, packet.messageId, textOf(packet.payload)], [2, 5, "re hi"]);

  const two = Buffer.concat([writeForeign({}), writeForeign({})]);
  for (const bad of ["text", writeForeign({ version: 9 }), two, new Uint8Array(3)]) {
    const socket = await open();
    const closed = new Promise<void>((resolve) => socket.onclose = () => resolve());
    socket.send(bad as Uint8Array<ArrayBuffer>);
    await within("the end", closed);
  }
  await eventually("the reasons", () => reasons.length === 4);
  assertEquals(new Set(reasons), new Set(["ProtocolViolation"]));
  const closed = new Promise<CloseEvent>((resolve) => good.onclose = resolve);
  await Promise.all([server.shutdown(1000), closed]);
  assertEquals((await closed).code, 1000);
});

Deno.test("what is no WebSocket of ours is refused: path, page, subprotocol, plain HTTP", async () => {
  const server = await TransportServer.listen({
    protocols: [webSocket({ hostname, port: 0, path: "/ws", origins: ["https://good.example"], subprotocols: ["a"] })],
  });
  const ask = (path: string, headers: Record<string, string>): Promise<string> =>
    new Promise((resolve) => {
      const socket = connectNode({ host: hostname, port: server.port("websocket") });
      const lines = Object.entries({ Host: "x", Connection: "Upgrade", ...headers }).map(([k, v]) => `${k}: ${v}`);
      let text = "";
      socket.on("data", (data: Uint8Array) => {
        text += textOf(data);
        socket.destroy();
      });
      socket.on("close", () => resolve(text.split("\r\n", 1)[0]!.split(" ")[1] ?? ""));
      socket.write(`GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    });
  const upgrade = {
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "b, a",
  };
  assertEquals(await ask("/other", upgrade), "404");
  assertEquals(await ask("/ws", { ...upgrade, Origin: "https://evil.example" }), "403");
  assertEquals(await ask("/ws", { ...upgrade, "Sec-WebSocket-Protocol": "b" }), "400");
  assertEquals(await ask("/ws", { Connection: "close" }), "426");
  assertEquals(await ask("/ws", { ...upgrade, Origin: "https://good.example" }), "101");
  assertEquals(await ask("/ws?query=1", upgrade), "101");
  await server.close();
});

/** Frames of RFC 6455 by hand: what a hostile client may send after its handshake. */
const HOSTILE: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ["an unmasked frame", [0x82, 0x01, 0x41]],
  ["a reserved bit", [0xc2, 0x80, 0, 0, 0, 0]],
  ["a reserved opcode", [0x83, 0x80, 0, 0, 0, 0]],
  ["a length of 2^62", [0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ["a message beyond the bound", [0x82, 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0]],
  ["a fragmented ping", [0x09, 0x80, 0, 0, 0, 0]],
  ["a ping of 126 bytes", [0x89, 0xfe, 0, 126, 0, 0, 0, 0]],
  ["a continuation of nothing", [0x80, 0x80, 0, 0, 0, 0]],
  ["a close code out of range", [0x88, 0x82, 0, 0, 0, 0, 0, 5]],
];

Deno.test("hostile frames end a WebSocket and nothing else", async () => {
  const server = await TransportServer.listen({
    protocols: [webSocket({ hostname, port: 0, path: "/ws" })],
    request: (message) => message.data,
  });
  const port = server.port("websocket");
  const bystander = await TransportClient.connect({ protocol: webSocket({ hostname, port, path: "/ws" }) });
  for (const [what, bytes] of HOSTILE) {
    const socket = connectNode({ host: hostname, port });
    const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => {});
    socket.once("data", () => socket.write(Uint8Array.from(bytes)));
    socket.resume();
    socket.write(
      "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    await within(what, ended);
  }
  assertEquals(textOf((await bystander.request(bytesOf("still here"))).data), "still here");
  await bystander.close();
  await server.close();
});
