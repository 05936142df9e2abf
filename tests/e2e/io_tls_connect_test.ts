/**
 * How a TLS client knows its server and refuses everybody else, over real sockets.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { AuthenticationError, ConnectError, TimeoutError } from "../../src/error/transport_error.ts";
import { tcpFabric } from "../../src/io/tcp/tcp_fabric.ts";
import { certificatesOf, pinOf } from "../../src/io/tls/certificate_pin.ts";
import { connectTls } from "../../src/io/tls/connect_tls.ts";
import { developmentCertificate } from "../../src/io/tls/development_certificate.ts";
import { NodeTlsLink } from "../../src/io/tls/node_tls_link.ts";
import type { TlsConnectOptions } from "../../src/io/tls/tls_connect_options.ts";
import { tlsFabric } from "../../src/io/tls/tls_fabric.ts";
import { listenTls, type TlsListener } from "../../src/io/tls/tls_listener.ts";
import type { TlsListenOptions } from "../../src/io/tls/tls_listen_options.ts";
import type { StreamLink } from "../../src/transport/stream_link.ts";
import { issueCertificate } from "../unit/io/tls/issue_certificate.ts";
import { eventually, within } from "./waiting.ts";

const hostname = "127.0.0.1";
const sanitize = { sanitizeOps: true, sanitizeResources: true };
const own = developmentCertificate();
const authority = issueCertificate({ name: "authority", isAuthority: true });
const namesake = issueCertificate({ name: "authority", isAuthority: true });
const leaf = issueCertificate({ name: "localhost", issuer: authority });

/** What a server proves to be, and the two ways in which clients know it. */
const ways: Readonly<Record<string, Partial<TlsConnectOptions>>> = {
  certificate: { caCerts: [own.cert] },
  pin: { pin: own.pin },
};

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ...sanitize, fn });
}

interface Server {
  readonly listener: TlsListener;
  readonly port: number;
}

function listen(options: Partial<TlsListenOptions> = {}): Server {
  const { cert, key } = own;
  const listener = listenTls(tcpFabric({ hostname, port: 0 }).listen(), {
    cert,
    key,
    connectionsPerSecond: Infinity,
    ...options,
  });
  assert(listener.address.transport === "tcp");
  return { listener, port: listener.address.port };
}

async function closeAll(...ends: readonly (StreamLink | TlsListener)[]): Promise<void> {
  for (const end of ends) end.close();
  await Promise.all(ends.map((end) => end instanceof NodeTlsLink ? end.whenClosed : undefined));
}

/** Connects, says a word and hears it again. */
async function talk(
  { listener, port }: Server,
  options: Partial<TlsConnectOptions>,
): Promise<[StreamLink, NodeTlsLink]> {
  const [client, server] = await Promise.all([connectTls({ hostname, port, ...options }), listener.accept()]);
  await client.write(Uint8Array.of(1, 2));
  const into = new Uint8Array(4);
  assertEquals([await server.read(into), into[1]], [2, 2]);
  await server.write(Uint8Array.of(3));
  assertEquals([await client.read(into), into[0]], [1, 3]);
  return [client, server];
}

/** A server of `node:tls` that is told what to be, and takes whoever comes. */
async function foreignServer(
  options: TlsOptions,
): Promise<{ port: number; received: string[]; close(): Promise<void> }> {
  const received: string[] = [];
  const server = createTlsServer(options, (socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes: Uint8Array) => void received.push(new TextDecoder().decode(bytes)));
    socket.on("end", () => socket.end());
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => void server.listen(0, hostname, resolve));
  const { port } = server.address() as { readonly port: number };
  return { port, received, close: () => new Promise((resolve) => void server.close(() => resolve())) };
}

for (const [way, known] of Object.entries(ways)) {
  test(`connectTls() by ${way} reaches the server and says which address that was`, async () => {
    const server = listen();
    const { port } = server;
    const [client, accepted] = await talk(server, { hostname: "localhost", ...known });
    assertEquals(client.remote, { transport: "tcp", hostname, port });
    assertEquals(client.local, accepted.remote);
    await closeAll(client, accepted, server.listener);
  });

  test(`connectTls() by ${way} agrees on an application protocol`, async () => {
    const server = listen({ alpnProtocols: ["ringwire/2", "ringwire/1"] });
    const { port } = server;
    const alpnProtocols = ["ringwire/1", "ringwire/2"];
    const [client, accepted] = await Promise.all([
      connectTls({ hostname, port, alpnProtocols, ...known }),
      server.listener.accept(),
    ]);
    assertEquals([client.facts.alpnProtocol, accepted.facts.alpnProtocol], ["ringwire/2", "ringwire/2"]);
    await assertRejects(() => connectTls({ hostname, port, alpnProtocols: ["h2"], ...known }), ConnectError);
    await closeAll(client, accepted, server.listener);
  });

  test(`connectTls() by ${way} refuses a server that knows nothing of application protocols`, async () => {
    const { cert, key } = own;
    const server = await foreignServer({ cert, key });
    const { port } = server;
    const error = await assertRejects(
      () => connectTls({ hostname, port, alpnProtocols: ["ringwire/1"], ...known }),
      ConnectError,
    );
    assertEquals(error.message, `Cannot connect to 127.0.0.1:${port}: the server speaks none of ringwire/1`);
    await server.close();
  });

  test(`connectTls() by ${way} says where to and why not`, async () => {
    const { listener, port } = listen();
    listener.close();
    const error = await assertRejects(() => connectTls({ hostname, port, ...known }), ConnectError);
    assertEquals(error.message, `Cannot connect to 127.0.0.1:${port}: connection refused`);
    assertInstanceOf(error.cause, Deno.errors.ConnectionRefused);
  });

  test(`connectTls() by ${way} gives up a server that never answers`, async () => {
    const silent = Deno.listen({ hostname, port: 0 });
    const { port } = silent.addr;
    const connecting = connectTls({ hostname, port, timeoutMs: 50, ...known });
    const conn = await silent.accept();
    const error = await assertRejects(() => connecting, TimeoutError);
    assertEquals(error.message, `Cannot connect to 127.0.0.1:${port}: not within 50 ms`);
    for (const one of [conn, silent]) one.close();
  });

  test(`connectTls() by ${way} stops when its signal fires`, async () => {
    const silent = Deno.listen({ hostname, port: 0 });
    const { port } = silent.addr;
    const reason = new Error("no longer wanted");
    const before = connectTls({ hostname, port, ...known }, AbortSignal.abort(reason));
    assertStrictEquals(await before.catch((error) => error), reason);
    const { cert, key } = issueCertificate({ name: "client", issuer: authority });
    for (const identity of [{}, { cert, key }]) {
      for (const accepts of [false, true]) {
        const controller = new AbortController();
        const options = { hostname, port, ...known, ...identity };
        const connecting = connectTls(options, controller.signal).catch((error) => error);
        const conn = accepts ? await silent.accept() : undefined;
        controller.abort(reason);
        assertStrictEquals(await within("the end of the attempt", connecting), reason);
        conn?.close();
      }
      // What the runtime began before is done by the time that it has done this.
      for (const _ of [1, 2, 3]) (await Deno.connect({ hostname, port })).close();
    }
    silent.close();
  });

  test(`connectTls() by ${way} refuses what is no TLS server, and one that goes away`, async () => {
    for (const answer of ["HTTP/1.1 400 Bad Request\r\n\r\n", ""]) {
      const server = Deno.listen({ hostname, port: 0 });
      const connecting = connectTls({ hostname, port: server.addr.port, ...known });
      const conn = await server.accept();
      await conn.write(new TextEncoder().encode(answer));
      conn.close();
      await assertRejects(() => connecting, ConnectError, `Cannot connect to 127.0.0.1:${server.addr.port}: `);
      server.close();
    }
  });

  test(`connectTls() by ${way} shows its own certificate where the server wants one`, async () => {
    const { cert, key, der } = issueCertificate({ name: "client", issuer: authority });
    const server = listen({ clientCertificates: "required", clientCaCerts: [authority.cert] });
    const [client, accepted] = await talk(server, { ...known, cert, key });
    assertEquals(accepted.facts.peerCertificate, { der, pin: pinOf(der) });
    await closeAll(client, accepted, server.listener);
  });

  test(`connectTls() by ${way} learns that the server wants a certificate`, async () => {
    const { listener, port } = listen({ clientCertificates: "required", clientCaCerts: [authority.cert] });
    const error = await assertRejects(async () => {
      const link = await connectTls({ hostname, port, ...known });
      try {
        await link.read(new Uint8Array(1));
      } finally {
        await closeAll(link);
      }
    }, AuthenticationError);
    assertMatch(error.message, /certificate ?required/i);
    await eventually("it is counted", () => listener.counters()["failed"] === 1);
    await closeAll(listener);
  });

  test(`connectTls() by ${way} gives up a server that never answers, a certificate at hand`, async () => {
    const silent = Deno.listen({ hostname, port: 0 });
    const { cert, key } = issueCertificate({ name: "client", issuer: authority });
    const connecting = connectTls({ hostname, port: silent.addr.port, timeoutMs: 50, cert, key, ...known });
    const conn = await silent.accept();
    await assertRejects(() => connecting, TimeoutError);
    for (const one of [conn, silent]) one.close();
  });
}

test("connectTls() checks the certificate when nothing else is said", async () => {
  const server = listen();
  const { port } = server;
  const error = await assertRejects(() => connectTls({ hostname, port }), AuthenticationError);
  assertMatch(error.message, new RegExp(`^Cannot connect to 127.0.0.1:${port}: invalid peer certificate: `));
  assertInstanceOf(error.cause, Error);
  await eventually("the server has noticed", () => server.listener.counters()["failed"] === 1);
  await closeAll(server.listener);
});

test("connectTls() by certificate tells what the runtime tells, which is not the certificate", async () => {
  const server = listen();
  const [client, accepted] = await talk(server, { caCerts: [own.cert] });
  assertEquals((client as NodeTlsLink).facts, {
    protocol: undefined,
    alpnProtocol: undefined,
    peerCertificate: undefined,
  });
  assertEquals(accepted.facts.protocol, "TLSv1.3");
  await closeAll(client, accepted, server.listener);
});

test("connectTls() takes a certificate that an authority signed, also behind another one", async () => {
  const between = issueCertificate({ name: "between", issuer: authority, isAuthority: true });
  const far = issueCertificate({ name: "localhost", issuer: between });
  for (const [cert, key] of [[leaf.cert, leaf.key], [far.cert + between.cert, far.key]] as const) {
    const server = listen({ cert, key });
    const [client, accepted] = await talk(server, { hostname: "localhost", caCerts: [authority.cert] });
    await closeAll(client, accepted, server.listener);
  }
});

test("connectTls() wants the certificate to be for the host, or for the name that it is told", async () => {
  const server = listen({ cert: leaf.cert, key: leaf.key });
  const { port } = server;
  const caCerts = [authority.cert];
  await assertRejects(() => connectTls({ hostname, port, caCerts }), AuthenticationError, "not valid for name");
  await assertRejects(
    () => connectTls({ hostname: "localhost", port, caCerts, serverName: "other.example" }),
    AuthenticationError,
  );
  const [client, accepted] = await talk(server, { caCerts, serverName: "localhost" });
  await closeAll(client, accepted, server.listener);
});

const untrusted = {
  "that an authority of the same name signed": issueCertificate({ name: "localhost", issuer: namesake }),
  "of version 1 that only bears the authority's name": issueCertificate({
    name: "localhost",
    issuer: namesake,
    version: 1,
  }),
  "of version 1": issueCertificate({ name: "localhost", issuer: authority, version: 1 }),
  "that is out of date": issueCertificate({ name: "localhost", issuer: authority, validityDays: -1 }),
  "that signed itself": issueCertificate({ name: "localhost" }),
  "of an authority": issueCertificate({ name: "localhost", issuer: authority, isAuthority: true }),
  "signed by one that is no authority": issueCertificate({ name: "localhost", issuer: leaf }),
};

for (const [what, { cert, key }] of Object.entries(untrusted)) {
  test(`connectTls() refuses a certificate ${what}`, async () => {
    const chain = what.startsWith("signed by one") ? cert + leaf.cert : cert;
    const server = await foreignServer({ cert: chain, key });
    const { port } = server;
    const caCerts = [authority.cert];
    await assertRejects(() => connectTls({ hostname: "localhost", port, caCerts }), AuthenticationError);
    assertEquals(server.received, []);
    await server.close();
  });
}

test("connectTls() by pin tells what the handshake told", async () => {
  const server = listen();
  const [client, accepted] = await talk(server, { pin: own.pin });
  assertInstanceOf(client, NodeTlsLink);
  const [der] = certificatesOf(own.cert);
  assertEquals(client.facts, {
    protocol: "TLSv1.3",
    alpnProtocol: undefined,
    peerCertificate: { der: der!, pin: own.pin },
  });
  await closeAll(client, accepted, server.listener);
});

test("connectTls() by pin takes one of several, however it is written, for any name and any age", async () => {
  const old = issueCertificate({ name: "elsewhere", validityDays: -1 });
  const server = listen({ cert: old.cert, key: old.key });
  const colons = pinOf(old.der).toUpperCase().match(/../g)!.join(":");
  for (const pin of [colons, [own.pin, pinOf(old.der)]]) {
    const [client, accepted] = await talk(server, { pin, serverName: "nowhere.example" });
    await closeAll(client, accepted);
  }
  await closeAll(server.listener);
});

test("connectTls() by pin refuses every other certificate, trusted or not, before a byte was sent", async () => {
  const { cert, key } = own;
  const server = await foreignServer({ cert, key });
  const { port } = server;
  const { pin } = developmentCertificate();
  const error = await assertRejects(() => connectTls({ hostname, port, pin }), AuthenticationError);
  assertEquals(
    error.message,
    `Cannot connect to 127.0.0.1:${port}: the server's certificate has the pin ${own.pin}`,
  );
  assertEquals(server.received, []);
  await server.close();
});

test("connectTls() by pin refuses a certificate of version 1, for which nobody has to show the key", async () => {
  const old = issueCertificate({ name: "localhost", version: 1 });
  const server = await foreignServer({ cert: old.cert, key: old.key });
  const { port } = server;
  await assertRejects(
    () => connectTls({ hostname, port, pin: pinOf(old.der) }),
    AuthenticationError,
    "is no X.509 version 3",
  );
  await server.close();
});

test("connectTls() by pin speaks nothing older than TLS 1.3", async () => {
  const { cert, key, pin } = own;
  const server = await foreignServer({ cert, key, maxVersion: "TLSv1.2" });
  await assertRejects(() => connectTls({ hostname, port: server.port, pin }), ConnectError);
  await server.close();
});

test("connectTls() takes anybody only where that is asked for, and tells the pin", async () => {
  const server = listen();
  const [client, accepted] = await talk(server, { dangerouslyAcceptAnyCertificate: true });
  assertInstanceOf(client, NodeTlsLink);
  assertEquals(client.facts.peerCertificate!.pin, own.pin);
  await closeAll(client, accepted, server.listener);
});

test("connectTls() that takes anybody leaves nothing behind that would let him in later", async () => {
  const server = await foreignServer({ cert: leaf.cert, key: leaf.key });
  const { port } = server;
  for (const _ of [1, 2]) {
    const link = await connectTls({ hostname: "localhost", port, dangerouslyAcceptAnyCertificate: true });
    await link.write(new TextEncoder().encode("hello"));
    await eventually("it has arrived", () => server.received.length > 0);
    await closeAll(link);
    await assertRejects(() => connectTls({ hostname: "localhost", port }), AuthenticationError);
    await assertRejects(() => connectTls({ hostname: "localhost", port, pin: own.pin }), AuthenticationError);
    server.received.length = 0;
  }
  await server.close();
});

test("tlsFabric() connects and listens, and says what it cannot do", async () => {
  const { cert, key, pin } = own;
  const listening = tlsFabric(tcpFabric({ hostname, port: 0 }), { listen: { cert, key } });
  await assertRejects(() => listening.connect(new AbortController().signal), RangeError);
  const listener = listening.listen();
  assert(listener.address.transport === "tcp");
  const connecting = tlsFabric(tcpFabric({ hostname, port: listener.address.port }), { connect: { pin } });
  assertEquals(connecting.target, listener.address);
  const [client, server] = await Promise.all([
    connecting.connect(new AbortController().signal),
    listener.accept(),
  ]);
  let thrown: unknown;
  try {
    connecting.listen();
  } catch (error) {
    thrown = error;
  }
  assertInstanceOf(thrown, Error);
  assertEquals(
    thrown.message,
    `Cannot listen on 127.0.0.1:${listener.address.port}: there is no certificate to listen with`,
  );
  for (const end of [client, server, listener]) end.close();
  await Promise.all([client, server].map((end) => end instanceof NodeTlsLink ? end.whenClosed : undefined));
});
