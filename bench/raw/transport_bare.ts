/**
 * The bare protocols under the transport: ping-pong and one way, one message a write, as their own interfaces have it.
 *
 * @module
 */
import { WebSocketServer } from "ws";
import { Arrivals } from "../harness/arrivals.ts";
import { benchCertificate, leaveCertificate, takeCertificate } from "../harness/bench_certificate.ts";
import { sendFlow } from "../harness/flow.ts";
import { report, type Settings } from "../harness/role.ts";
import type { RoundTrips } from "../harness/round_trips.ts";

/** The bare protocols. */
export type BareProtocol = "tcp" | "tls" | "websocket" | "quic";

const PREFIX_BYTES = 4;
const hostname = "127.0.0.1";
/** How much a bare WebSocket may have queued before it is left alone for a moment. */
const SOCKET_QUEUE_BYTES = 1 << 20;

interface ByteStream {
  read(into: Uint8Array): Promise<number | null>;
  write(from: Uint8Array): Promise<number>;
}

/**
 * The server: sends every message back.
 *
 * @param protocol Which one.
 * @param settings Number `payloadBytes`.
 */
export async function barePong(protocol: BareProtocol, settings: Settings): Promise<void> {
  if (protocol === "websocket") return await webSocketServer((socket, data) => socket.send(data));
  const stream = await acceptStream(protocol);
  const frame = new Uint8Array(PREFIX_BYTES + settings.of("payloadBytes"));
  while (await readAll(stream, frame)) await writeAll(stream, frame);
}

/**
 * The client: one message in flight.
 *
 * @param protocol Which one.
 * @param settings Numbers `port`, `payloadBytes`.
 * @param trips The book of the round trips.
 */
export async function barePing(protocol: BareProtocol, settings: Settings, trips: RoundTrips): Promise<void> {
  const payload = new Uint8Array(settings.of("payloadBytes"));
  if (protocol === "websocket") {
    const socket = await openSocket(settings);
    while (trips.start(payload)) {
      const reply = new Promise<Uint8Array>((resolve) =>
        socket.onmessage = ({ data }) => resolve(new Uint8Array(data))
      );
      socket.send(payload);
      trips.finish(await reply);
    }
    return await closeSocket(socket);
  }
  const stream = await connectStream(protocol, settings);
  const frame = new Uint8Array(PREFIX_BYTES + payload.length);
  const reply = new Uint8Array(frame.length);
  const body = frame.subarray(PREFIX_BYTES);
  while (trips.start(body)) {
    await writeAll(stream, frame);
    if (!await readAll(stream, reply)) throw new Error("The server hung up");
    trips.finish(reply.subarray(PREFIX_BYTES));
  }
}

/**
 * The server: counts messages.
 *
 * @param protocol Which one.
 * @param settings Numbers `warmCount`, `count`, `payloadBytes`.
 */
export async function bareSink(protocol: BareProtocol, settings: Settings): Promise<void> {
  const arrivals = new Arrivals(settings);
  const payloadBytes = settings.of("payloadBytes");
  if (protocol === "websocket") {
    await webSocketServer((_socket, data) => arrivals.add(1, data.length));
    return arrivals.close();
  }
  const stream = await acceptStream(protocol);
  const block = new Uint8Array(64 << 10);
  let rest = 0;
  for (;;) {
    // TLS complains of a peer that leaves without a goodbye; what came before it counts.
    const read = await stream.read(block).catch(() => null);
    if (read === null) break;
    rest += read;
    const messages = Math.floor(rest / (PREFIX_BYTES + payloadBytes));
    rest -= messages * (PREFIX_BYTES + payloadBytes);
    arrivals.add(messages, messages * payloadBytes);
  }
  arrivals.close();
}

/**
 * The client: one message a write.
 *
 * @param protocol Which one.
 * @param settings Numbers `port`, `warmCount`, `count`, `payloadBytes`.
 */
export async function bareSource(protocol: BareProtocol, settings: Settings): Promise<void> {
  const payload = new Uint8Array(settings.of("payloadBytes")).fill(7);
  if (protocol === "websocket") {
    const socket = await openSocket(settings);
    await sendFlow(settings, async (count) => {
      for (let i = 0; i < count; i++) {
        socket.send(payload);
        while (socket.bufferedAmount > SOCKET_QUEUE_BYTES) await new Promise((resolve) => setTimeout(resolve, 0));
      }
      while (socket.bufferedAmount > 0) await new Promise((resolve) => setTimeout(resolve, 0));
    });
    return await closeSocket(socket);
  }
  const stream = await connectStream(protocol, settings);
  const frame = new Uint8Array(PREFIX_BYTES + payload.length).fill(7);
  await sendFlow(settings, async (count) => {
    for (let i = 0; i < count; i++) await writeAll(stream, frame);
  });
  await (stream as Deno.Conn).closeWrite();
  (stream as Deno.Conn).close();
}

async function acceptStream(protocol: BareProtocol): Promise<ByteStream> {
  if (protocol === "quic") return await acceptQuic();
  if (protocol === "tcp") {
    using listener = Deno.listen({ hostname, port: 0 });
    report("listening", { port: listener.addr.port });
    const connection = await listener.accept();
    connection.setNoDelay(true);
    return connection;
  }
  const { cert, key } = benchCertificate();
  const listener = Deno.listenTls({ hostname, port: 0, cert, key });
  leaveCertificate(listener.addr.port, cert);
  report("listening", { port: listener.addr.port });
  return await listener.accept();
}

async function connectStream(protocol: BareProtocol, settings: Settings): Promise<ByteStream> {
  const port = settings.of("port");
  if (protocol === "tcp") {
    const connection = await Deno.connect({ hostname, port });
    connection.setNoDelay(true);
    return connection;
  }
  const caCerts = [takeCertificate(port)];
  if (protocol === "tls") return await Deno.connectTls({ hostname: "localhost", port, caCerts });
  const connection = await Deno.connectQuic({
    hostname,
    port,
    caCerts,
    serverName: "localhost",
    alpnProtocols: ["bench"],
  });
  return quicStream(await connection.createBidirectionalStream());
}

async function acceptQuic(): Promise<ByteStream> {
  const { cert, key } = benchCertificate();
  const endpoint = new Deno.QuicEndpoint({ hostname, port: 0 });
  const listener = endpoint.listen({ cert, key, alpnProtocols: ["bench"] });
  leaveCertificate(endpoint.addr.port, cert);
  report("listening", { port: endpoint.addr.port });
  const connection = await listener.accept();
  for await (const stream of connection.incomingBidirectionalStreams) return quicStream(stream);
  throw new Error("No stream came");
}

function quicStream({ readable, writable }: Deno.QuicBidirectionalStream): ByteStream {
  const reader = readable.getReader({ mode: "byob" });
  const writer = writable.getWriter();
  return {
    read: async (into) => {
      // A reader of bytes takes the memory away: it gets a block of its own.
      const { done, value } = await reader.read(new Uint8Array(into.length));
      if (done || value === undefined) return null;
      into.set(value);
      return value.length;
    },
    write: async (from) => {
      await writer.write(from);
      return from.length;
    },
  };
}

async function readAll(stream: ByteStream, into: Uint8Array): Promise<boolean> {
  for (let filled = 0; filled < into.length;) {
    const read = await stream.read(filled === 0 ? into : into.subarray(filled)).catch(() => null);
    if (read === null) return false;
    filled += read;
  }
  return true;
}

async function writeAll(stream: ByteStream, bytes: Uint8Array): Promise<void> {
  let written = await stream.write(bytes);
  while (written < bytes.length) written += await stream.write(bytes.subarray(written));
}

/** Serves one client with the package `ws`, over its own HTTP server. */
async function webSocketServer(
  onMessage: (socket: { send(data: Uint8Array): void }, data: Uint8Array) => void,
): Promise<void> {
  const server = new WebSocketServer({ host: hostname, port: 0, perMessageDeflate: false });
  await new Promise<void>((resolve) => server.on("listening", resolve));
  report("listening", { port: (server.address() as { port: number }).port });
  await new Promise<void>((resolve) => {
    server.on("connection", (socket) => {
      socket.on("message", (data) => onMessage(socket, data as Uint8Array));
      socket.on("close", () => resolve());
    });
  });
}

async function openSocket(settings: Settings): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${hostname}:${settings.of("port")}/`);
  socket.binaryType = "arraybuffer";
  await new Promise((resolve) => socket.onopen = resolve);
  return socket;
}

async function closeSocket(socket: WebSocket): Promise<void> {
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await closed;
}
