/**
 * Signals that fire at the moments at which a TLS connection is half made: nothing stays open.
 *
 * @module
 */
import { assert, assertRejects, assertStrictEquals } from "@std/assert";
import { tcpFabric } from "../../src/io/tcp/tcp_fabric.ts";
import { connectTls } from "../../src/io/tls/connect_tls.ts";
import { developmentCertificate } from "../../src/io/tls/development_certificate.ts";
import { listenTls } from "../../src/io/tls/tls_listener.ts";
import { within } from "./waiting.ts";

const hostname = "127.0.0.1";
const { cert, key, pin } = developmentCertificate();
const ways = { certificate: { caCerts: [cert] }, pin: { pin } };

for (const [way, known] of Object.entries(ways)) {
  Deno.test(`connectTls() by ${way} leaves no connection behind when its signal fires just as it connects`, async () => {
    const server = Deno.listen({ hostname, port: 0 });
    const accepting = (async () => {
      for await (const conn of server) conn.close();
    })();
    for (let n = 0; n < 20; n++) {
      const controller = new AbortController();
      const connecting = connectTls({ hostname, port: server.addr.port, ...known }, controller.signal);
      const ended = assertRejects(() => connecting);
      // The kernel connects while the thread is busy; then the signal comes before the news of it.
      setTimeout(() => controller.abort(new Error("no longer wanted")), 0);
      for (const start = performance.now(); performance.now() - start < 1;);
      await ended;
    }
    server.close();
    await accepting;
  });
}

Deno.test("connectTls() by certificate stops when its signal fires between two steps", async () => {
  const reason = new Error("no longer wanted");
  const controllers = [new AbortController(), new AbortController()] as const;
  const { startTls } = Deno;
  Deno.startTls = async (...args) => {
    const conn = await startTls(...args);
    const handshake = conn.handshake.bind(conn);
    conn.handshake = () => handshake().finally(() => controllers[1].abort(reason));
    controllers[0].abort(reason);
    return conn;
  };
  const silent = Deno.listen({ hostname, port: 0 });
  const listener = listenTls(tcpFabric({ hostname, port: 0 }).listen(), { cert, key });
  assert(listener.address.transport === "tcp");
  try {
    const ports = [silent.addr.port, listener.address.port];
    const connecting = controllers.map(({ signal }, n) =>
      connectTls({ hostname, port: ports[n]!, caCerts: [cert] }, signal).catch((error) => error)
    );
    const [conn, link] = await Promise.all([silent.accept(), listener.accept()]);
    for (const one of connecting) assertStrictEquals(await within("the end of the attempt", one), reason);
    conn.close();
    link.close();
    await link.whenClosed;
  } finally {
    Deno.startTls = startTls;
    silent.close();
    listener.close();
  }
});
