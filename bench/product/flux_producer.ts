/**
 * A worker with one producer of a flux: takes a token first, then counts of messages to send, then "close"; answers
 * each of them.
 *
 * @module
 */

import { ParticleFlux, type ProducerToken, SendStatus } from "../../mod.ts";

interface Start {
  readonly token: ProducerToken;
  readonly producer: number;
  readonly payloadBytes: number;
}

interface WorkerScope {
  onmessage: (event: MessageEvent<Start | number | "close">) => void;
  postMessage(message: string): void;
}

const scope = self as unknown as WorkerScope;

scope.onmessage = ({ data }): void => {
  const { token, producer: index, payloadBytes } = data as Start;
  const producer = ParticleFlux.attach(token);
  const payload = new Uint8Array(payloadBytes).fill(7);
  const stamp = new DataView(payload.buffer);
  stamp.setUint32(0, index, true);
  let sequence = 0;

  /** Sends until the ring is full; returns how many went in. */
  const offer = (count: number): number => {
    for (let queued = 0; queued < count; queued++) {
      stamp.setUint32(4, sequence, true);
      if (producer.trySend(payload) !== SendStatus.Queued) return queued;
      sequence++;
    }
    return count;
  };

  scope.onmessage = async ({ data: command }): Promise<void> => {
    if (command === "close") producer.close();
    else await sendAll(command as number);
    scope.postMessage("done");
  };

  const sendAll = async (count: number): Promise<void> => {
    for (let left = count; left > 0;) {
      left -= offer(left);
      if (left === 0) break;
      await producer.send(payload);
      sequence++;
      left--;
    }
  };
  scope.postMessage("attached");
};
