/**
 * The transports that the suite of io_stream_link_test.ts is run over.
 *
 * @module
 */
import { assert, assertInstanceOf } from "@std/assert";
import { connect as connectSocket } from "node:net";
import { MemoryLink, memoryPair } from "../../src/io/memory/memory_link.ts";
import { MemoryNetwork } from "../../src/io/memory/memory_network.ts";
import { NodeTcpListener } from "../../src/io/tcp/node_tcp_listener.ts";
import { tcpFabric } from "../../src/io/tcp/tcp_fabric.ts";
import type { Address } from "../../src/transport/address.ts";
import type { StreamFabric, StreamLink, StreamListener } from "../../src/transport/stream_link.ts";
import { ferriedTcp } from "./ferried_tcp.ts";
import { TLS_PLACES, type TlsPlaces } from "./tls_places.ts";

/** What the suite needs of a transport. */
export interface Subject {
  /** Its name, for the names of the tests. */
  readonly name: string;
  /** Which end of a connection is tried out; the other one helps. */
  readonly end: "connecting" | "accepted";
  /** Whether a link that is closed is gone at once; where not, the end of a test is not the end of its sockets. */
  readonly closesAtOnce: boolean;
  /** Whether a connecting side waits while the accepting one is full; it is refused elsewhere. */
  readonly keepsWaiting: boolean;
  /** Listens at a place of its own, with room for few links that wait to be accepted where `backlogCount` says so. */
  open(backlogCount?: number): Promise<Place>;
  /** A place where the fabric cannot listen because the listener does. */
  openTaken(): Promise<Place>;
  /** A link whose peer wrote "abc" and then broke it without a farewell. */
  broken(): Promise<StreamLink>;
}

/** A listener, and how to reach it or to listen in its place. */
export interface Place {
  /** The listener. */
  readonly listener: StreamListener;
  /** Its fabric. */
  readonly fabric: StreamFabric;
}

const hostname = "127.0.0.1";

const tcp: Subject = {
  name: "tcp",
  end: "connecting",
  closesAtOnce: true,
  keepsWaiting: true,
  open: (backlogCount = 511) => {
    const listener = tcpFabric({ hostname, port: 0, backlogCount }).listen();
    return Promise.resolve({ listener, fabric: tcpFabric({ hostname, port: portOf(listener.address), backlogCount }) });
  },
  openTaken: () => tcp.open(),
  broken: () => brokenTcp(tcp),
};

/** The listener that shares its port by `node:net`, whichever means this run would choose. */
const nodeTcp: Subject = {
  name: "tcp by node",
  end: "accepted",
  closesAtOnce: true,
  keepsWaiting: false,
  open: async (backlogCount = 511) => {
    const listener = nodeFabric(0, backlogCount).listen();
    await listener.listening;
    return { listener, fabric: nodeFabric(portOf(listener.address), backlogCount) };
  },
  openTaken: async () => {
    const { listener } = await tcp.open();
    return { listener, fabric: nodeFabric(portOf(listener.address)) };
  },
  broken: () => brokenTcp(nodeTcp),
};

/** What machines see of sockets that belong to another thread. */
const ferry: Subject = {
  name: "tcp by ferry",
  end: "connecting",
  closesAtOnce: false,
  keepsWaiting: true,
  open: async (backlogCount = 511) => {
    const { fabric } = ferriedTcp(0, backlogCount);
    const listener = fabric.listen();
    await listener.listening;
    return { listener, fabric: ferriedTcp(portOf(listener.address), backlogCount).fabric };
  },
  openTaken: async () => {
    const { listener } = await tcp.open();
    return { listener, fabric: ferriedTcp(portOf(listener.address)).fabric };
  },
  broken: () => brokenTcp(ferry),
};

/** Links over TLS, by how the client knows the server. */
const tls = ({ by, open, openTaken, brokenAccepted, brokenConnecting }: TlsPlaces): Subject[] => {
  const subject = { closesAtOnce: false, keepsWaiting: false, open, openTaken };
  return [
    { ...subject, name: `tls by ${by}`, end: "connecting", broken: brokenConnecting },
    { ...subject, name: `tls to a client by ${by}`, end: "accepted", broken: brokenAccepted },
  ];
};

const memory: Subject = {
  name: "memory",
  end: "connecting",
  closesAtOnce: true,
  keepsWaiting: true,
  open: (backlogCount = 511) => {
    const fabric = new MemoryNetwork({ backlogCount }).fabric("subject");
    return Promise.resolve({ listener: fabric.listen(), fabric });
  },
  openTaken: () => memory.open(),
  broken: async () => {
    const [link, peer] = memoryPair();
    await peer.write(new TextEncoder().encode("abc"));
    assertInstanceOf(peer, MemoryLink);
    peer.reset();
    return link;
  },
};

const nodeSubjects: readonly Subject[] = [nodeTcp, { ...nodeTcp, name: "tcp to node", end: "connecting" }];

/** All of them; only Linux shares ports. */
export const SUBJECTS: readonly Subject[] = [
  tcp,
  ferry,
  { ...ferry, end: "accepted", name: "tcp to ferry" },
  memory,
  ...Deno.build.os === "linux" ? nodeSubjects : [],
  ...TLS_PLACES.flatMap(tls),
];

/** A fabric whose listener shares its port by `node:net`. */
function nodeFabric(port: number, backlogCount = 511): StreamFabric {
  const fabric = tcpFabric({ hostname, port });
  return {
    target: fabric.target,
    connect: (signal) => fabric.connect(signal),
    listen: () => new NodeTcpListener({ hostname, port, backlogCount, noDelay: true, keepAlive: true }),
  };
}

/** A link whose peer wrote "abc" and then reset it. */
async function brokenTcp(subject: Subject): Promise<StreamLink> {
  const { listener } = await subject.open();
  const socket = connectSocket(portOf(listener.address), hostname);
  const link = await listener.accept();
  const arrived = new Promise<void>((resolve) => socket.once("data", () => resolve()));
  // The answer to a byte of ours shows that the socket is up, so that its reset goes out after its data.
  await link.write(new Uint8Array(1));
  await arrived;
  await new Promise((resolve) => socket.write("abc", resolve));
  const gone = new Promise((resolve) => socket.once("close", resolve));
  socket.resetAndDestroy();
  await gone;
  listener.close();
  return link;
}

function portOf(address: Address): number {
  assert(address.transport === "tcp");
  return address.port;
}
