/**
 * One cycle of the soak: a reactor, clients of all kinds, some of them cut off in the middle, and the sums at the end.
 *
 * Every second cycle is calm: nobody is cut off, and what was written must have arrived to the message. In the others
 * links are cut at random, and what arrived must be no more than what was written, in order and never twice.
 *
 * @module
 */
import { AssertionError } from "@std/assert";
import { type Connection, Reactor } from "../../mod.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { frames, PlainSocket } from "../interop/plain_socket.ts";
import { readMessage } from "./message.ts";
import { type Outcome, runBurst, runFlux, runParticle } from "./senders.ts";
import { inTime } from "./patience.ts";

/** What one cycle has counted. */
export interface CycleCounts extends Readonly<Record<string, number>> {
  /** Messages that the senders were asked to send. */
  readonly sent: number;
  /** Messages that the reactor got. */
  readonly received: number;
  /** Messages that were dropped or refused by a policy. */
  readonly dropped: number;
  /** Messages that were queued and never written whole. */
  readonly unsent: number;
  /** Links that were cut. */
  readonly cuts: number;
}

/** A third of the cycles runs on one thread. */
const DISPATCHES = [undefined, ...Deno.build.os === "linux" ? ["kernel" as const] : [], "ring" as const];

/** What the reactor has got. */
interface Ledger {
  readonly last: Map<string, number>;
  readonly faults: unknown[];
  received: number;
  cuts: number;
}

/**
 * Runs one cycle.
 *
 * @param seed What it depends on.
 * @param isCalm Whether no link is cut.
 * @returns What it has counted. Rejects when a message came twice, out of order or damaged, or a count does not add up.
 */
export async function runCycle(seed: number, isCalm: boolean): Promise<CycleCounts> {
  const ledger: Ledger = { last: new Map(), faults: [], received: 0, cuts: 0 };
  const random = new SeededRandom(seed);
  const dispatch = DISPATCHES[seed % DISPATCHES.length];
  const workers = dispatch === undefined ? 0 : 2;
  const reactor = new Reactor({
    hostname: "127.0.0.1",
    workers,
    ...(dispatch === undefined ? {} : { dispatch }),
    closeTimeoutMs: 1000,
    maxFrameBytes: 1 << 20,
    onReceived: (connection, payload) => receive(ledger, connection, payload, isCalm ? undefined : random),
    onError: (error) => void ledger.faults.push(error),
  });
  await reactor.start();
  const { port } = reactor;
  const senders = [
    ...times(4, (id) => runParticle({ port, workers, sender: id, random: new SeededRandom(seed + 1 + id), isCalm })),
    ...times(
      2,
      (id) => runBurst({ port, workers, sender: 100 + id, random: new SeededRandom(seed + 11 + id), isCalm }),
    ),
    runFlux({ port, workers, sender: 200, random: new SeededRandom(seed + 21), isCalm }),
  ];
  const vandals = times(6, (id) => runVandal(port, new SeededRandom(seed + 31 + id)));
  const outcomes = await inTime("the senders", Promise.all(senders));
  await inTime("the vandals", Promise.all(vandals));
  await inTime("the reactor", reactor.stop());
  return balance(reactor, outcomes, ledger, isCalm);
}

function receive(ledger: Ledger, connection: Connection, payload: Uint8Array, chaos?: SeededRandom): unknown {
  const read = readMessage(payload);
  if (read === undefined) return undefined;
  const before = ledger.last.get(read.line) ?? -1;
  if (!read.isWhole || read.number <= before) {
    throw new AssertionError(`${read.line}: message ${read.number} after ${before}, whole: ${read.isWhole}`);
  }
  ledger.last.set(read.line, read.number);
  ledger.received++;
  if (read.number % 3 === 0) connection.return(payload);
  if (chaos !== undefined && chaos.nextUint32() % 2000 === 0) {
    ledger.cuts++;
    connection.abort();
  }
  return read.number % 500 === 0 ? new Promise((resolve) => setTimeout(resolve, 1)) : undefined;
}

/** A client that is up to no good: half a frame, nonsense, or nothing, and then it is gone. */
async function runVandal(port: number, random: SeededRandom): Promise<void> {
  const client = await PlainSocket.connect(port);
  const nonsense = new Uint8Array(random.nextUint32() % 2000);
  random.fillSecret(nonsense);
  const whole = frames(["a", "", "bcd"]);
  const part = whole.subarray(0, random.nextUint32() % whole.length);
  await client.write(random.nextUint32() % 2 === 0 ? nonsense : part).catch(() => {});
  if (random.nextUint32() % 2 === 0) client.reset();
  await client[Symbol.asyncDispose]();
}

function balance(reactor: Reactor, outcomes: readonly Outcome[], ledger: Ledger, isCalm: boolean): CycleCounts {
  if (ledger.faults.length > 0) throw ledger.faults[0];
  const { connections, queuedBytes, refusedByCount, acceptErrors } = reactor.statistics();
  check("connections left", connections, 0);
  check("bytes left in the reactor", queuedBytes, 0);
  check("connections refused", refusedByCount + acceptErrors, 0);
  const sums = { sent: 0, dropped: 0, unsent: 0, written: 0 };
  for (const { name, sent, refused, statistics } of outcomes) {
    const { messagesOut, unsent, droppedNewest, droppedOldest, conflated } = statistics;
    const dropped = droppedNewest + droppedOldest + conflated + refused;
    check(`bytes left in ${name}`, statistics.queuedBytes, 0);
    check(`messages of ${name} that are accounted for`, messagesOut + unsent + dropped, sent);
    sums.sent += sent;
    sums.dropped += dropped;
    sums.unsent += unsent;
    sums.written += messagesOut;
  }
  if (isCalm) check("messages that arrived", ledger.received, sums.written);
  else if (ledger.received > sums.written) check("messages that arrived", ledger.received, sums.written);
  const { sent, dropped, unsent } = sums;
  return { sent, received: ledger.received, dropped, unsent, cuts: ledger.cuts };
}

function check(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new AssertionError(`${what}: ${actual} instead of ${expected}`);
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
