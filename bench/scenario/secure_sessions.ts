/**
 * `secure.sessions`: what an idle session costs an endpoint that has 100,000 of them, in memory and in time.
 * `secure.sessions.used`: the same where a message has come by channel 0 of each and was answered.
 *
 * @module
 */

import { cast, type Report } from "../harness/role_process.ts";
import { play } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const SESSIONS = 100_000;
const QUICK_SESSIONS = 20_000;
const LIMIT_MS = 240_000;

/** Resident bytes for each session; the baseline is an endpoint without any. */
export const secureSessionsResident: Scenario = {
  name: "secure.sessions",
  metric: "resident",
  unit: "B/session",
  target: { of: "value", bound: "at most", limit: 4096 },
  rounds: 3,
  lessBaseline: true,
  baseline: async (context) => ({ value: Number((await idle(0)).bytes) / countOf(context) }),
  product: async (context) => {
    const count = countOf(context);
    return { value: Number((await idle(count)).bytes) / count, note: `${count} sessions` };
  },
};

/** The same where each session has used channel 0 in both directions. */
export const secureSessionsUsed: Scenario = {
  ...secureSessionsResident,
  name: "secure.sessions.used",
  product: async (context) => {
    const count = countOf(context);
    return { value: Number((await idle(count, 1)).bytes) / count, note: `${count} sessions` };
  },
};

/** A turn of the endpoint with nothing due; the baseline is one with a single session. */
export const secureSessionsTick: Scenario = {
  name: "secure.sessions",
  metric: "ms",
  unit: "ms/tick",
  target: { of: "value", bound: "at most", limit: 0.01 },
  rounds: 3,
  lessBaseline: false,
  baseline: () => tick(1),
  product: (context) => tick(countOf(context)),
};

function countOf({ quick }: RunContext): number {
  return quick ? QUICK_SESSIONS : SESSIONS;
}

async function tick(sessions: number): Promise<Sample> {
  return {
    value: Number((await idle(sessions)).tickMs),
    note: sessions === 1 ? "one session" : `${sessions} sessions`,
  };
}

/** What was measured and only half used: to make so many sessions takes a quarter of a minute. */
const measured = new Map<number, Report>();

function idle(sessions: number, used = 0): Promise<Report> {
  return cast(import.meta.url, async (spawn) => {
    const server = spawn("idle", { sessions, used }, ["--v8-flags=--expose-gc"]);
    const report = await server.expect("measured", LIMIT_MS);
    await server.ended();
    measured.set(sessions, report);
    return report;
  });
}

if (import.meta.main) {
  await play({ idle: async (settings) => (await import("../product/secure_idle.ts")).secureIdle(settings) });
}
