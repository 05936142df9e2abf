import { assertEquals, assertStrictEquals } from "@std/assert";
import { BusDirectory } from "../../../src/runtime/bus_directory.ts";

Deno.test("BusDirectory knows who wants what", () => {
  const directory = new BusDirectory<string>();
  directory.add("a", ["user.*", "user.created"], ["ping"]);
  directory.add("b", ["user.created"], ["ping", "pong"]);
  assertEquals(directory.interestedIn("user.created"), ["a", "b"]);
  assertEquals(directory.interestedIn("user.gone"), ["a"]);
  assertEquals([directory.handlersOf("ping"), directory.handlersOf("none")], [["a", "b"], []]);
});

Deno.test("BusDirectory follows changes, and hands out lists that stay", () => {
  const directory = new BusDirectory<string>();
  directory.add("a", [], []);
  directory.add("b", [], []);
  const before = directory.handlersOf("ping");
  directory.set("a", "command", "ping", true);
  directory.set("a", "command", "ping", true);
  directory.set("b", "event", "x", true);
  assertEquals([before, directory.handlersOf("ping"), directory.interestedIn("x")], [[], ["a"], ["b"]]);
  assertStrictEquals(directory.interestedIn("x"), directory.interestedIn("x"));
  directory.set("b", "event", "x", false);
  directory.set("a", "command", "ping", false);
  directory.set("c", "command", "ping", true);
  assertEquals([directory.handlersOf("ping"), directory.interestedIn("x")], [[], []]);
});

Deno.test("BusDirectory forgets a node with all that it wanted", () => {
  const directory = new BusDirectory<string>();
  directory.add("a", ["*"], ["ping"]);
  directory.add("b", ["x"], ["ping"]);
  directory.remove("a");
  directory.remove("a");
  assertEquals([directory.nodes, directory.interestedIn("x"), directory.handlersOf("ping")], [["b"], ["b"], ["b"]]);
});
