/**
 * Unix sockets and the directory in which processes find each other.
 *
 * @module
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ClosedError, ConnectError, ResourceError } from "../../src/error/transport_error.ts";
import { defineEvent, type EventDefinition, MessageBus } from "../../src/api/bus_mod.ts";
import { SocketDirectory } from "../../src/io/unix/socket_directory.ts";
import { unixFabric } from "../../src/io/unix/unix_fabric.ts";
import { eventually } from "./waiting.ts";

const signal = new AbortController().signal;
const id = "ab".repeat(16);

async function place(): Promise<string> {
  return `${await Deno.makeTempDir({ prefix: "rwunix" })}/bus`;
}

Deno.test("a unix link carries bytes both ways, ends one way and closes", async () => {
  const path = `${await Deno.makeTempDir({ prefix: "rwunix" })}/s`;
  const listener = unixFabric(path).listen();
  const client = await unixFabric(path).connect(signal);
  const server = await listener.accept();
  assertEquals([server.local, client.remote.path, server.remote.path], [
    { transport: "unix", path },
    path,
    "",
  ]);
  assertEquals(await client.write(Uint8Array.of(1, 2, 3)), 3);
  const into = new Uint8Array(8);
  assertEquals([await server.read(into), into[2]], [3, 3]);
  await client.closeWrite();
  assertEquals(await server.read(into), null);
  assertEquals(await server.write(Uint8Array.of(9)), 1);
  assertEquals(await client.read(into), 1);
  for (const link of [client, server]) {
    link.close();
    link.close();
  }
  const accepting = assertRejects(() => listener.accept(), ClosedError);
  listener.close();
  await accepting;
  await assertRejects(() => unixFabric(path).connect(signal), ConnectError, "no such file");
});

Deno.test("a directory is made for this user alone, and one that others can enter is refused", async () => {
  const path = await place();
  SocketDirectory.open(path);
  const { mode } = await Deno.lstat(path);
  assertEquals(mode! & 0o777, 0o700);
  await Deno.chmod(path, 0o750);
  assertThrows(() => SocketDirectory.open(path), ResourceError, "0700");
  const link = `${path}.link`;
  await Deno.chmod(path, 0o700);
  await Deno.symlink(path, link);
  assertThrows(() => SocketDirectory.open(link), ResourceError, "no directory");
  await Deno.writeTextFile(`${path}.file`, "");
  assertThrows(() => SocketDirectory.open(`${path}.file`), ResourceError);
});

Deno.test("a directory of another user is refused", {
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
}, async () => {
  const path = await place();
  await Deno.mkdir(path, { mode: 0o700 });
  await Deno.chown(path, 65_534, 65_534);
  assertThrows(() => SocketDirectory.open(path), ResourceError, "another user");
});

Deno.test("a directory takes away dead sockets, and no other files", async () => {
  const path = await place();
  const directory = SocketDirectory.open(path);
  await Deno.writeTextFile(`${path}/other.sock`, "");
  const listener = directory.fabric(id).listen();
  assertEquals(directory.scan(), [id]);
  // The name stays, as with a process that was killed.
  await Deno.link(`${path}/${id}.sock`, `${path}/${"cd".repeat(16)}.sock`);
  listener.close();
  const dead = "cd".repeat(16);
  const error = await directory.fabric(dead).connect(signal).catch((one) => one);
  directory.clean(id, new Error("another failure"));
  assertEquals(directory.scan(), [dead]);
  directory.clean(dead, error);
  assertEquals(directory.scan(), []);
  assertEquals((await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name), ["other.sock"]);
});

Deno.test("a path that is too long, or taken, cannot be listened on", async () => {
  assertThrows(() => unixFabric(`/tmp/${"x".repeat(120)}`).listen(), ResourceError);
  const path = `${await Deno.makeTempDir({ prefix: "rwunix" })}/s`;
  await Deno.writeTextFile(`${path}.new`, "");
  assertThrows(() => unixFabric(path).listen(), ResourceError);
});

Deno.test("a bus that asks for a directory that it cannot have does not start; the others keep out of it", async () => {
  const machine = await Deno.makeTempDir({ prefix: "rwunix" });
  await Deno.chmod(machine, 0o755);
  await assertRejects(() => MessageBus.start({ machine }), ResourceError, "0700");
  await Deno.chmod(machine, 0o700);
  const first = await MessageBus.start({ machine, name: "first" });
  assertEquals((await Array.fromAsync(Deno.readDir(machine))).length, 1);
  await first.close();
  assertEquals((await Array.fromAsync(Deno.readDir(machine))).length, 0);
});

Deno.test("a process that subscribes more than a greeting holds is known with all of it", async () => {
  const options = { machine: await place(), maxSubscriptionCount: 6000 };
  await using many = await MessageBus.start({ ...options, name: "many" });
  const topicOf = (n: number): EventDefinition<number> => defineEvent(`${"a".repeat(190)}.${n}`);
  const got: number[] = [];
  for (let n = 0; n < 6000; n++) many.eventDispatcher.subscribe(topicOf(n), () => void got.push(n));
  await using other = await MessageBus.start({ ...options, name: "other" });
  await other.eventDispatcher.whenSubscribed(topicOf(5999));
  const topics = [0, 2047, 2048, 5999];
  for (const n of topics) await other.eventDispatcher.publish(topicOf(n), 0);
  await eventually("all events came", () => got.length === topics.length);
  assertEquals(got, topics);
});
