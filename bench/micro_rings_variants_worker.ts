/**
 * A producer thread of `micro_rings_variants.ts`.
 *
 * @module
 */
import { SpscRecordProducer } from "../src/ring/spsc_records.ts";
import { fillRecord, GO, PAYLOAD_BYTES, READY } from "./micro_rings_bare.ts";
import { type Variant, VariantRing } from "./micro_rings_variants_ring.ts";

/** What such a worker is started with. */
export interface VariantInit {
  readonly shared: SharedArrayBuffer;
  readonly start: SharedArrayBuffer;
  readonly owner: number;
  readonly count: number;
  /** A variant of the ring for many producers; without it, records go through an SPSC ring. */
  readonly variant?: Variant;
  /** How many records of an SPSC ring one atomic store makes visible. */
  readonly publishEvery: number;
}

/** The shortest wait that gives the core away, in ms. */
const MOMENT_MS = 0.001;
const KIND = 7;

const nobody = new Int32Array(new SharedArrayBuffer(4));
const scope = self as unknown as { onmessage: (event: MessageEvent<VariantInit>) => void };
scope.onmessage = ({ data: init }): void => {
  const start = new Int32Array(init.start);
  Atomics.add(start, READY, 1);
  while (Atomics.load(start, GO) === 0) Atomics.wait(start, GO, 0, 50);
  if (init.variant === undefined) produceSpsc(init);
  else produceMpsc(init, init.variant);
};

function produceSpsc(init: VariantInit): void {
  const producer = new SpscRecordProducer(init.shared);
  for (let i = 0; i < init.count; i++) {
    let offset = producer.claim(KIND, PAYLOAD_BYTES);
    for (let idle = 0; offset < 0; offset = producer.claim(KIND, PAYLOAD_BYTES)) {
      if (++idle > 100) Atomics.wait(nobody, 0, 0, MOMENT_MS);
      else Atomics.pause();
    }
    fillRecord(producer.words, offset >> 2, i);
    producer.stage();
    if (i % init.publishEvery === 0) producer.publish();
  }
  producer.publish();
}

function produceMpsc(init: VariantInit, variant: Variant): void {
  const ring = new VariantRing(init.shared, variant);
  const { data, mask } = ring;
  for (let i = 0; i < init.count; i += variant.block) {
    let ticket = ring.claim();
    for (let idle = 0; ticket < 0; ticket = ring.claim()) {
      if (variant.isYielding && ++idle > 100) Atomics.wait(nobody, 0, 0, MOMENT_MS);
      else Atomics.pause();
    }
    for (let k = 0; k < variant.block; k++) {
      const slot = ((ticket + k) & mask) << 4;
      fillRecord(data, slot + 1, i + k);
      data[slot + 14] = init.owner;
      Atomics.store(data, slot, ticket + k + 1);
    }
  }
}
