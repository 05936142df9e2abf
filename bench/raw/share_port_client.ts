/**
 * The clients of a server that shares its port: bare sockets, the same whatever the server listens by.
 *
 * The first byte of a connection says what it is for. `ECHO`: every byte that follows comes back. `COUNT`: the bytes
 * up to the end of the stream are counted, and the count comes back as a Float64, little-endian.
 *
 * @module
 */

import { report, type Settings } from "../harness/role.ts";
import { connect, writeAll } from "./loopback.ts";

/** Asks for an echo. */
export const ECHO = 1;
/** Asks for a count. */
export const COUNT = 2;

const ECHO_BYTES = 64;
const WRITE_BYTES = 256 << 10;

/**
 * Opens connections, some at a time, and has each make its round trips of 64 bytes before it is closed; first a fifth
 * of them to warm up, then all of them with the clock running. Reports round trips per second, accepting included.
 *
 * @param settings Numbers `port`, `connections`, `atOnce`, `roundTrips`.
 */
export async function echoClient(settings: Settings): Promise<void> {
  const connections = settings.of("connections");
  await echoAll(settings, Math.ceil(connections / 5));
  const startedMs = performance.now();
  await echoAll(settings, connections);
  const seconds = (performance.now() - startedMs) / 1000;
  report("measured", { rate: connections * settings.of("roundTrips") / seconds });
}

/**
 * Sends a stream of bytes and waits for their count; first a fifth of them to warm up, then all of them with the clock
 * running, each on a connection of its own. Reports bytes per second.
 *
 * @param settings Numbers `port`, `bytes`.
 */
export async function countClient(settings: Settings): Promise<void> {
  const bytes = settings.of("bytes");
  await sendCounted(settings, Math.ceil(bytes / 5));
  const startedMs = performance.now();
  await sendCounted(settings, bytes);
  report("measured", { rate: bytes / ((performance.now() - startedMs) / 1000) });
}

async function echoAll(settings: Settings, connections: number): Promise<void> {
  let left = connections;
  const openNext = async (): Promise<void> => {
    while (left-- > 0) await echoOne(settings);
  };
  await Promise.all(Array.from({ length: settings.of("atOnce") }, openNext));
}

async function echoOne(settings: Settings): Promise<void> {
  using connection = await connect(settings);
  await writeAll(connection, Uint8Array.of(ECHO));
  const sent = new Uint8Array(ECHO_BYTES);
  const reply = new Uint8Array(ECHO_BYTES);
  for (let trip = 0; trip < settings.of("roundTrips"); trip++) {
    sent.fill(trip & 0xff);
    await writeAll(connection, sent);
    await readAll(connection, reply);
    if (reply[0] !== sent[0] || reply[ECHO_BYTES - 1] !== sent[0]) throw new Error("The echo differs");
  }
}

async function sendCounted(settings: Settings, bytes: number): Promise<void> {
  using connection = await connect(settings);
  await writeAll(connection, Uint8Array.of(COUNT));
  const block = new Uint8Array(WRITE_BYTES).fill(7);
  for (let left = bytes; left > 0; left -= WRITE_BYTES) {
    await writeAll(connection, left >= WRITE_BYTES ? block : block.subarray(0, left));
  }
  await connection.closeWrite();
  const reply = new Uint8Array(8);
  await readAll(connection, reply);
  const counted = new DataView(reply.buffer).getFloat64(0, true);
  if (counted !== bytes) throw new Error(`Sent ${bytes} bytes, the server got ${counted}`);
}

async function readAll(connection: Deno.TcpConn, into: Uint8Array): Promise<void> {
  for (let filled = 0; filled < into.length;) {
    const read = await connection.read(filled === 0 ? into : into.subarray(filled));
    if (read === null) throw new Error("The server hung up");
    filled += read;
  }
}
