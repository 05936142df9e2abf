/**
 * A client process: drives one scenario, and tells its parent in JSON lines how far it is and what came out.
 *
 * @module
 */
import type { Account } from "./account.ts";
import type { ClientSetting, Scenario } from "./scenario.ts";

/** A line that a client process prints. */
export type ClientLine = { readonly messages: number } | { readonly account: Account };

const REPORT_MS = 200;

/**
 * Drives one scenario.
 *
 * @param scenario The scenario.
 * @param setting Where to and how.
 */
export async function clientProcess(scenario: Scenario, setting: ClientSetting): Promise<void> {
  let count = (): number => 0;
  const timer = setInterval(() => print({ messages: count() }), REPORT_MS);
  try {
    print({ account: await scenario.drive(setting, (watched) => count = watched) });
  } finally {
    clearInterval(timer);
  }
}

function print(line: ClientLine): void {
  console.log(JSON.stringify(line));
}
