/**
 * `secure.handshakes.full` and `secure.handshakes.early`: how many clients a second connect, are answered and leave, with
 * keys out of TLS or with a ticket and early data; beside bare TLS connections that do the same.
 *
 * @module
 */

import { cast } from "../harness/role_process.ts";
import { play } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const LOAD = { warmCount: 200, count: 1200, chains: 8 } as const;

/** The bare clients know no certificate; the secure ones are told in the code not to check it. */
const FLAGS = ["--unstable-net", "--unsafely-ignore-certificate-errors=127.0.0.1"];

/** Keys out of TLS. */
export const secureHandshakesFull: Scenario = handshakes("secure.handshakes.full", 0);

/** A ticket, and the message in the first datagram. */
export const secureHandshakesEarly: Scenario = handshakes("secure.handshakes.early", 1);

function handshakes(name: string, resumes: number): Scenario {
  return {
    name,
    metric: "rate",
    unit: "/s",
    target: undefined,
    rounds: 3,
    lessBaseline: false,
    baseline: (context) => rate("bare", 0, context),
    product: (context) => rate("secure", resumes, context),
  };
}

function rate(side: string, resumes: number, { quick }: RunContext): Promise<Sample> {
  return cast(import.meta.url, async (spawn) => {
    const settings = { ...LOAD, count: quick ? LOAD.count / 3 : LOAD.count, resumes };
    const server = spawn(`${side}-server`, settings, ["--unstable-net"]);
    const { port } = await server.expect("listening");
    const clients = spawn(`${side}-clients`, { ...settings, port: Number(port) }, FLAGS);
    const { rate } = await clients.expect("measured");
    return { value: Number(rate) };
  });
}

if (import.meta.main) {
  await play({
    "bare-server": async () => (await import("../raw/tls_handshakes.ts")).tlsGreeter(),
    "bare-clients": async (settings) => (await import("../raw/tls_handshakes.ts")).tlsGuests(settings),
    "secure-server": async () => (await import("../product/secure_handshakes.ts")).secureGreeter(),
    "secure-clients": async (settings) => (await import("../product/secure_handshakes.ts")).secureGuests(settings),
  });
}
