/**
 * One flow: a client process sends a known load to a server process, first a part that warms both up, then the rest.
 *
 * The clock starts in the client before the first measured send and stops in the server's handler at the last message;
 * both read the machine's wall clock, so that work hidden in a queue at either end is inside. The figure is thrown away
 * unless the server got every message.
 *
 * @module
 */

import { cast, type Report } from "./role_process.ts";
import { awaitGo, report, type Settings, wallClockMs } from "./role.ts";
import { allocatedBytes } from "./arrivals.ts";

/** Wins for small frames on bare sockets: what was read is still in the core's cache when it is parsed. */
const FASTEST_READ_BYTES = 64 * 1024;

/** How long what was handed to the system may take to the handler, in milliseconds; later it counts as lost. */
const ARRIVAL_LIMIT_MS = 10_000;

/** What is sent. */
export interface Load {
  /** Messages before the measurement. */
  readonly warmCount: number;
  /** Messages of the measurement. */
  readonly count: number;
  /** Length of one payload. */
  readonly payloadBytes: number;
  /** Size of the bare server's read buffer; the fastest, where nothing else is said. */
  readonly readBytes?: number;
}

/** Who sends and who receives. */
export interface Cast {
  /** `file:` URL of the role program. */
  readonly program: string;
  readonly server: string;
  readonly client: string;
}

/** What one flow showed. */
export interface FlowFigures {
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  /** Growth of the client's allocated bytes during the measurement. */
  readonly clientAllocatedBytes: number;
  /** Growth of the server's allocated bytes during the measurement. */
  readonly serverAllocatedBytes: number;
}

/**
 * Runs one flow.
 *
 * @param parts The role program and its two roles.
 * @param load What is sent.
 * @param more Further settings for both roles.
 * @returns The figures.
 * @throws {Error} When a message was lost, came twice or came out of order.
 */
export function runFlow(
  parts: Cast,
  load: Load,
  more: Readonly<Record<string, number>> = {},
): Promise<FlowFigures> {
  const { warmCount, count, payloadBytes, readBytes = FASTEST_READ_BYTES } = load;
  return cast(parts.program, async (spawn) => {
    const settings = { ...more, warmCount, count, payloadBytes, readBytes };
    const server = spawn(parts.server, settings);
    const { port } = await server.expect("listening");
    const client = spawn(parts.client, { ...settings, port: Number(port) });
    await client.expect("warmed");
    await server.expect("warm", ARRIVAL_LIMIT_MS);
    await client.go();
    const started = await client.expect("started");
    const done = await server.expect("done");
    const sent = await client.expect("sent");
    verify(await server.expect("closed"), load);
    await Promise.all([client.ended(), server.ended()]);
    const seconds = (Number(done.at) - Number(started.at)) / 1000;
    return {
      messagesPerSecond: count / seconds,
      bytesPerSecond: count * payloadBytes / seconds,
      clientAllocatedBytes: Number(sent.allocated),
      serverAllocatedBytes: Number(done.allocated),
    };
  });
}

/**
 * The client's side of a flow: warms up, waits for the harness, sends the load.
 *
 * @param settings Numbers `warmCount` and `count`.
 * @param send Sends that many messages and returns when all were handed to the system.
 */
export async function sendFlow(settings: Settings, send: (count: number) => Promise<void>): Promise<void> {
  await send(settings.of("warmCount"));
  report("warmed");
  await awaitGo();
  const allocatedBefore = allocatedBytes();
  report("started", { at: wallClockMs() });
  await send(settings.of("count"));
  report("sent", { allocated: allocatedBytes() - allocatedBefore });
}

function verify(closed: Report, { warmCount, count, payloadBytes }: Load): void {
  const expected = warmCount + count;
  if (closed.messages !== expected) throw new Error(`sent ${expected} messages, the handler got ${closed.messages}`);
  if (closed.bytes !== expected * payloadBytes) {
    throw new Error(`sent ${expected * payloadBytes} bytes, the handler got ${closed.bytes}`);
  }
  if (closed.disordered !== 0) throw new Error(`${closed.disordered} messages came out of order`);
}
