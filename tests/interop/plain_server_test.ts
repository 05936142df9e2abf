/**
 * A particle, a flux and a burst talk to a foreign server: the bytes on the wire are written out by hand.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Particle, ParticleBurst, ParticleFlux } from "../../mod.ts";
import { joined, PlainServer } from "./plain_socket.ts";

const HELLO = Uint8Array.of(5, 0, 0, 0, 0x68, 0x65, 0x6c, 0x6c, 0x6f);
const EMPTY = Uint8Array.of(0, 0, 0, 0);
const ALICE = Uint8Array.of(5, 0, 0, 0, 0x61, 0x6c, 0x69, 0x63, 0x65);

const hello = new TextEncoder().encode("hello");

Deno.test("A particle writes frames byte for byte and reads those of a foreign server", async () => {
  await using server = await PlainServer.listen();
  const seen: string[] = [];
  const particle = new Particle({
    port: server.port,
    onReceived: (payload) => void seen.push(new TextDecoder().decode(payload)),
  });
  await particle.send(hello);
  await particle.send(new Uint8Array(0));
  await particle.send(new Uint8Array(70_000).fill(7));
  const socket = await server.accept();
  assertEquals(await socket.read(13), joined([HELLO, EMPTY]));
  assertEquals(await socket.read(4), Uint8Array.of(0x70, 0x11, 0x01, 0));
  assertEquals(await socket.read(70_000), new Uint8Array(70_000).fill(7));
  await socket.write(joined([HELLO, EMPTY, HELLO]));
  while (seen.length < 3) await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals(seen, ["hello", "", "hello"]);
  socket.end();
  await particle.closed;
  assertEquals(await socket.readToEnd(), new Uint8Array(0));
});

Deno.test("A particle announces its id and holds its messages until a foreign server has repeated it", async () => {
  await using server = await PlainServer.listen();
  const seen: string[] = [];
  const particle = new Particle({
    port: server.port,
    peerId: "alice",
    onReceived: (payload) => void seen.push(new TextDecoder().decode(payload)),
  });
  await particle.send(hello);
  const socket = await server.accept();
  assertEquals(await socket.read(9), ALICE);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(socket.count, 0);
  // The answer and a message in one write, the answer cut in two.
  await socket.write(ALICE.subarray(0, 3));
  await socket.write(joined([ALICE.subarray(3), HELLO]));
  assertEquals(await socket.read(9), HELLO);
  while (seen.length < 1) await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals(seen, ["hello"]);
  socket.end();
  await particle.closed;
});

Deno.test("A flux writes frames byte for byte, from its own thread and from a producer's ring", async () => {
  await using server = await PlainServer.listen();
  const flux = new ParticleFlux({ port: server.port });
  const producer = ParticleFlux.attach(flux.producerToken());
  const socket = await server.accept();
  await flux.send(hello);
  assertEquals(await socket.read(9), HELLO);
  await producer.send(hello);
  await producer.send(new Uint8Array(0));
  assertEquals(await socket.read(13), joined([HELLO, EMPTY]));
  producer.close();
  socket.end();
  await flux.closed;
});

Deno.test("A burst writes frames byte for byte over each of its lanes", async () => {
  await using server = await PlainServer.listen();
  const burst = new ParticleBurst({ port: server.port, parallelism: 2 });
  for (let i = 0; i < 1000; i++) burst.send(hello);
  const many = joined(Array.from({ length: 500 }, () => HELLO));
  for (let lane = 0; lane < 2; lane++) {
    const socket = await server.accept();
    assertEquals(await socket.read(many.length), many);
    socket.end();
  }
  await burst.closed;
  assertEquals(await burst.close(), { unsentCount: 0, droppedCount: 0 });
});
