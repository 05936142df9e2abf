import { assertEquals, assertStrictEquals } from "@std/assert";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { SubscriptionTable } from "../../../../src/bus/dispatch/subscription_table.ts";

Deno.test("match() finds exact topics and prefixes in the order of subscription", () => {
  const table = new SubscriptionTable<string>();
  for (const pattern of ["user.*", "user.created", "*", "user", "users.*"]) table.add(pattern, pattern);
  assertEquals(table.match("user.created"), ["user.*", "user.created", "*"]);
  assertEquals(table.match("user"), ["*", "user"]);
  assertEquals(table.match("users.x.y"), ["*", "users.*"]);
});

Deno.test("match() returns one list until a subscription changes", () => {
  const table = new SubscriptionTable<number>();
  table.add("a", 1);
  const list = table.match("a");
  assertStrictEquals(table.match("a"), list);
  table.add("a", 2);
  assertEquals(table.match("a"), [1, 2]);
  assertEquals(list, [1]);
});

Deno.test("add() and remove() say when a pattern comes and goes", () => {
  const table = new SubscriptionTable<number>();
  assertEquals([table.add("a.*", 1), table.add("a.*", 2)], [true, false]);
  assertEquals([table.remove("a.*", 3), table.remove("a.*", 1)], [false, false]);
  assertEquals([...table.patterns()], ["a.*"]);
  assertEquals([table.remove("a.*", 2), table.remove("a.*", 2), table.size], [true, false, 0]);
  assertEquals([...table.patterns()], []);
});

Deno.test("match() agrees with a plain search, whatever comes and goes", () => {
  const seed = 7;
  const random = new SeededRandom(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random.visibleFraction() * all.length)]!;
  const patterns = ["*", "a.*", "a.b.*", "a.b", "a.b.c", "b.*", "b"];
  const table = new SubscriptionTable<number>();
  const plain: [string, number][] = [];
  for (let step = 0; step < 500; step++) {
    if (random.visibleFraction() < 0.6) {
      const entry: [string, number] = [pick(patterns), step % 5];
      plain.push(entry);
      table.add(...entry);
    } else if (plain.length > 0) {
      const [pattern, who] = pick(plain);
      plain.splice(plain.findIndex((one) => one[0] === pattern && one[1] === who), 1);
      table.remove(pattern, who);
    }
    const topic = pick(["a", "a.b", "a.b.c", "a.c", "b", "b.x"]);
    const expected = plain
      .filter(([pattern]) => pattern.endsWith("*") ? topic.startsWith(pattern.slice(0, -1)) : topic === pattern)
      .map(([, who]) => who);
    assertEquals(table.match(topic), expected, `seed ${seed}, step ${step}`);
  }
});

Deno.test("match() does not keep a list for every topic that was ever asked for", () => {
  const table = new SubscriptionTable<number>();
  table.add("*", 1);
  const first = table.match("t0");
  for (let i = 1; i <= 4096; i++) table.match(`t${i}`);
  assertEquals(table.match("t0") === first, false);
});
