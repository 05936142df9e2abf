/**
 * A particle that awaits every send.
 *
 * @module
 */

import { ParticleBuilder } from "../../mod.ts";
import { sendFlow } from "../harness/flow.ts";
import type { Settings } from "../harness/role.ts";

/**
 * Sends equal payloads.
 *
 * @param settings Numbers `port`, `warmCount`, `count`, `payloadBytes`.
 */
export async function particleClient(settings: Settings): Promise<void> {
  const payload = new Uint8Array(settings.of("payloadBytes")).fill(7);
  const particle = new ParticleBuilder().connectTo("127.0.0.1", settings.of("port")).build();
  await particle.connected;
  await sendFlow(settings, async (count) => {
    for (let i = 0; i < count; i++) await particle.send(payload);
  });
  await particle.close();
}
