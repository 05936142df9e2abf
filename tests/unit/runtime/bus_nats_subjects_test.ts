import { assertEquals } from "@std/assert";
import { NatsSubjects, widestPatterns } from "../../../src/runtime/bus_nats_subjects.ts";

Deno.test("NatsSubjects keeps scopes, clusters and kinds apart", () => {
  const subjects = new NatsSubjects("rw", "a b");
  assertEquals(subjects.events("network", "user.created"), "rw.e.n.user.created");
  assertEquals(subjects.events("network", "user.*"), "rw.e.n.user.>");
  assertEquals(subjects.events("cluster", "*"), "rw.e.c.612062.>");
  assertEquals([subjects.inbox("1"), subjects.absence("1", "*"), subjects.greetings], ["rw.i.1", "rw.x.1.*", "rw.g"]);
});

Deno.test("widestPatterns() leaves out what something wider covers", () => {
  assertEquals(widestPatterns(["a.b", "a.*", "a.b.*", "b", "a"]), new Set(["a.*", "b", "a"]));
  assertEquals(widestPatterns(["a", "a.*", "*", "b.*"]), new Set(["*"]));
  assertEquals(widestPatterns([]), new Set());
});
