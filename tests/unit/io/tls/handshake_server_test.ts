import { assertEquals, assertStrictEquals } from "@std/assert";
import { EventEmitter } from "node:events";
import { Duplex } from "node:stream";
import type { Server, TLSSocket } from "node:tls";
import { HandshakeServer } from "../../../../src/io/tls/handshake_server.ts";

/** A socket that notes that it was got rid of. */
class FakeSocket extends EventEmitter {
  destroyCount = 0;

  destroy(): void {
    this.destroyCount++;
    this.emit("error", new Error("destroyed"));
  }
}

function rig(): { handshakes: HandshakeServer; servers: EventEmitter[]; streams: unknown[] } {
  const servers: EventEmitter[] = [];
  const streams: unknown[] = [];
  const options = { cert: "c" };
  const handshakes = new HandshakeServer((given) => {
    assertStrictEquals(given, options);
    const server = new EventEmitter();
    server.on("connection", (stream) => void streams.push(stream));
    servers.push(server);
    return server as unknown as Server;
  }, options);
  return { handshakes, servers, streams };
}

const newStream = (): Duplex => new Duplex({ read: () => {}, write: () => {} });
const newSocket = (): FakeSocket & TLSSocket => new FakeSocket() as unknown as FakeSocket & TLSSocket;

Deno.test("HandshakeServer gives each handshake that is under way a server of its own", () => {
  const { handshakes, servers, streams } = rig();
  const [first, second] = [newStream(), newStream()];
  const done: string[] = [];
  handshakes.shakeHands(first, () => void done.push("first"));
  handshakes.shakeHands(second, () => void done.push("second"));
  assertEquals([servers.length, streams], [2, [first, second]]);
  servers[1]!.emit("secureConnection", newSocket());
  servers[0]!.emit("secureConnection", newSocket());
  assertEquals(done, ["second", "first"]);
});

Deno.test("HandshakeServer uses a server again after its handshake is done or its stream is closed", async () => {
  const { handshakes, servers } = rig();
  const stream = newStream();
  handshakes.shakeHands(stream, () => {});
  servers[0]!.emit("secureConnection", newSocket());
  const other = newStream();
  handshakes.shakeHands(other, () => {});
  assertEquals(servers.length, 1);
  // That the first stream is closed now says nothing of the server.
  stream.destroy();
  await new Promise((resolve) => stream.once("close", resolve));
  handshakes.shakeHands(newStream(), () => {});
  assertEquals(servers.length, 2);
  other.destroy();
  await new Promise((resolve) => other.once("close", resolve));
  handshakes.shakeHands(newStream(), () => {});
  assertEquals(servers.length, 2);
});

Deno.test("HandshakeServer gets rid of sockets that nobody waits for", async () => {
  const { handshakes, servers } = rig();
  const stream = newStream();
  const sockets = [newSocket(), newSocket(), newSocket(), newSocket()];
  const got: unknown[] = [];
  handshakes.shakeHands(stream, (socket) => void got.push(socket));
  const [server] = servers;
  server!.emit("tlsClientError", new Error("alert"), sockets[0]);
  server!.emit("secureConnection", sockets[1]);
  server!.emit("secureConnection", sockets[2]);
  const abandoned = newStream();
  handshakes.shakeHands(abandoned, (socket) => void got.push(socket));
  abandoned.destroy();
  await new Promise((resolve) => abandoned.once("close", resolve));
  server!.emit("secureConnection", sockets[3]);
  assertEquals(got, [sockets[1]]);
  assertEquals(sockets.map(({ destroyCount }) => destroyCount), [1, 0, 1, 1]);
});

Deno.test("HandshakeServer keeps no more than 32 servers", () => {
  const { handshakes, servers } = rig();
  for (let i = 0; i < 40; i++) handshakes.shakeHands(newStream(), () => {});
  for (const server of [...servers]) server.emit("secureConnection", newSocket());
  for (let i = 0; i < 40; i++) handshakes.shakeHands(newStream(), () => {});
  assertEquals(servers.length, 48);
});
