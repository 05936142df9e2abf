import { assertEquals, assertInstanceOf } from "@std/assert";
import { LinkCloseCode } from "../../../src/bus/link/link_close_code.ts";
import { LINK_COUNTER_NAMES } from "../../../src/bus/link/link_counters.ts";
import { linkPsk } from "../../../src/bus/link/link_key.ts";
import { resolveLinkOptions } from "../../../src/bus/link/link_options.ts";
import { LinkQueue } from "../../../src/bus/link/link_queue.ts";
import { LinkDials } from "../../../src/bus/link/link_setup.ts";
import { NodeLinkMachine } from "../../../src/bus/link/node_link_machine.ts";
import { type BusMember, MemberState } from "../../../src/bus/member/bus_member.ts";
import { Lz4Table } from "../../../src/codec/lz4_table.ts";
import { ChaCha20Poly1305 } from "../../../src/crypto/chacha20_poly1305.ts";
import { NobleKeyExchange } from "../../../src/crypto/noble_key_exchange.ts";
import { ConnectError } from "../../../src/error/transport_error.ts";
import { MemoryNetwork } from "../../../src/io/memory/memory_network.ts";
import { CounterTable } from "../../../src/metric/counter_table.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { BusLinkDriver, type LinkOwner } from "../../../src/runtime/bus_link_driver.ts";
import { BusLinkHub } from "../../../src/runtime/bus_link_hub.ts";
import { BusMeshLinks, type MeshLinksOwner } from "../../../src/runtime/bus_mesh_links.ts";
import type { MeshNode } from "../../../src/runtime/bus_mesh_node.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";
import type { BusFabric } from "../../../src/transport/bus_fabric.ts";
import type { StreamLink } from "../../../src/transport/stream_link.ts";
import { DatagramAddress } from "../../../src/wire/datagram_address.ts";

const KEY = linkPsk(new Uint8Array(32).fill(7));
const LIMITS = {
  maxQueuedBytes: 1 << 20,
  queuePolicy: "wait",
  heartbeatMs: 1000,
  connectTimeoutMs: 5000,
  closeTimeoutMs: 500,
  maxRecordBytes: 4096,
} as const;

/** One end: its links, what it got, and what it lost. */
class End {
  readonly id: string;
  readonly got: string[] = [];
  readonly lost: Error[] = [];
  readonly known = new Map<string, MeshNode>();
  readonly streams: StreamLink[] = [];
  readonly links: BusMeshLinks;

  constructor(number: number, network: MemoryNetwork, scheduler: ManualScheduler, psk = KEY) {
    const nodeId = new Uint8Array(16).fill(number);
    this.id = nodeId.toHex();
    const owner: MeshLinksOwner = {
      maxQueuedBytes: LIMITS.maxQueuedBytes,
      policy: "wait",
      dropped: () => {},
      fabric: { nodeId: this.id } as BusFabric,
      streamsTo: (_hostname, port) => {
        const fabric = network.fabric(String(port));
        const connect = async (signal: AbortSignal): Promise<StreamLink> => {
          const stream = await fabric.connect(signal);
          this.streams.push(stream);
          return stream;
        };
        return { ...fabric, connect };
      },
      nodeOf: (id) => this.known.get(id),
      handleRecord: (from, buffer, start, end) => {
        const text = String.fromCharCode(...buffer.subarray(start, end));
        this.got.push(text);
        if (text.startsWith("ask")) send(from, `answer to ${text}`);
      },
      handleLost: (_node, error) => void this.lost.push(error),
      handleError: (error) => {
        throw error;
      },
    };
    const host = {
      scheduler,
      random: new SeededRandom(number),
      aead: new ChaCha20Poly1305(),
      keyExchange: new NobleKeyExchange(),
    };
    const identity = { nodeId, bootId: nodeId, cluster: "", clusterKey: undefined };
    this.links = new BusMeshLinks(owner, identity, [psk], true, LIMITS, host);
    this.links.listen(network.fabric(String(number)).listen());
  }

  /** Learns of another end. */
  learn(number: number): MeshNode {
    const address = new DatagramAddress();
    address.parse("192.0.2.1", number);
    const nodeId = new Uint8Array(16).fill(number).toHex();
    const node = this.links.makeNode(
      {
        slot: number,
        nodeId,
        bootId: new Uint8Array(16).fill(number),
        name: `node ${number}`,
        incarnation: 0,
        state: MemberState.Alive,
        gossipAddress: address,
        linkAddresses: [address],
        hostId: "",
        isSameHost: true,
        cluster: "",
        isSameCluster: false,
        metadata: new Uint8Array(0),
        interestVersion: 1,
      } satisfies BusMember,
    );
    this.known.set(nodeId, node);
    this.links.handleKnown();
    return node;
  }
}

function send(node: MeshNode, text: string): void {
  const bytes = new TextEncoder().encode(text);
  node.outlet.offer(bytes, bytes.length);
}

async function withEnds(
  run: (a: End, b: End, scheduler: ManualScheduler, network: MemoryNetwork) => Promise<void>,
): Promise<void> {
  const scheduler = new ManualScheduler();
  const network = new MemoryNetwork();
  const ends = [new End(1, network, scheduler), new End(2, network, scheduler)] as const;
  await run(...ends, scheduler, network);
  const closed = Promise.all(ends.map(({ links }) => links.close()));
  await scheduler.settle(1000);
  await closed;
}

Deno.test("a link is opened by the first record, once for all, and carries both ways", () =>
  withEnds(async (a, b, scheduler) => {
    const [toB, toA] = [a.learn(2), b.learn(1)];
    await scheduler.settle(10);
    assertEquals(a.streams.length, 0);
    for (const text of ["1", "2", "3"]) send(toB, text);
    await scheduler.settle(10);
    send(toA, "back");
    await scheduler.settle(10);
    assertEquals([b.got, a.got, a.streams.length, b.streams.length], [["1", "2", "3"], ["back"], 1, 0]);
  }));

Deno.test("links that cross become one, and nothing is lost", () =>
  withEnds(async (a, b, scheduler) => {
    const [toB, toA] = [a.learn(2), b.learn(1)];
    for (const text of ["1", "2"]) {
      send(toB, `a${text}`);
      send(toA, `b${text}`);
    }
    await scheduler.settle(200);
    send(toB, "a3");
    send(toA, "b3");
    await scheduler.settle(200);
    assertEquals([a.got, b.got], [["b1", "b2", "b3"], ["a1", "a2", "a3"]]);
    assertEquals([a.lost, b.lost, a.links.counters().links, b.links.counters().links], [[], [], 1, 1]);
  }));

Deno.test("a node that membership does not know yet waits until it does", () =>
  withEnds(async (a, b, scheduler) => {
    send(a.learn(2), "early");
    await scheduler.settle(100);
    assertEquals(b.got, []);
    b.learn(1);
    await scheduler.settle(100);
    assertEquals(b.got, ["early"]);
  }));

Deno.test("what waited for a link that broke is not sent by the next one", () =>
  withEnds(async (a, b, scheduler) => {
    const toB = a.learn(2);
    b.learn(1);
    send(toB, "first");
    await scheduler.settle(10);
    a.streams[0]!.close();
    send(toB, "told as lost");
    await scheduler.settle(10);
    assertEquals([a.lost.length, b.got], [1, ["first"]]);
    send(toB, "next");
    await scheduler.settle(500);
    assertEquals([b.got, a.lost.length, a.streams.length], [["first", "next"], 1, 2]);
  }));

Deno.test("a node that cannot be reached is told as lost, and tried again after a pause", () =>
  withEnds(async (a, _b, scheduler, network) => {
    const to3 = a.learn(3);
    send(to3, "nobody");
    await scheduler.settle(10);
    assertInstanceOf(a.lost[0], ConnectError);
    send(to3, "somebody");
    await scheduler.settle(10);
    assertEquals(a.lost.length, 1);
    const late = new End(3, network, scheduler);
    late.learn(1);
    await scheduler.settle(100);
    assertEquals([late.got, a.lost.length], [["somebody"], 1]);
    const closed = late.links.close();
    await scheduler.settle(1000);
    await closed;
  }));

Deno.test("a node with another key gets no link", () =>
  withEnds(async (a, _b, scheduler, network) => {
    const stranger = new End(4, network, scheduler, linkPsk(new Uint8Array(32).fill(8)));
    stranger.learn(1);
    const node = a.learn(4);
    send(node, "secret");
    await scheduler.settle(100);
    assertEquals([stranger.got, a.lost.length], [[], 1]);
    const closed = stranger.links.close();
    await scheduler.settle(1000);
    await closed;
  }));

Deno.test("flush() waits for links that are being opened", () =>
  withEnds(async (a, b, scheduler) => {
    b.learn(1);
    const node = a.learn(2);
    send(node, "last words");
    let isDone = false;
    const flushed = a.links.flush([node]).then(() => isDone = true);
    assertEquals(isDone, false);
    await scheduler.settle(100);
    await flushed;
    assertEquals(b.got, ["last words"]);
  }));

Deno.test("an answer goes out with what brought the question", () =>
  withEnds(async (a, b, scheduler) => {
    b.learn(1);
    const toB = a.learn(2);
    for (const text of ["ask 1", "ask 2"]) send(toB, text);
    await scheduler.settle(10);
    assertEquals(a.got, ["answer to ask 1", "answer to ask 2"]);
  }));

Deno.test("a link whose other end never answers is given up in time", () =>
  withEnds(async (a, _b, scheduler, network) => {
    const listener = network.fabric("5").listen();
    const toNobody = a.learn(5);
    send(toNobody, "hello?");
    const accepted = await listener.accept();
    await scheduler.settle(4900);
    assertEquals(a.lost, []);
    await scheduler.settle(200);
    assertEquals(a.lost.length, 1);
    accepted.close();
    listener.close();
  }));

/** The other end of links, played by the test: admits or refuses whoever comes. */
function playPeer(number: number, network: MemoryNetwork, scheduler: ManualScheduler) {
  const listener = network.fabric(String(number)).listen();
  const hub = new BusLinkHub(scheduler);
  const config = resolveLinkOptions({});
  const counters = new CounterTable(LINK_COUNTER_NAMES, 1);
  const nodeId = new Uint8Array(16).fill(number);
  const got: string[] = [];
  const accept = async (refusal?: LinkCloseCode): Promise<void> => {
    const owner: LinkOwner = {
      greeted: (link) => {
        if (refusal === undefined) link.machine.admit(new LinkQueue({ config, counters, slot: 0 }));
        else link.machine.refuse(refusal);
        link.resume();
      },
      messages: ({ machine }) => {
        while (machine.nextMessage()) {
          const { messageBuffer, messageOffset, messageLength } = machine;
          got.push(String.fromCharCode(...messageBuffer.subarray(messageOffset, messageOffset + messageLength)));
        }
      },
      drained: () => {},
      closed: () => {},
    };
    const link = new BusLinkDriver(hub, owner, await listener.accept());
    link.start(
      new NodeLinkMachine({
        config,
        clock: scheduler.clock,
        random: new SeededRandom(number),
        keyExchange: new NobleKeyExchange(),
        aead: new ChaCha20Poly1305(),
        lz4: new Lz4Table(),
        counters,
        slot: 0,
        psks: [KEY],
        isSealed: true,
        self: { nodeId, bootId: nodeId, cluster: "", clusterKey: undefined },
        dials: new LinkDials(),
        dial: undefined,
      }),
    );
  };
  return { accept, got, listener };
}

Deno.test("what waits for a peer that prefers another link is kept for that one, and nothing is told as lost", () =>
  withEnds(async (a, _b, scheduler, network) => {
    const peer = playPeer(6, network, scheduler);
    send(a.learn(6), "kept");
    const refused = peer.accept(LinkCloseCode.Superseded);
    await scheduler.settle(10);
    await refused;
    assertEquals([a.streams.length, a.lost, peer.got], [1, [], []]);
    const accepted = peer.accept();
    await scheduler.settle(100);
    await accepted;
    assertEquals([a.streams.length, a.lost, peer.got], [2, [], ["kept"]]);
    peer.listener.close();
  }));

Deno.test("what waits for a peer that refuses for another reason is told as lost", () =>
  withEnds(async (a, _b, scheduler, network) => {
    const peer = playPeer(6, network, scheduler);
    send(a.learn(6), "lost");
    const refused = peer.accept(LinkCloseCode.NotWanted);
    await scheduler.settle(200);
    await refused;
    assertEquals([a.streams.length, a.lost.length, peer.got], [1, 1, []]);
    peer.listener.close();
  }));

Deno.test("strangers who say nothing do not shut out a node, however many they are", () =>
  withEnds(async (a, b, scheduler, network) => {
    const toB = a.learn(2);
    const { signal } = new AbortController();
    const strangers: StreamLink[] = [];
    for (let i = 0; i < 600; i++) strangers.push(await network.fabric("1").connect(signal));
    await scheduler.settle(10);
    assertEquals(a.links.counters().links, 512);
    send(b.learn(1), "hello");
    await scheduler.settle(10);
    assertEquals(a.got, ["hello"]);
    // What was a stranger once and is a node now does not have to give way to others.
    for (let i = 0; i < 600; i++) strangers.push(await network.fabric("1").connect(signal));
    await scheduler.settle(10);
    send(toB, "still there");
    await scheduler.settle(10);
    assertEquals([b.got, a.lost, b.lost], [["still there"], [], []]);
    for (const stranger of strangers) stranger.close();
  }));

Deno.test("a node that leaves while its link is being opened is told as lost at once", () =>
  withEnds(async (a, _b, scheduler) => {
    const toB = a.learn(2);
    send(toB, "never");
    await scheduler.settle(10);
    assertEquals([a.lost.length, a.links.counters().links], [0, 1]);
    a.known.delete(toB.id);
    a.links.handleGone(toB, true);
    await scheduler.settle(10);
    assertEquals([a.lost.length, a.links.counters().links], [1, 0]);
  }));

Deno.test("what is on its way from a node that leaves still arrives", () =>
  withEnds(async (a, b, scheduler) => {
    const [toB, toA] = [a.learn(2), b.learn(1)];
    send(toB, "open");
    await scheduler.settle(10);
    a.links.handleGone(toB, true);
    send(toA, "last words");
    await scheduler.settle(10);
    assertEquals([a.got, a.lost], [["last words"], []]);
  }));
