/**
 * The conformance suite over every adapter.
 *
 * @module
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ResourceError } from "../../src/error/transport_error.ts";
import { MemoryNetwork } from "../../src/io/memory/memory_network.ts";
import { quicFabric } from "../../src/io/quic/quic_fabric.ts";
import { hasQuic } from "../../src/io/quic/quic_support.ts";
import { SystemScheduler } from "../../src/io/system/system_scheduler.ts";
import { tcpFabric } from "../../src/io/tcp/tcp_fabric.ts";
import { developmentCertificate } from "../../src/io/tls/development_certificate.ts";
import { tlsFabric } from "../../src/io/tls/tls_fabric.ts";
import { unixStreamFabric } from "../../src/io/unix/unix_stream_fabric.ts";
import { secureFabric } from "../../src/runtime/transport_secure_fabric.ts";
import { webSocketFabric } from "../../src/io/websocket/web_socket_fabric.ts";
import {
  type ConformancePlace,
  type ConformanceSubject,
  transportConformance,
} from "../../src/testing/transport_conformance.ts";
import type { Address } from "../../src/transport/address.ts";
import type { StreamFabric } from "../../src/transport/stream_link.ts";

const hostname = "127.0.0.1";
const { cert, key, pin } = developmentCertificate();

function portOf(address: Address): number {
  return "port" in address ? address.port : 0;
}

/** A place whose port is only known once it listens. */
async function streamPlace(make: (port: number) => StreamFabric): Promise<ConformancePlace> {
  const listener = make(0).listen();
  await listener.listening;
  const fabric = make(portOf(listener.address));
  return { kind: "stream", listener, connect: (signal) => fabric.connect(signal) };
}

const tls = (port: number): StreamFabric =>
  tlsFabric(tcpFabric({ hostname, port }), { listen: { cert, key }, connect: { pin } });
const subjects: ConformanceSubject[] = [
  {
    name: "tcp",
    open: () => streamPlace((port) => tcpFabric({ hostname, port })),
    maxMessageBytes: 1 << 20,
  },
  { name: "tls", open: () => streamPlace(tls), maxMessageBytes: 1 << 20, connectionCount: 20 },
  {
    name: "memory",
    open: () => {
      const fabric = new MemoryNetwork({ scheduler: new SystemScheduler() }).fabric("here");
      return Promise.resolve({
        kind: "stream",
        listener: fabric.listen(),
        connect: (signal) => fabric.connect(signal),
      });
    },
    maxMessageBytes: 1 << 20,
  },
  {
    name: "unix",
    open: async () => {
      const fabric = unixStreamFabric(`${await Deno.makeTempDir({ prefix: "rwunix" })}/socket`);
      return { kind: "stream", listener: fabric.listen(), connect: (signal) => fabric.connect(signal) };
    },
    maxMessageBytes: 1 << 20,
  },
  {
    name: "websocket",
    open: async () => {
      const listener = webSocketFabric({ hostname, port: 0 }).listen();
      await listener.listening;
      const fabric = webSocketFabric({ hostname, port: portOf(listener.address) });
      return { kind: "message", listener, connect: (signal) => fabric.connect(signal) };
    },
    maxMessageBytes: 1 << 20,
    halfCloses: false,
    connectingPauses: false,
  },
  {
    name: "secure",
    open: async () => {
      const listener = secureFabric({ hostname, port: 0, cert, key }).listen();
      await listener.listening;
      const fabric = secureFabric({ hostname, port: portOf(listener.address), pin });
      return { kind: "message", listener, connect: (signal) => fabric.connect(signal) };
    },
    maxMessageBytes: 1 << 20,
    // The close of a session ends it both ways: there is no packet for half of it.
    halfCloses: false,
    connectionCount: 20,
  },
];
// TLS and sessions say goodbye after their links are closed: the end of a test is not the end of its sockets.
const lingering = new Set(["tls", "secure"]);

for (const subject of subjects) {
  const sanitize = !lingering.has(subject.name);
  for (const { name, run } of transportConformance(subject)) {
    Deno.test({ name, fn: run, sanitizeOps: sanitize, sanitizeResources: sanitize });
  }
}

Deno.test("quic does what every transport has to do, in a process with its flag", async () => {
  const child = new URL("./transport_quic_child.ts", import.meta.url).href;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--unstable-net", "--allow-net", child],
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  assertEquals(code, 0, decoder.decode(stderr));
  assertEquals(decoder.decode(stdout).trim().split("\n").at(-1), "10 cases, 2 requests");
});

Deno.test("quic without its flag fails with an error that names it", async () => {
  const fabric = quicFabric({ hostname, port: 1, cert, key });
  if (hasQuic()) return;
  assertThrows(() => fabric.listen(), ResourceError, "--unstable-net");
  await assertRejects(() => fabric.connect(new AbortController().signal), ResourceError, "--unstable-net");
});
