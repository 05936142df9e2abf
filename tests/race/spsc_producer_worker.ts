/**
 * A producer thread of the ring's race tests: numbered records of varying size, through a ring of its own.
 *
 * @module
 */
import { Doorbell } from "../../src/ring/doorbell.ts";
import { SpscProducer } from "../../src/ring/spsc_ring.ts";
import { recordBytes, writeRecord } from "./numbered_record.ts";

/** What such a worker is started with. */
export interface ProducerInit {
  /** The ring. */
  readonly shared: SharedArrayBuffer;
  /** The doorbell of the consumer. */
  readonly bell: SharedArrayBuffer;
  /** Records to commit. */
  readonly count: number;
  /** Where the sizes start. */
  readonly seed: number;
  /** How to wait for room. */
  readonly wait: "blocking" | "event-loop";
  /** What to do after the last record: close, or leave a claim open and say so. */
  readonly end: "close" | "open-claim";
}

interface WorkerScope {
  onmessage: (event: MessageEvent<ProducerInit>) => void;
  postMessage(message: string): void;
}

const scope = self as unknown as WorkerScope;
scope.onmessage = async ({ data: init }): Promise<void> => {
  const producer = new SpscProducer(init.shared);
  const bell = new Doorbell(init.bell);
  for (let number = 0; number < init.count; number++) {
    const bytes = recordBytes(init.seed, number);
    let offset = producer.claim(bytes);
    while (offset < 0) {
      if (init.wait === "event-loop") await producer.waitForSpace(bytes);
      else if (!producer.waitForSpaceBlocking(bytes, 20_000)) throw new Error(`No room for record ${number}`);
      offset = producer.claim(bytes);
    }
    writeRecord(producer.data, producer.view, offset, bytes, number);
    producer.commit();
    bell.ring();
  }
  if (init.end === "close") {
    producer.close();
    bell.ring();
  } else {
    producer.data.fill(0xee, producer.claim(100), 100);
    scope.postMessage("claim open");
  }
};
