/**
 * Where the suite of io_stream_link_test.ts tries out TLS: a listener on the loopback interface and a client that knows
 * it by its certificate or by its pin.
 *
 * @module
 */
import { assert } from "@std/assert";
import { connect, createServer, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { developmentCertificate } from "../../src/io/tls/development_certificate.ts";
import { tcpFabric } from "../../src/io/tcp/tcp_fabric.ts";
import { tlsFabric } from "../../src/io/tls/tls_fabric.ts";
import type { StreamFabric, StreamLink, StreamListener } from "../../src/transport/stream_link.ts";

/** Places of one kind of client. */
export interface TlsPlaces {
  /** How the client knows the server. */
  readonly by: "certificate" | "pin";
  /** A listener at a place of its own, and a fabric that leads there and would listen there. */
  open(backlogCount?: number): Promise<{ readonly listener: StreamListener; readonly fabric: StreamFabric }>;
  /** The same. */
  openTaken(): Promise<{ readonly listener: StreamListener; readonly fabric: StreamFabric }>;
  /** A link that a listener accepted, whose client wrote "abc" and then reset the connection. */
  brokenAccepted(): Promise<StreamLink>;
  /** A link to a server that wrote "abc" and then reset the connection. */
  brokenConnecting(): Promise<StreamLink>;
}

const hostname = "127.0.0.1";
const never = new AbortController().signal;

/** The certificate of every listener. */
export const CERTIFICATE = developmentCertificate();

/** Both kinds. */
export const TLS_PLACES: readonly TlsPlaces[] = (["certificate", "pin"] as const).map((by) => {
  const known = by === "pin" ? { pin: CERTIFICATE.pin } : { caCerts: [CERTIFICATE.cert] };
  const listen = { cert: CERTIFICATE.cert, key: CERTIFICATE.key, connectionsPerSecond: Infinity };
  const fabricAt = (port: number, backlogCount = 511): StreamFabric =>
    tlsFabric(tcpFabric({ hostname, port, backlogCount }), { listen, connect: known });
  const open = async (backlogCount = 511): ReturnType<TlsPlaces["open"]> => {
    const listener = fabricAt(0, backlogCount).listen();
    await listener.listening;
    assert(listener.address.transport === "tcp");
    return { listener, fabric: fabricAt(listener.address.port, backlogCount) };
  };
  return {
    by,
    open,
    openTaken: open,
    brokenAccepted: async () => {
      const { listener } = await open();
      assert(listener.address.transport === "tcp");
      const raw = connect(listener.address.port, hostname);
      const socket = connectTls({ socket: raw, ca: CERTIFICATE.cert, host: hostname });
      const link = await listener.accept();
      await writeAndReset(socket, raw, link);
      listener.close();
      return link;
    },
    brokenConnecting: async () => {
      const secured = Promise.withResolvers<Socket>();
      const connected = Promise.withResolvers<Socket>();
      const server = createServer((raw) => {
        connected.resolve(raw);
        tlsServer.emit("connection", raw);
      });
      const tlsServer = createTlsServer({ cert: CERTIFICATE.cert, key: CERTIFICATE.key }, secured.resolve);
      await new Promise<void>((resolve) => server.listen(0, hostname, resolve));
      const { port } = server.address() as { readonly port: number };
      const link = await fabricAt(port).connect(never);
      await writeAndReset(await secured.promise, await connected.promise, link);
      await new Promise((resolve) => server.close(resolve));
      return link;
    },
  };
});

/** Has one end write "abc" and reset the connection once the system has it. */
async function writeAndReset(socket: Socket, raw: Socket, link: StreamLink): Promise<void> {
  for (const end of [socket, raw]) end.on("error", () => {});
  const arrived = new Promise<void>((resolve) => socket.once("data", () => resolve()));
  // The answer to a byte of the other end shows that the socket is up, so that its reset goes out after its data.
  await link.write(new Uint8Array(1));
  await arrived;
  await new Promise((resolve) => socket.write("abc", resolve));
  const gone = new Promise((resolve) => raw.once("close", resolve));
  raw.resetAndDestroy();
  await gone;
}
