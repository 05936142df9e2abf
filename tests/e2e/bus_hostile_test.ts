/**
 * Whoever speaks nonsense to a node's sockets gets no answer and does no harm.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { defineCommand, MessageBus } from "../../src/api/bus_mod.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { BusGreeting } from "../../src/runtime/bus_greeting.ts";

const Name = defineCommand<void, string>("hostile.name");

/** One frame of the scope machine. */
function frame(...bytes: number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(bytes.length, 0, 0, 0, ...bytes);
}

async function isCutOff(conn: Deno.Conn): Promise<boolean> {
  const into = new Uint8Array(4096);
  try {
    while (await conn.read(into) !== null);
  } catch {
    // Reset is an end, too.
  }
  return true;
}

Deno.test("nonsense on a unix socket of the scope machine ends that connection alone", async () => {
  const machine = `${await Deno.makeTempDir({ prefix: "rwbus" })}/bus`;
  await using a = await MessageBus.start({ machine, name: "a" });
  await using b = await MessageBus.start({ machine, name: "b" });
  b.commandDispatcher.handle(Name, () => "b");
  const { machine: scope } = a.commandDispatcher;
  await scope.whenHandled(Name);
  const path = `${machine}/${b.self.id}.sock`;
  const selfHello = new BusGreeting().hello({ id: b.self.id, name: "b", cluster: "", events: [], commands: [] });
  const nonsense = [
    frame(1, 0, 1, 1, 0x61),
    frame(17, 0xc0),
    frame(16, 0xc0),
    frame(99),
    frame(...selfHello),
    Uint8Array.of(0xff, 0xff, 0xff, 0x7f),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff),
  ];
  for (const bytes of nonsense) {
    using conn = await Deno.connect({ transport: "unix", path });
    await conn.write(bytes);
    assertEquals(await isCutOff(conn), true);
  }
  assertEquals(await scope.send(Name()), "b");
  assertEquals(b.statistics().fabrics.machine!.greetingsRefused! >= 4, true);
});

Deno.test("nonsense on the sockets of a mesh is answered by nothing", async () => {
  const options = {
    machine: false,
    hostname: "127.0.0.1",
    publishPort: 42_000 + Deno.pid % 10_000,
    discovery: false,
    key: "the key of the hostile tests",
    connectTimeoutMs: 500,
    membership: { gossipIntervalMs: 20 },
  };
  await using bus = await MessageBus.start({ ...options, name: "a" });
  await using other = await MessageBus.start({ ...options, name: "b", seeds: [`127.0.0.1:${options.publishPort}`] });
  bus.commandDispatcher.handle(Name, () => "a");
  await other.commandDispatcher.network.whenHandled(Name);
  const seed = 9;
  const random = new SeededRandom(seed);
  const bytesOf = (length: number): Uint8Array<ArrayBuffer> =>
    Uint8Array.from({ length }, () => random.visibleFraction() * 256);
  let answered = 0;
  for (let round = 0; round < 20; round++) {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: options.publishPort });
    const bytes = bytesOf(2 + round * 17);
    if (round % 2 === 0) bytes.set([bytes.length - 2, 0]);
    await conn.write(bytes);
    await conn.closeWrite();
    try {
      answered += await conn.read(new Uint8Array(512)) ?? 0;
    } catch {
      // Reset says nothing, too.
    }
  }
  const { createSocket } = await import("node:dgram");
  const socket = createSocket("udp4");
  socket.on("message", () => answered++);
  for (let round = 0; round < 50; round++) {
    await new Promise((resolve) => socket.send(bytesOf(1 + round * 23), options.publishPort, "127.0.0.1", resolve));
  }
  assertEquals(await other.commandDispatcher.network.send(Name()), "a");
  await new Promise((resolve) => socket.close(() => resolve(undefined)));
  assertEquals([answered, bus.nodes.length], [0, 1], `seed ${seed}`);
});
