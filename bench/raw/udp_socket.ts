/**
 * Bare UDP sockets of the runtime and of `node:dgram` behind one face as thin as can be: a callback for what comes, a
 * send that nobody awaits.
 *
 * @module
 */

import { createSocket } from "node:dgram";

/** How many receives are outstanding; as many as a link has. */
const RECEIVE_COUNT = 4;
const RECEIVE_BYTES = 2_048;

/** A bound socket. */
export interface BareUdp {
  readonly port: number;
  /** Sends to a port of the loopback interface. */
  send(bytes: Uint8Array, port: number): void;
  close(): void;
}

/** Takes what comes: its bytes, borrowed, and the port of the sender. */
export type BareReceiver = (bytes: Uint8Array, port: number) => void;

/**
 * Binds a socket on a free port of the loopback interface.
 *
 * @param backend What it is made of.
 * @param receive Takes what comes.
 * @returns The socket.
 */
export function bareUdp(backend: "deno" | "node", receive: BareReceiver): Promise<BareUdp> {
  return backend === "deno" ? denoUdp(receive) : nodeUdp(receive);
}

async function denoUdp(receive: BareReceiver): Promise<BareUdp> {
  const conn = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const to: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port: 0 };
  const loop = async (buffer: Uint8Array): Promise<void> => {
    for (;;) {
      const [bytes, from] = await conn.receive(buffer);
      receive(bytes, (from as Deno.NetAddr).port);
    }
  };
  for (let i = 0; i < RECEIVE_COUNT; i++) loop(new Uint8Array(RECEIVE_BYTES)).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 1));
  return {
    port: (conn.addr as Deno.NetAddr).port,
    send: (bytes, port) => {
      to.port = port;
      conn.send(bytes, to).catch(() => {});
    },
    close: () => conn.close(),
  };
}

async function nodeUdp(receive: BareReceiver): Promise<BareUdp> {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, { port }) => receive(bytes, port));
  await new Promise<void>((resolve) => void socket.bind(0, "127.0.0.1", resolve));
  return {
    port: socket.address().port,
    send: (bytes, port) => socket.send(bytes, port, "127.0.0.1"),
    close: () => void socket.close(),
  };
}
