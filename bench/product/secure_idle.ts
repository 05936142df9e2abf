/**
 * A server's machine with many sessions that have nothing to do: what it holds, and what a turn with nothing due takes.
 *
 * The clients' machine has a clock of its own: once sessions stand, it is moved so far that the clients' ends are
 * forgotten, and what they say to that is thrown away. So the process holds the server's ends alone. Each group of
 * sessions is given time to settle what it owes, as idle sessions have.
 *
 * @module
 */

import { NodeKeyExchange } from "../../src/io/system/node_key_exchange.ts";
import { systemAead } from "../../src/io/system/system_aead.ts";
import { SystemRandom } from "../../src/io/system/system_random.ts";
import { SendStatus } from "../../src/error/send_status.ts";
import type { EndpointOptions } from "../../src/session/endpoint_options.ts";
import type { SessionMachine } from "../../src/session/session_machine.ts";
import { ClockCell } from "../../src/time/clock.ts";
import { statusBytes } from "../harness/machine.ts";
import { report, type Settings } from "../harness/role.ts";
import { MachineSide } from "./secure_machine.ts";

const UDP_PORT = 4433;

/** How many sessions are made at a time: so many that all stand before the first would ask whether its peer lives. */
const GROUP = 4_000;

/** Longer than any delayed acknowledgement. */
const SETTLE_MS = 40;
const SETTLE_STEPS = 4;

/** What is owed for messages is told, and then nothing comes for a while. */
const USED_STEPS: readonly number[] = [40, 40, 300, 1_100, 1_100];

/** So many talk at a time: the others are silent before or after that, as they are where many are idle. */
const TALKING = 250;

/** Sessions that have talked stay although time passes for those that come after them. */
const PATIENT: EndpointOptions = { idleTimeoutMs: 0, keepAliveMs: 0, rotateAfterMs: 0 };

const USED_BYTES = 64;

/** Longer than a closed session is remembered. */
const FORGET_MS = 20_000;

/** Between two collections. */
const PAUSE_MS = 300;

const WARM_TICKS = 20_000;
const TICKS = 200_000;
const TICK_MS = 0.000_01;

/**
 * Measures and reports.
 *
 * @param settings Numbers `sessions`, and `used`: on how many channels from 0 on a message went each way.
 */
export async function secureIdle(settings: Settings): Promise<void> {
  const count = settings.of("sessions");
  const used = settings.of("used");
  const [serverClock, clientClock] = [new ClockCell(), new ClockCell()];
  const common = { random: new SystemRandom(), aead: systemAead(), keyExchange: new NodeKeyExchange() };
  const options = used > 0 ? PATIENT : {};
  const client = new MachineSide({ ...common, clock: clientClock }, "192.0.2.2", options);
  connectGroup(new MachineSide({ ...common, clock: new ClockCell() }, "192.0.2.9"), client, clientClock, GROUP);
  await collectGarbage();
  const before = statusBytes("VmRSS");
  const server = new MachineSide({ ...common, clock: serverClock }, "192.0.2.1", {
    ...options,
    maxSessions: count || 1,
  });
  for (let made = 0; made < count; made += GROUP) {
    connectGroup(server, client, clientClock, Math.min(GROUP, count - made), serverClock, used);
  }
  if (server.machine.sessionCount !== count) throw new Error(`${server.machine.sessionCount} sessions, not ${count}`);
  await collectGarbage();
  const bytes = statusBytes("VmRSS") - before;
  const tick = (): void => {
    serverClock.advance(serverClock.now + TICK_MS);
    server.machine.handleTimeout();
    server.drain();
  };
  for (let n = 0; n < WARM_TICKS; n++) tick();
  const start = performance.now();
  for (let n = 0; n < TICKS; n++) tick();
  report("measured", { bytes, tickMs: (performance.now() - start) / TICKS });
}

/** Makes sessions and has the clients forget theirs. */
function connectGroup(
  server: MachineSide,
  client: MachineSide,
  clientClock: ClockCell,
  count: number,
  serverClock = new ClockCell(),
  used = 0,
): void {
  const sessions = Array.from({ length: count }, () => {
    const session = client.machine.openClient();
    const { record } = server.machine.acceptHello(session.writeHello(), client.address, UDP_PORT);
    session.handleHello(record, 0, server.address, 1);
    server.drain();
    client.exchange(server);
    return session;
  });
  const pass = (ms: number) => {
    for (const clock of new Set([clientClock, serverClock])) clock.advance(clock.now + ms);
    for (const side of [client, server]) {
      side.machine.handleTimeout();
      side.exchange(side === client ? server : client);
    }
  };
  for (let step = 0; step < SETTLE_STEPS; step++) pass(SETTLE_MS);
  for (let at = 0; used > 0 && at < count; at += TALKING) {
    useChannels(server, client, sessions.slice(at, at + TALKING), used);
    for (const ms of USED_STEPS) pass(ms);
  }
  for (const session of sessions) session.close();
  client.discard();
  clientClock.advance(clientClock.now + FORGET_MS);
  client.machine.handleTimeout();
  client.discard();
  if (client.machine.sessionCount !== 0) throw new Error("The client remembers its sessions");
}

/** A message of each session by each channel, and its answer. */
function useChannels(
  server: MachineSide,
  client: MachineSide,
  sessions: readonly SessionMachine[],
  used: number,
): void {
  const payload = new Uint8Array(USED_BYTES);
  const before = [server.messages, client.messages];
  server.answers = true;
  for (const session of sessions) {
    for (let channel = 0; channel < used; channel++) {
      if (session.send(channel, payload) !== SendStatus.Queued) throw new Error("A message was refused");
      client.exchange(server);
    }
  }
  server.answers = false;
  const counts = [server.messages - before[0]!, client.messages - before[1]!];
  const expected = sessions.length * used;
  if (counts.some((n) => n !== expected)) throw new Error(`${counts} of ${expected} messages arrived`);
}

async function collectGarbage(): Promise<void> {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("This role runs with --v8-flags=--expose-gc");
  for (let i = 0; i < 3; i++) {
    gc();
    // Memory outside of the heap is given back by another thread.
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
