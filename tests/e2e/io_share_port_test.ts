/**
 * Listeners that share a port, by the means that this run has: the runtime's own with the unstable network API,
 * `node:net` without it. Where it has `node:net`, the file runs itself a second time with the flag.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { connect as connectSocket, type Socket } from "node:net";
import { ResourceError } from "../../src/error/transport_error.ts";
import { type PortSharing, portSharing } from "../../src/io/tcp/port_sharing.ts";
import { tcpFabric } from "../../src/io/tcp/tcp_fabric.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import type { StreamLink, StreamListener } from "../../src/transport/stream_link.ts";
import type { SharePortAnswer, SharePortCommand } from "./io_share_port_worker.ts";
import { UnhandledRejections } from "./leaks.ts";
import { upTo } from "./payloads.ts";
import { standstill, within } from "./waiting.ts";

const sharing = portSharing();
const never = new AbortController().signal;
const hostname = "127.0.0.1";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `port shared by ${sharing}: ${name}`, ignore: sharing === undefined, fn });
}

/** A worker that listens. */
class Sharer implements Disposable {
  readonly #worker = new Worker(new URL("./io_share_port_worker.ts", import.meta.url), { type: "module" });

  /** Tells it something and waits for its answer. */
  ask(command: SharePortCommand): Promise<SharePortAnswer> {
    const answered = Promise.withResolvers<SharePortAnswer>();
    this.#worker.onmessage = ({ data }: MessageEvent<SharePortAnswer>): void => answered.resolve(data);
    this.#worker.postMessage(command);
    return within("a worker's answer", answered.promise);
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

async function openShared(
  port = 0,
  host = hostname,
): Promise<{ readonly listener: StreamListener; readonly port: number }> {
  const listener = tcpFabric({ hostname: host, port, sharePort: true }).listen();
  await listener.listening;
  assert(listener.address.transport === "tcp");
  return { listener, port: listener.address.port };
}

/** Sends a byte and waits for it to come back. */
async function talk(link: StreamLink): Promise<void> {
  await link.write(Uint8Array.of(7));
  const into = new Uint8Array(1);
  assertEquals(await within("an echo", link.read(into)), 1);
  assertEquals(into[0], 7);
}

async function connectMany(port: number, count: number): Promise<StreamLink[]> {
  const fabric = tcpFabric({ hostname, port });
  const links = await Promise.all(upTo(count).map(() => fabric.connect(never)));
  await Promise.all(links.map(talk));
  return links;
}

/** A connection whose client the test can make do anything. */
async function openPair(): Promise<{ readonly link: StreamLink; readonly socket: Socket }> {
  const { listener, port } = await openShared();
  const socket = connectSocket({ port, host: hostname, allowHalfOpen: true });
  socket.on("error", () => {});
  const link = await listener.accept();
  listener.close();
  return { link, socket };
}

async function settle(socket: Socket): Promise<void> {
  socket.destroy();
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
}

test("each of four workers gets a share of the connections, and one that stops takes nobody with it", async () => {
  using first = new Sharer();
  const port = await first.ask({ port: 0 });
  using second = new Sharer();
  using third = new Sharer();
  using fourth = new Sharer();
  const others = [second, third, fourth];
  assertEquals(await Promise.all(others.map((sharer) => sharer.ask({ port }))), [port, port, port]);

  const links = await connectMany(port, 200);
  const counts = await Promise.all([first, ...others].map((sharer) => sharer.ask("count")));
  assertEquals(counts.reduce((sum, count) => sum + count), 200);
  for (const count of counts) assertGreater(count, 0, `${counts}`);

  assertEquals(await first.ask("close"), counts[0]!);
  await Promise.all(links.map(talk));
  const more = await connectMany(port, 40);
  const later = await Promise.all(others.map((sharer) => sharer.ask("count")));
  assertEquals(later.reduce((sum, count) => sum + count), 240 - counts[0]!);
  for (const link of [...links, ...more]) link.close();
});

test("listeners of one thread share too", async () => {
  const { listener: first, port } = await openShared();
  const { listener: second, port: samePort } = await openShared(port);
  assertEquals(samePort, port);
  assertEquals(second.address, first.address);
  first.close();
  const [client, server] = await Promise.all([tcpFabric({ hostname, port }).connect(never), second.accept()]);
  await client.write(Uint8Array.of(1));
  assertEquals(await server.read(new Uint8Array(4)), 1);
  second.close();
  client.close();
  server.close();
});

test("a port that somebody keeps to himself cannot be shared, nor the other way round", async () => {
  const occupant = tcpFabric({ hostname, port: 0 }).listen();
  assert(occupant.address.transport === "tcp");
  const { port: taken } = occupant.address;
  const error = await assertRejects(() => openShared(taken), ResourceError);
  assertEquals(error.message, `Cannot listen on ${hostname}:${taken}: address already in use`);
  assertInstanceOf(error.cause, Error);
  occupant.close();
  const { listener, port } = await openShared();
  assertThrows(() => tcpFabric({ hostname, port }).listen(), ResourceError, "address already in use");
  listener.close();
});

test("a host name is looked up, and one that is none is refused", async () => {
  const { listener } = await openShared(0, "localhost");
  assert(listener.address.transport === "tcp");
  assert(["127.0.0.1", "::1"].includes(listener.address.hostname));
  listener.close();
  const error = await assertRejects(() => openShared(0, "no host name"), ResourceError);
  assert(error.message.startsWith("Cannot listen on no host name:0: "), error.message);
});

test("an address of another machine is refused", async () => {
  await assertRejects(() => openShared(0, "192.0.2.1"), ResourceError, "Cannot listen on 192.0.2.1:0: ");
});

Deno.test({
  name: `port shared by ${sharing}: an IPv4 peer of an IPv6 listener has its IPv4 address`,
  ignore: sharing === undefined || !hasDualStack(),
  fn: async () => {
    const { listener, port } = await openShared(0, "::");
    assertEquals(listener.address, { transport: "tcp", hostname: "::", port });
    const [client, server] = await Promise.all([tcpFabric({ hostname, port }).connect(never), listener.accept()]);
    assertEquals(server.remote, client.local);
    assertEquals(server.local, { transport: "tcp", hostname, port });
    client.close();
    server.close();
    listener.close();
  },
});

test("reads into and writes from shared memory", async () => {
  const { listener, port } = await openShared();
  const [client, server] = await Promise.all([tcpFabric({ hostname, port }).connect(never), listener.accept()]);
  const from = new Uint8Array(new SharedArrayBuffer(300_000), 5, 250_000);
  for (let i = 0; i < from.length; i++) from[i] = i % 251;
  const into = new Uint8Array(new SharedArrayBuffer(300_000), 7, 250_000);
  for (const [writer, reader] of [[server, client], [client, server]] as const) {
    into.fill(0);
    const writing = (async (): Promise<void> => {
      for (let at = 0; at < from.length;) at += await writer.write(from.subarray(at));
    })();
    for (let at = 0; at < into.length;) at += await reader.read(into.subarray(at)) ?? 0;
    await writing;
    assertEquals(into, from);
  }
  client.close();
  server.close();
  listener.close();
});

test("a reset fails a read that waits", async () => {
  const { link, socket } = await openPair();
  const reading = link.read(new Uint8Array(8));
  await link.write(Uint8Array.of(1));
  await new Promise((resolve) => socket.once("data", resolve));
  socket.resetAndDestroy();
  await within("the end of the read", assertRejects(() => reading));
  await assertRejects(() => link.write(Uint8Array.of(1)));
  link.close();
  await settle(socket);
});

test("a reset fails a write that waits", async () => {
  for (const received of [0, 1]) {
    const { link, socket } = await openPair();
    if (received > 0) {
      socket.write("x");
      assertEquals(await link.read(new Uint8Array(8)), 1);
    }
    const writing = writeForEver(link);
    await standstill(() => writing.bytes);
    socket.resetAndDestroy();
    await within("the end of the write", assertRejects(() => writing.end));
    link.close();
    await settle(socket);
  }
});

test("holds little of what a slow reader has not read", async () => {
  const { listener, port } = await openShared();
  const [client, server] = await Promise.all([tcpFabric({ hostname, port }).connect(never), listener.accept()]);
  for (const [writer, reader] of [[server, client], [client, server]] as const) {
    const writing = writeForEver(writer);
    const first = await standstill(() => writing.bytes);
    // What the kernel holds at both ends, and less than a 16th of what was offered.
    assert(first < 32 * 2 ** 20, `${first} bytes went out`);
    const into = new Uint8Array(1 << 10);
    let read = 0;
    while (read < 2 ** 20) read += await reader.read(into) ?? 0;
    const second = await standstill(() => writing.bytes);
    assert(second - first < 32 * 2 ** 20, `${second - first} bytes went out for ${read} that were read`);
    writing.stop();
    while (read < writing.bytes) read += await reader.read(into.subarray(0, writing.bytes - read)) ?? 0;
    await writing.end;
  }
  client.close();
  server.close();
  listener.close();
});

test("settles every call once, in whatever order both sides end", async () => {
  using rejections = new UnhandledRejections();
  const random = new SeededRandom(Math.floor(Math.random() * 2 ** 32));
  for (let round = 0; round < 60; round++) {
    const { link, socket } = await openPair();
    const calls: Promise<unknown>[] = [];
    const note = (call: Promise<unknown>): void => void calls.push(call.catch(() => {}));
    const steps: (() => unknown)[] = [
      () => note(link.read(new Uint8Array(1 + random.nextInt(100)))),
      () => note(link.write(new Uint8Array(1 + random.nextInt(2 ** 20)))),
      () => note(link.closeWrite()),
      () => link.close(),
      () => socket.write(new Uint8Array(1 + random.nextInt(200_000))),
      () => socket.end(),
      () => socket.destroy(),
      () => socket.resetAndDestroy(),
      () => socket.resume(),
      () => new Promise((resolve) => setTimeout(resolve, random.nextInt(3))),
    ];
    for (let step = 0; step < 12; step++) await steps[random.nextInt(steps.length)]!();
    link.close();
    await within(`all calls of round ${round}, seed ${random.seed}`, Promise.all(calls));
    await assertRejects(() => link.read(new Uint8Array(1)), `seed ${random.seed}`);
    await settle(socket);
  }
  assertEquals(rejections.reasons, [], `seed ${random.seed}`);
});

for (const means of ["node", "deno"] satisfies PortSharing[]) {
  const flags = means === "deno" ? ["--unstable-net"] : [];
  Deno.test({
    name: `A program with${
      means === "deno" ? "" : "out"
    } the unstable network API shares a port by ${means} and lives on`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      assertEquals(await runChild([...flags, "--allow-net=127.0.0.1"], hostname), `${means}: 7\n`);
      const refused = await runChild([...flags, "--allow-net=127.0.0.1:1"], hostname);
      assert(refused.startsWith(`${means}: Cannot listen on 127.0.0.1:0: requires net access to `), refused);
      // By node:net the address needs permission, not only the name that stands for it.
      const byName = means === "node" ? await runChild(["--allow-net=localhost"], "localhost") : undefined;
      if (byName !== undefined) assert(byName.startsWith("node: Cannot listen on localhost:0: requires net "), byName);
      const unknown = await runChild(flags, "localhost");
      assert(unknown.startsWith(`${means}: Cannot listen on localhost:0: `), unknown);
    },
  });
}

if (sharing === "node") {
  Deno.test("All of this holds with the unstable network API too", async () => {
    const args = ["test", "--no-check", "--no-prompt", "--unstable-net", "-A", new URL(import.meta.url).pathname];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assertEquals(code, 0, output);
    assert(output.includes("port shared by deno: each of four workers"), output);
  });
}

async function runChild(flags: readonly string[], host: string): Promise<string> {
  const script = new URL("./io_share_port_child.ts", import.meta.url).pathname;
  const args = ["run", "--no-check", "--no-lock", "--no-prompt", ...flags, script, host];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

interface Writing {
  readonly bytes: number;
  readonly end: Promise<void>;
  stop(): void;
}

/** Writes until it fails or is stopped. */
function writeForEver(link: StreamLink): Writing {
  const chunk = new Uint8Array(2 ** 20);
  let bytes = 0;
  let stopped = false;
  const end = (async (): Promise<void> => {
    while (!stopped) bytes += await link.write(chunk);
  })();
  end.catch(() => {});
  return {
    get bytes(): number {
      return bytes;
    },
    end,
    stop: () => void (stopped = true),
  };
}

function hasDualStack(): boolean {
  try {
    tcpFabric({ hostname: "::", port: 0 }).listen().close();
    return true;
  } catch {
    return false;
  }
}
