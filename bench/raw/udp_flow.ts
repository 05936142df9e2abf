/**
 * One way by UDP without a loss: the sender has at most a window on its way, and the receiver says how far it got. The
 * same for bare sockets and for links: whoever plays it brings a socket.
 *
 * @module
 */

import { report, type Settings } from "../harness/role.ts";
import type { BareReceiver, BareUdp } from "./udp_socket.ts";

/** How many datagrams may be on their way: what the kernel's buffer holds of the longest. */
const WINDOW_COUNT = 64;

/** After how many datagrams the receiver says how far it got. */
const CREDIT_COUNT = 16;

/** Binds a socket. */
export type Bind = (receive: BareReceiver) => Promise<BareUdp>;

/**
 * The receiver: counts, and answers every so often with the count.
 *
 * @param bind Binds its socket.
 */
export async function receiveFlow(bind: Bind): Promise<void> {
  let count = 0;
  const credit = new Uint8Array(4);
  const view = new DataView(credit.buffer);
  const socket = await bind((_, port) => {
    if (++count % CREDIT_COUNT !== 0) return;
    view.setUint32(0, count);
    socket.send(credit, port);
  });
  report("listening", { port: socket.port });
  await new Promise(() => {});
}

/**
 * The sender: sends a part that warms up, then the rest, as fast as the window lets it.
 *
 * @param settings Numbers `port`, `payloadBytes`, `warmCount`, `count`; both counts are multiples of the window.
 * @param bind Binds its socket.
 */
export async function sendFlow(settings: Settings, bind: Bind): Promise<void> {
  const [port, warmCount] = [settings.of("port"), settings.of("warmCount")];
  const total = warmCount + settings.of("count");
  const done = Promise.withResolvers<void>();
  let [sent, received, startedMs] = [0, 0, 0];
  // Memory that is not used again before it has arrived.
  const payloads = Array.from({ length: 2 * WINDOW_COUNT }, () => new Uint8Array(settings.of("payloadBytes")));
  const pump = (): void => {
    while (sent < total && sent - received < WINDOW_COUNT) {
      if (sent === warmCount) startedMs = performance.now();
      socket.send(payloads[sent++ % payloads.length]!, port);
    }
  };
  const socket = await bind((bytes) => {
    received = Math.max(received, new DataView(bytes.buffer, bytes.byteOffset).getUint32(0));
    if (received === total) done.resolve();
    else pump();
  });
  pump();
  await done.promise;
  report("measured", { rate: (total - warmCount) / (performance.now() - startedMs) * 1_000 });
  socket.close();
}
