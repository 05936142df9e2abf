import { assert, assertEquals, assertThrows } from "@std/assert";
import { developmentCertificate } from "../../../../src/io/tls/development_certificate.ts";
import { resolveTlsConnectOptions, type TlsConnectOptions } from "../../../../src/io/tls/tls_connect_options.ts";
import { resolveTlsListenOptions, type TlsListenOptions } from "../../../../src/io/tls/tls_listen_options.ts";
import { issueCertificate } from "./issue_certificate.ts";

const { cert, key, pin } = developmentCertificate();
const other = developmentCertificate();
const server = { cert, key };
const client = { hostname: "game.example", port: 443 };

Deno.test("resolveTlsListenOptions() fills in the defaults and freezes", () => {
  const config = resolveTlsListenOptions(server);
  assertEquals(config, {
    cert,
    key,
    alpnProtocols: [],
    clientCertificates: "none",
    clientCaCerts: [],
    handshakeTimeoutMs: 10_000,
    maxHandshakesCount: 1_024,
    maxHandshakesPerAddressCount: 256,
    connectionsPerSecond: 100,
    connectionBurstCount: 256,
    maxWaitingLinksCount: 511,
  });
  assert(Object.isFrozen(config) && Object.isFrozen(config.alpnProtocols) && Object.isFrozen(config.clientCaCerts));
});

Deno.test("resolveTlsListenOptions() takes every option", () => {
  const all: Required<TlsListenOptions> = {
    cert,
    key,
    alpnProtocols: ["ringwire/1", "h2"],
    clientCertificates: "optional",
    clientCaCerts: [cert, other.cert],
    handshakeTimeoutMs: 0.5,
    maxHandshakesCount: 1,
    maxHandshakesPerAddressCount: 65_536,
    connectionsPerSecond: Infinity,
    connectionBurstCount: 2 ** 20,
    maxWaitingLinksCount: 65_535,
  };
  assertEquals(resolveTlsListenOptions(all), all);
});

Deno.test("resolveTlsListenOptions() refuses what is out of range", () => {
  const bad: Partial<TlsListenOptions>[] = [
    { handshakeTimeoutMs: 0 },
    { handshakeTimeoutMs: -1 },
    { handshakeTimeoutMs: 2 ** 31 },
    { handshakeTimeoutMs: Infinity },
    { maxHandshakesCount: 0 },
    { maxHandshakesCount: 65_537 },
    { maxHandshakesPerAddressCount: 0 },
    { maxHandshakesPerAddressCount: 65_537 },
    { connectionsPerSecond: 0 },
    { connectionsPerSecond: NaN },
    { connectionBurstCount: 0 },
    { connectionBurstCount: 2 ** 20 + 1 },
    { maxWaitingLinksCount: 0 },
    { maxWaitingLinksCount: 65_536 },
    { alpnProtocols: [""] },
    { alpnProtocols: ["x".repeat(256)] },
    { alpnProtocols: ["ä"] },
  ];
  for (const options of bad) assertThrows(() => resolveTlsListenOptions({ ...server, ...options }), RangeError);
});

Deno.test("resolveTlsListenOptions() refuses what has the wrong shape or does not fit together", () => {
  const old = issueCertificate({ name: "old", version: 1 });
  const bad: object[] = [
    { cert: undefined },
    { cert: "no certificate" },
    { cert: key },
    { key: undefined },
    { key: "no key" },
    { key: other.key },
    { cert: other.cert },
    { alpnProtocols: "h2" },
    { alpnProtocols: [5] },
    { clientCertificates: "always" },
    { clientCertificates: "required" },
    { clientCaCerts: [cert] },
    { clientCertificates: "required", clientCaCerts: cert },
    { clientCertificates: "required", clientCaCerts: [key] },
    { clientCertificates: "required", clientCaCerts: [old.cert] },
    { clientCertificates: "required", clientCaCerts: [cert + old.cert] },
    { hostname: "localhost" },
  ];
  for (const options of bad) {
    assertThrows(() => resolveTlsListenOptions({ ...server, ...options } as TlsListenOptions), TypeError);
  }
});

Deno.test("resolveTlsListenOptions() says nothing of a key that it refuses", () => {
  for (const bad of [`${key}x`.replace("MII", "MXX"), other.key]) {
    const error = assertThrows(() => resolveTlsListenOptions({ cert, key: bad }), TypeError);
    assertEquals(error.cause, undefined);
    assert(!bad.split("\n").some((line) => line.length > 20 && error.message.includes(line)));
  }
});

Deno.test("resolveTlsConnectOptions() fills in the defaults and freezes", () => {
  const config = resolveTlsConnectOptions(client);
  assertEquals(config, {
    ...client,
    caCerts: [],
    pins: [],
    dangerouslyAcceptAnyCertificate: false,
    serverName: "game.example",
    identity: undefined,
    alpnProtocols: [],
    timeoutMs: 10_000,
    noDelay: true,
    keepAlive: true,
  });
  assert(Object.isFrozen(config));
});

Deno.test("resolveTlsConnectOptions() takes every option", () => {
  const most = { ...client, alpnProtocols: ["h2"], timeoutMs: 1, noDelay: false, keepAlive: false };
  const { caCerts, identity, serverName } = resolveTlsConnectOptions({ ...most, caCerts: [cert], serverName: "other" });
  assertEquals([caCerts, identity, serverName], [[cert], undefined, "other"]);
  const pinned = resolveTlsConnectOptions({
    ...most,
    pin: [pin.toUpperCase(), other.pin],
    cert,
    key,
    serverName: "other",
  });
  assertEquals([pinned.pins, pinned.identity, pinned.serverName], [[pin, other.pin], { cert, key }, "other"]);
  const any = resolveTlsConnectOptions({ ...most, dangerouslyAcceptAnyCertificate: true });
  assertEquals([any.dangerouslyAcceptAnyCertificate, any.noDelay, any.keepAlive, any.timeoutMs], [
    true,
    false,
    false,
    1,
  ]);
  assertEquals(resolveTlsConnectOptions({ ...client, cert, key }).identity, { cert, key });
});

Deno.test("resolveTlsConnectOptions() refuses what is out of range", () => {
  const bad: Partial<TlsConnectOptions>[] = [
    { port: 0 },
    { port: 65_536 },
    { port: 1.5 },
    { timeoutMs: 0 },
    { timeoutMs: Infinity },
    { alpnProtocols: [""] },
  ];
  for (const options of bad) assertThrows(() => resolveTlsConnectOptions({ ...client, ...options }), RangeError);
});

Deno.test("resolveTlsConnectOptions() refuses what has the wrong shape or does not fit together", () => {
  const bad: object[] = [
    { hostname: "" },
    { port: undefined },
    { serverName: "" },
    { caCerts: cert },
    { caCerts: ["none"] },
    { pin: "" },
    { pin: "5f" },
    { pin: [] },
    { pin: [pin, "5f"] },
    { pin: 5 },
    { pin, caCerts: [cert] },
    { pin, dangerouslyAcceptAnyCertificate: true },
    { caCerts: [cert], dangerouslyAcceptAnyCertificate: true },
    { dangerouslyAcceptAnyCertificate: "yes" },
    { cert },
    { key },
    { cert, key: other.key },
    { cert, key, serverName: "other" },
    { rejectUnauthorized: false },
  ];
  for (const options of bad) {
    assertThrows(() => resolveTlsConnectOptions({ ...client, ...options } as TlsConnectOptions), TypeError);
  }
});
