/**
 * The part of the Standard Schema interface (standardschema.dev, version 1) that a validator needs here: valibot, zod,
 * arktype and others implement it.
 *
 * Why only synchronous validators: events keep their order, and a wait in the middle would break it.
 *
 * @module
 */
import { MisuseError } from "../../error/transport_error.ts";

/** A validator with the Standard Schema interface. */
export interface StandardSchema<T = unknown> {
  /** The interface's one property. */
  readonly "~standard": {
    /** The version of the interface. */
    readonly version: 1;
    /** Who made the validator. */
    readonly vendor: string;
    /** Checks a value; what it returns is `{ value }`, or `{ issues }` that are not empty. */
    readonly validate: (value: unknown) => unknown;
    /** The types, for the compiler alone. */
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
  };
}

/** What a validation came to. */
export interface Validated {
  /** The value that the schema returned; of no account where there are issues. */
  readonly value: unknown;
  /** Why the value is not valid; `undefined` where it is. */
  readonly issue: string | undefined;
}

/**
 * Validates a value.
 *
 * @param schema The validator.
 * @param value The value.
 * @returns The value as the schema returned it, or the first issue.
 * @throws {MisuseError} When the validator is asynchronous.
 */
export function validate(schema: StandardSchema, value: unknown): Validated {
  const result = schema["~standard"].validate(value) as {
    readonly value?: unknown;
    readonly issues?: readonly { readonly message?: unknown }[];
    readonly then?: unknown;
  };
  if (typeof result.then === "function") throw new MisuseError("Cannot validate: the schema is asynchronous");
  if (result.issues === undefined) return { value: result.value, issue: undefined };
  return { value: undefined, issue: String(result.issues[0]?.message ?? "not valid") };
}

/**
 * Checks that a value is a validator.
 *
 * @param schema What the caller gave.
 * @throws {TypeError} When it is none.
 */
export function checkSchema(schema: StandardSchema): void {
  if (typeof schema?.["~standard"]?.validate !== "function") {
    throw new TypeError("A schema must have the Standard Schema interface");
  }
}

/**
 * Checks a value before it is sent.
 *
 * @param schema The validator.
 * @param value The value.
 * @param what What it belongs to, for the message.
 * @throws {TypeError} When it is not valid.
 */
export function checkValue(schema: StandardSchema, value: unknown, what: string): void {
  const { issue } = validate(schema, value);
  if (issue !== undefined) throw new TypeError(`Cannot send ${what}: ${issue}`);
}
