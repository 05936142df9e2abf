/**
 * Messages over unix sockets: which paths a server takes, and which it leaves alone.
 *
 * @module
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ConnectError, ResourceError, TransportClient, TransportServer, unix } from "../../src/api/transport_mod.ts";

async function place(): Promise<string> {
  return `${await Deno.makeTempDir({ prefix: "rwunix" })}/socket`;
}

function echoServer(path: string): Promise<TransportServer> {
  return TransportServer.listen({ protocols: [unix(path)], request: (message) => message.data });
}

Deno.test("unix() carries requests, and its server takes the path away again", async () => {
  const path = await place();
  const server = await echoServer(path);
  assertEquals(server.addresses, [{ protocol: "unix", address: { transport: "unix", path } }]);
  const client = await TransportClient.connect({ protocol: unix({ path, maxPayloadBytes: 100 }) });
  assertEquals((await client.request(Uint8Array.of(1, 2))).data, Uint8Array.of(1, 2));
  await client.close();
  await server.close();
  await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
  await assertRejects(() => TransportClient.connect({ protocol: unix(path) }), ConnectError, `unix:${path}`);
});

Deno.test("unix() leaves a living server and a file alone, and takes the place of a dead one", async () => {
  const path = await place();
  const first = await echoServer(path);
  await assertRejects(() => echoServer(path), ResourceError, "another process listens there");
  const client = await TransportClient.connect({ protocol: unix(path) });
  await client.request(Uint8Array.of(1));
  await client.close();
  await first.close();
  await Deno.writeTextFile(path, "mine");
  await assertRejects(() => echoServer(path), ResourceError, "no socket");
  assertEquals(await Deno.readTextFile(path), "mine");
  await Deno.remove(path);
  // The system takes away the name that a listener was made under, and not another one that it got.
  const dead = Deno.listen({ transport: "unix", path: `${path}.dead` });
  await Deno.rename(`${path}.dead`, path);
  dead.close();
  assertEquals((await Deno.lstat(path)).isSocket, true);
  await (await echoServer(path)).close();
});

Deno.test("unix() refuses what is no path", () => {
  assertThrows(() => unix({ path: "" }), TypeError, "path");
  assertThrows(() => unix({} as { path: string }), TypeError, "path");
  assertThrows(() => unix(`/${"a".repeat(103)}`), RangeError, "103 bytes");
  assertThrows(() => unix({ path: "/a", port: 1 } as unknown as { path: string }), TypeError, "port");
});
