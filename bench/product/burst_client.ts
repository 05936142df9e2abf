/**
 * A burst that sends in a plain loop and lets the writer catch up after every chunk, as its documentation says.
 *
 * @module
 */

import { ParticleBuilder, type ParticleBurst, SendStatus } from "../../mod.ts";
import { sendFlow } from "../harness/flow.ts";
import type { Settings } from "../harness/role.ts";

/**
 * What is sent between two looks at the queue, headers included. Two of these go out in one write, because the second
 * follows at once; of 128, 256 and 512 KiB this was the fastest by a little.
 */
const CHUNK_BYTES = 256 << 10;

/**
 * Sends equal payloads.
 *
 * @param settings Numbers `port`, `warmCount`, `count`, `payloadBytes`.
 */
export async function burstClient(settings: Settings): Promise<void> {
  const payload = new Uint8Array(settings.of("payloadBytes")).fill(7);
  const burst = new ParticleBuilder().connectTo("127.0.0.1", settings.of("port")).asBurst().withParallelism(1)
    .buildBurst();
  const chunkCount = Math.floor(CHUNK_BYTES / (payload.length + 4));
  await burst.connected;
  await sendFlow(settings, async (count) => {
    for (let left = count; left > 0; left -= chunkCount) {
      offer(burst, payload, Math.min(left, chunkCount));
      await burst.ready();
    }
    await burst.flush();
  });
  await burst.close();
}

/** Sends messages that must all be taken: a figure with drops is no figure. */
function offer(burst: ParticleBurst, payload: Uint8Array, count: number): void {
  for (let queued = 0; queued < count; queued++) {
    const status = burst.send(payload);
    if (status !== SendStatus.Queued) throw new Error(`The burst refused a message with status ${status}`);
  }
}
