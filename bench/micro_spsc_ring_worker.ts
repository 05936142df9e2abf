/**
 * The producer thread of `micro_spsc_ring.ts`: times its own loop and tells the result.
 *
 * @module
 */
import { Doorbell } from "../src/ring/doorbell.ts";
import { SpscProducer } from "../src/ring/spsc_ring.ts";

/** What is done between claim and commit. */
export type Filling = "nothing" | "a length" | "a length and 60 bytes by set()" | "a length and 60 bytes in a loop";

/** What such a worker is started with. */
export interface ProducerInit {
  /** The ring. */
  readonly shared: SharedArrayBuffer;
  /** The consumer's doorbell. */
  readonly bell: SharedArrayBuffer;
  /** Records of 64 bytes to commit. */
  readonly count: number;
  /** What is done between claim and commit. */
  readonly filling: Filling;
}

interface WorkerScope {
  onmessage: (event: MessageEvent<ProducerInit>) => void;
  postMessage(elapsedMs: number): void;
}

const RECORD_BYTES = 64;
const payload = new Uint8Array(RECORD_BYTES - 4).fill(7);

const scope = self as unknown as WorkerScope;
scope.onmessage = ({ data: init }): void => {
  const producer = new SpscProducer(init.shared);
  const bell = new Doorbell(init.bell);
  const fill = fillings[init.filling];
  const start = performance.now();
  fill(producer, bell, init.count);
  const elapsedMs = performance.now() - start;
  producer.close();
  bell.ring();
  scope.postMessage(elapsedMs);
};

// One loop for each filling, so that each is compiled for itself.
const fillings: Readonly<Record<Filling, (producer: SpscProducer, bell: Doorbell, count: number) => void>> = {
  "nothing": (producer, bell, count) => {
    for (let i = 0; i < count; i++) {
      claimBlocking(producer);
      producer.commit();
      bell.ring();
    }
  },
  "a length": (producer, bell, count) => {
    const view = producer.view;
    for (let i = 0; i < count; i++) {
      view.setInt32(claimBlocking(producer), RECORD_BYTES - 4, true);
      producer.commit();
      bell.ring();
    }
  },
  "a length and 60 bytes by set()": (producer, bell, count) => {
    const { view, data } = producer;
    for (let i = 0; i < count; i++) {
      const offset = claimBlocking(producer);
      view.setInt32(offset, RECORD_BYTES - 4, true);
      data.set(payload, offset + 4);
      producer.commit();
      bell.ring();
    }
  },
  "a length and 60 bytes in a loop": (producer, bell, count) => {
    const { view, data } = producer;
    for (let i = 0; i < count; i++) {
      const offset = claimBlocking(producer);
      view.setInt32(offset, RECORD_BYTES - 4, true);
      for (let k = 0; k < RECORD_BYTES - 4; k++) data[offset + 4 + k] = payload[k]!;
      producer.commit();
      bell.ring();
    }
  },
};

function claimBlocking(producer: SpscProducer): number {
  let offset = producer.claim(RECORD_BYTES);
  while (offset < 0) {
    producer.waitForSpaceBlocking(RECORD_BYTES, 1000);
    offset = producer.claim(RECORD_BYTES);
  }
  return offset;
}
