import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { AuthenticationError, ConnectError } from "../../../../src/error/transport_error.ts";
import { connectFailure, failureReason, linkFailure } from "../../../../src/io/tls/tls_failure.ts";

const target = { transport: "tcp", hostname: "192.0.2.1", port: 443 } as const;

Deno.test("connectFailure() tells trouble with certificates from all else", () => {
  const certificates = [
    "invalid peer certificate: UnknownIssuer",
    'invalid peer certificate: certificate not valid for name "x"',
    "received fatal alert: CertificateRequired",
    "received fatal alert: BadCertificate",
    "received fatal alert: UnknownCA",
    "received fatal alert: AccessDenied",
  ];
  for (const text of certificates) {
    const cause = new Error(text);
    const error = connectFailure(target, cause);
    assertInstanceOf(error, AuthenticationError);
    assertEquals(error.message, `Cannot connect to 192.0.2.1:443: ${text}`);
    assertStrictEquals(error.cause, cause);
  }
  for (
    const text of ["received fatal alert: ProtocolVersion", "Connection refused (os error 111)", "peer is incompatible"]
  ) {
    assertInstanceOf(connectFailure(target, new Error(text)), ConnectError);
  }
});

Deno.test("linkFailure() is the cause itself, unless the peer refused a certificate", () => {
  const broken = new Error("read ECONNRESET");
  assertStrictEquals(linkFailure(target, broken), broken);
  const refused = new Error("received fatal alert: CertificateRequired");
  const error = linkFailure(target, refused);
  assertInstanceOf(error, AuthenticationError);
  assertEquals(error.message, "Refused by 192.0.2.1:443: received fatal alert: CertificateRequired");
  assertStrictEquals(error.cause, refused);
  assertEquals(linkFailure(target, "text").message, "text");
});

Deno.test("failureReason() is what stands behind a colon", () => {
  const cases = [
    ["Connection refused (os error 111)", "connection refused"],
    ["TLS is hard", "TLS is hard"],
    ["Cut short: https://example.com/rustls#unexpected-eof", "cut short"],
    ["", ""],
  ];
  for (const [message, reason] of cases) assertEquals(failureReason(new Error(message)), reason);
  assertEquals(failureReason("Thrown text"), "thrown text");
});
