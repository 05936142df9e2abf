/**
 * `tcp.idle`: resident bytes of a server process for each connection that sent one frame and fell silent.
 *
 * Why one frame: it proves that every connection is served, and it shows whether a buffer that grew is given back.
 *
 * @module
 */

import { expectedBytes, IdleBook } from "../harness/idle_book.ts";
import { cast } from "../harness/role_process.ts";
import { play } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";
import { watchTimers } from "../harness/timer_count.ts";

const CONNECTIONS = 8_000;
const PAYLOAD_BYTES = 64;
const PREFIX_BYTES = 4;
/** Files that a process needs besides its connections. */
const OTHER_FILES = 128;
/** A server may arm this many timers in all; one for each connection is far more. */
const TIMERS_LIMIT = 64;

/** Idle connections of a reactor, beside a bare listener with a pending read of 1 KiB for each. */
export const tcpIdle: Scenario = {
  name: "tcp.idle",
  metric: "resident",
  unit: "B/connection",
  target: { of: "ratio", bound: "at most", limit: 1.5 },
  rounds: 3,
  lessBaseline: false,
  baseline: (context) => resident("bare-server", context),
  product: (context) => resident("reactor-server", context),
};

function resident(role: string, { openFilesCount }: RunContext): Promise<Sample> {
  const connections = Math.min(CONNECTIONS, openFilesCount - OTHER_FILES);
  return cast(import.meta.url, async (spawn) => {
    const settings = { allConnections: connections, payloadBytes: PAYLOAD_BYTES };
    const server = spawn(role, settings, ["--v8-flags=--expose-gc"]);
    const port = Number((await server.expect("listening")).port);
    const half = connections >> 1;
    for (const share of [half, connections - half]) {
      const clients = spawn("clients", { ...settings, port, connections: share });
      const { connections: opened } = await clients.expect("connected");
      if (opened !== share) throw new Error(`${opened} of ${share} connections were opened`);
    }
    const { bytes, timers } = await server.expect("resident");
    if (Number(timers) > TIMERS_LIMIT) throw new Error(`${timers} timers are armed for ${connections} connections`);
    return { value: Number(bytes) / connections, note: `${connections} connections, ${timers} timers` };
  });
}

if (import.meta.main) {
  await play({
    "bare-server": async (settings) => {
      const book = new IdleBook(expectedBytes(settings, PREFIX_BYTES));
      await (await import("../raw/idle_server.ts")).idleServer(book);
    },
    "reactor-server": async (settings) => {
      watchTimers();
      const book = new IdleBook(expectedBytes(settings, 0));
      await (await import("../product/idle_reactor.ts")).idleReactor(book);
    },
    "clients": async (settings) => (await import("../raw/idle_clients.ts")).idleClients(settings),
  });
}
