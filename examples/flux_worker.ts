/**
 * One producer of `flux.ts`, in a thread of its own: what it gets is a token, what it gives is messages.
 *
 * @module
 */
import { ParticleFlux, type ProducerToken } from "@ringwire/ringwire";

interface Start {
  readonly token: ProducerToken;
  readonly producer: number;
  readonly messages: number;
}

const scope = self as unknown as {
  onmessage: (event: MessageEvent<Start>) => Promise<void>;
  postMessage(message: string): void;
};

scope.onmessage = async ({ data: { token, producer, messages } }) => {
  using flux = ParticleFlux.attach(token);
  const reading = new Uint8Array(8);
  const view = new DataView(reading.buffer);
  view.setUint32(0, producer, true);
  for (let i = 0; i < messages; i++) {
    view.setUint32(4, i, true);
    await flux.send(reading);
  }
  scope.postMessage("done");
};
