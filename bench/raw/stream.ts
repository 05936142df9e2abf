/**
 * A bare byte stream: 256 KiB writes, no frames; bytes are entered as if they were messages.
 *
 * @module
 */

import { Arrivals } from "../harness/arrivals.ts";
import { sendFlow } from "../harness/flow.ts";
import type { Settings } from "../harness/role.ts";
import { acceptOne, connect, writeAll } from "./loopback.ts";

const WRITE_BYTES = 256 * 1024;

/**
 * The client: writes `count` times `payloadBytes` bytes.
 *
 * @param settings Numbers `port`, `warmCount`, `count`, `payloadBytes`.
 */
export async function streamClient(settings: Settings): Promise<void> {
  using connection = await connect(settings);
  const block = new Uint8Array(WRITE_BYTES).fill(7);
  const payloadBytes = settings.of("payloadBytes");
  await sendFlow(settings, async (count) => {
    for (let left = count * payloadBytes; left > 0; left -= WRITE_BYTES) {
      await writeAll(connection, left >= WRITE_BYTES ? block : block.subarray(0, left));
    }
  });
}

/**
 * The server: counts bytes and enters a message for every `payloadBytes` of them.
 *
 * @param settings Numbers `warmCount`, `count`, `payloadBytes`, `readBytes`.
 */
export async function streamServer(settings: Settings): Promise<void> {
  using connection = await acceptOne();
  const arrivals = new Arrivals(settings);
  const payloadBytes = settings.of("payloadBytes");
  const block = new Uint8Array(settings.of("readBytes"));
  let rest = 0;
  for (;;) {
    const read = await connection.read(block);
    if (read === null) break;
    rest += read;
    const messages = Math.floor(rest / payloadBytes);
    rest -= messages * payloadBytes;
    arrivals.add(messages, messages * payloadBytes);
  }
  arrivals.add(0, rest);
  arrivals.close();
}
