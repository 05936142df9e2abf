/**
 * `secure.pps.1200`: encrypted packets of 1200 bytes one way, client to server, each sealed and opened on the thread that
 * owns the socket.
 *
 * The baseline is what bare datagrams of the same size and the cipher alone would leave possible: one packet takes as
 * long as a bare datagram in the same run and as the mean of one seal and one open, both measured here.
 * Why it takes two free cores: both ends work at the same time and each pays for the cipher, the baseline counts it
 * once. Where they share one core their times add up, and two ends that did nothing but the cipher besides would stay
 * at a ratio of some 0.82.
 *
 * @module
 */

import { AEAD_TAG_BYTES } from "../../src/crypto/aead.ts";
import { systemAead } from "../../src/io/system/system_aead.ts";
import { cast } from "../harness/role_process.ts";
import { play } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const DATAGRAM_BYTES = 1200;
const HEADER_BYTES = 17;
/** What a packet of 1200 bytes leaves to one message. */
const MESSAGE_BYTES = 1159;
const AEAD_COUNT = 30_000;
const FLAGS = ["--unstable-net"];

/** One client and one server, each in one thread. */
export const securePps1200: Scenario = {
  name: "secure.pps.1200",
  metric: "rate",
  unit: "/s",
  target: { of: "ratio", bound: "at least", limit: 0.85 },
  rounds: 5,
  lessBaseline: false,
  baseline: async (context) => {
    const datagramSeconds = 1 / await flow("bare", DATAGRAM_BYTES, context);
    const cipherSeconds = aeadSeconds();
    const note = `${(datagramSeconds * 1e6).toFixed(2)} us + ${(cipherSeconds * 1e6).toFixed(2)} us`;
    return { value: 1 / (datagramSeconds + cipherSeconds), note };
  },
  product: async (context): Promise<Sample> => ({ value: await flow("secure", MESSAGE_BYTES, context) }),
};

/** Runs one flow; thrown away unless the receiver got every message. */
function flow(side: string, payloadBytes: number, { quick }: RunContext): Promise<number> {
  const load = { warmCount: 16_000, count: quick ? 48_000 : 160_000, payloadBytes };
  return cast(import.meta.url, async (spawn) => {
    const receiver = spawn(`${side}-receiver`, load, FLAGS);
    const { port } = await receiver.expect("listening");
    const sender = spawn(`${side}-sender`, { ...load, port: Number(port) }, FLAGS);
    await sender.expect("warmed");
    await receiver.expect("warm");
    await sender.go();
    const started = await sender.expect("started");
    const done = await receiver.expect("done");
    await sender.expect("sent");
    const closed = await receiver.expect("closed");
    if (closed.messages !== load.warmCount + load.count) throw new Error(`${closed.messages} messages arrived`);
    await Promise.all([sender.ended(), receiver.ended()]);
    return load.count / (Number(done.at) - Number(started.at)) * 1000;
  });
}

/** The mean of one seal and one open of a packet. */
function aeadSeconds(): number {
  const key = systemAead().packetKey(new Uint8Array(32).fill(1), new Uint8Array(12).fill(2));
  const packet = new Uint8Array(DATAGRAM_BYTES);
  const end = DATAGRAM_BYTES - AEAD_TAG_BYTES;
  const run = (first: number): void => {
    for (let n = first; n < first + AEAD_COUNT; n++) {
      key.seal(packet, 0, HEADER_BYTES, end, n);
      if (!key.open(packet, 0, HEADER_BYTES, DATAGRAM_BYTES, n)) throw new Error("A packet did not open");
    }
  };
  run(0);
  const started = performance.now();
  run(AEAD_COUNT);
  return (performance.now() - started) / 1000 / AEAD_COUNT / 2;
}

if (import.meta.main) {
  await play({
    "bare-sender": async (settings) => (await import("../raw/datagram_flow.ts")).datagramSender(settings),
    "bare-receiver": async (settings) => {
      const { Arrivals } = await import("../harness/arrivals.ts");
      await (await import("../raw/datagram_flow.ts")).datagramReceiver(new Arrivals(settings));
    },
    "secure-sender": async (settings) => (await import("../product/secure_flow.ts")).secureSender(settings),
    "secure-receiver": async (settings) => {
      const { Arrivals } = await import("../harness/arrivals.ts");
      await (await import("../product/secure_flow.ts")).secureReceiver(new Arrivals(settings));
    },
  });
}
