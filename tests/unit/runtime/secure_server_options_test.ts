import { Buffer } from "node:buffer";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { resolveSecureServerOptions, type SecureServerOptions } from "../../../src/runtime/secure_server_options.ts";
import { certificate } from "./secure_ends.ts";

const { cert, key } = certificate;

/** Every option of an endpoint, each with a value that is not its default. */
const ENDPOINT_OPTIONS = {
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
  maxSessions: 100,
  maxHalfOpen: 50,
  cookieFromHalfOpen: 25,
  cookieLifetimeMs: 200,
  firstFlightsPerSecond: 7,
  firstFlightsBurst: 8,
  resetsPerSecond: 9,
  answersPerSecond: 11,
  ticketLifetimeMs: 5000,
  ticketRotationMs: 6000,
  maxUsedTickets: 12,
  acceptEarlyData: false,
  earlyFreshnessMs: 300,
};

Deno.test("resolveSecureServerOptions() completes and freezes", () => {
  const config = resolveSecureServerOptions({ cert, key });
  assert(Object.isFrozen(config) && Object.isFrozen(config.endpoint) && Object.isFrozen(config.events));
  const { endpoint, udp, tls, ...rest } = config;
  assertEquals(rest, {
    workers: 0,
    events: { maxCount: 65_536, maxBytes: 16 << 20 },
    closeTimeoutMs: 2000,
    keys: {},
    tcp: { hostname: "0.0.0.0", port: 0, backlogCount: 511 },
    advertisedUdpPort: 0,
    authorize: undefined,
    onError: undefined,
    signal: undefined,
  });
  assertEquals([udp.hostname, udp.port, udp.backend, udp.maxDatagramBytes], ["0.0.0.0", 0, "auto", 65_507]);
  assertEquals([tls.cert, tls.key, tls.clientCertificates, tls.handshakeTimeoutMs], [cert, key, "none", 10_000]);
  assertEquals([endpoint.maxSessions, endpoint.handshakeTimeoutMs, endpoint.idleTimeoutMs], [131_072, 10_000, 30_000]);
});

Deno.test("resolveSecureServerOptions() hands every option to the part that it belongs to", () => {
  const { signal } = new AbortController();
  const authorize = (): boolean => true;
  const onError = (): void => {};
  const resetKey = Buffer.alloc(32, 1);
  const ticketKey = new Uint8Array(32).fill(2);
  const config = resolveSecureServerOptions({
    ...ENDPOINT_OPTIONS,
    followPeer: false,
    hostname: "::1",
    udp: 7777,
    tcp: 7778,
    advertisedUdpPort: 9999,
    cert,
    key,
    clientCaCerts: [cert],
    clientCertificates: "optional",
    authorize,
    onError,
    signal,
    resetKey,
    ticketKey,
    udpBackend: "node",
    maxHandshakesCount: 21,
    maxHandshakesPerAddressCount: 22,
    connectionsPerSecond: 23,
    connectionBurstCount: 24,
    backlogCount: 25,
    maxQueuedEvents: 26,
    maxQueuedEventBytes: 70_000,
    closeTimeoutMs: 27,
  });
  const { endpoint, udp, tcp, tls, keys } = config;
  for (const [name, value] of Object.entries(ENDPOINT_OPTIONS)) {
    assertEquals(endpoint[name as keyof typeof endpoint], value, name);
  }
  assertEquals([endpoint.serverFollows, tls.handshakeTimeoutMs], [false, 3000]);
  assertEquals([udp.hostname, udp.port, udp.backend, config.advertisedUdpPort], ["::1", 7777, "node", 9999]);
  assertEquals(tcp, { hostname: "::1", port: 7778, backlogCount: 25 });
  assertEquals([tls.clientCertificates, tls.clientCaCerts], ["optional", [cert]]);
  assertEquals(
    [tls.maxHandshakesCount, tls.maxHandshakesPerAddressCount, tls.connectionsPerSecond, tls.connectionBurstCount],
    [21, 22, 23, 24],
  );
  assertEquals([config.events, config.closeTimeoutMs], [{ maxCount: 26, maxBytes: 70_000 }, 27]);
  assertEquals([config.authorize, config.onError, config.signal], [authorize, onError, signal]);
  assertEquals(keys, { resetKey: new Uint8Array(resetKey), ticketKey });
  resetKey.fill(9);
  assertEquals(keys.resetKey![0], 1, "keys are copied");
});

Deno.test("options of channels and of loss recovery reach the sessions", () => {
  const { endpoint } = resolveSecureServerOptions({
    cert,
    key,
    channels: { 1: { redundancyBytes: 200 }, 40: { delivery: "sequenced", lane: "low", ttlMs: 70 } },
    maxMessageBytes: 5000,
    windowBytes: 1 << 20,
    maxReassemblyBytes: 6000,
    maxReassemblyMessages: 5,
    reassemblyTimeoutMs: 900,
    maxUnreadBytes: 7000,
    laneWeights: { low: 3 },
    congestionControl: "cubic",
    maxQueueDelayMs: 4,
    maxPacketsInFlight: 100,
    maxAckRanges: 9,
  });
  const { channels, ...set } = endpoint.channelSet;
  assertEquals([channels[1]?.redundancyBytes, channels[40]?.delivery, channels[40]?.lane, channels[40]?.ttlMs], [
    200,
    "sequenced",
    3,
    70,
  ]);
  assertEquals([set.maxMessageBytes, set.windowBytes, set.maxReassemblyBytes, set.maxUnreadBytes], [
    5000,
    1 << 20,
    6000,
    7000,
  ]);
  assertEquals([set.maxReassemblyMessages, set.reassemblyTimeoutMs, set.laneWeights], [5, 900, [8, 4, 2, 3]]);
  const { congestionControl, maxQueueDelayMs, maxPacketsInFlight, maxAckRanges } = endpoint.reliability;
  assertEquals([congestionControl, maxQueueDelayMs, maxPacketsInFlight, maxAckRanges], ["cubic", 4, 100, 9]);
  for (const wrong of [{ channels: { 4: {} } }, { channels: { 0: { weight: 1 } } }, { congestionControl: "reno" }]) {
    assertThrows(() => resolveSecureServerOptions({ cert, key, ...wrong } as never), TypeError);
  }
  for (const wrong of [{ channels: { 255: {} } }, { maxMessageBytes: 10 }, { maxQueueDelayMs: 0 }]) {
    assertThrows(() => resolveSecureServerOptions({ cert, key, ...wrong } as never), RangeError);
  }
});

Deno.test("a list of no authorities is refused, for it would let everybody in", () => {
  const message = "The option clientCaCerts must have certificates: without it nobody is asked for one";
  assertThrows(() => resolveSecureServerOptions({ cert, key, clientCaCerts: [] }), TypeError, message);
});

Deno.test("certificates of clients are required where nothing else is said", () => {
  assertEquals(resolveSecureServerOptions({ cert, key, clientCaCerts: [cert] }).tls.clientCertificates, "required");
});

Deno.test("resolveSecureServerOptions() refuses wrong types, unknown names and what contradicts", () => {
  const wrong: Record<string, unknown>[] = [
    { port: 7777 },
    { hostname: "" },
    { hostname: 5 },
    { udp: "7777" },
    { tcp: "7778" },
    { cert: "certificate" },
    { key: cert },
    { key: undefined },
    { authorize: true },
    { onError: "log" },
    { resetKey: "secret" },
    { ticketKey: [1] },
    { clientCertificates: "required" },
    { clientCaCerts: [cert], clientCertificates: "none" },
    { udpBackend: "quic" },
    { signal: {} },
    { acceptEarlyData: 1 },
    { workers: "two" },
  ];
  for (const options of wrong) {
    const given = { cert, key, ...options } as unknown as SecureServerOptions;
    assertThrows(() => resolveSecureServerOptions(given), TypeError, "", JSON.stringify(options));
  }
  const out: Partial<SecureServerOptions>[] = [
    { udp: -1 },
    { udp: 65_536 },
    { tcp: 65_536 },
    { advertisedUdpPort: 0 },
    { resetKey: new Uint8Array(31) },
    { ticketKey: new Uint8Array(33) },
    { maxQueuedEvents: 15 },
    { maxQueuedEvents: 2 ** 22 + 1 },
    { maxQueuedEventBytes: 65_535 },
    { closeTimeoutMs: -1 },
    { keepAliveMs: 30_000 },
    { backlogCount: 0 },
    { maxSessions: 0 },
  ];
  for (const options of out) {
    assertThrows(() => resolveSecureServerOptions({ cert, key, ...options }), RangeError, "", JSON.stringify(options));
  }
});
