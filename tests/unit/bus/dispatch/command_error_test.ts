import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  asCommandError,
  CommandError,
  describeFailure,
  restoreFailure,
} from "../../../../src/bus/dispatch/command_error.ts";

Deno.test("a CommandError travels with its name, message and data", () => {
  const error = new CommandError("OutOfStock", "No apples", { left: 0 });
  const restored = restoreFailure(describeFailure(error));
  assertEquals([restored.errorName, restored.message, restored.data], ["OutOfStock", "No apples", { left: 0 }]);
  assertStrictEquals(asCommandError(error), error);
});

Deno.test("other errors travel with their name and message, and keep themselves at home", () => {
  const thrown = new RangeError("too far");
  const error = asCommandError(thrown);
  assertEquals([error.errorName, error.message, error.cause === thrown], ["RangeError", "too far", true]);
  assertEquals(describeFailure("just text"), { name: "Error", message: "just text", data: undefined });
});

Deno.test("restoreFailure() makes an error of whatever came", () => {
  for (const value of [undefined, null, 7, "text", [], { name: 1, message: {} }]) {
    const { errorName, message } = restoreFailure(value);
    assertEquals([errorName, message], ["Error", ""]);
  }
  assertEquals(restoreFailure({ name: "n".repeat(200), message: "m".repeat(5000) }).message.length, 2000);
});
