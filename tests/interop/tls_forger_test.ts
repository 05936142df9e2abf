/**
 * A client refuses who shows the right certificate and cannot sign with its key, whichever way it knows the server.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { TransportError } from "../../src/error/transport_error.ts";
import { pinOf } from "../../src/io/tls/certificate_pin.ts";
import { connectTls } from "../../src/io/tls/connect_tls.ts";
import type { TlsConnectOptions } from "../../src/io/tls/tls_connect_options.ts";
import type { TlsLink } from "../../src/io/tls/tls_link.ts";
import { issueCertificate } from "../unit/io/tls/issue_certificate.ts";
import { forgeHandshake } from "./tls_forger.ts";

const { privateKey: otherKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const authority = issueCertificate({ name: "authority", isAuthority: true });
const server = issueCertificate({ name: "localhost", issuer: authority });
const old = issueCertificate({ name: "localhost", issuer: authority, version: 1 });

const ways: Readonly<Record<string, Partial<TlsConnectOptions>>> = {
  certificate: { caCerts: [authority.cert] },
  pin: { pin: [pinOf(server.der), pinOf(old.der)] },
};

/** Connects to a server that shows a certificate and signs with a key. */
async function connectTo(der: Uint8Array, privateKey: KeyObject, known: Partial<TlsConnectOptions>): Promise<TlsLink> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const connecting = connectTls({ hostname: "127.0.0.1", port, serverName: "localhost", ...known });
  const conn = await listener.accept();
  try {
    await forgeHandshake(conn, der, privateKey);
    return await connecting;
  } finally {
    await connecting.catch(() => {});
    conn.close();
    listener.close();
  }
}

for (const [way, known] of Object.entries(ways)) {
  Deno.test(`connectTls() by ${way} takes a server that signs with the certificate's key`, async () => {
    const link = await connectTo(server.der, server.privateKey, known);
    assertEquals(link.remote.transport, "tcp");
    link.close();
    await (link as { readonly whenClosed?: Promise<void> }).whenClosed;
  });

  Deno.test(`connectTls() by ${way} refuses a server that signs with another key`, async () => {
    await assertRejects(() => connectTo(server.der, otherKey, known), TransportError);
  });

  Deno.test(`connectTls() by ${way} refuses a server with a certificate of version 1 and another key`, async () => {
    await assertRejects(() => connectTo(old.der, otherKey, known), TransportError);
  });
}
