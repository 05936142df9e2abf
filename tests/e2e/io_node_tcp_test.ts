/**
 * What only the listener and the link over `node:net` have: connections that the runtime takes unasked, a socket that
 * reads ahead, and accepting that the runtime gives up after one failure.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { createServer, type Server } from "node:net";
import { ClosedError, ResourceError } from "../../src/error/transport_error.ts";
import { NodeTcpLink } from "../../src/io/tcp/node_tcp_link.ts";
import { NodeTcpListener } from "../../src/io/tcp/node_tcp_listener.ts";
import { tcpFabric } from "../../src/io/tcp/tcp_fabric.ts";
import { linesOf } from "../interop/lines_of.ts";
import type { StreamLink } from "../../src/transport/stream_link.ts";
import type { GoneClientsJob } from "./gone_clients_worker.ts";
import type { CrowdJob } from "./io_crowd_worker.ts";
import { upTo } from "./payloads.ts";
import { standstill, within } from "./waiting.ts";

const MAX_OPEN_FILES = 80;

const hostname = "127.0.0.1";
const never = new AbortController().signal;
const options = { hostname, port: 0, backlogCount: 511, noDelay: true, keepAlive: true };

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os !== "linux", fn });
}

async function openListener(backlogCount = 511): Promise<NodeTcpListener> {
  const listener = new NodeTcpListener({ ...options, backlogCount });
  await listener.listening;
  return listener;
}

function connect(port: number): Promise<StreamLink> {
  return tcpFabric({ hostname, port }).connect(never);
}

/** Asks for a byte that comes only from a link that was accepted; the others end or break. */
async function isServed(client: StreamLink): Promise<boolean> {
  const answer = client.read(new Uint8Array(1)).catch(() => null);
  return await within("an answer or the end", answer) !== null;
}

test("NodeTcpListener refuses connections beyond twice backlogCount, says so once, and goes on", async () => {
  const listener = await openListener(2);
  const { port } = listener.address;
  const clients: StreamLink[] = [];
  for (const _ of upTo(4)) clients.push(await connect(port));
  const answers = clients.map(isServed);
  // Some see the reset before they know that they were connected.
  for (const _ of upTo(3)) {
    const refused = await connect(port).catch(() => undefined);
    assertEquals(refused !== undefined && await isServed(refused), false);
    refused?.close();
  }
  const links = await Promise.all([await listener.accept(), await listener.accept()]);
  links.push(await listener.accept(), await listener.accept());
  for (const link of links) await link.write(Uint8Array.of(1));
  assertEquals(await Promise.all(answers), [true, true, true, true]);
  const error = await assertRejects(() => listener.accept(), ResourceError);
  assertEquals(error.message, `Cannot accept on 127.0.0.1:${port}: 3 connections were refused while 4 waited`);
  const [late, accepted] = await Promise.all([connect(port), listener.accept()]);
  await accepted.write(Uint8Array.of(1));
  assert(await isServed(late));
  for (const end of [...clients, ...links, late, accepted, listener]) end.close();
});

test("NodeTcpListener lets no more than backlogCount and one wait in the kernel", async () => {
  const listener = await openListener(2);
  const worker = new Worker(new URL("./io_crowd_worker.ts", import.meta.url), { type: "module" });
  const connected = new Int32Array(new SharedArrayBuffer(4));
  const job: CrowdJob = { port: listener.address.port, count: 9, connected };
  worker.postMessage(job);
  // Nothing is accepted while this thread is blocked.
  assertEquals(Atomics.wait(connected, 0, 0, 5_000), "ok");
  assertEquals(connected[0], 3);
  worker.terminate();
  listener.close();
});

test("NodeTcpListener reads nothing from those that wait to be accepted", async () => {
  const listener = await openListener();
  const clients = await Promise.all(upTo(100).map(() => connect(listener.address.port)));
  const chunk = new Uint8Array(32_768);
  const before = await standstill(() => Deno.memoryUsage().external);
  await Promise.all(clients.map((client) => client.write(chunk)));
  const after = await standstill(() => Deno.memoryUsage().external);
  assertLess(after - before, 100 * 16_384);
  for (const end of [...clients, listener]) end.close();
});

test("NodeTcpListener passes over clients that are gone before it sees them", async () => {
  const listener = await openListener();
  const { port } = listener.address;
  const worker = new Worker(new URL("./gone_clients_worker.ts", import.meta.url), { type: "module" });
  const done = new Int32Array(new SharedArrayBuffer(4));
  const job: GoneClientsJob = { port, count: 20, done };
  worker.postMessage(job);
  // Nothing is accepted while this thread is blocked.
  assertEquals(Atomics.wait(done, 0, 0, 5_000), "ok");
  const [client, link] = await Promise.all([connect(port), listener.accept()]);
  assertEquals(link.remote, client.local);
  worker.terminate();
  for (const end of [client, link, listener]) end.close();
});

test("NodeTcpListener.close() closes what nobody has accepted", async () => {
  const listener = await openListener();
  const [client, link] = await Promise.all([connect(listener.address.port), listener.accept()]);
  const waiting = await Promise.all(upTo(3).map(() => connect(listener.address.port)));
  await client.write(Uint8Array.of(1));
  assertEquals(await link.read(new Uint8Array(2)), 1);
  listener.close();
  assertEquals(await Promise.all(waiting.map(isServed)), [false, false, false]);
  await link.write(Uint8Array.of(1));
  assert(await isServed(client));
  for (const end of [...waiting, client, link]) end.close();
});

test("NodeTcpListener.close() stops it at any moment of its opening", async () => {
  const { port } = (await freePort()).address;
  for (const turns of upTo(12)) {
    const listener = new NodeTcpListener({ ...options, port });
    const opened = listener.listening.then(() => true, (error) => {
      assert(error instanceof ClosedError, `${error}`);
      return false;
    });
    for (let turn = 0; turn < turns; turn++) {
      await (turn % 3 === 2 ? new Promise((go) => setTimeout(go, 0)) : undefined);
    }
    listener.close();
    await within("the listener's word", opened);
    await assertRejects(() => listener.accept(), ClosedError);
    // Whoever wants the port for himself gets it, so nothing listens any more.
    tcpFabric({ hostname, port }).listen().close();
  }
});

test("NodeTcpLink holds at most its mark and one chunk of a peer that never stops", async () => {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  const { socket, client } = await pairOf(server);
  const link = new NodeTcpLink(socket, options);
  const mark = socket.readableHighWaterMark;
  const { writing, written } = flood(client, 16 * 2 ** 20);
  const into = new Uint8Array(10_000);
  let read = 0;
  while (read < 2 ** 20) {
    read += await link.read(into) ?? 0;
    assert(socket.readableLength < mark + 65_536, `${socket.readableLength} bytes wait`);
    assertEquals(socket.readableHighWaterMark, mark);
  }
  await standstill(written);
  assertGreater(socket.readableLength, 0);
  assert(socket.readableLength < mark + 65_536, `${socket.readableLength} bytes wait`);
  const large = new Uint8Array(4 * mark);
  for (let count = await link.read(large); count !== null; count = await link.read(large)) read += count;
  assertEquals(read, 16 * 2 ** 20);
  assertEquals(socket.readableHighWaterMark, mark);
  await writing;
  link.close();
  client.close();
  server.close();
});

test("NodeTcpListener says when there are too many open files, and accepts again when there are not", async () => {
  const script = new URL("./io_node_tcp_server.ts", import.meta.url).pathname;
  const limited = `ulimit -n ${MAX_OPEN_FILES} && exec "$0" run --no-lock --no-check -A "$1" "$2"`;
  // Without it a process that imports node:net may look for certificates when it can open none.
  const env = { NODE_EXTRA_CA_CERTS: "" };
  const args = ["-c", limited, Deno.execPath(), script, `${(await freePort()).address.port}`];
  const child = new Deno.Command("sh", { args, stdout: "piped", env }).spawn();
  const lines = linesOf(child.stdout);
  const next = async (): Promise<string> => (await within("a line of the server", lines.next())).value ?? "";
  const port = Number(await next());
  const clients = await Promise.all(upTo(MAX_OPEN_FILES).map(() => connect(port)));
  assertEquals(await next(), `Cannot accept on 127.0.0.1:${port}: too many open files`);
  for (const client of clients) client.close();
  const late = await connect(port);
  await late.write(Uint8Array.of(7));
  assert(await isServed(late));
  late.close();
  child.kill("SIGKILL");
  for await (const line of lines) assertEquals(line, `Cannot accept on 127.0.0.1:${port}: too many open files`);
  await child.status;
});

/** A port that was free a moment ago. */
async function freePort(): Promise<NodeTcpListener> {
  const listener = await openListener();
  listener.close();
  return listener;
}

async function pairOf(
  server: Server,
): Promise<{ readonly socket: ConstructorParameters<typeof NodeTcpLink>[0]; readonly client: StreamLink }> {
  await new Promise<void>((resolve) => server.listen(0, hostname, resolve));
  const { port } = server.address() as { readonly port: number };
  const accepted = Promise.withResolvers<ConstructorParameters<typeof NodeTcpLink>[0]>();
  server.once("connection", accepted.resolve);
  const [socket, client] = await Promise.all([accepted.promise, connect(port)]);
  return { socket, client };
}

/** Writes so many bytes and ends. */
function flood(link: StreamLink, bytes: number): { readonly writing: Promise<void>; written(): number } {
  const chunk = new Uint8Array(2 ** 20);
  let written = 0;
  const writing = (async (): Promise<void> => {
    while (written < bytes) written += await link.write(chunk.subarray(0, bytes - written));
    await link.closeWrite();
  })();
  return { writing, written: () => written };
}
