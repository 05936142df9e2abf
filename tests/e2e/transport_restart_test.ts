/**
 * What only shows on real addresses: limits by host, certificates in files, and a server that is replaced by another
 * one on the same address while clients go on.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import {
  type ClientEvent,
  developmentCertificate,
  ResourceError,
  tcp,
  tls,
  TransportClient,
  TransportServer,
} from "../../src/api/transport_mod.ts";
import { eventually } from "./waiting.ts";
import { eventOf } from "../unit/runtime/transport_pair.ts";

const hostname = "127.0.0.1";
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

Deno.test({
  name: "with reuseAddress a new server takes over while the old one drains",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const listen = (port: number, name: string): Promise<TransportServer> =>
      TransportServer.listen({
        protocols: [tcp({ hostname, port, reuseAddress: true })],
        request: async (message) => {
          if (message.text === "slow") await new Promise((resolve) => setTimeout(resolve, 30));
          return bytesOf(name);
        },
      });
    const old = await listen(0, "old");
    const port = old.port("tcp");
    const client = new TransportClient({
      protocol: tcp({ hostname, port }),
      reconnect: { baseMs: 1, maxMs: 5 },
      whileDisconnected: "wait",
    });
    const events = client.events();
    await client.connect();
    assertEquals(textOf((await client.request(bytesOf("who?"))).data), "old");
    const next = await listen(port, "new");
    const slow = client.request(bytesOf("slow"));
    const { unfinished, toldCount } = await old.shutdown(5000);
    assertEquals([textOf((await slow).data), unfinished.length, toldCount], ["old", 0, 1]);
    await eventOf<ClientEvent, "disconnected">(events, "disconnected");
    assertEquals(textOf((await client.request(bytesOf("who?"))).data), "new");
    await client.close();
    await next.close();
  },
});

Deno.test("limits by host count what is open and what came a second", async () => {
  const server = await TransportServer.listen({
    protocols: [tcp({ hostname, port: 0 })],
    maxConnectionsPerAddressCount: 1,
    connectionsPerSecondPerAddress: 3,
    request: (message) => message.data,
  });
  const connect = async (): Promise<boolean> => {
    const client = await TransportClient.connect({ protocol: tcp({ hostname, port: server.port("tcp") }) });
    const isIn = await client.request(bytesOf("in?")).then(() => true, () => false);
    if (!isIn) await client.close();
    else clients.push(client);
    return isIn;
  };
  const clients: TransportClient[] = [];
  assertEquals([await connect(), await connect()], [true, false]);
  assertEquals(server.statistics().refusedConnections, { byCount: 0, byAddress: 1, byRate: 0, byMiddleware: 0 });
  for (let i = 0; i < 2; i++) {
    await clients.pop()!.close();
    await eventually("the place is free", () => server.statistics().activeConnections === 0);
    assertEquals(await connect(), true);
  }
  await clients.pop()!.close();
  await eventually("the place is free", () => server.statistics().activeConnections === 0);
  assertEquals([await connect(), server.statistics().refusedConnections.byRate], [false, 1]);
  await server.close();
});

Deno.test({
  name: "a certificate is read from its files when the server starts",
  // TLS says goodbye after its links are closed.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const { cert, key, pin } = developmentCertificate();
    const folder = await Deno.makeTempDir();
    const [certPath, keyPath] = [`${folder}/cert.pem`, `${folder}/key.pem`];
    const protocols = [tls({ hostname, port: 0, certPath, keyPath })];
    await assertRejects(() => TransportServer.listen({ protocols }), ResourceError, certPath);
    await Deno.writeTextFile(certPath, cert);
    await Deno.writeTextFile(keyPath, key);
    const server = await TransportServer.listen({ protocols, request: (message) => message.data });
    await Deno.remove(folder, { recursive: true });
    const client = await TransportClient.connect({
      protocol: tls({ hostname, port: server.port("tls"), connect: { pin } }),
    });
    assertEquals(textOf((await client.request(bytesOf("hi"))).data), "hi");
    await client.close();
    await server.close();
  },
});
