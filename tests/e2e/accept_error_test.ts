/**
 * A process that runs out of file descriptors: accepting pauses, who is there is served, and it goes on afterwards.
 *
 * @module
 */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { linesOf } from "../interop/lines_of.ts";
import type { ReactorStatistics } from "../../mod.ts";
import { frame, PlainSocket } from "../interop/plain_socket.ts";
import { openReactor, workers } from "./framed_tcp.ts";
import type { GoneClientsJob } from "./gone_clients_worker.ts";
import { textOf, upTo } from "./payloads.ts";
import { within } from "./waiting.ts";

const MAX_OPEN_FILES = 64;

Deno.test({
  name: "Reactor backs off while there are too many open files, and accepts again when there are not",
  // With workers the runtime itself panics where a process has no descriptor left.
  ignore: Deno.build.os === "windows" || workers > 0,
  fn: async () => {
    await using server = await startServer();
    const clients = await Promise.all(upTo(MAX_OPEN_FILES).map(() => PlainSocket.connect(server.port)));
    let before = await server.statistics();
    while (before.acceptErrors === 0) before = await server.statistics();
    assertLess(before.accepted, MAX_OPEN_FILES);
    assertGreater(before.connections, 0);
    await clients[0]!.write(frame("served"));
    assertEquals(textOf(await clients[0]!.readFrame()), "served");
    const between = await server.statistics();
    // Without a pause it would have tried thousands of times.
    assertLess(between.acceptErrors, 100);
    for (const client of clients) await client[Symbol.asyncDispose]();
    await using late = await PlainSocket.connect(server.port);
    await late.write(frame("hello"));
    assertEquals(textOf(await within("an answer", late.readFrame())), "hello");
  },
});

Deno.test("Clients that are gone before they are accepted are no errors and cost no pause", async () => {
  const errors: unknown[] = [];
  await using reactor = await openReactor({
    onReceived: (connection, payload) => connection.return(payload),
    onError: (error) => void errors.push(error),
  });
  const worker = new Worker(new URL("./gone_clients_worker.ts", import.meta.url), { type: "module" });
  const done = new Int32Array(new SharedArrayBuffer(4));
  const job: GoneClientsJob = { port: reactor.port, count: 20, done };
  worker.postMessage(job);
  // Nothing is accepted while this thread is blocked.
  assertEquals(Atomics.wait(done, 0, 0, 5000), "ok");
  await using client = await PlainSocket.connect(reactor.port);
  await client.write(frame("hello"));
  assertEquals(textOf(await client.readFrame()), "hello");
  worker.terminate();
  assertEquals(errors, []);
  assertEquals(reactor.statistics().acceptErrors, 0);
});

interface Server extends AsyncDisposable {
  readonly port: number;
  statistics(): Promise<ReactorStatistics>;
}

async function startServer(): Promise<Server> {
  const script = new URL("accept_error_server.ts", import.meta.url).pathname;
  const limited = `ulimit -n ${MAX_OPEN_FILES} && exec "$0" run --no-lock --no-check -A "$1"`;
  const child = new Deno.Command("sh", {
    args: ["-c", limited, Deno.execPath(), script],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const lines = linesOf(child.stdout);
  const port = Number(await next(lines));
  return {
    port,
    statistics: async () => {
      await writer.write(new TextEncoder().encode("\n"));
      return JSON.parse(await next(lines));
    },
    [Symbol.asyncDispose]: async () => {
      await writer.close();
      await lines.return(undefined);
      const { code } = await within("the server's exit", child.status);
      assertEquals(code, 0);
    },
  };
}

async function next(lines: AsyncGenerator<string, void>): Promise<string> {
  const { value } = await within("a line of the server", lines.next());
  if (value === undefined) throw new Error("The server has ended");
  return value;
}
