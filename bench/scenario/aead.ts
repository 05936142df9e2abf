/**
 * `aead.*`: how many packets a second our packet key seals in place, or opens, beside `@noble/ciphers` under the same
 * interface, and what a packet allocates.
 *
 * Everything runs in this one process: nothing is sent. A packet is a header of 17 bytes as associated data, a text and
 * its tag, in a few buffers that take turns as those of a driver do.
 *
 * @module
 */

import { AEAD_TAG_BYTES, type AeadProvider, type PacketKey } from "../../src/crypto/aead.ts";
import { ChaCha20Poly1305 } from "../../src/crypto/chacha20_poly1305.ts";
import { NobleAead } from "../../src/crypto/noble_aead.ts";
import { allocatedBytes } from "../harness/arrivals.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

const HEADER_BYTES = 17;
const BUFFERS = 4;

/** Packets before a figure begins: by then all is compiled. */
const WARM_COUNT = 30_000;

/** So many that the counter's own steps of some 200 KiB hardly show. */
const ALLOC_COUNT = 1_000_000;

/** Seals of 64 bytes. */
export const aead64: Scenario = sealing(64, 8);

/** Seals of 1200 bytes. */
export const aead1200: Scenario = sealing(1200, 2);

/** Opens of 1200 bytes, each after the seal that it needs. */
export const aeadOpen1200: Scenario = {
  ...sealing(1200, 2),
  name: "aead.open.1200",
  baseline: (context) => rate(opener(new NobleAead(), 1200), 1200, context),
  product: (context) => rate(opener(new ChaCha20Poly1305(), 1200), 1200, context),
};

/** What a seal of 64 bytes allocates, less what the bare loop does. */
export const aeadAlloc: Scenario = {
  name: "aead.64",
  metric: "alloc",
  unit: "B/packet",
  target: { of: "value", bound: "at most", limit: 1 },
  rounds: 3,
  lessBaseline: true,
  baseline: () => allocated(() => {}),
  product: () => allocated(sealer(new ChaCha20Poly1305(), 64)),
};

/** Does the work of one packet. */
type Work = (packetNumber: number) => void;

function sealing(textBytes: number, limit: number): Scenario {
  return {
    name: `aead.${textBytes}`,
    metric: "rate",
    unit: "/s",
    target: { of: "ratio", bound: "at least", limit },
    rounds: 5,
    lessBaseline: false,
    baseline: (context) => rate(sealer(new NobleAead(), textBytes), textBytes, context),
    product: (context) => rate(sealer(new ChaCha20Poly1305(), textBytes), textBytes, context),
  };
}

function sealer(provider: AeadProvider, textBytes: number): Work {
  const key = keyOf(provider);
  const buffers = buffersFor(textBytes);
  const end = HEADER_BYTES + textBytes;
  return (packetNumber) => key.seal(buffers[packetNumber % BUFFERS]!, 0, HEADER_BYTES, end, packetNumber);
}

function opener(provider: AeadProvider, textBytes: number): Work {
  const key = keyOf(provider);
  const buffers = buffersFor(textBytes);
  const end = HEADER_BYTES + textBytes;
  return (packetNumber) => {
    const buffer = buffers[packetNumber % BUFFERS]!;
    key.seal(buffer, 0, HEADER_BYTES, end, packetNumber);
    if (!key.open(buffer, 0, HEADER_BYTES, end + AEAD_TAG_BYTES, packetNumber)) throw new Error("A packet is refused");
  };
}

function keyOf(provider: AeadProvider): PacketKey {
  return provider.packetKey(new Uint8Array(32).fill(1), new Uint8Array(12).fill(2));
}

function buffersFor(textBytes: number): readonly Uint8Array[] {
  return Array.from({ length: BUFFERS }, () => new Uint8Array(HEADER_BYTES + textBytes + AEAD_TAG_BYTES));
}

function rate(work: Work, textBytes: number, { quick }: RunContext): Promise<Sample> {
  const count = Math.ceil((quick ? 20_000_000 : 80_000_000) / (textBytes + 400));
  run(work, 0, WARM_COUNT);
  const start = performance.now();
  run(work, WARM_COUNT, count);
  const seconds = (performance.now() - start) / 1000;
  return Promise.resolve({ value: count / seconds, note: `${(seconds / count * 1e6).toFixed(2)} us` });
}

function allocated(work: Work): Promise<Sample> {
  run(work, 0, WARM_COUNT);
  const before = allocatedBytes();
  run(work, WARM_COUNT, ALLOC_COUNT);
  return Promise.resolve({ value: (allocatedBytes() - before) / ALLOC_COUNT });
}

function run(work: Work, first: number, count: number): void {
  for (let packetNumber = first; packetNumber < first + count; packetNumber++) work(packetNumber);
}
