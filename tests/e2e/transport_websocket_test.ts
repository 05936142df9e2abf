/**
 * What is peculiar to WebSocket: TLS below, handshakes that do not come, silent peers, and ends that cannot stop reading.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { connect as connectNode } from "node:net";
import { WebSocket as WsSocket } from "ws";
import {
  type ClientEvent,
  ConnectError,
  developmentCertificate,
  ResourceError,
  TransportClient,
  TransportServer,
  webSocket,
} from "../../src/api/transport_mod.ts";
import { readForeign, writeForeign } from "../interop/foreign_message_codec.ts";
import { eventOf } from "../unit/runtime/transport_pair.ts";
import { eventually, within } from "./waiting.ts";

const hostname = "127.0.0.1";

Deno.test("wss is WebSocket over TLS", async () => {
  const { cert, key } = developmentCertificate();
  const server = await TransportServer.listen({
    protocols: [webSocket({ hostname, port: 0, cert, key, handshakeTimeoutMs: 200 })],
    request: (message) => message.data,
  });
  const socket = new WsSocket(`wss://localhost:${server.port("websocket")}/`, { ca: cert });
  const answer = new Promise<Uint8Array>((resolve) => socket.on("message", (data) => resolve(data as Uint8Array)));
  // Later than a handshake may take: what was taken over is not cut off.
  socket.on(
    "open",
    () => setTimeout(() => socket.send(writeForeign({ type: 1, messageId: 3, payload: Uint8Array.of(9) })), 300),
  );
  assertEquals([...readForeign(await within("the answer", answer))!.packet.payload], [9]);
  const closed = new Promise((resolve) => socket.on("close", resolve));
  await server.close();
  await closed;
});

Deno.test("secure without a certificate cannot listen", async () => {
  const options = { protocols: [webSocket({ hostname, port: 0, secure: true })] };
  await assertRejects(() => TransportServer.listen(options), ResourceError, "certificate");
});

Deno.test("a connection that never comes to a handshake is cut off", async () => {
  const server = await TransportServer.listen({
    protocols: [webSocket({ hostname, port: 0, handshakeTimeoutMs: 30 })],
  });
  for (const start of ["", "GET / HTTP/1.1\r\nHost: x\r\n"]) {
    const socket = connectNode({ host: hostname, port: server.port("websocket") });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    socket.resume();
    socket.write(start);
    await within("the cut", closed);
  }
  assertEquals(server.statistics().totalConnections, 0);
  await server.close();
});

Deno.test("an address that is taken is a ResourceError, a server that is not there a ConnectError", async () => {
  const server = await TransportServer.listen({ protocols: [webSocket({ hostname, port: 0 })] });
  const port = server.port("websocket");
  await assertRejects(() => TransportServer.listen({ protocols: [webSocket({ hostname, port })] }), ResourceError);
  await server.close();
  await assertRejects(() => TransportClient.connect({ protocol: webSocket({ hostname, port }) }), ConnectError);
});

Deno.test("a server whose application is slow stops reading, and loses nothing", async () => {
  const gate = Promise.withResolvers<void>();
  let received = 0;
  const server = await TransportServer.listen({
    protocols: [webSocket({ hostname, port: 0 })],
    messageReceived: () => {
      received++;
      return received === 1 ? gate.promise : undefined;
    },
  });
  const client = await TransportClient.connect({ protocol: webSocket({ hostname, port: server.port("websocket") }) });
  const payload = new Uint8Array(32 << 10);
  let sent = 0;
  const sending = (async () => {
    for (; sent < 2000; sent++) await client.send(payload);
  })();
  let before = -1;
  while (before !== sent) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert(sent < 2000, "64 MiB went out to a server that takes nothing");
  assertEquals(received, 1);
  gate.resolve();
  await sending;
  await eventually("all of it", () => received === 2000);
  await client.close();
  await server.close();
});

Deno.test("a client that cannot stop reading is closed with a typed reason beyond maxInboxBytes", async () => {
  const server = await TransportServer.listen({ protocols: [webSocket({ hostname, port: 0 })] });
  const gate = Promise.withResolvers<void>();
  const client = new TransportClient({
    protocol: webSocket({ hostname, port: server.port("websocket") }),
    maxInboxBytes: 100_000,
    messageReceived: () => gate.promise,
  });
  const events = client.events();
  await client.connect();
  await eventually("the session", () => server.sessionIds.length === 1);
  for (let i = 0; i < 20; i++) void server.send(1, new Uint8Array(10_000)).catch(() => {});
  const { reason } = await eventOf<ClientEvent, "disconnected">(events, "disconnected");
  assertEquals([reason.name, reason.origin], ["SendQueueFull", "local"]);
  assertInstanceOf(reason.cause, ResourceError);
  gate.resolve();
  await client.close();
  await server.close();
});

Deno.test("a silent client of any kind is asked by a ping of WebSocket, and given up when it does not answer", async () => {
  const reasons: string[] = [];
  const server = await TransportServer.listen({
    protocols: [webSocket({ hostname, port: 0, keepAliveMs: 20 })],
    keepAliveTimeoutMs: 60,
    connectionClosed: ({ reason }) => void reasons.push(reason.name),
  });
  const port = server.port("websocket");
  const socket = new WebSocket(`ws://${hostname}:${port}/`);
  await new Promise((resolve) => socket.onopen = resolve);
  const dead = connectNode({ host: hostname, port });
  dead.on("error", () => {});
  dead.resume();
  dead.write(
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  await eventually("the dead one is gone", () => reasons.length === 1);
  assertEquals([reasons, server.sessionIds], [["IdleTimeout"], [1]]);
  const closed = new Promise((resolve) => socket.onclose = resolve);
  await Promise.all([server.close(), closed]);
});

Deno.test("middleware sees the path, the query and the headers of a WebSocket", async () => {
  const seen: unknown[] = [];
  const server = await TransportServer.listen({
    protocols: [webSocket({ hostname, port: 0, path: "/ws" })],
    middleware: [({ info }) => {
      const { url, headers } = info.facts as { url: string; headers: Record<string, string> };
      seen.push(url, headers["x-token"]);
    }],
  });
  const client = await TransportClient.connect({
    protocol: webSocket({ hostname, port: server.port("websocket"), path: "/ws", headers: { "X-Token": "secret" } }),
  });
  await eventually("it was let in", () => server.sessionIds.length === 1);
  assertEquals(seen, ["/ws", "secret"]);
  await client.close();
  await server.close();
});
