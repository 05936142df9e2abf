import { assertEquals, assertInstanceOf } from "@std/assert";
import { CommandError, NoHandlerError } from "../../../src/bus/dispatch/command_error.ts";
import { CloseCode } from "../../../src/error/close_code.ts";
import { ClosedError, MisuseError, TimeoutError } from "../../../src/error/transport_error.ts";
import { errorOfRecord, recordOfError } from "../../../src/runtime/bus_thread_record.ts";

Deno.test("errors keep their class when they cross", () => {
  const errors = [
    new TimeoutError("late"),
    new NoHandlerError("nobody"),
    new MisuseError("no"),
    new RangeError("far"),
    new TypeError("shape"),
    new ClosedError(CloseCode.Normal, "local"),
  ];
  for (const error of errors) {
    const crossed = errorOfRecord(recordOfError(error));
    assertInstanceOf(crossed, error.constructor as typeof Error);
    assertEquals([crossed.name, crossed.message.includes(error.message)], [error.name, true]);
  }
});

Deno.test("what a handler gave with its error crosses, too", () => {
  const { errorName, data, message } = errorOfRecord(
    recordOfError(new CommandError("Zero", "none", { n: 0 })),
  ) as CommandError;
  assertEquals([errorName, data, message], ["Zero", { n: 0 }, "none"]);
});

Deno.test("anything else that was thrown becomes an error", () => {
  const other = errorOfRecord(recordOfError(Object.assign(new Error("odd"), { name: "OddError" })));
  assertEquals([other.name, other.message], ["OddError", "odd"]);
  assertEquals(errorOfRecord(recordOfError("text")).message, "text");
});
