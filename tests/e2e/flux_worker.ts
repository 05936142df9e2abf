/**
 * A producer in a worker of its own, for flux_test.ts: told what to send, it tells when it is done.
 *
 * @module
 */
import { ClosedError, ParticleFlux, type ProducerToken, SendStatus } from "../../mod.ts";
import { numbered } from "./payloads.ts";

/** What a worker is told. */
export interface FluxJob {
  /** Where it sends to. */
  readonly token: ProducerToken;
  /** Which producer it is; it stands in every message. */
  readonly producer: number;
  /** How many messages it sends; `Infinity`: until the flux is closed. */
  readonly count: number;
  /** The sizes of its messages, in turn, at least 8. */
  readonly sizes: readonly number[];
  /** Whether it ends its producer when it is done. */
  readonly isClosing: boolean;
}

/** What a worker tells. */
export interface FluxResult {
  /** How many messages are in the ring. */
  readonly sent: number;
  /** How many offers found the ring full. */
  readonly refused: number;
  /** Whether the flux was closed under it. */
  readonly isClosed: boolean;
  /** What was thrown otherwise. */
  readonly error?: string;
}

interface Scope {
  onmessage: ((event: MessageEvent<FluxJob>) => unknown) | null;
  postMessage(result: FluxResult): void;
}

const scope = self as unknown as Scope;

scope.onmessage = async ({ data }) => {
  let sent = 0;
  let refused = 0;
  try {
    const { producer, count, sizes, isClosing } = data;
    const flux = ParticleFlux.attach(data.token);
    for (; sent < count; sent++) {
      const payload = numbered(sent, sizes[sent % sizes.length]!);
      payload[4] = producer;
      if (flux.trySend(payload) !== SendStatus.Queued) {
        refused++;
        await flux.send(payload);
      }
    }
    if (isClosing) flux.close();
    scope.postMessage({ sent, refused, isClosed: false });
  } catch (error) {
    if (error instanceof ClosedError) scope.postMessage({ sent, refused, isClosed: true });
    else scope.postMessage({ sent, refused, isClosed: false, error: String(error) });
  }
};
