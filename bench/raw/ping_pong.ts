/**
 * A bare ping-pong: both sides await every write and every read; frames of a 4-byte prefix and the payload.
 *
 * @module
 */

import type { RoundTrips } from "../harness/round_trips.ts";
import type { Settings } from "../harness/role.ts";
import { acceptOne, connect, writeAll } from "./loopback.ts";

const PREFIX_BYTES = 4;

/**
 * The client: one frame in flight.
 *
 * @param settings Numbers `port`, `payloadBytes`.
 * @param trips The book of the round trips.
 */
export async function pingClient(settings: Settings, trips: RoundTrips): Promise<void> {
  using connection = await connect(settings);
  const frame = new Uint8Array(PREFIX_BYTES + settings.of("payloadBytes"));
  const reply = new Uint8Array(frame.length);
  new DataView(frame.buffer).setInt32(0, settings.of("payloadBytes"), true);
  const payload = frame.subarray(PREFIX_BYTES);
  const answer = reply.subarray(PREFIX_BYTES);
  while (trips.start(payload)) {
    await writeAll(connection, frame);
    if (!await readAll(connection, reply)) throw new Error("The server hung up");
    trips.finish(answer);
  }
}

/**
 * The server: sends every frame back.
 *
 * @param settings Number `payloadBytes`.
 */
export async function pongServer(settings: Settings): Promise<void> {
  using connection = await acceptOne();
  const frame = new Uint8Array(PREFIX_BYTES + settings.of("payloadBytes"));
  while (await readAll(connection, frame)) await writeAll(connection, frame);
}

async function readAll(connection: Deno.TcpConn, into: Uint8Array): Promise<boolean> {
  for (let filled = 0; filled < into.length;) {
    const read = await connection.read(filled === 0 ? into : into.subarray(filled));
    if (read === null) return false;
    filled += read;
  }
  return true;
}
