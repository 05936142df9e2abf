import { assert, assertEquals } from "@std/assert";
import { NodeKeyExchange } from "../../../src/io/system/node_key_exchange.ts";
import { systemAead } from "../../../src/io/system/system_aead.ts";
import { failedNotice, readyNotice, stoppedNotice } from "../../../src/pool/worker_message.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { WorkerLine, WorkerState } from "../../../src/ring/worker_board.ts";
import { SecureServer } from "../../../src/runtime/secure_server.ts";
import { resolveSecureServerOptions, type SecureServerOptions } from "../../../src/runtime/secure_server_options.ts";
import { type SecureAgentInit, SecureWorkerAgent } from "../../../src/runtime/secure_worker_agent.ts";
import { SecureWorkers } from "../../../src/runtime/secure_worker_pool.ts";
import { DatagramAddress } from "../../../src/wire/datagram_address.ts";
import { FakeWorker, holdLock } from "../pool/fake_worker.ts";
import { bytes, certificate, drained, NetworkLink, type SecureEnd, SecureWorld, shortly, text } from "./secure_ends.ts";

const REAL_WORKER = Worker;

/** The first byte of a session packet. */
const SESSION_PACKET = 0xd0;

/** A server whose workers run on this thread, in virtual time, when the test says so. */
class WorkerWorld {
  readonly world = new SecureWorld({ delayMs: 2 });
  readonly agents: (SecureWorkerAgent | undefined)[] = [];
  readonly errors: unknown[] = [];
  readonly link: NetworkLink;
  readonly workers: SecureWorkers;
  server!: SecureServer;
  readonly #ends = new Map<FakeWorker, () => Promise<void>>();
  readonly #config: ReturnType<typeof resolveSecureServerOptions>;

  constructor(options: Partial<SecureServerOptions> = {}) {
    const { cert, key } = certificate;
    this.link = new NetworkLink(this.world.network, this.world.scheduler, "192.0.2.1", 7777);
    this.#config = resolveSecureServerOptions({ cert, key, workers: 2, ...options });
    const { workers: count, endpoint, keys, closeTimeoutMs } = this.#config;
    const { link, errors } = this;
    const report = (error: unknown): void => void errors.push(error);
    const host = this.world.host();
    FakeWorker.all.length = 0;
    Object.assign(globalThis, { Worker: FakeWorker });
    this.workers = new SecureWorkers({ count, endpoint, keys, closeTimeoutMs, host, link, report });
  }

  static async open(options: Partial<SecureServerOptions> = {}): Promise<WorkerWorld> {
    const self = new WorkerWorld(options);
    const starting = self.workers.start();
    for (const worker of FakeWorker.all) await self.run(worker);
    await starting;
    self.server = new SecureServer(self.#config, self.world.host(), self.link, self.world.tls, undefined, self.workers);
    return self;
  }

  /** Has a worker do its work from now on. */
  async run(worker: FakeWorker): Promise<void> {
    const message = worker.posted[0]!;
    this.#ends.set(worker, (await holdLock(message.lock)).release);
    const random = new SeededRandom(500 + FakeWorker.all.length + message.index);
    const host = {
      scheduler: this.world.scheduler,
      random,
      aead: systemAead(),
      keyExchange: new NodeKeyExchange(),
    };
    this.agents[message.index] = new SecureWorkerAgent(message.init as SecureAgentInit, host, () => {});
    new WorkerLine(message.board, message.index).enter(WorkerState.Running);
    worker.say(readyNotice());
  }

  /** Loses a worker. */
  async lose(index: number): Promise<void> {
    const worker = FakeWorker.all[index]!;
    this.agents[index] = undefined;
    worker.say(failedNotice("thrown", new Error("out of order")));
    await this.#ends.get(worker)!();
  }

  /** Lets time pass. */
  async settle(ms = 20): Promise<void> {
    const step = Math.max(2, ms / 25);
    for (let n = 0; n < ms; n += step) {
      for (const worker of FakeWorker.all) new WorkerLine(worker.posted[0]!.board, worker.posted[0]!.index).beat();
      for (const agent of this.agents) while ((agent?.doWork() ?? 0) > 0);
      await this.world.scheduler.settle(step);
      // Waits on shared memory go on in a turn of their own.
      await new Promise((resolve) => setTimeout(resolve));
    }
  }

  async connect(options: Parameters<SecureWorld["client"]>[0] = {}): Promise<SecureEnd> {
    const end = this.world.client(options);
    await this.settle(40);
    await end.connecting;
    return end;
  }

  get events(): string[] {
    return shortly(drained(this.server.core.events));
  }

  async close(): Promise<void> {
    const closing = this.server.core.close(1, 0);
    await this.settle(10);
    for (const agent of this.agents) agent?.onClose();
    for (const index of this.agents.keys()) {
      const worker = FakeWorker.all.findLast(({ posted }) => posted[0]!.index === index)!;
      new WorkerLine(worker.posted[0]!.board, index).enter(WorkerState.Stopped);
      worker.say(stoppedNotice());
      await this.#ends.get(worker)!();
    }
    this.agents.length = 0;
    await this.settle(40);
    await closing;
    Object.assign(globalThis, { Worker: REAL_WORKER });
  }
}

Deno.test("sessions are spread, each message finds its way, and counters add up", async () => {
  const bench = await WorkerWorld.open();
  const ends: SecureEnd[] = [];
  for (let n = 0; n < 4; n++) ends.push(await bench.connect());
  for (const [n, { client }] of ends.entries()) void client.core.send(1, 0, bytes(`from ${n}`));
  await bench.settle(300);
  assertEquals(bench.events.toSorted(), Array(4).fill("connected").concat([..."0123"].map((n) => `data from ${n}`)));
  for (const id of [1, 2, 3, 4]) void bench.server.core.send(id, 0, bytes(`to ${id}`));
  await bench.settle();
  for (const { client } of ends) {
    const data = drained(client.core.events).filter((event) => event.type === "data");
    assertEquals(data.length, 1);
    assert(text(data[0]!.data).startsWith("to "));
  }
  const { sessions, session } = bench.server.core.statistics();
  assertEquals([sessions, session.messagesIn, bench.workers.halfOpenCount], [4, 4, 0]);
  for (const { client } of ends) void client.core.close(0);
  await bench.settle(100);
  assertEquals([bench.events, bench.workers.sessionCount], [Array(4).fill("disconnected Normal remote"), 0]);
  await bench.close();
});

Deno.test("a lost worker ends its own sessions; its replacement resets their clients and serves new ones", async () => {
  const bench = await WorkerWorld.open();
  const ends = [await bench.connect(), await bench.connect()];
  bench.events;
  await bench.lose(0);
  await bench.settle(10);
  assertEquals(bench.events, ["disconnected GoingAway local"]);
  assertEquals([bench.server.core.peers.size, bench.errors.length], [1, 1]);
  for (const { client } of ends) client.core.trySend(1, 1, bytes("a"));
  await bench.settle(10);
  assertEquals([bench.events, bench.workers.link.counters().workerAway], [["data a"], 1]);
  await bench.settle(200);
  assertEquals(FakeWorker.all.length, 3);
  await bench.run(FakeWorker.last);
  for (const { client } of ends) client.core.trySend(1, 1, bytes("b"));
  await bench.settle();
  const told = ends.map(({ client }) => shortly(drained(client.core.events)).at(-1));
  assertEquals(told.filter((one) => one === "disconnected StatelessReset remote").length, 1);
  await bench.connect();
  assertEquals([bench.events, bench.server.core.peers.size], [["data b", "connected"], 2]);
  await bench.close();
});

Deno.test("a hello whose worker is lost fails, and the client is not left waiting", async () => {
  const bench = await WorkerWorld.open();
  const [first, second] = bench.agents;
  bench.agents.length = 0;
  const end = bench.world.client({ connectTimeoutMs: 100_000 });
  await bench.settle(6);
  for (const index of [0, 1]) await bench.lose(index);
  await bench.settle(6);
  assert(bench.world.tls.accepted[0]!.closed);
  assertEquals(bench.server.handshakes().hellosFailed, 1);
  assert(first !== second && end.client.core.peers.size === 0);
  await end.client.core.close(0, 0);
  await bench.close();
});

Deno.test("a ticket is taken once, and by the worker that gave it, after a hello that went elsewhere, too", async () => {
  const bench = await WorkerWorld.open();
  const first = await bench.connect();
  await bench.settle(40);
  const { ticket } = first.client;
  void first.client.core.close(0, 0);
  await bench.settle(40);
  for (const name of ["one", "two"]) {
    const end = bench.world.client({ ticket: ticket!, earlyData: [bytes(name)] });
    await bench.settle(400);
    await end.connecting;
  }
  await bench.settle(300);
  assertEquals(bench.events.filter((one) => one.includes(" one") || one.includes(" two")), ["early one", "early two"]);
  const { firstFlightsRefused, earlyAccepted } = bench.workers.counters();
  assertEquals([earlyAccepted, bench.workers.sessionCounters().messagesIn], [1, 2]);
  assert(firstFlightsRefused! > 0);
  await bench.close();
});

Deno.test("datagrams beyond a worker's ring are lost and counted, and hold nothing else up", async () => {
  const bench = await WorkerWorld.open();
  const from = new DatagramAddress();
  from.parse("198.51.100.1", 5);
  bench.link.take(new Uint8Array(100).fill(0xff), from);
  assertEquals(bench.workers.counters().foreign, 1);
  const packet = new Uint8Array(1200).fill(7);
  packet[0] = SESSION_PACKET;
  for (let n = 0; n < 2000; n++) bench.link.take(packet, from);
  const { workerRingFull } = bench.workers.link.counters();
  assert(workerRingFull! > 1000 && workerRingFull! < 1500, `${workerRingFull} were lost`);
  assertEquals(bench.server.core.statistics().droppedDatagrams, workerRingFull);
  await bench.settle(300);
  assertEquals(bench.workers.counters().unknownId, 2000 - workerRingFull!, "all went to one worker");
  await bench.connect();
  assertEquals(bench.events, ["connected"]);
  await bench.close();
});

Deno.test("a socket without room holds datagrams back, and loses none", async () => {
  const bench = await WorkerWorld.open();
  const { client } = await bench.connect();
  drained(client.core.events);
  bench.link.open(0);
  for (let n = 0; n < 40; n++) void bench.server.core.send(1, 1, bytes(`message ${n}`.padEnd(1100)));
  await bench.settle(10);
  assertEquals(shortly(drained(client.core.events)).filter((one) => one.startsWith("data")), []);
  bench.link.open(Infinity);
  await bench.settle(60);
  assertEquals(shortly(drained(client.core.events)).filter((one) => one.startsWith("data")).length, 40);
  await bench.close();
});

Deno.test("workers have their keys in common, and a part of every limit each", async () => {
  const resetKey = new Uint8Array(32).fill(1);
  const ticketKey = new Uint8Array(32).fill(2);
  const bench = await WorkerWorld.open({ resetKey, ticketKey, maxSessions: 101, resetsPerSecond: 0 });
  const inits = FakeWorker.all.map(({ posted }) => posted[0]!.init as SecureAgentInit);
  const [first, second] = inits.map(({ keys }) => keys);
  assertEquals([first!.resetKey, first!.ticketKey, first!.owner, second!.owner], [resetKey, ticketKey, 0, 1]);
  assertEquals({ ...second, owner: 0 }, { ...first });
  assertEquals(inits.map(({ config }) => [config.maxSessions, config.resetsPerSecond]), [[51, 0], [51, 0]]);
  await bench.close();
});

Deno.test("messages that go straight to the reader give their credit back", async () => {
  const bench = await WorkerWorld.open({ maxMessageBytes: 32_768 });
  const { client } = await bench.connect();
  const lengths: number[] = [];
  void (async () => {
    for (let next = await bench.server.core.events.next(); !next.done; next = await bench.server.core.events.next()) {
      if (next.value.type === "data") lengths.push(next.value.data.length);
    }
  })();
  for (let n = 0; n < 24; n++) {
    void client.core.send(1, 0, new Uint8Array(30_000));
    await bench.settle(20);
  }
  await bench.settle(400);
  assertEquals(lengths, Array(24).fill(30_000));
  await bench.close();
});
