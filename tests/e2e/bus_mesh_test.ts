/**
 * The suite of the bus over the mesh and over unix sockets, and what only a mesh has: keys, and links that cross.
 *
 * @module
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  defineCommand,
  defineEvent,
  MessageBus,
  MisuseError,
  ResourceError,
  TimeoutError,
} from "../../src/api/bus_mod.ts";
import { testBus } from "./bus_suite.ts";
import { eventually } from "./waiting.ts";

const Name = defineCommand<void, string>("mesh.name");
const Count = defineEvent<number>("mesh.count");

let portCount = 0;

/** A port for discovery that nothing else on this machine is likely to have. */
function discoveryPort(): number {
  return 30_000 + (Deno.pid * 7 + portCount++ * 101) % 20_000;
}

/** News that goes round fast: leaving waits for it. */
const membership = { gossipIntervalMs: 20 } as const;
const mesh = { machine: false, hostname: "127.0.0.1", publishPort: 0, membership } as const;

testBus({
  name: "mesh with a key",
  scope: "network",
  hasClusters: true,
  options: () => ({ ...mesh, discoveryPort: discoveryPort(), key: crypto.getRandomValues(new Uint8Array(32)) }),
});

testBus({
  name: "unix sockets",
  scope: "machine",
  hasClusters: false,
  options: () => ({ machine: `${Deno.makeTempDirSync({ prefix: "rwbus" })}/bus` }),
});

Deno.test("a mesh changes its key while it runs", async () => {
  const oldKey = "the first key of this mesh";
  const newKey = crypto.getRandomValues(new Uint8Array(32));
  const options = { ...mesh, discoveryPort: discoveryPort() };
  await using a = await MessageBus.start({ ...options, name: "a", key: oldKey });
  await using b = await MessageBus.start({ ...options, name: "b", key: oldKey });
  b.commandDispatcher.handle(Name, () => "b");
  const { network } = a.commandDispatcher;
  await network.whenHandled(Name);
  assertEquals(await network.send(Name()), "b");
  for (const bus of [a, b]) bus.keys.accept(newKey);
  for (const bus of [a, b]) bus.keys.use(newKey);
  assertThrows(() => a.keys.remove(newKey), MisuseError);
  for (const bus of [a, b]) bus.keys.remove(oldKey);
  await using c = await MessageBus.start({ ...options, name: "c", key: newKey });
  c.commandDispatcher.handle(Name, () => "c");
  await network.whenHandled(Name, { count: 2 });
  assertEquals(await Promise.all(["b", "c"].map((node) => network.send(Name(), { node }))), ["b", "c"]);
  await using old = await MessageBus.start({ ...options, name: "old", key: oldKey });
  await assertRejects(() => old.commandDispatcher.network.whenHandled(Name, { timeoutMs: 300 }), TimeoutError);
});

Deno.test("two nodes that open a link to each other at once settle on one, and lose nothing", async () => {
  const options = { ...mesh, discoveryPort: discoveryPort(), key: "one of the keys of tests" };
  await using a = await MessageBus.start({ ...options, name: "a" });
  await using b = await MessageBus.start({ ...options, name: "b" });
  const got: Record<string, number[]> = { a: [], b: [] };
  for (const bus of [a, b]) {
    bus.eventDispatcher.subscribe(Count, (n, { from }) => {
      if (from.id !== bus.self.id) got[bus.self.name]!.push(n);
    });
  }
  await Promise.all([a, b].map((bus) => bus.eventDispatcher.whenSubscribed(Count, { count: 2 })));
  for (let n = 0; n < 200; n++) for (const bus of [a, b]) void bus.eventDispatcher.publish(Count, n);
  await eventually("all events came", () => got.a!.length >= 200 && got.b!.length >= 200);
  const expected = Array.from({ length: 200 }, (_, n) => n);
  assertEquals(got, { a: expected, b: expected });
});

Deno.test("without a key there is no network, and nothing opens one by accident", async () => {
  await using bus = await MessageBus.start({ machine: false });
  await assertRejects(() => bus.commandDispatcher.network.send(Name()), MisuseError, "no key");
  await assertRejects(() => bus.eventDispatcher.publish(Count, 1, { scope: "cluster" }), MisuseError);
  assertThrows(() => bus.keys.accept("a key of sixteen bytes"), MisuseError);
  await bus.eventDispatcher.publish(Count, 1);
  await assertRejects(() => MessageBus.start({ key: "short" }), RangeError, "at least 16");
  await assertRejects(() => MessageBus.start({ seeds: ["127.0.0.1:1"] }), RangeError, "needs a key");
});

Deno.test("a host that is none of this machine is named, and no other port is tried", async () => {
  const error = await assertRejects(
    () => MessageBus.start({ ...mesh, hostname: "192.0.2.1", publishPort: 10_000, key: "sixteen bytes and more" }),
    ResourceError,
  );
  assertEquals(error.message.startsWith("Cannot listen on 192.0.2.1:10000"), true, error.message);
});

Deno.test("a port of discovery that somebody else has for himself is named", async () => {
  const { createSocket } = await import("node:dgram");
  const taken = createSocket("udp4");
  await new Promise<void>((resolve) => taken.bind(0, "0.0.0.0", () => resolve()));
  await assertRejects(
    () => MessageBus.start({ ...mesh, discoveryPort: taken.address().port, key: "sixteen bytes and more" }),
    ResourceError,
    "discoveryPort",
  );
  await new Promise((resolve) => taken.close(() => resolve(undefined)));
});
