/**
 * `secure.machine.64`: two endpoint machines without sockets, one packet for each message of 64 bytes: seal, route, open.
 *
 * A packet counts when the other machine has opened it; acknowledgements are packets, too. The baseline is the cipher
 * alone: sealing and opening texts of the same length. Everything runs in this one process.
 *
 * @module
 */

import { systemAead } from "../../src/io/system/system_aead.ts";
import { allocatedBytes } from "../harness/arrivals.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";
import { MachinePair } from "../product/secure_machine.ts";

const MESSAGE_BYTES = 64;
const HEADER_BYTES = 17;
const FRAME_HEADER_BYTES = 8;
const BUFFERS = 4;

/** Packets before a figure begins: by then all is compiled. */
const WARM_COUNT = 200_000;
const COUNT = 1_000_000;

/** Packets between two steps of the clock, which is about as many as go in that time. */
const PER_MS = 512;

/** Packets a second. */
export const secureMachine64: Scenario = {
  name: "secure.machine.64",
  metric: "rate",
  unit: "/s",
  target: { of: "value", bound: "at least", limit: 700_000 },
  rounds: 5,
  lessBaseline: false,
  baseline: (context) => rate(cipherWork(), context),
  product: (context) => rate(machineWork(), context),
};

/** Allocation per packet; the load is the same with `--quick`, because fewer packets would measure the counter. */
export const secureMachineAlloc: Scenario = {
  name: "secure.machine.64",
  metric: "alloc",
  unit: "B/packet",
  target: { of: "value", bound: "at most", limit: 1 },
  rounds: 3,
  lessBaseline: true,
  baseline: () => allocated(() => {}),
  product: () => allocated(machineWork().send),
};

/** Sends one message after the other. */
interface Work {
  readonly send: (n: number) => void;
  /** How many packets were opened so far. */
  readonly opened: () => number;
}

function machineWork(): Work {
  const pair = new MachinePair();
  const session = pair.connect();
  const payload = new Uint8Array(MESSAGE_BYTES).fill(7);
  let sent = 0;
  return {
    send: (n) => {
      pair.send(session, payload);
      sent++;
      if (n % PER_MS !== 0) return;
      pair.advance(1);
      if (sent !== pair.arrived) throw new Error(`${pair.arrived} of ${sent} messages arrived`);
    },
    opened: () => pair.packets,
  };
}

function cipherWork(): Work {
  const provider = systemAead();
  const [sealing, opening] = [0, 1].map(() => provider.packetKey(new Uint8Array(32).fill(1), new Uint8Array(12)));
  const buffers = Array.from({ length: BUFFERS }, () => new Uint8Array(1500));
  const end = HEADER_BYTES + FRAME_HEADER_BYTES + MESSAGE_BYTES;
  let sent = 0;
  return {
    send: () => {
      const buffer = buffers[sent % BUFFERS]!;
      sealing!.seal(buffer, 0, HEADER_BYTES, end, sent);
      if (!opening!.open(buffer, 0, HEADER_BYTES, end + 16, sent++)) throw new Error("A packet did not open");
    },
    opened: () => sent,
  };
}

function rate({ send, opened }: Work, { quick }: RunContext): Promise<Sample> {
  run(send, WARM_COUNT);
  const before = opened();
  const start = performance.now();
  run(send, quick ? COUNT / 4 : COUNT);
  const seconds = (performance.now() - start) / 1000;
  const count = opened() - before;
  return Promise.resolve({ value: count / seconds, note: `${(seconds / count * 1e6).toFixed(2)} us` });
}

function allocated(send: (n: number) => void): Promise<Sample> {
  run(send, WARM_COUNT);
  const before = allocatedBytes();
  run(send, COUNT);
  return Promise.resolve({ value: (allocatedBytes() - before) / COUNT });
}

function run(send: (n: number) => void, count: number): void {
  for (let n = 0; n < count; n++) send(n);
}
