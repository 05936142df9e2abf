import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { isReadable, pinOf } from "../../../../src/io/tls/certificate_pin.ts";
import {
  developmentCertificate,
  type DevelopmentCertificateOptions,
} from "../../../../src/io/tls/development_certificate.ts";

const DAY_MS = 86_400_000;

for (const algorithm of ["p256", "ed25519"] as const) {
  Deno.test(`developmentCertificate() signs its own certificate, by ${algorithm}`, () => {
    const { cert, key, pin, expiresAtMs } = developmentCertificate({ algorithm });
    const certificate = new X509Certificate(cert);
    assert(certificate.verify(certificate.publicKey));
    assert(certificate.checkPrivateKey(createPrivateKey(key)));
    assertEquals(certificate.publicKey.asymmetricKeyType, algorithm === "p256" ? "ec" : "ed25519");
    assertEquals(certificate.ca, false);
    assertEquals(pin, pinOf(cert));
    assertEquals(new Date(certificate.validTo).getTime(), expiresAtMs);
    assert(isReadable(certificate.raw));
    assertMatch(
      cert,
      /^-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/]{64}\n)+[A-Za-z0-9+/=]{1,64}\n-----END CERTIFICATE-----\n$/,
    );
    assertMatch(key, /^-----BEGIN PRIVATE KEY-----\n/);
  });
}

Deno.test("developmentCertificate() is good for this machine and for the names that are given, each once", () => {
  const hostnames = ["game.local", "192.0.2.7", "2001:db8::5", "*.rooms.local", "localhost", "single"];
  const { cert } = developmentCertificate({ hostnames });
  const certificate = new X509Certificate(cert);
  for (const name of ["localhost", "game.local", "single"]) assert(certificate.checkHost(name), name);
  for (const name of ["127.0.0.1", "::1", "192.0.2.7", "2001:db8::5"]) assert(certificate.checkIP(name), name);
  assertEquals(certificate.checkHost("other.local"), undefined);
  assertEquals(certificate.checkIP("192.0.2.8"), undefined);
  const names = certificate.subjectAltName!.split(", ");
  assert(names.includes("DNS:*.rooms.local"));
  assertEquals(names.length, 8);
});

Deno.test("developmentCertificate() is good from yesterday on, for as many days as are wanted", () => {
  for (const [options, days] of [[{}, 30], [{ validityDays: 1 }, 1], [{ validityDays: 36_500 }, 36_500]] as const) {
    const before = Date.now();
    const { cert, expiresAtMs } = developmentCertificate(options);
    const { validFrom, validTo } = new X509Certificate(cert);
    const start = new Date(validFrom).getTime();
    assert(start <= before - DAY_MS + 1_000 && start > before - DAY_MS - 60_000);
    assertEquals(new Date(validTo).getTime(), expiresAtMs);
    assert(Math.abs(expiresAtMs - before - days * DAY_MS) < 60_000);
  }
});

Deno.test("developmentCertificate() makes another key and another serial number each time", () => {
  const [first, second] = [developmentCertificate(), developmentCertificate()];
  assertNotEquals(first.key, second.key);
  const serials = [first, second].map(({ cert }) => new X509Certificate(cert).serialNumber);
  assertNotEquals(serials[0], serials[1]);
  assert(serials.every((serial) => serial.length === 32 && "4567".includes(serial[0]!)));
});

Deno.test("developmentCertificate() refuses names that are none, and options out of range", () => {
  const names = ["", "-a", "a..b", "a b", "a/b", "ä.de", "fe80::1%3", "*.", "a*b", `${"a".repeat(64)}.b`, "[::1]"];
  for (const name of names) assertThrows(() => developmentCertificate({ hostnames: [name] }), TypeError, "Cannot make");
  const bad: [object, ErrorConstructor][] = [
    [{ validityDays: 0 }, RangeError],
    [{ validityDays: 36_501 }, RangeError],
    [{ validityDays: 1.5 }, RangeError],
    [{ hostnames: Array.from({ length: 101 }, (_, i) => `h${i}`) }, RangeError],
    [{ hostnames: "localhost" }, TypeError],
    [{ hostnames: [5] }, TypeError],
    [{ algorithm: "rsa" }, TypeError],
    [{ days: 5 }, TypeError],
  ];
  for (const [options, kind] of bad) {
    assertThrows(() => developmentCertificate(options as DevelopmentCertificateOptions), kind);
  }
});
