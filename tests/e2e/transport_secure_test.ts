/**
 * What is peculiar to encrypted UDP as a protocol: who is let in, how ends are told, and peers that share one socket.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  AuthenticationError,
  type ClientEvent,
  CloseCode,
  ClosedError,
  ConnectError,
  developmentCertificate,
  ResourceError,
  secure,
  type SecureProtocolOptions,
  SendStatus,
  TransportClient,
  type TransportClientOptions,
  TransportServer,
  type TransportServerOptions,
} from "../../src/api/transport_mod.ts";
import { SecureSocket } from "../../src/api/secure_socket.ts";
import { secureFabric } from "../../src/runtime/transport_secure_fabric.ts";
import { bytesOf, eventOf, textOf } from "../unit/runtime/transport_pair.ts";
import { eventually, within } from "./waiting.ts";

const hostname = "127.0.0.1";
const { cert, key, pin } = developmentCertificate();

function serve(
  options: Partial<TransportServerOptions> = {},
  protocol: Partial<SecureProtocolOptions> = {},
): Promise<TransportServer> {
  return TransportServer.listen({ protocols: [secure({ hostname, port: 0, cert, key, ...protocol })], ...options });
}

function connect(
  server: TransportServer,
  protocol: Partial<SecureProtocolOptions> = {},
  options: Partial<TransportClientOptions> = {},
): Promise<TransportClient> {
  const port = server.port("secure");
  return TransportClient.connect({ protocol: secure({ hostname, port, pin, ...protocol }), ...options });
}

Deno.test("secure carries requests both ways and pushes of the server, and leaves nothing behind", async () => {
  const pushed: string[] = [];
  const server = await serve({ request: ({ text }) => bytesOf(`echo ${text}`) });
  const client = await connect(server, {}, {
    request: ({ text }) => bytesOf(`client ${text}`),
    messageReceived: ({ message }) => void pushed.push(message.text),
  });
  assertEquals(textOf((await client.request(bytesOf("hello"))).data), "echo hello");
  assertEquals(textOf((await server.request(1, bytesOf("you"))).data), "client you");
  for (let i = 0; i < 50; i++) await server.send(1, bytesOf(`push ${i}`));
  await eventually("the pushes", () => pushed.length === 50);
  assertEquals(pushed, Array.from({ length: 50 }, (_, i) => `push ${i}`));
  await client.close();
  await server.close();
});

Deno.test("secure tells both ends why a connection ended", async () => {
  const reasons: unknown[] = [];
  const server = await serve({ connectionClosed: ({ reason }) => void reasons.push([reason.name, reason.origin]) });
  const leaving = await connect(server);
  await leaving.close();
  await eventually("the first end", () => reasons.length === 1);
  const staying = await connect(server);
  const events = staying.events();
  await eventually("the session", () => server.sessionIds.length === 1);
  await server.closeSession(server.sessionIds[0]!);
  const { reason } = await eventOf<ClientEvent, "disconnected">(events, "disconnected");
  assertEquals([reason.name, reason.origin], ["Normal", "remote"]);
  assertEquals(reasons, [["Normal", "remote"], ["Normal", "local"]]);
  await staying.close();
  await server.close();
});

Deno.test("secure delivers what was sent before the close", async () => {
  let received = 0;
  const server = await serve({ messageReceived: () => void received++ });
  const client = await connect(server);
  for (let i = 0; i < 200; i++) await client.send(new Uint8Array(5000));
  await client.close();
  await eventually("all of it", () => received === 200);
  await server.close();
});

Deno.test("secure tells a session that was broken off from one that ended", async () => {
  const listener = secureFabric({ hostname, port: 0, cert, key }).listen();
  await listener.listening;
  const { address } = listener;
  const port = "port" in address ? address.port : 0;
  const client = new TransportClient({ protocol: secure({ hostname, port, pin }) });
  const events = client.events();
  const [link] = await Promise.all([listener.accept(), client.connect()]);
  link.close();
  const { reason } = await eventOf<ClientEvent, "disconnected">(events, "disconnected");
  assertEquals(reason.name, "LinkLost");
  assertInstanceOf(reason.cause, ClosedError);
  assertEquals(reason.cause.closeCode, CloseCode.GoingAway);
  await client.close();
  listener.close();
  await listener.whenClosed;
});

Deno.test("secure tells a link's end behind the messages that a paused receiver has not seen", async () => {
  const listener = secureFabric({ hostname, port: 0, cert, key }).listen();
  await listener.listening;
  const { address } = listener;
  const fabric = secureFabric({ hostname, port: "port" in address ? address.port : 0, pin });
  const [link, accepted] = await Promise.all([fabric.connect(new AbortController().signal), listener.accept()]);
  const seen: (number | string)[] = [];
  const ended = Promise.withResolvers<void>();
  const receiver = {
    handleMessage: (message: Uint8Array) => {
      seen.push(message[0]!);
      if (message[0] === 1) accepted.pause();
    },
    handleRoom: () => {},
    handleSent: () => {},
    handleEnd: () => {
      seen.push("end");
      ended.resolve();
    },
    handleLost: (error: unknown) => ended.reject(error),
  };
  accepted.start(receiver);
  for (const number of [1, 2, 3]) assertEquals(link.send(Uint8Array.of(number)), SendStatus.Queued);
  link.end();
  assertEquals(link.send(Uint8Array.of(4)), SendStatus.Closed);
  await eventually("the session is over", () => accepted.send(Uint8Array.of(9)) === SendStatus.Closed);
  for (let i = 0; i < 10; i++) await Promise.resolve();
  assertEquals(seen, [1]);
  accepted.resume();
  await within("the end", ended.promise);
  assertEquals(seen, [1, 2, 3, "end"]);
  link.close();
  listener.close();
  await listener.whenClosed;
});

Deno.test("secure keeps a server's sessions when it stops listening, and lets nobody in", async () => {
  const listener = secureFabric({ hostname, port: 0, cert, key }).listen();
  await listener.listening;
  const { address } = listener;
  const fabric = secureFabric({ hostname, port: "port" in address ? address.port : 0, pin });
  const { signal } = new AbortController();
  const [link, accepted] = await Promise.all([fabric.connect(signal), listener.accept()]);
  listener.close();
  await assertRejects(() => fabric.connect(signal), ConnectError);
  const came = Promise.withResolvers<Uint8Array>();
  link.start({
    handleMessage: came.resolve,
    handleRoom: () => {},
    handleSent: () => {},
    handleEnd: () => {},
    handleLost: came.reject,
  });
  assertEquals(accepted.send(bytesOf("still here")), SendStatus.Queued);
  assertEquals(textOf(await within("the message", came.promise)), "still here");
  link.close();
  await within("the socket's end", listener.whenClosed!);
});

Deno.test("secure ignores other channels, and closes a session that sends no packets", async () => {
  const reasons: unknown[] = [];
  const server = await serve({ connectionClosed: ({ reason }) => void reasons.push([reason.name, reason.origin]) });
  const port = server.port("secure");
  const faulty = await SecureSocket.connect({ hostname, port, pin });
  for (const channel of [1, 2, 3]) await faulty.send(1, channel, bytesOf("no packet"));
  faulty.disconnect(1, CloseCode.OptimisticAck);
  await eventually("the fault", () => reasons.length === 1);
  const foreign = await SecureSocket.connect({ hostname, port, pin });
  await foreign.send(1, 0, bytesOf("no packet"));
  await eventually("the violation", () => reasons.length === 2);
  assertEquals(reasons, [["OptimisticAck", "remote"], ["ProtocolViolation", "remote"]]);
  await Promise.all([faulty.close(), foreign.close()]);
  await server.close();
});

Deno.test("secure tells that messages were sent", async () => {
  const server = await serve();
  let sent = 0;
  const client = await connect(server, {}, { messageSent: ({ count }) => void (sent += count) });
  for (let i = 0; i < 3; i++) await client.send(bytesOf("x"));
  await eventually("the news", () => sent === 3);
  await client.close();
  await server.close();
});

Deno.test("secure lets in whom authorize wants, and shows middleware the token", async () => {
  const seen: string[] = [];
  const server = await serve({
    middleware: [({ info }) => void seen.push(textOf((info.facts as { token: Uint8Array }).token))],
  }, { authorize: (token) => textOf(token) === "secret" });
  await assertRejects(() => connect(server, { token: bytesOf("guess") }), AuthenticationError, "NotAuthorized");
  assertEquals(server.statistics().totalConnections, 0);
  const client = await connect(server, { token: bytesOf("secret") });
  await eventually("it was let in", () => server.sessionIds.length === 1);
  assertEquals(seen, ["secret"]);
  await client.close();
  await server.close();
});

Deno.test("secure takes the largest payload with the longest extension, and refuses a larger one", async () => {
  const server = await serve({ request: ({ data, extension }) => Uint8Array.of(data.length, extension.length >> 8) }, {
    maxPayloadBytes: 200,
  });
  const client = await connect(server, { maxPayloadBytes: 200 });
  const extension = new Uint8Array(65_000);
  const { data } = await client.request(new Uint8Array(200), { extension });
  assertEquals([...data], [200, 65_000 >> 8]);
  await assertRejects(() => client.send(new Uint8Array(201)), RangeError, "maxPayloadBytes is 200");
  await client.close();
  await server.close();
});

Deno.test("secure holds up a client whose messages nobody takes, and no other one", async () => {
  const gate = Promise.withResolvers<void>();
  let received = 0;
  const server = await serve({
    request: ({ data }) => data,
    messageReceived: () => {
      received++;
      return gate.promise;
    },
  });
  const slow = await connect(server);
  const quick = await connect(server);
  const payload = new Uint8Array(256 << 10);
  let sent = 0;
  const sending = (async () => {
    for (; sent < 40; sent++) await slow.send(payload);
  })();
  await eventually("the first", () => received === 1);
  let before = -1;
  while (before !== sent) {
    before = sent;
    // A turn of the other client is a measure of time that holds on any machine.
    for (let i = 0; i < 40; i++) assertEquals((await quick.request(bytesOf(`${i}`))).data, bytesOf(`${i}`));
  }
  assert(sent < 40, "10 MiB went out to a server that takes nothing");
  assertEquals(received, 1);
  gate.resolve();
  await within("the rest", sending);
  await eventually("all of it", () => received === 40);
  await Promise.all([slow.close(), quick.close()]);
  await server.close();
});

Deno.test("secure refuses options that nobody knows or that are out of bounds", () => {
  const given = (options: Record<string, unknown>) => () =>
    secure({ hostname, port: 1, ...options } as unknown as SecureProtocolOptions);
  assertThrows(given({ channels: [] }), TypeError, "channels");
  assertThrows(given({ session: { maxMessageBytes: 9 } }), TypeError, "maxMessageBytes");
  assertThrows(given({ session: { nonsense: 9 } }), TypeError, "nonsense");
  assertThrows(given({ cert }), TypeError, "belong together");
  assertThrows(given({ port: 65_536 }), RangeError, "port");
  assertThrows(given({ maxPayloadBytes: 2 ** 28 + 1 }), RangeError, "maxPayloadBytes");
  assertThrows(given({ udpBackend: "raw" }), TypeError, "udpBackend");
});

Deno.test("secure without a certificate cannot listen, and a taken port is a ResourceError", async () => {
  await assertRejects(
    () => TransportServer.listen({ protocols: [secure({ hostname, port: 0 })] }),
    ResourceError,
    "certificate",
  );
  const server = await serve();
  await assertRejects(() => serve({}, { port: server.port("secure"), udp: 0 }), ResourceError);
  await server.close();
});
