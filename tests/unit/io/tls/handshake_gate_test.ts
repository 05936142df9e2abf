import { assert, assertEquals } from "@std/assert";
import { type Handshake, HandshakeGate, type HandshakeLimits } from "../../../../src/io/tls/handshake_gate.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";

const WIDE: HandshakeLimits = {
  handshakeTimeoutMs: 60_000,
  maxHandshakesCount: 100,
  maxHandshakesPerAddressCount: 100,
  connectionsPerSecond: Infinity,
  connectionBurstCount: 1,
};

interface Rig {
  readonly gate: HandshakeGate;
  /** What was ended, and why. */
  readonly ends: string[];
  /** Lets time pass. */
  pass(ms: number): void;
  enter(hostname: string, name?: string): Handshake | undefined;
}

function rig(limits: Partial<HandshakeLimits> = {}): Rig {
  let nowMs = 1_000;
  const ends: string[] = [];
  const gate = new HandshakeGate({ ...WIDE, ...limits }, Int32Array.of(5, 6), () => nowMs);
  return {
    gate,
    ends,
    pass: (ms) => nowMs += ms,
    enter: (hostname, name = hostname) => gate.enter(hostname, (why) => void ends.push(`${name} ${why}`)),
  };
}

Deno.test("HandshakeGate forgets an address with its last handshake", () => {
  const { gate, enter } = rig({ maxHandshakesCount: 3 });
  const [first, second, other] = ["192.0.2.1", "192.0.2.1", "2001:db8::1"].map((hostname) => enter(hostname)!);
  assertEquals([gate.count, gate.groupCount], [3, 2]);
  gate.leave(second!);
  gate.leave(other!);
  assertEquals([gate.count, gate.groupCount], [1, 1]);
  gate.leave(first!);
  for (let n = 0; n < 100; n++) enter(`192.0.2.${n}`);
  assertEquals([gate.count, gate.groupCount], [3, 3], "those that made way are forgotten, too");
  gate.close();
  assertEquals(gate.groupCount, 0);
});

Deno.test("HandshakeGate ends the oldest of an address when there are too many of it, and nobody else's", () => {
  const { gate, ends, enter } = rig({ maxHandshakesPerAddressCount: 2 });
  enter("192.0.2.9", "other");
  for (const name of ["a", "b", "c", "d"]) assert(enter("192.0.2.1", name));
  assertEquals(ends, ["a crowded out", "b crowded out"]);
  assertEquals(gate.count, 3);
  gate.close();
});

Deno.test("HandshakeGate ends the oldest of all when there are too many", () => {
  const { gate, ends, enter } = rig({ maxHandshakesCount: 3 });
  for (let i = 1; i <= 5; i++) assert(enter(`192.0.2.${i}`));
  assertEquals(ends, ["192.0.2.1 crowded out", "192.0.2.2 crowded out"]);
  assertEquals(gate.count, 3);
  gate.close();
});

Deno.test("HandshakeGate ends one when both limits are reached at once", () => {
  const { gate, ends, enter } = rig({ maxHandshakesCount: 2, maxHandshakesPerAddressCount: 2 });
  for (const name of ["a", "b", "c"]) enter("192.0.2.1", name);
  assertEquals(ends, ["a crowded out"]);
  assertEquals(gate.count, 2);
  gate.close();
});

Deno.test("HandshakeGate counts an IPv6 network of 64 bits and an IPv4 address in either form as one", () => {
  const { gate, ends, enter } = rig({ maxHandshakesPerAddressCount: 1 });
  enter("2001:db8:1:2::1", "first");
  enter("2001:db8:1:3::1", "elsewhere");
  enter("2001:db8:1:2:ffff::9", "second");
  assertEquals(ends, ["first crowded out"]);
  enter("192.0.2.1", "plain");
  enter("192.0.2.2", "neighbour");
  enter("::ffff:192.0.2.1", "mapped");
  assertEquals(ends.slice(1), ["plain crowded out"]);
  enter("memory-name", "named");
  enter("memory-name", "again");
  assertEquals(ends.slice(2), ["named crowded out"]);
  gate.close();
});

Deno.test("HandshakeGate takes so many connections of an address at once and so many a second", () => {
  const { gate, pass, enter } = rig({ connectionsPerSecond: 10, connectionBurstCount: 3 });
  const admitted = (): number => Array.from({ length: 10 }, () => enter("192.0.2.1")).filter(Boolean).length;
  assertEquals(admitted(), 3);
  assert(enter("192.0.2.2"));
  pass(100);
  assertEquals(admitted(), 1);
  pass(10_000);
  assertEquals(admitted(), 3);
  gate.close();
});

Deno.test("HandshakeGate.leave() says whether the handshake was under way, and makes room", () => {
  const { gate, ends, enter } = rig({ maxHandshakesPerAddressCount: 2 });
  const [first, second] = [enter("192.0.2.1", "a")!, enter("192.0.2.1", "b")!];
  assertEquals([gate.leave(first), gate.leave(first)], [true, false]);
  assert(enter("192.0.2.1", "c"));
  assertEquals(ends, []);
  enter("192.0.2.1", "d");
  assertEquals(ends, ["b crowded out"]);
  assertEquals(gate.leave(second), false);
  gate.close();
});

Deno.test("HandshakeGate ends what takes too long, in time and no sooner", async () => {
  const { gate, ends, pass, enter } = rig({ handshakeTimeoutMs: 20 });
  const done = enter("192.0.2.1", "done")!;
  enter("192.0.2.1", "slow");
  pass(19);
  enter("192.0.2.2", "young");
  gate.leave(done);
  await until(() => false, 60);
  assertEquals(ends, []);
  pass(1);
  await until(() => ends.length > 0);
  assertEquals(ends, ["slow timed out"]);
  pass(19);
  await until(() => ends.length > 1);
  assertEquals(ends, ["slow timed out", "young timed out"]);
  assertEquals(gate.count, 0);
});

Deno.test("HandshakeGate.close() ends all and lets none in", () => {
  const { gate, ends, enter } = rig();
  enter("192.0.2.1", "a");
  enter("192.0.2.2", "b");
  gate.close();
  assertEquals(ends, ["a closed", "b closed"]);
  assertEquals(enter("192.0.2.3"), undefined);
  assertEquals(gate.count, 0);
});

Deno.test("HandshakeGate keeps its sums, whoever comes and goes", () => {
  const random = new SeededRandom(Math.floor(Math.random() * 2 ** 32));
  const gate = new HandshakeGate(
    { ...WIDE, maxHandshakesCount: 20, maxHandshakesPerAddressCount: 5 },
    Int32Array.of(1, 2),
    () => 0,
  );
  const open = new Map<Handshake, string>();
  for (let step = 0; step < 5_000; step++) {
    const hint = `seed ${random.seed}, step ${step}`;
    if (random.nextInt(3) === 0 && open.size > 0) {
      const handshake = [...open.keys()][random.nextInt(open.size)]!;
      assert(gate.leave(handshake), hint);
      open.delete(handshake);
    } else {
      const host = `192.0.2.${random.nextInt(8)}`;
      const handshake: Handshake | undefined = gate.enter(host, () => assert(open.delete(handshake!), hint));
      open.set(handshake!, host);
    }
    assertEquals(gate.count, open.size, hint);
    assert(open.size <= 20, hint);
    for (let i = 0; i < 8; i++) assert([...open.values()].filter((host) => host === `192.0.2.${i}`).length <= 5, hint);
  }
  gate.close();
  assertEquals(open.size, 0);
});

/** Waits for a condition, or for some turns. */
async function until(holds: () => boolean, turns = 5_000): Promise<void> {
  for (let turn = 0; turn < turns && !holds(); turn++) await new Promise((resolve) => setTimeout(resolve, 1));
}
