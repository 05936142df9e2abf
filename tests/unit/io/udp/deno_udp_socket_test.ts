import { assertEquals } from "@std/assert";
import { DenoUdpSocket } from "../../../../src/io/udp/deno_udp_socket.ts";
import { resolveUdpOptions } from "../../../../src/io/udp/udp_options.ts";
import { SendSlot } from "../../../../src/io/udp/send_flight.ts";
import type { UdpSocketOwner } from "../../../../src/io/udp/udp_socket.ts";

const FROM: Deno.NetAddr = { transport: "udp", hostname: "192.0.2.1", port: 9 };

/** A socket of the runtime without a network; writes down what it is asked for. */
class FakeConn {
  readonly addr = { transport: "udp", hostname: "127.0.0.1", port: 7 };
  readonly log: string[] = [];
  #waiting: ((length: number) => void) | undefined;

  async receive(buffer: Uint8Array): Promise<[Uint8Array, Deno.Addr]> {
    this.log.push("receive");
    const length = await new Promise<number>((resolve) => this.#waiting = resolve);
    return [buffer.subarray(0, length), FROM];
  }

  send(): Promise<number> {
    this.log.push("send");
    return Promise.resolve(1);
  }

  close(): void {}

  arrive(length: number): void {
    this.#waiting!(length);
  }
}

/** Binds a socket of the runtime's kind that is a fake underneath. */
function bindFake(): { conn: FakeConn; socket: DenoUdpSocket } {
  const conn = new FakeConn();
  const before = Object.getOwnPropertyDescriptor(Deno, "listenDatagram");
  Object.defineProperty(Deno, "listenDatagram", { value: () => conn, configurable: true });
  try {
    const config = resolveUdpOptions({ hostname: "127.0.0.1", port: 0, maxDatagramBytes: 100, receiveCount: 1 });
    return { conn, socket: new DenoUdpSocket("127.0.0.1", config) };
  } finally {
    if (before === undefined) delete (Deno as { listenDatagram?: unknown }).listenDatagram;
    else Object.defineProperty(Deno, "listenDatagram", before);
  }
}

function owner(handleReceived: UdpSocketOwner["handleReceived"]): UdpSocketOwner {
  return {
    handleReceived,
    handleDroppedEarly: () => {},
    handleReceiveFailure: () => -1,
    handleSent: () => {},
    handleSendFailed: () => {},
  };
}

/** Lets every promise job run that waits now, and those that they lead to. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("DenoUdpSocket receives again after whoever was waiting for the datagram has answered it", async () => {
  const { conn, socket } = bindFake();
  const received = Promise.withResolvers<number>();
  socket.start(owner((_, length) => received.resolve(length)));
  const answering = received.promise.then(() => socket.send(new SendSlot()));
  conn.arrive(3);
  await answering;
  await settle();
  assertEquals(conn.log, ["receive", "send", "receive"]);
});

Deno.test("DenoUdpSocket hands over each datagram with its sender, in a buffer a byte longer than the longest", async () => {
  const { conn, socket } = bindFake();
  const seen: unknown[] = [];
  socket.start(owner((buffer, length, hostname, port) => seen.push([buffer.length, length, hostname, port])));
  for (const length of [3, 101]) {
    conn.arrive(length);
    await settle();
  }
  assertEquals(seen, [[101, 3, "192.0.2.1", 9], [101, 101, "192.0.2.1", 9]]);
});

Deno.test("DenoUdpSocket.close() has it receive no more after the datagram that was handed over", async () => {
  const { conn, socket } = bindFake();
  socket.start(owner(() => {}));
  conn.arrive(1);
  socket.close();
  await socket.whenClosed;
  await settle();
  assertEquals(conn.log, ["receive"]);
});
