/**
 * The builder collects what the constructors take, and refuses what they would not heed.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  CloseCode,
  type DisconnectReason,
  MisuseError,
  type Particle,
  ParticleBuilder,
  ParticleBurst,
  ParticleFlux,
} from "../../mod.ts";
import { PlainServer } from "../interop/plain_socket.ts";
import { openReactor } from "./framed_tcp.ts";
import { bytesOf, textOf } from "./payloads.ts";
import { eventually, within } from "./waiting.ts";

Deno.test("ParticleBuilder builds a particle that sends, receives and tells its end", async () => {
  const echoes: string[] = [];
  const ends: [Particle | ParticleFlux, DisconnectReason][] = [];
  await using reactor = await openReactor({
    peerIds: true,
    onReceived: (connection, payload) => connection.return(bytesOf(`${connection.peerId}: ${textOf(payload)}`)),
  });
  const particle: Particle = new ParticleBuilder()
    .connectTo("127.0.0.1", reactor.port)
    .withBufferSize(8192)
    .withPeerId("builder")
    .withOptions({ maxFrameBytes: 1000 })
    .onReceived((payload) => void echoes.push(textOf(payload)))
    .onParticleDisconnected((which, reason) => void ends.push([which, reason]))
    .build();
  await particle.send(bytesOf("hello"));
  await eventually("the echo", () => echoes.length === 1);
  assertEquals(echoes, ["builder: hello"]);
  await assertRejects(() => particle.send(new Uint8Array(1001)), RangeError);
  await particle.close();
  assertEquals(ends.length, 1);
  assert(ends[0]![0] === particle);
  assertEquals(ends[0]![1].code, CloseCode.Normal);
});

Deno.test("ParticleBuilder builds a flux and a burst", async () => {
  await using reactor = await openReactor();
  const flux: ParticleFlux = new ParticleBuilder()
    .connectTo("127.0.0.1", reactor.port)
    .asConcurrent()
    .withParallelism(2)
    .build();
  assertInstanceOf(flux, ParticleFlux);
  flux.producerToken();
  flux.producerToken();
  assertThrows(() => flux.producerToken());
  await flux.close();
  const ended = Promise.withResolvers<ParticleBurst>();
  const burst: ParticleBurst = new ParticleBuilder()
    .connectTo("127.0.0.1", reactor.port)
    .asBurst()
    .withParallelism(3)
    .onBurstDisconnected((which) => ended.resolve(which))
    .buildBurst();
  assertInstanceOf(burst, ParticleBurst);
  assertEquals(burst.parallelism, 3);
  await burst.close();
  assert(await within("its end", ended.promise) === burst);
});

Deno.test("ParticleBuilder reconnects with the defaults after withAutoReconnect()", async () => {
  await using server = await PlainServer.listen();
  await using particle = new ParticleBuilder()
    .connectTo("127.0.0.1", server.port)
    .withAutoReconnect({ baseMs: 1 })
    .withOptions({ closeTimeoutMs: 50 })
    .build();
  const socket = await server.accept();
  await particle.connected;
  socket.reset();
  await server.accept();
  await eventually("there is a second link", () => particle.statistics().connects === 2);
});

Deno.test("ParticleBuilder tells the end of a particle whose signal had fired before it was built", async () => {
  const errors: unknown[] = [];
  const ends: unknown[] = [];
  const particle = new ParticleBuilder()
    .connectTo("127.0.0.1", 1)
    .withOptions({ signal: AbortSignal.abort(), onError: (error) => void errors.push(error) })
    .onParticleDisconnected((which) => void ends.push(which))
    .build();
  await within("its end", particle.closed);
  await eventually("it is told", () => ends.length + errors.length > 0);
  assertEquals(errors, []);
  assert(ends.length === 1 && ends[0] === particle);
});

Deno.test("ParticleBuilder refuses what would not be heeded", () => {
  const nothing = (): void => {};
  const to = (): ParticleBuilder => new ParticleBuilder().connectTo("127.0.0.1", 1);
  assertThrows(() => new ParticleBuilder().build(), TypeError, "connectTo");
  assertThrows(() => to().asBurst().build(), MisuseError);
  assertThrows(() => to().buildBurst(), MisuseError);
  assertThrows(() => to().withParallelism(2).build(), MisuseError);
  assertThrows(() => to().onBurstDisconnected(nothing).build(), MisuseError);
  assertThrows(() => to().asBurst().onParticleDisconnected(nothing).buildBurst(), MisuseError);
  assertThrows(() => to().withBufferSize(1).build(), RangeError);
  assertThrows(() => to().withOptions({ maxFrameByte: 1 } as object).build(), TypeError, "maxFrameByte");
});
