/**
 * A foreign client talks to a reactor: the bytes on the wire are written out by hand.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Reactor, type ReactorOptions } from "../../mod.ts";
import { joined, PlainSocket } from "./plain_socket.ts";

const HELLO = Uint8Array.of(5, 0, 0, 0, 0x68, 0x65, 0x6c, 0x6c, 0x6f);
const EMPTY = Uint8Array.of(0, 0, 0, 0);
const ALICE = Uint8Array.of(5, 0, 0, 0, 0x61, 0x6c, 0x69, 0x63, 0x65);

Deno.test("A foreign client gets its frames back byte for byte", async () => {
  await using reactor = await start({ onReceived: (connection, payload) => connection.return(payload) });
  await using client = await PlainSocket.connect(reactor.port);
  await client.write(HELLO);
  assertEquals(await client.read(9), HELLO);
  await client.write(joined([EMPTY, HELLO, EMPTY]));
  assertEquals(await client.read(17), joined([EMPTY, HELLO, EMPTY]));
});

Deno.test("A foreign client reads lengths of one to three bytes, least significant first", async () => {
  await using reactor = await start({
    onConnected: (connection) => {
      for (const length of [1, 256, 65_536, 70_000]) connection.trySend(new Uint8Array(length).fill(length & 255));
    },
  });
  await using client = await PlainSocket.connect(reactor.port);
  assertEquals(await client.read(5), Uint8Array.of(1, 0, 0, 0, 1));
  assertEquals(await client.read(4), Uint8Array.of(0, 1, 0, 0));
  assertEquals(await client.read(256), new Uint8Array(256));
  assertEquals(await client.read(4), Uint8Array.of(0, 0, 1, 0));
  assertEquals(await client.read(65_536), new Uint8Array(65_536));
  assertEquals(await client.read(4), Uint8Array.of(0x70, 0x11, 0x01, 0));
  assertEquals(await client.read(70_000), new Uint8Array(70_000).fill(0x70));
});

Deno.test("A foreign client announces its id and gets the same frame back before any message", async () => {
  const seen: string[] = [];
  await using reactor = await start({
    peerIds: true,
    onConnected: (connection) => void connection.trySend(new TextEncoder().encode("hello")),
    onMessageReceived: (peerId, payload) => void seen.push(`${peerId} ${new TextDecoder().decode(payload)}`),
  });
  await using client = await PlainSocket.connect(reactor.port);
  await client.write(joined([ALICE, HELLO]));
  assertEquals(await client.read(18), joined([ALICE, HELLO]));
  await client.write(HELLO);
  await reactor.send("alice", new Uint8Array(0));
  assertEquals(await client.read(4), EMPTY);
  while (seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals(seen, ["alice hello", "alice hello"]);
});

Deno.test("A foreign client with an id that is taken reads the end of the stream and nothing else", async () => {
  await using reactor = await start({ peerIds: true });
  await using first = await PlainSocket.connect(reactor.port);
  await first.write(ALICE);
  assertEquals(await first.read(9), ALICE);
  await using second = await PlainSocket.connect(reactor.port);
  await second.write(ALICE);
  assertEquals(await second.readToEnd(), new Uint8Array(0));
});

Deno.test("A foreign client that ends its stream gets all answers and then the end", async () => {
  await using reactor = await start({ onReceived: (connection, payload) => connection.return(payload) });
  await using client = await PlainSocket.connect(reactor.port);
  const many = joined(Array.from({ length: 5000 }, () => HELLO));
  await client.write(many);
  client.end();
  assertEquals(await client.readToEnd(), many);
});

async function start(options: ReactorOptions): Promise<Reactor> {
  const reactor = new Reactor({ hostname: "127.0.0.1", ...options });
  await reactor.start();
  return reactor;
}
