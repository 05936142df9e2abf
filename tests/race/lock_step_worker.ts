/**
 * The producer of the wake-up test: one record, one ring, then it blocks until the answer to that record.
 *
 * @module
 */
import { Doorbell, DOORBELL_BYTES } from "../../src/ring/doorbell.ts";
import { SpscProducer } from "../../src/ring/spsc_ring.ts";

interface LockStepInit {
  readonly shared: SharedArrayBuffer;
  readonly bellMemory: SharedArrayBuffer;
  readonly answerMemory: SharedArrayBuffer;
  readonly rounds: number;
}

interface WorkerScope {
  onmessage: (event: MessageEvent<LockStepInit>) => void;
}

const scope = self as unknown as WorkerScope;
scope.onmessage = ({ data: init }): void => {
  const producer = new SpscProducer(init.shared);
  const bell = new Doorbell(init.bellMemory);
  const answerBell = new Doorbell(init.answerMemory);
  const answers = new Int32Array(init.answerMemory, DOORBELL_BYTES);
  for (let round = 1; round <= init.rounds; round++) {
    const offset = producer.claim(4);
    // Pauses of varying length, so that the commit meets the consumer's falling asleep, and the answer ours, in every
    // order. The second ends with the answer: the next commit then comes while the consumer is still on its way to bed.
    for (let i = (round * 37) % 64; i > 0; i--) Atomics.load(answers, 0);
    producer.view.setInt32(offset, round, true);
    producer.commit();
    bell.ring();
    for (let i = (round * 7919) % 8192; i > 0 && Atomics.load(answers, 0) !== round; i--);
    for (;;) {
      answerBell.prepareWait();
      if (Atomics.load(answers, 0) === round) break;
      if (answerBell.waitBlocking(20_000) === "timed-out") throw new Error(`No answer to round ${round}`);
    }
    answerBell.cancelWait();
  }
};
