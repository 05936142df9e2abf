import { assertEquals, assertThrows } from "@std/assert";
import { MisuseError } from "../../../../src/error/transport_error.ts";
import { checkValue, type StandardSchema, validate } from "../../../../src/bus/dispatch/standard_schema.ts";

function schemaOf(check: (value: unknown) => unknown): StandardSchema {
  return { "~standard": { version: 1, vendor: "test", validate: check } };
}

Deno.test("validate() gives the schema's value or its first issue", () => {
  const schema = schemaOf((value) =>
    typeof value === "string" ? { value: value.trim() } : { issues: [{ message: "no" }] }
  );
  assertEquals(validate(schema, " a "), { value: "a", issue: undefined });
  assertEquals(validate(schema, 1), { value: undefined, issue: "no" });
  assertEquals(validate(schemaOf(() => ({ issues: [] })), 1).issue, "not valid");
});

Deno.test("validate() takes no asynchronous schema", () => {
  assertThrows(() => validate(schemaOf(() => Promise.resolve({ value: 1 })), 1), MisuseError, "asynchronous");
});

Deno.test("checkValue() throws for a value that is not valid", () => {
  checkValue(schemaOf((value) => ({ value })), 1, "it");
  assertThrows(
    () => checkValue(schemaOf(() => ({ issues: [{ message: "too small" }] })), 1, "it"),
    TypeError,
    "it: too small",
  );
});
