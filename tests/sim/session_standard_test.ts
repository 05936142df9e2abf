/**
 * A reader written from the standard alone follows whole sessions on the wire, from the hellos on.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SessionState } from "../../src/session/session_state.ts";
import type { TappedDatagram } from "../../src/testing/datagram_network.ts";
import {
  extract,
  type Frame,
  hashOf,
  hex,
  label,
  openPacket,
  readFrames,
  readHello,
  readPacket,
} from "../unit/wire/standard_reader.ts";
import { numbered, QuickKeyExchange, Sim } from "./session_bench.ts";

/** What an observer with the keys sees: the sender, the frames. */
interface Seen {
  readonly isClient: boolean;
  readonly type: number;
  readonly phase: number;
  readonly number: number;
  readonly id: string;
  readonly frames: readonly Frame[];
}

function bytesOf(digits: string | number): Uint8Array {
  return Uint8Array.from(`${digits}`.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Watches a network as a reader of the document that has the traffic secrets. */
class Observer {
  readonly seen: Seen[] = [];
  readonly #secrets: [Uint8Array, Uint8Array][] = [];
  readonly #serverPort: number;

  constructor(sim: Sim) {
    this.#serverPort = sim.server.host.address.port;
    sim.network.tap = (datagram) => {
      this.#note(datagram);
      return true;
    };
  }

  /** Section 11: the traffic secrets after hellos. */
  learn(clientHello: Uint8Array, serverHello: Uint8Array): Frame {
    const hello = readHello(serverHello);
    const hash = hashOf(clientHello, serverHello);
    this.addSecrets(
      label(bytesOf(hello.clientSecret!), "client", hash, 32),
      label(bytesOf(hello.serverSecret!), "server", hash, 32),
    );
    return hello;
  }

  addSecrets(client: Uint8Array, server: Uint8Array): void {
    this.#secrets.push([client, server]);
  }

  /** The frames of one end by name, in order. */
  named(isClient: boolean, name: string): Frame[] {
    return this.seen.filter((one) => one.isClient === isClient).flatMap(({ frames }) =>
      frames.filter((frame) => frame.name === name)
    );
  }

  #note({ bytes, from }: TappedDatagram): void {
    const packet = readPacket(bytes);
    const isClient = from.port !== this.#serverPort;
    if (packet.type !== 0) return;
    for (const secrets of this.#secrets) {
      let traffic = secrets[isClient ? 0 : 1];
      for (let phase = 0; phase < 40; phase++) {
        const opened = phase % 2 === packet.phase ? openPacket(bytes, traffic) : undefined;
        if (opened !== undefined) {
          this.seen.push({ isClient, ...packet, frames: readFrames(opened) });
          return;
        }
        traffic = label(traffic, "next", new Uint8Array(0), 32);
      }
    }
    throw new Error("a packet that the document does not open");
  }
}

Deno.test("standard: a reader of the document follows a session from its hellos to its close", () => {
  const sim = new Sim({ delayMs: 10 }, { rotateAfterPackets: 16, ackEveryPackets: 4 });
  const observer = new Observer(sim);
  const end = sim.addClient({ rotateAfterPackets: 16, ackEveryPackets: 4 });
  const session = end.endpoint.openClient();
  const clientHello = session.writeHello(Uint8Array.of(5, 6));
  assertEquals(readHello(clientHello).token, "0506");
  const port = sim.server.host.address.port;
  const { record, session: accepted } = sim.server.endpoint.acceptHello(clientHello, end.host.address, port);
  sim.server.pump();
  const hello = observer.learn(clientHello, record);
  session.handleHello(record, 0, sim.server.host.address);
  end.pump();
  sim.scheduler.advance(500);
  for (let i = 0; i < 450; i++) {
    session.send(1, numbered(i, 50));
    end.pump();
    if (i % 3 === 0) accepted!.send(1, numbered(1000 + i, 30));
    sim.server.pump();
    sim.scheduler.advance(5);
  }
  session.close(0x8001, "bye");
  end.pump();
  sim.scheduler.advance(1000);
  const sent = Array.from({ length: 450 }, (_, i) => hex(numbered(i, 50)));
  assertEquals(observer.named(true, "Plain").map(({ payload }) => payload), sent);
  assertEquals(observer.named(true, "Plain").map(({ id }) => id), sent.map((_, i) => i));
  assertEquals(observer.named(false, "Plain").length, 150);
  const first = observer.seen[0]!;
  assertEquals([first.id, first.number, first.frames.map(({ name }) => name)], [`${hello.id}`, 0, ["Ping"]]);
  assertEquals(observer.named(true, "Close")[0], { name: "Close", code: 0x8001, text: "627965" });
  assertEquals(observer.named(false, "Close")[0], { name: "Close", code: 0x8001, text: "" });
  for (const isClient of [true, false]) {
    const own = observer.seen.filter((one) => one.isClient === isClient);
    const numbers = own.map(({ number }) => number);
    assert(numbers.every((number, i) => i === 0 || number > numbers[i - 1]!), "numbers grow");
    if (isClient) assert(numbers.at(-1)! >= numbers.length, "numbers are left out");
    assert(own.some(({ phase }) => phase === 1), "the keys step");
    assertEquals(observer.named(isClient, "NewConnectionId").map(({ sequence }) => sequence), [1, 2]);
  }
  assertEquals(observer.named(false, "HandshakeDone").length, 1);
});

Deno.test("standard: a reader of the document follows a resumption with early data", () => {
  const sim = new Sim({ delayMs: 10 });
  const { client, end } = sim.connect();
  const ticket = client.ticket!;
  client.close();
  end.pump();
  sim.scheduler.advance(1000);
  const datagrams: { isClient: boolean; bytes: Uint8Array }[] = [];
  sim.network.tap = ({ bytes, from }) => {
    datagrams.push({ isClient: from.port !== 4433, bytes });
    return true;
  };
  const session = end.endpoint.openClient();
  assertEquals(session.resume(ticket, 0, sim.server.host.address), true);
  session.sendEarly(1, Uint8Array.of(7, 8, 9));
  end.pump();
  sim.scheduler.advance(500);
  assertEquals(session.state, SessionState.Established);
  const flight = readPacket(datagrams[0]!.bytes);
  const reply = readPacket(datagrams.find(({ isClient }) => !isClient)!.bytes);
  const transcript = bytesOf(flight.fields.transcript!);
  assertEquals(flight.fields.ticket, hex(ticket.ticket));
  const root = extract(bytesOf(flight.fields.random!), ticket.secret);
  const early = readFrames(openPacket(datagrams[0]!.bytes, label(root, "early", hashOf(transcript), 32))!);
  assertEquals(early.map(({ name }) => name), ["Offer", "EarlyMessage"]);
  assertEquals(early[1]!.payload, "070809");
  assertEquals(reply.id, flight.fields.clientId);
  // The simulation's key exchange hashes the exclusive or of both shares.
  const shared = new QuickKeyExchange();
  const mixed = hashOf(bytesOf(flight.fields.share!).map((byte, i) => byte ^ bytesOf(reply.fields.share!)[i]!));
  assertEquals(shared.name, "quick");
  const main = extract(label(root, "derived", new Uint8Array(0), 32), mixed);
  const hash = hashOf(transcript, bytesOf(reply.fields.transcript!));
  const traffic = [label(main, "client", hash, 32), label(main, "server", hash, 32)] as const;
  const frames = datagrams.slice(1).map(({ isClient, bytes }) =>
    readFrames(openPacket(bytes, traffic[isClient ? 0 : 1])!)
  );
  assertEquals([frames[0]![0]!.name, frames[0]![0]!.verdict], ["Accept", 1]);
  assert(frames.some((some) => some.some(({ name }) => name === "Ticket")), "a new ticket is given");
  const sessionPackets = datagrams.filter(({ isClient, bytes }) => isClient && readPacket(bytes).type === 0);
  assertEquals(readPacket(sessionPackets[0]!.bytes).id, reply.fields.serverId);
});
