import { assertEquals, assertThrows } from "@std/assert";
import { defineCommand, defineEvent } from "../../../../src/bus/dispatch/definition.ts";
import type { StandardSchema } from "../../../../src/bus/dispatch/standard_schema.ts";

Deno.test("defineEvent() makes messages of values", () => {
  const UserCreated = defineEvent<{ userId: string }>("user.created");
  const value = { userId: "1" };
  assertEquals([UserCreated.kind, UserCreated.topic, UserCreated.schema], ["event", "user.created", undefined]);
  assertEquals(UserCreated(value), { definition: UserCreated, value });
  assertThrows(() => void ((UserCreated as { topic: string }).topic = "other"), TypeError);
});

Deno.test("defineCommand() makes messages of values", () => {
  const Ping = defineCommand<number, string>("ping");
  assertEquals([Ping.kind, Ping.commandName], ["command", "ping"]);
  assertEquals(Ping(7), { definition: Ping, value: 7 });
});

Deno.test("definitions take names and schemas only", () => {
  assertThrows(() => defineEvent("a b"), RangeError, "A topic");
  assertThrows(() => defineCommand(""), RangeError, "The name of a command");
  const schema = {} as unknown as StandardSchema;
  assertThrows(() => defineEvent("a", { schema }), TypeError, "Standard Schema");
  assertThrows(() => defineCommand("a", { schema }), TypeError, "Standard Schema");
});
