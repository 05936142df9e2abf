/**
 * Workers that own the sockets of handlers on the main thread: their loss, what they cost in messages between threads,
 * and one that hangs.
 *
 * @module
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { CloseCode, type DisconnectReason, Particle, Reactor } from "../../mod.ts";
import { linesOf } from "../interop/lines_of.ts";
import { frame, PlainSocket } from "../interop/plain_socket.ts";
import { ferriedTcp } from "./ferried_tcp.ts";
import { textOf, upTo } from "./payloads.ts";
import { eventually, within } from "./waiting.ts";

/** Sees all workers that are made, and counts the messages to and from them. */
class WorkerSpy implements Disposable {
  readonly workers: Worker[] = [];
  sentCount = 0;
  receivedCount = 0;
  readonly #original = Worker;

  constructor() {
    // deno-lint-ignore no-this-alias -- the class below has a `this` of its own
    const spy = this;
    globalThis.Worker = class extends this.#original {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        spy.workers.push(this);
        this.addEventListener("message", () => void spy.receivedCount++);
      }
      override postMessage(...args: unknown[]): void {
        spy.sentCount++;
        super.postMessage(args[0], args[1] as Transferable[]);
      }
    };
  }

  [Symbol.dispose](): void {
    globalThis.Worker = this.#original;
  }
}

for (const dispatch of ["kernel", "ring"] as const) {
  Deno.test(`${dispatch}: a lost worker takes its own connections with it, and is replaced`, async () => {
    using spy = new WorkerSpy();
    const reasons: DisconnectReason[] = [];
    const errors: unknown[] = [];
    await using reactor = new Reactor({
      hostname: "127.0.0.1",
      workers: 2,
      dispatch,
      onReceived: (connection, payload) => connection.return(payload),
      onDisconnected: (_, reason) => void reasons.push(reason),
      onError: (error) => void errors.push(error),
    });
    await reactor.start();
    for (let loss = 0; loss < 3; loss++) {
      const clients = await Promise.all(upTo(20).map(() => PlainSocket.connect(reactor.port)));
      for (const client of clients) assertEquals(await ask(client, "in"), "in");
      const made = spy.workers.length;
      // One after the other; the third is the first replacement.
      spy.workers[loss]!.terminate();
      await eventually("the loss is told", () => errors.length > loss);
      for (const client of clients) {
        // Whoever is cut off has lost its worker; whoever is not is served as before.
        const gone = client.ended.then(() => "gone");
        const answer = await Promise.race([gone, ask(client, "still in").catch(() => gone)]);
        assert(answer === "still in" || answer === "gone", answer);
      }
      await eventually("it is replaced", () => spy.workers.length > made);
      for (const client of clients) await client[Symbol.asyncDispose]();
      await eventually("all are gone", () => reactor.connections.length === 0);
    }
    assert(reasons.some(({ code }) => code === CloseCode.LinkLost));
    assertEquals(reasons.length, 60);
    for (let i = 0; i < 20; i++) {
      await using client = await PlainSocket.connect(reactor.port);
      assertEquals(await ask(client, "served"), "served");
    }
  });

  Deno.test(`${dispatch}: thousands of messages cross without one postMessage`, async () => {
    using spy = new WorkerSpy();
    let answers = 0;
    const reactor = new Reactor({
      hostname: "127.0.0.1",
      workers: 2,
      dispatch,
      onReceived: (connection, payload) => connection.return(payload),
    });
    await reactor.start();
    const particle = new Particle({ port: reactor.port, workers: 1, onReceived: () => void answers++ });
    for (let i = 0; i < 5000; i++) await particle.send(new Uint8Array(32));
    await eventually("all come back", () => answers === 5000);
    await particle.close();
    await reactor.stop();
    assertEquals(spy.workers.length, 3);
    assertEquals(spy.sentCount, 3);
    assertLess(spy.receivedCount, 3 * 3);
  });
}

Deno.test("handlers in workers: thousands of messages cross without one postMessage", async () => {
  using spy = new WorkerSpy();
  const handler = new URL("./handler_module.ts", import.meta.url);
  const reactor = new Reactor({ hostname: "127.0.0.1", workers: 2, handler });
  await reactor.start();
  await using client = await PlainSocket.connect(reactor.port);
  for (let i = 0; i < 500; i++) assertEquals(await ask(client, `${i}`), `${i}`);
  for (let i = 0; i < 500; i++) await reactor.connections[0]!.send(new Uint8Array(32));
  await client[Symbol.asyncDispose]();
  await reactor.stop();
  assertEquals(spy.sentCount, 2);
  assertLess(spy.receivedCount, 2 * 3);
});

Deno.test("A worker that hangs is reported, and stop() and close() end in bounded time", async () => {
  const script = new URL("./hanging_worker_server.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-lock", "--no-check", "-A", script],
    stdout: "piped",
    stdin: "null",
  }).spawn();
  const lines: string[] = [];
  for await (const line of linesOf(child.stdout)) lines.push(line);
  const { code } = await within("the server's exit", child.status, 60_000);
  assertEquals({ code, lines }, { code: 0, lines: ["served", "reported", "stopped"] });
});

Deno.test("No block of a ferry is lost: when all links are gone, all are free", async () => {
  const listening = ferriedTcp(0);
  const listener = listening.fabric.listen();
  await listener.listening;
  const { address } = listener;
  assert(address.transport === "tcp");
  const connecting = ferriedTcp(address.port);
  for (let round = 0; round < 20; round++) {
    const signal = new AbortController().signal;
    const [client, server] = await Promise.all([connecting.fabric.connect(signal), listener.accept()]);
    const chunk = new Uint8Array(round * 50_000 + 1);
    void client.write(chunk).catch(() => {});
    if (round % 2 === 0) await server.read(new Uint8Array(1000));
    if (round % 3 === 0) void server.write(chunk).catch(() => {});
    if (round % 4 === 0) await client.closeWrite().catch(() => {});
    (round % 5 === 0 ? server : client).close();
    (round % 5 === 0 ? client : server).close();
  }
  const isFree = ({ machineSide, socketSide }: typeof listening): boolean =>
    machineSide.arena.lentCount === 0 && socketSide.arena.lentCount === 0 && machineSide.linkCount === 0;
  await eventually("all blocks are free", () => isFree(listening) && isFree(connecting));
  listener.close();
  listening.close();
  connecting.close();
});

async function ask(client: PlainSocket, text: string): Promise<string> {
  await client.write(frame(text));
  return textOf(await within(`the answer to "${text}"`, client.readFrame()));
}
