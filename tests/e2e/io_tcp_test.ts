/**
 * What only TCP has: real addresses, real errors, sockets of the system.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { ConnectError, ResourceError } from "../../src/error/transport_error.ts";
import { tcpFabric } from "../../src/io/tcp/tcp_fabric.ts";

const never = new AbortController().signal;
const sanitize = { sanitizeOps: true, sanitizeResources: true };

function listenOn(hostname: string): { readonly listener: ReturnType<typeof open>; readonly port: number } {
  const listener = open(hostname);
  assert(listener.address.transport === "tcp");
  return { listener, port: listener.address.port };
}

function open(hostname: string): ReturnType<ReturnType<typeof tcpFabric>["listen"]> {
  return tcpFabric({ hostname, port: 0 }).listen();
}

function hasDualStack(): boolean {
  try {
    open("::").close();
    return true;
  } catch {
    return false;
  }
}

Deno.test("tcpFabric().listen() shows the port that was bound", sanitize, () => {
  const { listener, port } = listenOn("127.0.0.1");
  assert(port > 0);
  assertEquals(listener.address, { transport: "tcp", hostname: "127.0.0.1", port });
  listener.close();
});

Deno.test("tcpFabric().connect() says where to and why not", sanitize, async () => {
  const { listener, port } = listenOn("127.0.0.1");
  listener.close();
  const error = await assertRejects(() => tcpFabric({ hostname: "127.0.0.1", port }).connect(never), ConnectError);
  assertEquals(error.message, `Cannot connect to 127.0.0.1:${port}: connection refused`);
  assertInstanceOf(error.cause, Deno.errors.ConnectionRefused);
});

Deno.test("tcpFabric().listen() says where and why not", sanitize, () => {
  const { listener, port } = listenOn("127.0.0.1");
  const error = assertThrows(() => tcpFabric({ hostname: "127.0.0.1", port }).listen(), ResourceError);
  assertEquals(error.message, `Cannot listen on 127.0.0.1:${port}: address already in use`);
  assertInstanceOf(error.cause, Deno.errors.AddrInUse);
  listener.close();
});

Deno.test("TcpLink works with noDelay and keepAlive either way", sanitize, async () => {
  const { listener, port } = listenOn("127.0.0.1");
  for (const noDelay of [true, false]) {
    for (const keepAlive of [true, false]) {
      const fabric = tcpFabric({ hostname: "127.0.0.1", port, noDelay, keepAlive });
      const [client, server] = await Promise.all([fabric.connect(never), listener.accept()]);
      assertEquals(await client.write(Uint8Array.of(1, 2)), 2);
      const into = new Uint8Array(2);
      assertEquals(await server.read(into), 2);
      assertEquals([...into], [1, 2]);
      client.close();
      server.close();
    }
  }
  listener.close();
});

Deno.test({
  name: "TcpLink.remote shows an IPv4 peer of an IPv6 listener by its IPv4 address",
  ...sanitize,
  ignore: !hasDualStack(),
  fn: async () => {
    const { listener, port } = listenOn("::");
    const fabric = tcpFabric({ hostname: "127.0.0.1", port });
    const [client, server] = await Promise.all([fabric.connect(never), listener.accept()]);
    assertEquals(server.remote, client.local);
    assertEquals(server.local, { transport: "tcp", hostname: "127.0.0.1", port });
    client.close();
    server.close();
    listener.close();
  },
});

Deno.test(
  "tcpFabric().connect() leaves no connection behind when its signal fires just as it connects",
  sanitize,
  async () => {
    const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accepting = (async () => {
      for await (const conn of server) conn.close();
    })();
    const fabric = tcpFabric({ hostname: "127.0.0.1", port: server.addr.port });
    for (let n = 0; n < 20; n++) {
      const controller = new AbortController();
      const ended = fabric.connect(controller.signal).then(
        (link) => link.close(),
        (error) => assertEquals(error.message, "no longer wanted"),
      );
      setTimeout(() => controller.abort(new Error("no longer wanted")), 0);
      // The thread is held up until the connection stands and the signal is due as well.
      for (const start = performance.now(); performance.now() - start < 1;);
      await ended;
    }
    server.close();
    await accepting;
  },
);
