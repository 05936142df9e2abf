import { assertEquals } from "@std/assert";
import { BusGreeting, GreetingKind } from "../../../src/runtime/bus_greeting.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";

const id = "0123456789abcdef".repeat(2);
const hello = { id, name: "a", cluster: "blue", events: ["user.*", "*"], commands: ["ping"] };
const greeting = new BusGreeting();

Deno.test("a hello and a change of interest come back as they were", () => {
  const record = greeting.hello(hello);
  assertEquals(record[0], GreetingKind.Hello);
  assertEquals(greeting.readHello(record, 0, record.length), hello);
  for (const kind of ["event", "command"] as const) {
    const change = { kind, name: "a.b", isWanted: kind === "event" };
    const bytes = greeting.interest(change);
    assertEquals(greeting.readInterest(bytes, 0, bytes.length), change);
  }
});

Deno.test("a hello that says nonsense is none", () => {
  const wrong = [
    { id: id.slice(1) },
    { id: id.toUpperCase() },
    { name: "" },
    { name: "n".repeat(65) },
    { cluster: 7 },
    { events: "*" },
    { events: ["a b"] },
    { commands: ["a.*"] },
  ];
  for (const one of wrong) {
    const record = greeting.hello({ ...hello, ...one } as typeof hello);
    assertEquals(greeting.readHello(record, 0, record.length), undefined, JSON.stringify(one));
  }
});

Deno.test("a change that says nonsense is none", () => {
  const bad = { kind: "command", name: "a.*", isWanted: true } as const;
  for (const one of [bad, { ...bad, kind: "other" }, { ...bad, name: "a", isWanted: 1 }, { ...bad, name: 1 }]) {
    const record = greeting.interest(one as typeof bad);
    assertEquals(greeting.readInterest(record, 0, record.length), undefined);
  }
});

Deno.test("whatever the bytes are, reading a greeting does not throw", () => {
  const seed = 5;
  const random = new SeededRandom(seed);
  for (let round = 0; round < 3000; round++) {
    const record = greeting.hello(hello);
    for (let i = 0; i < 3; i++) {
      record[Math.floor(random.visibleFraction() * record.length)] = random.visibleFraction() * 256;
    }
    const end = Math.floor(random.visibleFraction() * (record.length + 1));
    greeting.readHello(record, 0, Math.max(1, end));
    greeting.readInterest(record, 0, Math.max(1, end));
  }
});
