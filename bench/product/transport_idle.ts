/**
 * A transport server with thousands of clients that send one message each and fall silent, and those clients.
 *
 * @module
 */
import { tcp, TransportClient, TransportServer, webSocket } from "../../src/api/transport_mod.ts";
import type { IdleBook } from "../harness/idle_book.ts";
import { awaitGo, report, type Settings } from "../harness/role.ts";

const hostname = "127.0.0.1";
const AT_ONCE = 64;

/**
 * The server: counts and echoes.
 *
 * @param protocol By which protocol.
 * @param book Where bytes are entered.
 */
export async function idleTransport(protocol: "tcp" | "websocket", book: IdleBook): Promise<void> {
  const server = await TransportServer.listen({
    protocols: [protocol === "tcp" ? tcp({ hostname, port: 0 }) : webSocket({ hostname, port: 0 })],
    maxConnectionCount: 100_000,
    keepAliveMs: 0,
    request: (message) => {
      book.add(message.data.length);
      return message.data;
    },
  });
  book.open();
  report("listening", { port: server.port(protocol) });
  await new Promise<never>(() => {});
}

/**
 * The clients: each asks once and waits for its answer.
 *
 * @param protocol By which protocol.
 * @param settings Numbers `port`, `payloadBytes`, `connections`.
 */
export async function idleTransportClients(protocol: "tcp" | "websocket", settings: Settings): Promise<void> {
  const port = settings.of("port");
  const payload = new Uint8Array(settings.of("payloadBytes")).fill(7);
  const held: TransportClient[] = [];
  const openNext = async (): Promise<void> => {
    const client = await TransportClient.connect({
      protocol: protocol === "tcp" ? tcp({ hostname, port }) : webSocket({ hostname, port }),
      keepAliveMs: 0,
    });
    held.push(client);
    const { data } = await client.request(payload, { timeoutMs: 60_000 });
    if (data.length !== payload.length) throw new Error("An echo is not what was sent");
  };
  for (let left = settings.of("connections"); left > 0; left -= AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(left, AT_ONCE) }, openNext));
  }
  report("connected", { connections: held.length });
  await awaitGo();
}
