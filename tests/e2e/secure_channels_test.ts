/**
 * The channels of secure sockets on real sockets, through a relay that loses, delays, reorders and repeats datagrams.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ClosedError, type SecureEvent, SendStatus } from "../../src/api/secure_mod.ts";
import { numbered, numberOf, upTo } from "./payloads.ts";
import { connect, openClient, openServer, type Told, UdpRelay } from "./secure_ends.ts";
import { eventually } from "./waiting.ts";

const BAD_LINE = {
  lossShare: 0.03,
  delayMs: 1,
  jitterMs: 3,
  reorderShare: 0.02,
  reorderMs: 8,
  duplicateShare: 0.02,
  corruptShare: 0.01,
} as const;

const LARGE = 1 << 20;

/** Unreliable messages are given up, at both ends, after their time: it must not run out on a machine that is busy. */
const UNHURRIED_MS = 60_000;

/** The numbers of the messages that came by a channel. */
function numbersOf(told: Told, channel: number): number[] {
  return told.events.flatMap((event) => isOn(event, channel) ? [numberOf(event.data)] : []);
}

function isOn(event: SecureEvent, channel: number): event is SecureEvent & { readonly type: "data" } {
  return event.type === "data" && event.channel === channel;
}

Deno.test("messages of a mebibyte go both ways on all four channels over a bad line", async () => {
  const options = { reassemblyTimeoutMs: UNHURRIED_MS };
  await using ends = await UdpRelay.between(BAD_LINE, { client: options, server: options });
  const { client, server } = ends;
  const sides = [client, server];
  await eventually("both know each other", () => sides.every(({ types }) => types.includes("connected")));
  await Promise.all(
    sides.flatMap(({ socket }) => [0, 0, 1, 2, 3].map((channel, n) => socket.send(1, channel, numbered(n, LARGE)))),
  );
  await Promise.all(sides.map((side) => side.messages(5, UNHURRIED_MS)));
  for (const side of sides) {
    assertEquals([0, 1, 2, 3].map((channel) => numbersOf(side, channel)), [[0, 1], [2], [3], [4]]);
    assert(side.data.every(({ length }) => length === LARGE));
  }
  const { retransmissions, lossRatio } = client.socket.peerStatistics(1)!;
  assert(retransmissions > 0 && lossRatio > 0, `${retransmissions} ${lossRatio}`);
  assert(ends.relay.lines!.up.tally.lost > 0 && ends.relay.lines!.down.tally.duplicated > 0);
});

Deno.test("many messages arrive as each channel promises, over a bad line", async () => {
  const fec = { scheme: "xor" } as const;
  const channels = { 2: { fec: true }, 7: { delivery: "reliableOrdered", lane: "high", fec } } as const;
  await using ends = await UdpRelay.between(BAD_LINE, { client: { channels }, server: { channels } });
  const { client, server } = ends;
  const count = 400;
  for (let n = 0; n < count; n++) {
    await Promise.all([0, 1, 2, 3, 7].map((channel) => client.socket.send(1, channel, numbered(n, 4 + n % 300))));
    if (n % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await eventually("all reliable ones came", () => [0, 2, 7].every((one) => numbersOf(server, one).length >= count));
  assertEquals([numbersOf(server, 0), numbersOf(server, 7)], [upTo(count), upTo(count)]);
  assertEquals(numbersOf(server, 2).toSorted((a, b) => a - b), upTo(count));
  const unreliable = numbersOf(server, 1);
  assertEquals(new Set(unreliable).size, unreliable.length, "none came twice");
  assert(unreliable.length > count / 2 && unreliable.length < count, `${unreliable.length} of channel 1 came`);
  const sequenced = numbersOf(server, 3);
  assertEquals(sequenced, sequenced.toSorted((a, b) => a - b));
  assertEquals(new Set(sequenced).size, sequenced.length);
  const { recoveredByParity } = server.socket.peerStatistics(1)!;
  assert(recoveredByParity > 0, "parity has recovered nothing");
});

Deno.test("an application that reads slowly holds its peer back, and everything arrives", async () => {
  const bounds = { maxMessageBytes: 65_536, windowBytes: 1 << 19, channels: { 0: { windowBytes: 1 << 18 } } };
  await using server = await openServer(bounds);
  const socket = await connect(server.socket.tcpPort, bounds);
  await server.event("connected");
  const count = 64;
  let sent = 0;
  const sending = (async () => {
    for (let n = 0; n < count; n++, sent++) await server.socket.send(1, 0, numbered(n, 60_000));
  })();
  await eventually("credit is used up", () => server.socket.peerStatistics(1)!.channels.creditBlocked! > 0);
  await eventually("what may come has come", () => socket.statistics().queuedEventBytes > 100_000);
  assert(socket.statistics().queuedEventBytes <= 1 << 18, `${socket.statistics().queuedEventBytes} bytes wait`);
  assert(sent < count / 2, `${sent} were taken`);
  const seen: number[] = [];
  for await (const event of socket) {
    if (event.type === "data") seen.push(numberOf(event.data));
    if (seen.length === count) break;
  }
  await sending;
  assertEquals([seen, socket.statistics().droppedMessages], [upTo(count), 0]);
  await socket.close();
});

Deno.test("what is stale is not sent: cancelled, and older than its time to live", async () => {
  await using ends = await UdpRelay.between({ delayMs: 1, bytesPerSecond: 2_000_000, queueBytes: 50_000 });
  const { client: { socket }, server } = ends;
  const handles = await Promise.all(upTo(4).map((n) => socket.sendMessage(1, 0, numbered(n, 200_000))));
  assertEquals([socket.cancel(1, handles[2]!), socket.cancel(1, handles[2]!)], [true, false]);
  await socket.send(1, 0, numbered(4, 200_000), { ttlMs: 5 });
  await socket.send(1, 0, numbered(5));
  await eventually("the last came", () => numbersOf(server, 0).includes(5));
  assertEquals(numbersOf(server, 0), [0, 1, 3, 5]);
  const { cancelled, expired } = socket.peerStatistics(1)!.channels;
  assertEquals([cancelled, expired], [1, 1]);
});

Deno.test("a small message in a high lane does not wait behind a large one in a low lane", async () => {
  const channels = { 0: { lane: "low" }, 1: { lane: "critical" } } as const;
  const line = { delayMs: 2, bytesPerSecond: 1_000_000, queueBytes: 20_000 };
  await using ends = await UdpRelay.between(line, { client: { channels }, server: { channels } });
  const { client: { socket }, server } = ends;
  await socket.send(1, 0, numbered(0, 500_000));
  await eventually("the large one is on its way", () => socket.peerStatistics(1)!.inFlightBytes > 3000);
  for (let n = 1; n < 4; n++) await socket.send(1, 1, numbered(n, 64));
  await socket.send(1, 2, numbered(4, 64), { lane: "critical" });
  await eventually("the large one came", () => numbersOf(server, 0).length === 1);
  const order = server.events.flatMap((event) => event.type === "data" ? [numberOf(event.data)] : []);
  assertEquals([order.at(-1), order.includes(4)], [0, true]);
  assert(socket.peerStatistics(1)!.bandwidthBytesPerSecond > 100_000);
});

Deno.test("drained tells when a channel has room again", async () => {
  await using server = await openServer();
  await using client = await openClient(server.socket.tcpPort, { maxMessageBytes: 10_000, maxQueuedBytes: 20_000 });
  const { socket } = client;
  let sent = 0;
  for (let round = 1; round <= 3; round++) {
    while (socket.trySend(1, 0, numbered(sent, 9000)) === SendStatus.Queued) sent++;
    await eventually("there is room", () => client.types.filter((type) => type === "drained").length === round);
  }
  await server.messages(sent);
  assertEquals(numbersOf(server, 0), upTo(sent));
});

Deno.test("close() brings everything over that was sent on reliable channels", async () => {
  await using ends = await UdpRelay.between(BAD_LINE);
  const { client, server } = ends;
  for (let n = 0; n < 20; n++) await client.socket.send(1, 0, numbered(n, 20_000));
  const closing = client.socket.close();
  await closing;
  await server.event("disconnected");
  assertEquals([numbersOf(server, 0), server.ends], [upTo(20), ["Normal remote"]]);
  await assertRejects(() => client.socket.send(1, 0, numbered(20)), ClosedError);
});
