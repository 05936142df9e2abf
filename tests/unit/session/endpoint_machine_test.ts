import { assertEquals, assertThrows } from "@std/assert";
import { ChaCha20Poly1305 } from "../../../src/crypto/chacha20_poly1305.ts";
import { NobleKeyExchange } from "../../../src/crypto/noble_key_exchange.ts";
import { SendStatus } from "../../../src/error/send_status.ts";
import { MisuseError, ResourceError } from "../../../src/error/transport_error.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { DatagramTransmit } from "../../../src/session/datagram_transmit.ts";
import { EndpointMachine } from "../../../src/session/endpoint_machine.ts";
import { type EndpointOptions, resolveEndpointOptions } from "../../../src/session/endpoint_options.ts";
import type { EndpointSetup } from "../../../src/session/endpoint_setup.ts";
import { SessionEvent } from "../../../src/session/session_event.ts";
import type { SessionMachine } from "../../../src/session/session_machine.ts";
import { SessionRole, SessionState } from "../../../src/session/session_state.ts";
import { ClockCell } from "../../../src/time/clock.ts";
import { DatagramAddress } from "../../../src/wire/datagram_address.ts";

const clock = new ClockCell();
const aead = new ChaCha20Poly1305();
const here = new DatagramAddress();
here.parse("10.0.0.1", 1);
const there = new DatagramAddress();
there.parse("10.0.0.2", 2);

function endpointOf(options: EndpointOptions = {}, setup: Partial<EndpointSetup> = {}, seed = 1): EndpointMachine {
  return new EndpointMachine({
    config: resolveEndpointOptions(options),
    clock,
    wallClock: { wallNow: () => 1e12 + clock.now },
    random: new SeededRandom(seed),
    aead,
    keyExchange: new NobleKeyExchange(),
    ...setup,
  });
}

/** Drains an endpoint; its datagrams. */
function drain(endpoint: EndpointMachine): Uint8Array[] {
  const target = new DatagramTransmit(new Uint8Array(2000), 5);
  const sent: Uint8Array[] = [];
  for (;;) {
    for (let length = endpoint.pollTransmit(target); length > 0; length = endpoint.pollTransmit(target)) {
      sent.push(target.buffer.slice(5, 5 + length));
    }
    endpoint.pollTimeout();
    if (endpoint.pollEvent() === undefined) return sent;
  }
}

/** Two endpoints with a session between them, drained. */
function connected(options: EndpointOptions = {}): [EndpointMachine, SessionMachine, EndpointMachine, SessionMachine] {
  const client = endpointOf(options, {}, 1);
  const server = endpointOf(options, {}, 2);
  const session = client.openClient();
  const answer = server.acceptHello(session.writeHello(), here, 2);
  session.handleHello(answer.record, 0, there);
  let toServer = drain(client);
  drain(server);
  for (let i = 0; i < 4; i++) {
    const toClient: Uint8Array[] = [];
    for (const bytes of toServer) {
      server.handleDatagram(0, here, bytes, 0, bytes.length);
      toClient.push(...drain(server));
    }
    toServer = [];
    for (const bytes of toClient) {
      client.handleDatagram(0, there, bytes, 0, bytes.length);
      toServer.push(...drain(client));
    }
  }
  assertEquals([session.state, answer.session!.state], [SessionState.Established, SessionState.Established]);
  return [client, session, server, answer.session!];
}

Deno.test("EndpointMachine watches the order of its polls", () => {
  const endpoint = endpointOf();
  assertEquals(endpoint.drained, false);
  assertThrows(() => endpoint.pollTimeout(), MisuseError, "pollTransmit");
  assertThrows(() => endpoint.handleDatagram(0, here, new Uint8Array(1), 0, 1), MisuseError, "pollTransmit");
  drain(endpoint);
  assertEquals(endpoint.drained, true);
  endpoint.handleDatagram(0, here, new Uint8Array(1), 0, 1);
  assertThrows(() => endpoint.handleDatagram(0, here, new Uint8Array(1), 0, 1), MisuseError, "pollTransmit");
  endpoint.pollTransmit(new DatagramTransmit(new Uint8Array(2000)));
  assertThrows(() => endpoint.pollEvent(), MisuseError, "pollTimeout");
});

Deno.test("EndpointMachine takes commands at any time, and wants to be drained after them", () => {
  const [client, session] = connected();
  assertEquals(client.drained, true);
  session.send(1, new Uint8Array(1));
  assertEquals(client.drained, false);
  drain(client);
  session.close();
  assertEquals(client.drained, false);
  drain(client);
  for (const command of [() => client.handleTimeout(), () => client.handlePathLost(3), () => client.close()]) {
    command();
    assertEquals(client.drained, false);
    drain(client);
  }
});

Deno.test("EndpointMachine refuses a range outside of the memory", () => {
  const endpoint = endpointOf();
  drain(endpoint);
  for (const [start, end] of [[-1, 5], [6, 5], [0, 11], [NaN, 5]] as const) {
    assertThrows(() => endpoint.handleDatagram(0, here, new Uint8Array(10), start, end), RangeError, "memory");
    drain(endpoint);
  }
});

Deno.test("EndpointMachine refuses keys of another length and owners that are none", () => {
  for (const setup of [{ routeKey: new Uint8Array(7) }, { resetKey: new Uint8Array(31) }, { owner: 65536 }]) {
    assertThrows(() => endpointOf({}, setup), RangeError);
  }
});

Deno.test("EndpointMachine opens no more client sessions than it may", () => {
  const endpoint = endpointOf({ maxSessions: 2 });
  const first = endpoint.openClient();
  endpoint.openClient();
  assertThrows(() => endpoint.openClient(), ResourceError, "2 already");
  first.close();
  drain(endpoint);
  assertEquals([endpoint.openClient().id, endpoint.sessionCount], [3, 2]);
});

Deno.test("EndpointMachine describes a message in the memory that it came in", () => {
  const [client, session, server, peer] = connected();
  session.send(1, Uint8Array.of(5, 6, 7));
  session.send(1, new Uint8Array(0));
  const [datagram] = drain(client);
  const buffer = new Uint8Array(300);
  buffer.set(datagram!, 100);
  server.handleDatagram(0, here, buffer, 100, 100 + datagram!.length);
  server.pollTransmit(new DatagramTransmit(new Uint8Array(2000)));
  server.pollTimeout();
  assertEquals([server.pollEvent(), server.session, server.messageBuffer], [SessionEvent.Message, peer, buffer]);
  const { messageOffset, messageLength, messageChannel, messageId, messageIsEarly } = server;
  assertEquals(buffer.slice(messageOffset, messageOffset + messageLength), Uint8Array.of(5, 6, 7));
  assertEquals([messageChannel, messageId, messageIsEarly], [1, 0, false]);
  assertEquals([server.pollEvent(), server.messageLength, server.messageId], [SessionEvent.Message, 0, 1]);
  assertEquals(server.pollEvent(), undefined);
});

Deno.test("EndpointMachine takes datagrams in shared memory", () => {
  const [client, session, server] = connected();
  session.send(1, Uint8Array.of(5, 6, 7));
  const [datagram] = drain(client);
  const buffer = new Uint8Array(new SharedArrayBuffer(300));
  buffer.set(datagram!, 20);
  server.handleDatagram(0, here, buffer, 20, 20 + datagram!.length);
  server.pollTransmit(new DatagramTransmit(new Uint8Array(2000)));
  server.pollTimeout();
  assertEquals([server.pollEvent(), server.messageLength], [SessionEvent.Message, 3]);
});

Deno.test("SessionMachine.send() refuses other channels, messages that are too long, and what has no room", () => {
  const [client, session] = connected({ maxQueuedBytes: 2048 });
  for (const channel of [4, 255, -1, 256, 1.5]) {
    assertThrows(() => session.send(channel, new Uint8Array(1)), RangeError, `channel ${channel}`);
    assertThrows(() => session.sendEarly(channel, new Uint8Array(1)), RangeError, `channel ${channel}`);
  }
  assertEquals([session.maxPacketMessageBytes, session.maxMessageBytes], [1200 - 41, 1 << 20]);
  assertEquals(session.send(1, new Uint8Array((1 << 20) + 1)), SendStatus.TooLarge);
  assertEquals(session.send(1, new Uint8Array(1159)), SendStatus.Queued);
  assertEquals(session.send(1, new Uint8Array(1159)), SendStatus.BackPressured);
  assertEquals(session.send(1, new Uint8Array(873)), SendStatus.Queued);
  const { refusedTooLarge, refusedBackPressured } = session.statistics().counters;
  assertEquals([refusedTooLarge, refusedBackPressured], [1, 1]);
  assertEquals([session.statistics().queuedMessages, session.statistics().queuedBytes], [2, 2048]);
  const lengths = drain(client).map(({ length }) => length);
  assertEquals(lengths, [1200, 914]);
});

Deno.test("EndpointMachine reports Drained once after a refusal, when the queue is empty", () => {
  const [client, session] = connected({ maxQueuedBytes: 2048 });
  const events = (): (SessionEvent | undefined)[] => {
    const target = new DatagramTransmit(new Uint8Array(2000));
    while (client.pollTransmit(target) > 0);
    client.pollTimeout();
    const all: (SessionEvent | undefined)[] = [];
    for (let event = client.pollEvent(); event !== undefined; event = client.pollEvent()) all.push(event);
    drain(client);
    return all;
  };
  session.send(1, new Uint8Array(1000));
  assertEquals(events(), []);
  for (let i = 0; i < 5; i++) session.send(1, new Uint8Array(1000));
  assertEquals(events(), [SessionEvent.Drained]);
  session.send(1, new Uint8Array(1000));
  assertEquals(events(), []);
});

Deno.test("SessionMachine shows what it is", () => {
  const [client, session, server, peer] = connected();
  assertEquals([session.role, peer.role, session.id, peer.id], [SessionRole.Client, SessionRole.Server, 1, 1]);
  assertEquals([session.isResumed, session.hasUnsettledEarly, session.pathId], [false, false, 0]);
  assertEquals([peer.token, session.token, session.reason], [new Uint8Array(0), undefined, undefined]);
  const address = new DatagramAddress();
  assertEquals([session.readAddress(address), address.equals(there)], [true, true]);
  assertEquals([client.sessionCount, server.sessionCount, server.halfOpenCount], [1, 1, 0]);
});

Deno.test("SessionMachine keeps its last numbers when it is over, and answers as one that is", () => {
  const [client, session] = connected();
  session.send(1, new Uint8Array(10));
  drain(client);
  session.close();
  drain(client);
  clock.advance(clock.now + 60_000);
  client.handleTimeout();
  drain(client);
  assertEquals([session.state, client.sessionCount, session.pathId], [SessionState.Closed, 0, -1]);
  assertEquals(session.statistics().counters.messagesOut, 1);
  const again = client.openClient();
  drain(client);
  assertEquals(again.statistics().counters.messagesOut, 0);
  assertEquals([session.send(1, new Uint8Array(1)), session.migrate(1, here)], [SendStatus.Closed, false]);
  assertEquals([session.readAddress(new DatagramAddress()), session.pollTimeout()], [false, Infinity]);
  session.close();
  assertEquals(client.sessionCounters().messagesOut, 1);
});

Deno.test("EndpointMachine.sessionCounters() adds live and past sessions up", () => {
  const [client, session, server] = connected();
  session.send(1, new Uint8Array(10));
  for (const bytes of drain(client)) {
    server.handleDatagram(0, here, bytes, 0, bytes.length);
    drain(server);
  }
  assertEquals([client.sessionCounters().messagesOut, server.sessionCounters().messagesIn], [1, 1]);
  server.close();
  drain(server);
  clock.advance(clock.now + 60_000);
  server.handleTimeout();
  drain(server);
  assertEquals([server.sessionCount, server.sessionCounters().messagesIn], [0, 1]);
});

Deno.test("EndpointMachine with nothing due looks at one deadline and touches no session", () => {
  const [client] = connected();
  const next = (() => {
    client.handleTimeout();
    while (client.pollTransmit(new DatagramTransmit(new Uint8Array(2000))) > 0);
    const at = client.pollTimeout();
    while (client.pollEvent() !== undefined);
    drain(client);
    return at;
  })();
  assertEquals(next > clock.now && Number.isInteger(next), true);
});
