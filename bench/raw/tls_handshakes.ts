/**
 * Handshakes of the runtime's own TLS, a few chains side by side: in each one client after the other connects, says
 * something, hears the answer and closes.
 *
 * @module
 */

import type { AddressInfo } from "node:net";
import { developmentCertificate } from "../../src/io/tls/development_certificate.ts";
import { report, type Settings } from "../harness/role.ts";

const MESSAGE_BYTES = 64;

/**
 * The server: answers every message, for as long as the process lives.
 *
 * Why by `node:tls`: the runtime's own listener gathers small writes, so that an answer may wait for 40 ms.
 */
export async function tlsGreeter(): Promise<void> {
  const { createServer } = await import("node:tls");
  const { cert, key } = developmentCertificate();
  const server = createServer({ cert, key, minVersion: "TLSv1.3" }, (socket) => {
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", (bytes) => socket.write(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  report("listening", { port: (server.address() as AddressInfo).port });
  await new Promise(() => {});
}

/**
 * The clients; the process runs with a flag by which certificates are not checked.
 *
 * @param settings Numbers `port`, `chains`, `warmCount`, `count`.
 */
export async function tlsGuests(settings: Settings): Promise<void> {
  const [port, chains] = [settings.of("port"), settings.of("chains")];
  const visit = async (): Promise<void> => {
    const message = new Uint8Array(MESSAGE_BYTES);
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
    tcp.setNoDelay(true);
    const conn = await Deno.startTls(tcp, { hostname: "127.0.0.1" });
    await conn.write(message);
    await conn.read(message);
    conn.close();
  };
  const run = (count: number): Promise<void[]> =>
    Promise.all(Array.from({ length: chains }, async () => {
      for (let n = 0; n < count / chains; n++) await visit();
    }));
  await run(settings.of("warmCount"));
  const start = performance.now();
  await run(settings.of("count"));
  report("measured", { rate: settings.of("count") / (performance.now() - start) * 1000 });
}
