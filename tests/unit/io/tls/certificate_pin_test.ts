import { assert, assertEquals, assertThrows } from "@std/assert";
import { createHash, X509Certificate } from "node:crypto";
import { certificatesOf, isReadable, parsePin, pinOf } from "../../../../src/io/tls/certificate_pin.ts";
import { derExplicit, derInteger, derSequence } from "../../../../src/io/tls/der_writer.ts";
import { developmentCertificate } from "../../../../src/io/tls/development_certificate.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { issueCertificate, pemOf } from "./issue_certificate.ts";

const { cert, pin } = developmentCertificate();
const [der] = certificatesOf(cert) as [Uint8Array<ArrayBuffer>];

Deno.test("pinOf() is the SHA-256 of the DER, given in either form", () => {
  assertEquals(pinOf(der), createHash("sha256").update(der).digest("hex"));
  assertEquals(pinOf(cert), pinOf(der));
  assertEquals(pinOf(cert), new X509Certificate(cert).fingerprint256.replaceAll(":", "").toLowerCase());
  assertEquals(pinOf(cert + issueCertificate({ name: "other" }).cert), pin);
  assertThrows(() => pinOf("no certificate"), TypeError);
});

Deno.test("parsePin() takes the digits in any case, with colons or without, and nothing else", () => {
  const colons = pin.match(/../g)!.join(":");
  for (const text of [pin, pin.toUpperCase(), colons, colons.toUpperCase()]) assertEquals(parsePin(text), pin);
  const bad = [
    "",
    pin.slice(1),
    `${pin}0`,
    `${pin.slice(1)}g`,
    colons.slice(3),
    `${colons}:`,
    ` ${pin}`,
    pin.replace("", ":"),
  ];
  for (const text of bad) assertEquals(parsePin(text), undefined, text);
});

Deno.test("certificatesOf() reads every block and passes over what lies between", () => {
  const other = issueCertificate({ name: "other" });
  assertEquals(certificatesOf(`text\n${cert}more\r\n${other.cert.replaceAll("\n", "\r\n")}`), [der, other.der]);
  assertEquals(certificatesOf(developmentCertificate().key), []);
  assertEquals(certificatesOf(""), []);
  assertEquals(certificatesOf(cert.replace("MII", "M=I")), []);
});

Deno.test("isReadable() takes certificates of version 3 and no others", () => {
  assert(isReadable(der));
  assert(isReadable(issueCertificate({ name: "a".repeat(300) }).der));
  assert(isReadable(certificatesOf(developmentCertificate({ algorithm: "ed25519" }).cert)[0]!));
  assertEquals(isReadable(issueCertificate({ name: "old", version: 1 }).der), false);
  assertEquals(isReadable(new Uint8Array(0)), false);
  assertEquals(isReadable(derSequence()), false);
  assertEquals(isReadable(derSequence(derSequence())), false);
  assertEquals(isReadable(derSequence(derSequence(derInteger(Uint8Array.of(2))))), false);
});

Deno.test("isReadable() refuses another version, bytes behind the end, and lengths that are not as short as can be", () => {
  const versionAt = der.findIndex((_, i) => hexAt(i, 5) === "a003020102");
  const second = der.slice();
  second[versionAt + 4] = 1;
  assertEquals(isReadable(second), false);
  assertEquals(isReadable(Uint8Array.of(...der, 0)), false);
  assertEquals(isReadable(Uint8Array.of(...der, ...derSequence())), false);
  assertEquals(isReadable(der.subarray(0, der.length - 1)), false);
  // The outer length with a zero in front, and without an end of its own.
  assertEquals([...der.subarray(0, 2)], [0x30, 0x82]);
  assertEquals(isReadable(Uint8Array.of(0x30, 0x83, 0, ...der.subarray(2))), false);
  assertEquals(isReadable(Uint8Array.of(0x30, 0x80, ...der.subarray(4), 0, 0)), false);
});

Deno.test("isReadable() refuses a length that is too long by a byte, and an element that is longer than the one around it", () => {
  const version = derExplicit(0, derInteger(Uint8Array.of(2)));
  const least = derSequence(derSequence(version));
  assert(isReadable(least));
  assertEquals(isReadable(Uint8Array.of(0x30, 0x81, least.length - 2, ...least.subarray(2))), false);
  const body = derSequence(version, Uint8Array.of(0x04, 3, 1));
  assertEquals(isReadable(derSequence(body, Uint8Array.of(0x05, 0))), false);
  assert(isReadable(derSequence(derSequence(version, Uint8Array.of(0x04, 1, 1)), Uint8Array.of(0x05, 0))));
});

Deno.test("isReadable() never throws, and refuses a certificate whose structure is broken anywhere", () => {
  const random = new SeededRandom(Math.floor(Math.random() * 2 ** 32));
  for (let i = 0; i < 3_000; i++) {
    const broken = der.slice(0, random.nextInt(der.length + 1));
    for (let flips = random.nextInt(4); flips > 0 && broken.length > 0; flips--) {
      broken[random.nextInt(broken.length)] = random.nextInt(256);
    }
    isReadable(broken);
  }
  for (let end = 0; end < der.length; end++) assertEquals(isReadable(der.subarray(0, end)), false, `${end} bytes`);
  const deep = Array.from({ length: 40 }).reduce<Uint8Array<ArrayBuffer>>((inner) => derSequence(inner), derSequence());
  assertEquals(isReadable(deep), false);
});

Deno.test("pemOf() and certificatesOf() undo each other", () => {
  assertEquals(certificatesOf(pemOf(der)), [der]);
});

function hexAt(start: number, length: number): string {
  return [...der.subarray(start, start + length)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
