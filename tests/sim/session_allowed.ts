/**
 * The transitions that src/session/STATE_MACHINE.md allows, read from its table.
 *
 * @module
 */
import page from "../../src/session/STATE_MACHINE.md" with { type: "text" };
import { SESSION_STATE_NAMES, type TransitionCount } from "../../src/session/session_state.ts";

/** The transitions of the table, as `role: from -> to`. */
export const ALLOWED: ReadonlySet<string> = readTable(page);

/** A transition as it stands in {@linkcode ALLOWED}. */
export function transitionName({ role, from, to }: Pick<TransitionCount, "role" | "from" | "to">): string {
  return `${role}: ${from} -> ${to}`;
}

/** Throws when a transition was made that the page does not allow. */
export function checkTransitions(made: readonly TransitionCount[]): void {
  for (const one of made) {
    const name = transitionName(one);
    if (!ALLOWED.has(name)) throw new Error(`STATE_MACHINE.md does not allow ${name}`);
  }
}

function readTable(text: string): ReadonlySet<string> {
  const states = SESSION_STATE_NAMES.join("|");
  const row = new RegExp(`^\\| (Client|Server) +\\| (${states}) +\\| (${states}) +\\| \\S`, "gm");
  return new Set([...text.matchAll(row)].map(([, role, from, to]) => `${role}: ${from} -> ${to}`));
}
