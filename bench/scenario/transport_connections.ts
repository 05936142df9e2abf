/**
 * `transport.connections.*`: resident bytes of a server process for each connection that asked once, was answered, and
 * fell silent.
 *
 * @module
 */
import { expectedBytes, IdleBook } from "../harness/idle_book.ts";
import { cast } from "../harness/role_process.ts";
import { play } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const CONNECTIONS = 8_000;
const PAYLOAD_BYTES = 64;
const PREFIX_BYTES = 4;
/** Files that a process needs besides its connections. */
const OTHER_FILES = 128;
const PROTOCOLS = ["tcp", "websocket"] as const;

/** One scenario a protocol; beside it, bare TCP with a pending read of 1 KiB a connection. */
export const transportConnections: readonly Scenario[] = PROTOCOLS.map((protocol): Scenario => ({
  name: `transport.connections.${protocol}`,
  metric: "resident",
  unit: "B/connection",
  target: undefined,
  rounds: 3,
  lessBaseline: false,
  baseline: (context) => resident("bare", context),
  product: (context) => resident(protocol, context),
}));

function resident(side: string, { openFilesCount, quick }: RunContext): Promise<Sample> {
  const connections = Math.min(quick ? 1_000 : CONNECTIONS, openFilesCount - OTHER_FILES);
  return cast(import.meta.url, async (spawn) => {
    const settings = { allConnections: connections, payloadBytes: PAYLOAD_BYTES };
    const server = spawn(`${side}-server`, settings, ["--v8-flags=--expose-gc"]);
    const port = Number((await server.expect("listening")).port);
    const half = connections >> 1;
    for (const share of [half, connections - half]) {
      const clients = spawn(`${side}-clients`, { ...settings, port, connections: share });
      const { connections: opened } = await clients.expect("connected");
      if (opened !== share) throw new Error(`${opened} of ${share} connections were opened`);
    }
    const { bytes, timers } = await server.expect("resident");
    return { value: Number(bytes) / connections, note: `${connections} connections, ${timers} timers` };
  });
}

if (import.meta.main) {
  const product = () => import("../product/transport_idle.ts");
  await play({
    "bare-server": async (settings) => {
      await (await import("../raw/idle_server.ts")).idleServer(new IdleBook(expectedBytes(settings, PREFIX_BYTES)));
    },
    "bare-clients": async (settings) => (await import("../raw/idle_clients.ts")).idleClients(settings),
    ...Object.fromEntries(PROTOCOLS.flatMap((protocol) =>
      [
        [`${protocol}-server`, async (settings) => {
          await (await product()).idleTransport(protocol, new IdleBook(expectedBytes(settings, 0)));
        }],
        [`${protocol}-clients`, async (settings) => (await product()).idleTransportClients(protocol, settings)],
      ] satisfies [string, (settings: import("../harness/role.ts").Settings) => Promise<void>][]
    )),
  });
}
