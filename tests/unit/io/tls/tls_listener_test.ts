import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { CloseCode } from "../../../../src/error/close_code.ts";
import { ClosedError, MisuseError, ResourceError } from "../../../../src/error/transport_error.ts";
import { pinOf } from "../../../../src/io/tls/certificate_pin.ts";
import type { NodeTlsLink } from "../../../../src/io/tls/node_tls_link.ts";
import { TLS_COUNTER_NAMES } from "../../../../src/io/tls/tls_counter.ts";
import { listenTls, type TlsListener } from "../../../../src/io/tls/tls_listener.ts";
import type { StreamLink, StreamListener } from "../../../../src/transport/stream_link.ts";
import { issueCertificate } from "./issue_certificate.ts";
import { CERTIFICATE, listenInMemory, shakeHands } from "./memory_tls.ts";

const { cert, key } = CERTIFICATE;

/** A raw listener that the test feeds. */
class FakeListener implements StreamListener {
  readonly address = { transport: "memory", name: "fake" } as const;
  closed = false;
  #accepting: PromiseWithResolvers<StreamLink> | undefined;

  /** Whether somebody accepts. */
  get isAsked(): boolean {
    return this.#accepting !== undefined;
  }

  accept(): Promise<StreamLink> {
    this.#accepting = Promise.withResolvers();
    return this.#accepting.promise;
  }

  fail(error: Error): void {
    this.#accepting!.reject(error);
    this.#accepting = undefined;
  }

  close(): void {
    this.closed = true;
    this.#accepting?.reject(new ClosedError(CloseCode.GoingAway, "local"));
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 5_000 && !holds(); turn++) await new Promise((resolve) => setTimeout(resolve, 1));
  assert(holds(), `waited until ${what}`);
}

function counted(listener: TlsListener): Record<string, number> {
  return Object.fromEntries(Object.entries(listener.counters()).filter(([, count]) => count !== 0));
}

async function closeAll(...links: NodeTlsLink[]): Promise<void> {
  for (const link of links) link.close();
  await Promise.all(links.map(({ whenClosed }) => whenClosed));
}

Deno.test("TlsListener names each counter once", () => {
  const { listener } = listenInMemory();
  assertEquals(Object.keys(listener.counters()), [...TLS_COUNTER_NAMES]);
  assertEquals(TLS_COUNTER_NAMES.slice(0, 2), ["established", "tooMany"]);
  listener.close();
});

Deno.test("TlsListener.accept() gives links whose handshake is done, with what it told", async () => {
  const { listener, connect } = listenInMemory({ alpnProtocols: ["ringwire/2", "ringwire/1"] });
  const [client, server] = await Promise.all([
    connect({ ALPNProtocols: ["ringwire/1", "ringwire/2"] }),
    listener.accept(),
  ]);
  assertEquals(server.facts, { protocol: "TLSv1.3", alpnProtocol: "ringwire/2", peerCertificate: undefined });
  assertEquals(counted(listener), { established: 1 });
  assertEquals([listener.handshakesCount, listener.closed], [0, false]);
  const [plain, other] = await Promise.all([connect(), listener.accept()]);
  assertEquals(other.facts.alpnProtocol, undefined);
  await assertRejects(() => connect({ ALPNProtocols: ["h2"] }));
  await until("it is counted", () => listener.counters()["failed"] === 1);
  listener.close();
  await closeAll(client, server, plain, other);
});

Deno.test("TlsListener takes the longest deadline that its options allow", async () => {
  const { listener, connectRaw } = listenInMemory({ handshakeTimeoutMs: 2 ** 31 - 1 });
  const raw = await connectRaw();
  // A timer of the runtime that was told too long a time strikes within this.
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
  const links = await Promise.all([shakeHands(raw), listener.accept()]);
  assertEquals(counted(listener), { established: 1 });
  listener.close();
  await closeAll(...links);
});

Deno.test("TlsListener refuses TLS 1.2", async () => {
  const { listener, connect } = listenInMemory();
  await assertRejects(() => connect({ minVersion: "TLSv1.2", maxVersion: "TLSv1.2" }));
  await until("it is counted", () => listener.counters()["failed"] === 1);
  listener.close();
});

Deno.test("TlsListener ends handshakes that take too long, whatever was sent, and others go on", async () => {
  const { listener, connect, connectRaw } = listenInMemory({ handshakeTimeoutMs: 500 });
  const silent = await connectRaw();
  const partial = await connectRaw();
  await partial.write(Uint8Array.of(22, 3, 1, 2));
  await until("both are under way", () => listener.handshakesCount === 2);
  const [client, server] = await Promise.all([connect(), listener.accept()]);
  assertEquals(await Promise.all([silent, partial].map(readUntilEnd)), [0, 0]);
  assertEquals(counted(listener), { established: 1, timedOut: 2 });
  assertEquals(listener.handshakesCount, 0);
  listener.close();
  await closeAll(client, server);
});

Deno.test("TlsListener drops garbage and those who leave", async () => {
  const { listener, connect, connectRaw } = listenInMemory();
  const garbage = await connectRaw();
  await garbage.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  await readUntilEnd(garbage);
  const leaving = await connectRaw();
  leaving.close();
  await until("both are counted", () => listener.counters()["failed"] === 2);
  const [client, server] = await Promise.all([connect(), listener.accept()]);
  listener.close();
  await closeAll(client, server);
});

Deno.test("TlsListener makes room for new handshakes at the cost of the oldest", async () => {
  const { listener, connect, connectRaw } = listenInMemory({ maxHandshakesCount: 5 });
  const stalled = await Promise.all(Array.from({ length: 20 }, connectRaw));
  await until("all have come", () => listener.counters()["crowdedOut"] === 15);
  assertEquals(listener.handshakesCount, 5);
  const [client, server] = await Promise.all([connect(), listener.accept()]);
  assertEquals(counted(listener), { established: 1, crowdedOut: 16 });
  listener.close();
  assertEquals(await Promise.all(stalled.map(readUntilEnd)), stalled.map(() => 0));
  assertEquals(counted(listener), { established: 1, crowdedOut: 16, closed: 4 });
  await closeAll(client, server);
});

Deno.test("TlsListener closes the links that nobody accepts when too many wait", async () => {
  const { listener, connect } = listenInMemory({ maxWaitingLinksCount: 2 });
  const clients = [await connect(), await connect(), await connect()];
  await until("all are counted", () => listener.counters()["overflowed"] === 1);
  assertEquals(await clients[2]!.read(new Uint8Array(1)).catch(() => null), null);
  const servers = [await listener.accept(), await listener.accept()];
  await servers[0]!.write(Uint8Array.of(1));
  assertEquals(await clients[0]!.read(new Uint8Array(1)), 1);
  assertEquals(counted(listener), { established: 2, overflowed: 1 });
  listener.close();
  await closeAll(...clients, ...servers);
});

Deno.test("TlsListener.close() ends what waits and what is under way; accepted links stay", async () => {
  const { listener, connect, connectRaw } = listenInMemory();
  const [client, server] = await Promise.all([connect(), listener.accept()]);
  const waiting = await connect();
  const stalled = await connectRaw();
  await until("it is under way", () => listener.handshakesCount === 1);
  const accepted = await listener.accept();
  const pending = listener.accept();
  await assertRejects(() => listener.accept(), MisuseError);
  const [another, taken] = await Promise.all([connect(), pending]);
  const unaccepted = await connect();
  await until("it waits", () => listener.counters()["established"] === 4);
  listener.close();
  listener.close();
  assert(listener.closed);
  assertEquals(await unaccepted.read(new Uint8Array(1)).catch(() => null), null);
  await assertRejects(() => listener.accept(), ClosedError);
  assertEquals(await readUntilEnd(stalled), 0);
  await client.write(Uint8Array.of(9));
  assertEquals(await server.read(new Uint8Array(1)), 1);
  assertEquals(counted(listener), { established: 4, closed: 1 });
  await closeAll(client, server, waiting, accepted, another, taken, unaccepted);
});

Deno.test("TlsListener says once when accepting failed for now, and goes on", async () => {
  const raw = new FakeListener();
  const listener = listenTls(raw, { cert, key });
  await until("it accepts", () => raw.isAsked);
  const trouble = new ResourceError("Cannot accept: too many open files");
  raw.fail(trouble);
  assertStrictEquals(await listener.accept().catch((error) => error), trouble);
  assertEquals(raw.isAsked, false);
  await until("it accepts again", () => raw.isAsked);
  const pending = listener.accept();
  raw.fail(trouble);
  assertStrictEquals(await pending.catch((error) => error), trouble);
  // While it rests.
  listener.close();
  await assertRejects(() => listener.accept(), ClosedError);
});

Deno.test("TlsListener is closed with the listener below, with its error", async () => {
  const raw = new FakeListener();
  const listener = listenTls(raw, { cert, key });
  await until("it accepts", () => raw.isAsked);
  const pending = listener.accept();
  const failure = new ResourceError("Cannot listen");
  raw.closed = true;
  raw.fail(failure);
  assertStrictEquals(await pending.catch((error) => error), failure);
  assert(listener.closed);
  assertStrictEquals(await listener.accept().catch((error) => error), failure);
  assertEquals([listener.address, listener.listening, listener.whenClosed], [raw.address, undefined, undefined]);
});

Deno.test("TlsListener can be closed before it accepts", async () => {
  const { listener } = listenInMemory();
  listener.close();
  await assertRejects(() => listener.accept(), ClosedError);
});

const authority = issueCertificate({ name: "authority", isAuthority: true });
const impostor = issueCertificate({ name: "authority", isAuthority: true });
const trusted = issueCertificate({ name: "client", issuer: authority });
const clients = {
  trusted,
  "signed by an authority of the same name": issueCertificate({ name: "client", issuer: impostor }),
  "of its own": issueCertificate({ name: "client" }),
  "out of date": issueCertificate({ name: "client", issuer: authority, validityDays: -1 }),
  "of version 1, signed by nobody": issueCertificate({ name: "client", issuer: impostor, version: 1 }),
  "of version 1": issueCertificate({ name: "client", issuer: authority, version: 1 }),
};

for (const clientCertificates of ["required", "optional"] as const) {
  const options = { clientCertificates, clientCaCerts: [authority.cert] };

  Deno.test(`TlsListener takes a client whose certificate is trusted, ${clientCertificates} or not`, async () => {
    const { listener, connect } = listenInMemory(options);
    const [client, server] = await Promise.all([connect({ cert: trusted.cert, key: trusted.key }), listener.accept()]);
    assertEquals(server.facts.peerCertificate, { der: trusted.der, pin: pinOf(trusted.der) });
    assertEquals(counted(listener), { established: 1 });
    listener.close();
    await closeAll(client, server);
  });

  for (const [what, { cert, key }] of Object.entries(clients)) {
    if (what === "trusted") continue;
    Deno.test(`TlsListener refuses a client with a certificate ${what}, ${clientCertificates} or not`, async () => {
      const { listener, connect } = listenInMemory(options);
      const client = await connect({ cert, key }).catch(() => undefined);
      const isOut = await client?.read(new Uint8Array(1)).catch(() => null);
      assert(isOut === undefined || isOut === null);
      await until("it is counted", () => {
        const { unauthorized, failed } = listener.counters();
        return unauthorized! + failed! === 1;
      });
      assertEquals(listener.counters()["established"], 0);
      listener.close();
      if (client !== undefined) await closeAll(client);
    });
  }
}

Deno.test("TlsListener refuses a client without a certificate where one is required", async () => {
  const { listener, connect } = listenInMemory({ clientCertificates: "required", clientCaCerts: [authority.cert] });
  const client = await connect().catch(() => undefined);
  await assertRejects(async () => await client!.read(new Uint8Array(1)));
  await until("it is counted", () => listener.counters()["failed"] === 1);
  listener.close();
  if (client !== undefined) await closeAll(client);
});

Deno.test("TlsListener takes a client without a certificate where one is optional", async () => {
  const { listener, connect } = listenInMemory({ clientCertificates: "optional", clientCaCerts: [authority.cert] });
  const [client, server] = await Promise.all([connect(), listener.accept()]);
  assertEquals(server.facts.peerCertificate, undefined);
  listener.close();
  await closeAll(client, server);
});

Deno.test("TlsListener takes a client's own certificate where that is what is trusted", async () => {
  const own = issueCertificate({ name: "client" });
  const { listener, connectRaw } = listenInMemory({ clientCertificates: "required", clientCaCerts: [own.cert] });
  const [client, server] = await Promise.all([
    connectRaw().then((link) => shakeHands(link, { cert: own.cert, key: own.key })),
    listener.accept(),
  ]);
  assertEquals(server.facts.peerCertificate!.pin, pinOf(own.der));
  listener.close();
  await closeAll(client, server);
});

/** Reads to the end of a stream. */
async function readUntilEnd(link: StreamLink): Promise<number> {
  for (const into = new Uint8Array(4_096);;) {
    const count = await link.read(into).catch(() => null);
    if (count === null) return 0;
  }
}
