/**
 * Datagrams one way over `Deno.listenDatagram`, several receives outstanding and sends without an await each, with a
 * credit back for every few so that none is lost.
 *
 * @module
 */

import type { Arrivals } from "../harness/arrivals.ts";
import { sendFlow } from "../harness/flow.ts";
import { report, type Settings } from "../harness/role.ts";

const HOST = { transport: "udp", hostname: "127.0.0.1" } as const;
const NO_BYTES = new Uint8Array(0);
const RECEIVES = 4;

/** How many may be under way: a socket's buffer holds some 50 to 90 datagrams of 1200 bytes by default. */
export const WINDOW = 48;

/** After how many datagrams the receiver gives credit. */
export const CREDIT = 16;

/**
 * The sender; an empty datagram ends the receiver.
 *
 * @param settings Numbers `port`, `payloadBytes`, `warmCount`, `count`.
 */
export async function datagramSender(settings: Settings): Promise<void> {
  const socket = Deno.listenDatagram({ ...HOST, port: 0 });
  const server = { ...HOST, port: settings.of("port") };
  const payload = new Uint8Array(settings.of("payloadBytes")).fill(7);
  const ignore = (): void => {};
  let room = WINDOW;
  const credit = new Uint8Array(64);
  await sendFlow(settings, async (count) => {
    for (let sent = 0; sent < count;) {
      while (room > 0 && sent < count) {
        room--;
        sent++;
        socket.send(payload, server).then(ignore);
      }
      if (sent === count && room === WINDOW) break;
      await socket.receive(credit);
      room += CREDIT;
    }
    while (room < WINDOW) {
      await socket.receive(credit);
      room += CREDIT;
    }
  });
  await socket.send(NO_BYTES, server);
  socket.close();
}

/**
 * The receiver.
 *
 * @param arrivals The book.
 */
export async function datagramReceiver(arrivals: Arrivals): Promise<void> {
  const socket = Deno.listenDatagram({ ...HOST, port: 0 });
  report("listening", { port: (socket.addr as Deno.NetAddr).port });
  const credit = new Uint8Array(1);
  const ignore = (): void => {};
  let owed = 0;
  let ended = false;
  const receive = async (into: Uint8Array): Promise<void> => {
    while (!ended) {
      const [bytes, from] = await socket.receive(into);
      if (bytes.length === 0) {
        ended = true;
        socket.close();
        break;
      }
      arrivals.add(1, bytes.length);
      if (++owed === CREDIT) {
        owed = 0;
        socket.send(credit, from).then(ignore);
      }
    }
  };
  await Promise.allSettled(Array.from({ length: RECEIVES }, () => receive(new Uint8Array(2048))));
  arrivals.close();
}
