import { Buffer } from "node:buffer";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { resolveSecureClientOptions, type SecureClientOptions } from "../../../src/runtime/secure_client_options.ts";
import { encodeSecureTicket } from "../../../src/runtime/secure_ticket.ts";
import { DatagramAddress } from "../../../src/wire/datagram_address.ts";
import { certificate } from "./secure_ends.ts";

const { cert, key, pin } = certificate;
const hostname = "game.example";
const port = 7778;

function ticketBytes(): Uint8Array {
  const part = {
    ticket: new Uint8Array(99),
    secret: new Uint8Array(32),
    ageMask: 1,
    receivedAtMs: 2,
    lifetimeMs: 3000,
  };
  return encodeSecureTicket({ ...part, rttMs: 4 }, new DatagramAddress());
}

Deno.test("resolveSecureClientOptions() completes and freezes", () => {
  const config = resolveSecureClientOptions({ hostname, port });
  assert(Object.isFrozen(config) && Object.isFrozen(config.endpoint));
  const { endpoint, udp, tls, ...rest } = config;
  assertEquals(rest, {
    events: { maxCount: 65_536, maxBytes: 16 << 20 },
    closeTimeoutMs: 2000,
    token: new Uint8Array(0),
    ticket: undefined,
    earlyData: [],
    signal: undefined,
  });
  assertEquals([tls.hostname, tls.port, tls.timeoutMs, tls.serverName], [hostname, port, 10_000, hostname]);
  assertEquals([tls.pins, tls.caCerts, tls.dangerouslyAcceptAnyCertificate], [[], [], false]);
  assertEquals([endpoint.maxSessions, udp.backend, udp.maxDatagramBytes], [1, "auto", 65_507]);
});

Deno.test("resolveSecureClientOptions() copies bytes, those of node:buffer too", () => {
  const [token, early] = [Buffer.from([1]), Buffer.from([2])];
  const config = resolveSecureClientOptions({ hostname, port, token, earlyData: [early] });
  for (const memory of [token, early]) memory.fill(9);
  assertEquals([config.token[0], config.earlyData[0]![0]], [1, 2]);
});

Deno.test("resolveSecureClientOptions() names the option that is wrong as the caller knows it", () => {
  const cases = [
    [{ connectTimeoutMs: 0 }, "The option connectTimeoutMs must be above 0 and below 2^31: got 0"],
    [{ udpBackend: "quic" as "node" }, "The option udpBackend must be one of auto, deno, node: got quic"],
  ] as const;
  for (const [options, message] of cases) {
    assertThrows(() => resolveSecureClientOptions({ hostname, port, ...options }), Error, message);
  }
});

Deno.test("resolveSecureClientOptions() hands every option to the part that it belongs to", () => {
  const { signal } = new AbortController();
  const token = Uint8Array.of(1, 2);
  const early = Uint8Array.of(3);
  const sessionOptions = {
    maxDatagramBytes: 1400,
    idleTimeoutMs: 9000,
    keepAliveMs: 4000,
    handshakeTimeoutMs: 3000,
    maxAckDelayMs: 5,
    ackEveryPackets: 3,
    initialRttMs: 50,
    rotateAfterPackets: 1000,
    rotateAfterBytes: 10_000,
    rotateAfterMs: 60_000,
    maxForgedPackets: 99,
    maxQueuedBytes: 5000,
  };
  const config = resolveSecureClientOptions({
    ...sessionOptions,
    followPeer: true,
    hostname,
    port,
    pin,
    serverName: "other.example",
    cert,
    key,
    connectTimeoutMs: 1234,
    token,
    ticket: ticketBytes(),
    earlyData: [early],
    udpBackend: "node",
    maxQueuedEvents: 26,
    maxQueuedEventBytes: 70_000,
    closeTimeoutMs: 27,
    signal,
  });
  for (const [name, value] of Object.entries(sessionOptions)) {
    assertEquals(config.endpoint[name as keyof typeof config.endpoint], value, name);
  }
  const { endpoint, tls, udp } = config;
  assertEquals([endpoint.clientFollows, tls.timeoutMs, tls.serverName], [true, 1234, "other.example"]);
  assertEquals([tls.pins, tls.identity, udp.backend], [[pin], { cert, key }, "node"]);
  assertEquals([config.token, config.earlyData, config.ticket?.ticket.lifetimeMs], [token, [early], 3000]);
  assertEquals([config.events, config.closeTimeoutMs], [{ maxCount: 26, maxBytes: 70_000 }, 27]);
  assertEquals(config.signal, signal);
  token.fill(9);
  early.fill(9);
  assertEquals([config.token[0], config.earlyData[0]![0]], [1, 3], "bytes are copied");
});

Deno.test("a server is known by a certificate, by its pin, or dangerously not at all", () => {
  assertEquals(resolveSecureClientOptions({ hostname, port, caCerts: [cert] }).tls.caCerts, [cert]);
  const danger = resolveSecureClientOptions({ hostname, port, dangerouslyAcceptAnyCertificate: true });
  assertEquals(danger.tls.dangerouslyAcceptAnyCertificate, true);
  assertThrows(() => resolveSecureClientOptions({ hostname, port, pin, caCerts: [cert] }), TypeError, "exclude");
});

Deno.test("early data has to fit packets and the queue", () => {
  const given = (lengths: readonly number[], more: Partial<SecureClientOptions> = {}) => () =>
    resolveSecureClientOptions({ hostname, port, earlyData: lengths.map((length) => new Uint8Array(length)), ...more });
  assertEquals(given([1159])().earlyData.length, 1);
  assertThrows(given([1160]), RangeError, "messages of at most 1159 bytes: got 1160");
  assertEquals(given([1359], { maxDatagramBytes: 1400 })().earlyData.length, 1);
  assertEquals(given([1016, 1016], { maxQueuedBytes: 2048 })().earlyData.length, 2);
  assertThrows(given([1016, 1017], { maxQueuedBytes: 2048 }), RangeError, "must fit maxQueuedBytes (2048): got 2049");
});

Deno.test("resolveSecureClientOptions() refuses wrong types, unknown names and values out of bounds", () => {
  const wrong: Record<string, unknown>[] = [
    { udp: 7777 },
    { hostname: "" },
    { port: undefined },
    { port: "1" },
    { pin: "12" },
    { caCerts: cert },
    { caCerts: ["x"] },
    { cert },
    { token: "letter" },
    { ticket: "ticket" },
    { ticket: Uint8Array.of(1) },
    { earlyData: Uint8Array.of(1) },
    { earlyData: ["x"] },
    { dangerouslyAcceptAnyCertificate: 1 },
    { signal: true },
    { alpnProtocols: ["x"] },
    { timeoutMs: 5 },
    { maxSessions: 2 },
  ];
  for (const options of wrong) {
    const given = { hostname, port, ...options } as unknown as SecureClientOptions;
    assertThrows(() => resolveSecureClientOptions(given), TypeError, "", JSON.stringify(options));
  }
  const out: Partial<SecureClientOptions>[] = [
    { port: 0 },
    { port: 65_536 },
    { connectTimeoutMs: 0 },
    { token: new Uint8Array(1025) },
    { maxQueuedEvents: 1 },
    { closeTimeoutMs: -1 },
    { handshakeTimeoutMs: 0 },
    { maxDatagramBytes: 1453 },
  ];
  for (const options of out) {
    assertThrows(
      () => resolveSecureClientOptions({ hostname, port, ...options }),
      RangeError,
      "",
      Object.keys(options)[0],
    );
  }
});
