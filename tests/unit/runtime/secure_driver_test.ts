import { assert, assertEquals } from "@std/assert";
import { memoryPair } from "../../../src/io/memory/memory_link.ts";
import { SecureDriver, type SecureDriverOwner } from "../../../src/runtime/secure_driver.ts";
import { SecureStream } from "../../../src/runtime/secure_stream.ts";
import { EndpointMachine } from "../../../src/session/endpoint_machine.ts";
import { resolveEndpointOptions } from "../../../src/session/endpoint_options.ts";
import { SessionCloseCode } from "../../../src/session/session_close_code.ts";
import { SessionEvent } from "../../../src/session/session_event.ts";
import type { SessionMachine } from "../../../src/session/session_machine.ts";
import { STREAM_PATH } from "../../../src/session/session_path.ts";
import { SessionState } from "../../../src/session/session_state.ts";
import { DatagramAddress } from "../../../src/wire/datagram_address.ts";
import { bytes, NetworkLink, SecureWorld, text } from "./secure_ends.ts";

/** An endpoint with its driver, and what it was told. */
class End implements SecureDriverOwner {
  readonly driver: SecureDriver;
  readonly link: NetworkLink;
  readonly messages: string[] = [];
  readonly lost: Error[] = [];
  readonly failures: string[] = [];
  drainedCount = 0;

  constructor(world: SecureWorld, hostname: string) {
    const { scheduler, random, aead, keyExchange } = world.host();
    const config = resolveEndpointOptions({ keepAliveMs: 0, rotateAfterMs: 0 });
    const { clock } = scheduler;
    const machine = new EndpointMachine({ config, clock, wallClock: scheduler, random, aead, keyExchange });
    this.driver = new SecureDriver(machine, scheduler, this);
    this.link = new NetworkLink(world.network, world.scheduler, hostname, 4433);
    this.driver.useLink(this.link);
  }

  handleEvent(event: SessionEvent): void {
    if (event !== SessionEvent.Message) return;
    const { messageBuffer, messageOffset, messageLength } = this.driver.endpoint;
    this.messages.push(text(messageBuffer.slice(messageOffset, messageOffset + messageLength)));
  }

  handleDrained(): void {
    this.drainedCount++;
  }

  handleSendFailure(to: { readonly words: Int32Array }, failure: string): void {
    this.failures.push(`${to.words[4]} ${failure}`);
  }

  handleLinkLost(error: Error): void {
    this.lost.push(error);
  }
}

interface Pair {
  readonly world: SecureWorld;
  readonly client: End;
  readonly server: End;
  readonly here: SessionMachine;
  readonly there: SessionMachine;
}

/** Two ends with a session between them. */
async function connected(world = new SecureWorld()): Promise<Pair> {
  const client = new End(world, "10.0.0.1");
  const server = new End(world, "10.0.0.2");
  const here = client.driver.endpoint.openClient();
  const { record, session: there } = server.driver.endpoint.acceptHello(
    here.writeHello(),
    client.link.host.address,
    server.link.local.port,
  );
  here.handleHello(record, 0, server.link.host.address);
  server.driver.drain();
  client.driver.drain();
  await world.scheduler.settle(500);
  assertEquals([here.state, there?.state], [SessionState.Established, SessionState.Established]);
  return { world, client, server, here, there: there! };
}

Deno.test("drain() sends the first message at once and the others of the turn together", async () => {
  const { world, client, server, here } = await connected();
  const sent: number[] = [];
  world.network.tap = ({ from, bytes: { length } }) => {
    if (from.hostname === "10.0.0.1") sent.push(length);
    return true;
  };
  for (let n = 0; n < 10; n++) {
    here.send(1, bytes(`message ${n}`));
    client.driver.drain();
  }
  assertEquals(sent.length, 1);
  await world.scheduler.settle(100);
  assertEquals(server.messages, Array.from({ length: 10 }, (_, n) => `message ${n}`));
  assertEquals(sent.filter((length) => length > 60).length, 1, "nine messages share a packet");
});

Deno.test("a link without room stops nothing for good: all that goes out and comes in arrives", async () => {
  const { world, client, server, here, there } = await connected();
  client.link.limit = 2;
  for (let n = 0; n < 100; n++) {
    // Each fills most of a packet.
    here.send(1, bytes(`to server ${n} ${"x".repeat(1000)}`));
    there.send(1, bytes(`to client ${n}`));
    client.driver.drain();
    server.driver.drain();
    if (n % 10 === 0) await world.scheduler.settle(0);
  }
  assert(client.link.refused > 0);
  await world.scheduler.settle(200);
  const order = (list: readonly string[]) => list.map((message) => Number(message.split(" ")[2]));
  assertEquals(order(server.messages), Array.from({ length: 100 }, (_, n) => n));
  assertEquals(order(client.messages), Array.from({ length: 100 }, (_, n) => n));
  assertEquals([client.driver.droppedDatagrams, server.driver.droppedDatagrams], [0, 0]);
});

Deno.test("while the link has no room what comes in waits, within bounds, and is counted beyond them", async () => {
  const { world, client, server, here, there } = await connected();
  client.link.limit = 0;
  here.send(1, bytes("held"));
  client.driver.drain();
  for (let n = 0; n < 5; n++) {
    there.send(1, bytes(`${n}`.padEnd(1100)));
    server.driver.drainNow();
  }
  await world.scheduler.settle(10);
  const stranger = new DatagramAddress();
  stranger.parse("192.0.2.9", 9);
  for (let n = 0; n < 300; n++) client.link.take(bytes("no packet of ours"), stranger);
  assertEquals([client.messages, server.messages], [[], []]);
  assertEquals(client.driver.droppedDatagrams, 5 + 300 - 256);
  client.link.open(5);
  await world.scheduler.settle(200);
  assertEquals(client.messages.map(Number), [0, 1, 2, 3, 4]);
  assertEquals(client.driver.endpoint.counters().foreign, 256 - 5);
});

Deno.test("timeouts are handled, and armed again, while nothing comes in", async () => {
  const { world, client, here } = await connected();
  await world.scheduler.settle(29_000);
  assertEquals(here.state, SessionState.Established);
  world.network.tap = () => false;
  here.send(1, bytes("into the void"));
  client.driver.drain();
  await world.scheduler.settle(29_000);
  assertEquals(here.state, SessionState.Established, "silence counts from what was asked");
  await world.scheduler.settle(2000);
  assertEquals(here.state, SessionState.Closed);
  assertEquals(here.reason?.code, SessionCloseCode.IdleTimeout);
});

Deno.test("useLink() closes the link before and goes on by the new one", async () => {
  const { world, client, server, here, there } = await connected();
  const second = reopened(world, client);
  await client.driver.useLink(second);
  assert(client.link.closed);
  here.send(1, bytes("by the new link"));
  client.driver.drain();
  await world.scheduler.settle(500);
  assertEquals(server.messages, ["by the new link"]);
  there.send(1, bytes("back"));
  server.driver.drain();
  await world.scheduler.settle(100);
  assertEquals(client.messages, ["back"]);
  client.link.break(new Error("late"));
  assertEquals(client.lost, []);
  second.break(new Error("lost"));
  assertEquals(client.lost.map(({ message }) => message), ["lost"]);
});

Deno.test("a send that failed is told with its destination", async () => {
  const { client, server } = await connected();
  client.link.fail(server.link.host.address);
  assertEquals(client.failures, ["4433 not permitted"]);
});

Deno.test("a stream is a path: a session moves to it and back when it is gone", async () => {
  const { world, client, server, here, there } = await connected();
  const pathId = STREAM_PATH | 1;
  const [ours, theirs] = memoryPair({ scheduler: world.scheduler });
  const nowhere = new DatagramAddress();
  const streams: SecureStream[] = [];
  for (const [end, link] of [[client, ours], [server, theirs]] as const) {
    const stream = new SecureStream(link);
    streams.push(stream);
    end.driver.addStream(pathId, stream);
    const take = (buffer: Uint8Array, start: number, stop: number): void =>
      end.driver.handlePacket(pathId, nowhere, buffer, start, stop);
    stream.readPackets(take).then(() => end.driver.removeStream(pathId));
  }
  assert(here.migrate(pathId, nowhere));
  client.driver.drain();
  await world.scheduler.settle(500);
  assertEquals([here.pathId, there.pathId], [pathId, pathId]);
  let datagrams = 0;
  world.network.tap = () => ++datagrams > 0;
  here.send(1, bytes("by the stream"));
  client.driver.drain();
  await world.scheduler.settle(100);
  assertEquals([server.messages, datagrams], [["by the stream"], 0]);
  streams[0]!.close();
  await world.scheduler.settle(100);
  here.migrate(0, server.link.host.address);
  client.driver.drain();
  await world.scheduler.settle(500);
  here.send(1, bytes("by datagrams"));
  client.driver.drain();
  await world.scheduler.settle(100);
  assertEquals(server.messages.at(-1), "by datagrams");
});

Deno.test("packets for a stream that is not there are dropped", async () => {
  const { world, client, server, here } = await connected();
  here.migrate(STREAM_PATH | 9, server.link.host.address);
  client.driver.drain();
  await world.scheduler.settle(100);
  client.driver.removeStream(STREAM_PATH | 9);
  here.send(1, bytes("still by datagrams"));
  client.driver.drain();
  await world.scheduler.settle(100);
  assertEquals(server.messages, ["still by datagrams"]);
});

Deno.test("stop() hands nothing to the machine any more and leaves no alarm", async () => {
  const { world, client, server, there } = await connected();
  client.driver.stop();
  server.driver.stop();
  assertEquals(world.scheduler.pendingAlarms, 0);
  there.send(1, bytes("nobody hears this"));
  server.driver.drain();
  server.driver.drainNow();
  await world.scheduler.settle(1000);
  assertEquals(client.messages, []);
  client.driver.handlePacket(0, server.link.host.address, new Uint8Array(100), 0, 100);
  assertEquals([client.driver.droppedDatagrams, world.scheduler.pendingAlarms], [0, 0]);
});

Deno.test("packets of any length are taken", async () => {
  const { world, client, server } = await connected();
  for (const length of [0, 1, 2047, 2048, 2049, 65_507]) {
    server.driver.handlePacket(0, client.link.host.address, new Uint8Array(length + 3), 3, length + 3);
  }
  await world.scheduler.settle(10);
  assertEquals(server.driver.endpoint.counters().foreign, 6);
});

function reopened(world: SecureWorld, end: End): NetworkLink {
  return new NetworkLink(world.network, world.scheduler, end.link.local.hostname, 4434);
}
