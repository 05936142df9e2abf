/**
 * What the two halves tell each other besides the messages that are measured: JSON over a framed connection of its own.
 *
 * The connecting half asks, the listening half answers each question with one answer:
 *
 * ```text
 * begin (scenario, seed, runMs, fault)  ->  ready (port)      the serving half listens
 * end (accounts of the clients)         ->  report (account)  all connections have ended
 * anything                              ->  refused (why)
 * ```
 *
 * @module
 */
import type { Account } from "./account.ts";
import type { Setting } from "./scenario.ts";

/** What the connecting half asks. */
export type Question =
  | ({ readonly kind: "begin"; readonly scenario: string } & Pick<Setting, "seed" | "runMs" | "fault">)
  | { readonly kind: "end"; readonly accounts: readonly Account[] };

/** What the listening half answers. */
export type Answer =
  | { readonly kind: "ready"; readonly port: number }
  | { readonly kind: "report"; readonly account: Account }
  | { readonly kind: "refused"; readonly why: string };

/**
 * Makes bytes of a question or an answer.
 *
 * @param message The message.
 * @returns Bytes to send.
 */
export function encodeControl(message: Question | Answer): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message));
}

/**
 * Reads a question or an answer.
 *
 * @param bytes What was received; only read.
 * @returns The message.
 * @throws {SyntaxError} When it is none.
 */
export function decodeControl<T extends Question | Answer>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes)) as T;
}
