import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { Socket } from "node:dgram";
import { EventEmitter } from "node:events";
import { NOWHERE } from "../../../../src/io/udp/destination_cache.ts";
import { NodeUdpSocket } from "../../../../src/io/udp/node_udp_socket.ts";
import { SendSlot } from "../../../../src/io/udp/send_flight.ts";
import { resolveUdpOptions } from "../../../../src/io/udp/udp_options.ts";
import type { UdpSocketOwner } from "../../../../src/io/udp/udp_socket.ts";

type Settled = (error: Error | null) => void;

/** A socket of `node:dgram` without a network. */
class FakeDgram extends EventEmitter {
  readonly sent: [Uint8Array, number, string, Settled][] = [];
  closeCount = 0;

  address(): { address: string; port: number; family: string } {
    return { address: "127.0.0.1", port: 7, family: "IPv4" };
  }

  send(bytes: Uint8Array, port: number, hostname: string, settled: Settled): void {
    this.sent.push([bytes, port, hostname, settled]);
  }

  close(): void {
    this.closeCount++;
  }

  receive(...bytes: number[]): void {
    this.emit("message", Uint8Array.from(bytes), { address: "192.0.2.1", port: 9 });
  }
}

function rig(): {
  dgram: FakeDgram;
  socket: NodeUdpSocket;
  calls: unknown[];
  buffers: Uint8Array[];
  owner: UdpSocketOwner;
} {
  const dgram = new FakeDgram();
  const config = resolveUdpOptions({ hostname: "127.0.0.1", port: 0, maxDatagramBytes: 4 });
  const socket = new NodeUdpSocket(dgram as unknown as Socket, config);
  const calls: unknown[] = [];
  const buffers: Uint8Array[] = [];
  const owner: UdpSocketOwner = {
    handleReceived: (buffer, length, hostname, port) => {
      buffers.push(buffer);
      calls.push([length > buffer.length ? length : [...buffer.subarray(0, length)], hostname, port]);
    },
    handleDroppedEarly: (count) => void calls.push(`dropped ${count}`),
    handleReceiveFailure: (error) => {
      calls.push(error);
      return 0;
    },
    handleSent: (slot) => void calls.push(["sent", slot]),
    handleSendFailed: (slot, error) => void calls.push(["failed", slot, error]),
  };
  return { dgram, socket, calls, buffers, owner };
}

Deno.test("NodeUdpSocket hands datagrams over in one buffer, and the length of one that is too long", () => {
  const { dgram, socket, calls, buffers, owner } = rig();
  socket.start(owner);
  dgram.receive(1, 2, 3);
  dgram.receive();
  dgram.receive(5, 5, 5, 5, 5);
  dgram.receive(4, 4, 4, 4);
  assertEquals(calls, [[[1, 2, 3], "192.0.2.1", 9], [[], "192.0.2.1", 9], [5, "192.0.2.1", 9], [
    [4, 4, 4, 4],
    "192.0.2.1",
    9,
  ]]);
  assert(buffers.every((buffer) => buffer === buffers[0]));
});

Deno.test("NodeUdpSocket keeps what comes before the start, in order with what comes then", async () => {
  const { dgram, socket, calls, owner } = rig();
  dgram.receive(1);
  dgram.receive(2);
  socket.start(owner);
  assertEquals(calls, []);
  dgram.receive(3);
  await Promise.resolve();
  dgram.receive(4);
  assertEquals(calls.map((call) => (call as [number[]])[0][0]), [1, 2, 3, 4]);
});

Deno.test("NodeUdpSocket keeps 64 datagrams before the start, and counts the others", async () => {
  const { dgram, socket, calls, owner } = rig();
  for (let i = 0; i < 70; i++) dgram.receive(i);
  socket.start(owner);
  assertEquals(calls, ["dropped 6"]);
  dgram.receive(99);
  assertEquals(calls, ["dropped 6", "dropped 1"]);
  await Promise.resolve();
  assertEquals(calls.slice(2).map((call) => (call as [number[]])[0][0]), Array.from({ length: 64 }, (_, i) => i));
});

Deno.test("NodeUdpSocket has a listener for errors from the start on, and passes them on", () => {
  const { dgram, socket, calls, owner } = rig();
  dgram.emit("error", new Error("early"));
  socket.start(owner);
  const error = new Error("recvmsg UNKNOWN");
  dgram.emit("error", error);
  assertEquals(calls, [error]);
});

Deno.test("NodeUdpSocket.send() tells what became of a datagram, with one callback for a slot", () => {
  const { dgram, socket, calls, owner } = rig();
  socket.start(owner);
  const slot = new SendSlot();
  slot.fill(Uint8Array.of(1, 2), 0, 2);
  slot.to = { words: NOWHERE.words, address: { transport: "udp", hostname: "192.0.2.5", port: 55 } };
  socket.send(slot);
  socket.send(slot);
  const [[bytes, port, hostname, first], [, , , second]] = dgram.sent as [typeof dgram.sent[0], typeof dgram.sent[0]];
  assertEquals([[...bytes], port, hostname], [[1, 2], 55, "192.0.2.5"]);
  assertStrictEquals(first, second);
  const error = new Error("send UNKNOWN");
  first(null);
  first(error);
  assertEquals(calls, [["sent", slot], ["failed", slot, error]]);
});

Deno.test("NodeUdpSocket.close() closes once and hands over nothing any more", async () => {
  const { dgram, socket, calls, owner } = rig();
  dgram.receive(1);
  socket.start(owner);
  socket.close();
  dgram.receive(2);
  dgram.emit("error", new Error("late"));
  await socket.whenClosed;
  assertEquals([calls, dgram.closeCount], [[], 1]);
});
