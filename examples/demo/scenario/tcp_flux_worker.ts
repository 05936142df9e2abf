/**
 * One producer of the flux scenario in a thread of its own.
 *
 * @module
 */
import { ParticleFlux, SendStatus } from "@ringwire/ringwire";
import { TickFeed } from "../tick_feed.ts";
import { type FluxWorkerStart, RECORD_BYTES } from "./tcp_flux_record.ts";

const SENDS_PER_LOOK = 256;

const scope = self as unknown as {
  onmessage: (event: MessageEvent<FluxWorkerStart>) => Promise<void>;
  postMessage(count: number): void;
};

scope.onmessage = async ({ data: { token, seed, runMs, producer, fault } }): Promise<void> => {
  using flux = ParticleFlux.attach(token);
  const feed = new TickFeed(seed, producer, RECORD_BYTES, fault);
  for (const endMs = performance.now() + runMs; performance.now() < endMs;) {
    for (let i = 0; i < SENDS_PER_LOOK; i++) {
      const tick = feed.next();
      if (flux.trySend(tick) !== SendStatus.Queued) await flux.send(tick);
    }
  }
  scope.postMessage(feed.count);
};
