/**
 * Cases that follow from a seed: the decoders of sections 4 to 11 on noise and on broken packets, and endpoint machines
 * worked by a random list of operations over a network that loses, repeats, reorders and changes datagrams, with a peer
 * that has the keys and breaks the rules.
 *
 * Invariants: nothing throws; a message arrives at most once and unchanged; `Connected` comes before messages and
 * `Closed` last, each at most once; a drain ends, a timeout moves on; in the end every session is over and its slot free.
 * Why: the three kinds of cases share the endpoints and what is checked of them, hence one file.
 *
 * @module
 */
import type { ChannelSendOptions } from "../../src/channel/channel_set.ts";
import { ChaCha20Poly1305 } from "../../src/crypto/chacha20_poly1305.ts";
import { sha256 } from "../../src/crypto/kdf.ts";
import type { KeyExchange, KeyPair } from "../../src/crypto/key_exchange.ts";
import type { RandomSource } from "../../src/random/random_source.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { DatagramTransmit } from "../../src/session/datagram_transmit.ts";
import { EndpointMachine } from "../../src/session/endpoint_machine.ts";
import { type EndpointConfig, resolveEndpointOptions } from "../../src/session/endpoint_options.ts";
import { helloSecrets, packetKeyOf } from "../../src/session/key_schedule.ts";
import { PacketUnframer } from "../../src/session/packet_unframer.ts";
import { SessionEvent } from "../../src/session/session_event.ts";
import type { SessionMachine } from "../../src/session/session_machine.ts";
import { SessionState } from "../../src/session/session_state.ts";
import { ClockCell } from "../../src/time/clock.ts";
import { DatagramAddress } from "../../src/wire/datagram_address.ts";
import { ChannelFrameType } from "../../src/wire/channel_frame.ts";
import { FirstFlightReader } from "../../src/wire/first_flight.ts";
import { FrameCursor } from "../../src/wire/frame_cursor.ts";
import {
  decodeClientHello,
  decodeHelloRefusal,
  decodeServerHello,
  encodeClientHello,
} from "../../src/wire/hello_record.ts";
import { decodeWord, encodeSessionHeader } from "../../src/wire/packet_header.ts";
import { FrameType } from "../../src/wire/session_frame.ts";

const MAX_DATAGRAMS = 400;

/** Channels of these endpoints: the four classes, and some with what may be added to them. */
const CHANNELS = {
  4: { delivery: "reliableUnordered", fec: true },
  5: { delivery: "unreliable", redundancyBytes: 200, lane: "critical" },
  6: { delivery: "sequenced", ttlMs: 300 },
  7: { delivery: "unreliable", fec: { scheme: "xor" } },
} as const;
const CHANNEL_COUNT = 8;
const LIMITS = { maxDatagramBytes: 65535, maxAckDelayMs: 25, idleTimeoutMs: 5000, features: 0 };

/** Runs one case; throws when an invariant is broken. */
export class SessionFuzz {
  readonly #memory = new Uint8Array(2048);
  readonly #aead = new ChaCha20Poly1305();
  readonly #configs = configs();

  /**
   * Runs the case that follows from a seed.
   *
   * @param seed The seed.
   * @throws {Error} When an invariant is broken.
   */
  run(seed: number): void {
    const random = new SeededRandom(seed);
    const draw = random.nextInt(4);
    if (draw === 0) return decode(random, this.#memory);
    const config = this.#configs[random.nextInt(this.#configs.length)]!;
    if (draw === 1) return new HostilePeer(random, config, this.#aead).run();
    new Case(random, config, this.#aead).run();
  }
}

function configs(): EndpointConfig[] {
  const common = { maxSessions: 6, idleTimeoutMs: 5000, handshakeTimeoutMs: 3000, maxQueuedBytes: 4096 };
  const small = { maxMessageBytes: 8192, maxReassemblyBytes: 20_000, maxReassemblyMessages: 3, channels: CHANNELS };
  return [
    resolveEndpointOptions({ ...common, ...small }),
    resolveEndpointOptions({ ...common, ...small, congestionControl: "cubic", maxPacketsInFlight: 64 }),
    resolveEndpointOptions({ ...common, ...small, rotateAfterPackets: 16, ackEveryPackets: 1, maxAckDelayMs: 0 }),
    resolveEndpointOptions({ ...common, ...small, cookieFromHalfOpen: 0, acceptEarlyData: false, followPeer: true }),
    resolveEndpointOptions({
      ...common,
      ...small,
      maxForgedPackets: 5,
      maxHalfOpen: 2,
      keepAliveMs: 0,
      rotateAfterMs: 500,
    }),
    resolveEndpointOptions({ ...common, ...small, followPeer: false, maxUsedTickets: 1, rotateAfterBytes: 4096 }),
  ];
}

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** The decoders on noise, and on noise that begins like something. */
function decode(random: SeededRandom, memory: Uint8Array): void {
  random.fillSecret(memory);
  const end = 100 + random.nextInt(1900);
  const types = Object.values(FrameType);
  const cursor = new FrameCursor();
  for (let at = 40; at < end - 1; at += 1 + random.nextInt(60)) memory[at] = types[random.nextInt(types.length)]!;
  cursor.load(memory, 40, end);
  for (let position = 40; cursor.next(); position = cursor.position) {
    check(cursor.position > position && cursor.position <= end, "the cursor left its range");
  }
  const reader = new FirstFlightReader();
  memory[109] = random.nextInt(3);
  if (reader.read(memory, 0, end)) check(reader.sealedAt + 16 <= end, "a seal outside of the datagram");
  const record = memory.subarray(0, random.nextInt(end));
  record[0] = random.nextInt(4);
  if (random.nextInt(2) === 0) record.fill(1, 1, 3);
  decodeClientHello(record);
  decodeServerHello(record);
  decodeHelloRefusal(record);
  const unframer = new PacketUnframer(1 + random.nextInt(2000));
  for (let at = 0; at < end;) {
    const next = Math.min(end, at + 1 + random.nextInt(300));
    unframer.push(memory.subarray(at, next));
    while (unframer.next()) check(unframer.offset + unframer.length <= unframer.buffer.length, "a record outside");
    at = next;
  }
}

class QuickKeyExchange implements KeyExchange {
  readonly name = "quick";

  keyPair(random: RandomSource): KeyPair {
    const privateKey = new Uint8Array(32);
    random.fillSecret(privateKey);
    return { publicKey: sha256(privateKey), privateKey };
  }

  sharedSecret(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
    const own = sha256(privateKey);
    return sha256(own.map((byte, i) => byte ^ publicKey[i]!));
  }
}

/** A datagram that somebody sent. */
interface Flying {
  readonly to: End;
  readonly pathId: number;
  readonly from: DatagramAddress;
  readonly bytes: Uint8Array;
}

/** One endpoint and what its application saw. */
class End {
  readonly endpoint: EndpointMachine;
  readonly address = new DatagramAddress();
  readonly sessions = new Set<SessionMachine>();
  readonly open = new Set<SessionMachine>();
  readonly closed = new Set<SessionMachine>();
  readonly arrived = new Map<string, number>();
  /** Whether all that comes was sent by a machine. */
  isHonest = true;
  /** Credit that the application holds back. */
  readonly #held: [SessionMachine, number, number][] = [];
  readonly #random: SeededRandom;
  readonly #target = new DatagramTransmit(new Uint8Array(2048), 2);

  constructor(random: SeededRandom, config: EndpointConfig, aead: ChaCha20Poly1305, clock: ClockCell, host: string) {
    this.#random = random;
    const wallClock = { wallNow: () => 1e12 + clock.now };
    const keyExchange = new QuickKeyExchange();
    const resetKey = new Uint8Array(32).fill(5);
    this.endpoint = new EndpointMachine({ config, clock, wallClock, random, aead, keyExchange, resetKey });
    check(this.address.parse(host, 1000), "no address");
  }

  drain(send: (pathId: number, bytes: Uint8Array, to: DatagramAddress) => void, clock: ClockCell): void {
    const { endpoint } = this;
    for (let rounds = 0;; rounds++) {
      check(rounds < 1000, "events without end");
      const target = this.#target;
      for (let count = 0, length = 1; length > 0; count++) {
        check(count < 1000, "datagrams without end");
        length = endpoint.pollTransmit(target);
        check(length <= 1452, "a datagram that is too long");
        if (length > 0) send(target.pathId, target.buffer.slice(2, 2 + length), target.address);
      }
      const at = endpoint.pollTimeout();
      check(!Number.isNaN(at) && (at === Infinity || at >= clock.now - 1e9), "no time");
      const event = endpoint.pollEvent();
      if (event === undefined) return;
      this.#note(event);
    }
  }

  /** The application reads what it held back. */
  read(): void {
    for (const [session, channel, credit] of this.#held.splice(0)) session.handleConsumed(channel, credit);
  }

  #note(event: SessionEvent): void {
    const { endpoint } = this;
    const session = endpoint.session!;
    this.sessions.add(session);
    check(!this.closed.has(session), "an event behind the end");
    if (event === SessionEvent.Connected) {
      check(!this.open.has(session), "connected twice");
      this.open.add(session);
    } else if (event === SessionEvent.Closed) {
      check(session.reason !== undefined, "closed for no reason");
      this.closed.add(session);
    } else if (event === SessionEvent.Message) {
      check(this.open.has(session), "a message before Connected");
      const { messageBuffer, messageOffset, messageLength } = endpoint;
      if (this.#random.nextInt(3) === 0) this.#held.push([session, endpoint.messageChannel, endpoint.takeCredit()]);
      if (!this.isHonest) return;
      const key = messageBuffer.subarray(messageOffset, messageOffset + messageLength).join();
      const seen = (this.arrived.get(key) ?? 0) + 1;
      this.arrived.set(key, seen);
      check(seen === 1, "a message arrived twice");
    }
  }
}

/** Two or three endpoints on a hostile network. */
class Case {
  readonly #random: SeededRandom;
  readonly #clock = new ClockCell();
  readonly #server: End;
  readonly #clients: End[];
  readonly #flying: Flying[] = [];
  readonly #sent = new Set<string>();
  #serial = 0;

  constructor(random: SeededRandom, config: EndpointConfig, aead: ChaCha20Poly1305) {
    this.#random = random;
    this.#clock.advance(random.visibleFraction() * 1000);
    this.#server = new End(random, config, aead, this.#clock, "192.0.2.1");
    this.#clients = [1, 2].map((n) => new End(random, config, aead, this.#clock, `10.0.0.${n}`));
    for (const end of this.#ends) this.#drain(end);
  }

  get #ends(): End[] {
    return [this.#server, ...this.#clients];
  }

  run(): void {
    const steps = 50 + this.#random.nextInt(250);
    for (let i = 0; i < steps; i++) {
      this.#step(this.#clients[this.#random.nextInt(2)]!);
      for (const end of this.#ends) check(end.endpoint.sessionCount <= 6, "more sessions than allowed");
    }
    this.#end();
  }

  #step(client: End): void {
    const draw = this.#random.nextInt(40);
    if (draw < 18) this.#deliver();
    else if (draw < 24) this.#advance(this.#random.nextInt(this.#random.nextInt(20) === 0 ? 8000 : 60));
    else if (draw < 32) this.#send(this.#random.nextInt(2) === 0 ? client : this.#server);
    else if (draw < 34) this.#shake(client);
    else if (draw < 36) this.#resume(client);
    else if (draw === 36) client.address.words[4] = 1000 + this.#random.nextInt(5000);
    else if (draw === 37) this.#move(client);
    else if (draw === 38 && this.#random.nextInt(4) === 0) {
      this.#close(this.#random.nextInt(2) === 0 ? client : this.#server);
    } else this.#forge();
  }

  #drain(end: End): void {
    end.drain((pathId, bytes, to) => this.#launch(end, pathId, bytes, to), this.#clock);
  }

  #launch(from: End, pathId: number, bytes: Uint8Array, to: DatagramAddress): void {
    const target = this.#ends.find(({ address }) => address.equals(to));
    if (target === undefined || this.#flying.length >= MAX_DATAGRAMS) return;
    const address = new DatagramAddress();
    address.copyFrom(from.address);
    if (pathId !== 0) address.words[3]! += pathId << 8;
    this.#flying.push({ to: target, pathId: target === this.#server ? 0 : pathId, from: address, bytes });
  }

  /** Takes any datagram off the network: delivers, loses, repeats or changes it. */
  #deliver(): void {
    if (this.#flying.length === 0) return;
    const isOldest = this.#random.nextInt(3) > 0;
    const index = isOldest ? 0 : this.#random.nextInt(this.#flying.length);
    const one = this.#flying[index]!;
    if (this.#random.nextInt(8) > 0) this.#flying.splice(index, 1);
    const draw = this.#random.nextInt(20);
    if (draw === 0) return;
    const bytes = one.bytes.slice();
    if (draw === 1) bytes[this.#random.nextInt(bytes.length)]! ^= 1 << this.#random.nextInt(8);
    const end = draw === 2 ? this.#random.nextInt(bytes.length) : bytes.length;
    const buffer = new Uint8Array(bytes.length + 20);
    buffer.set(bytes, 7);
    one.to.endpoint.handleDatagram(one.pathId, one.from, buffer, 7, 7 + end);
    this.#drain(one.to);
  }

  #advance(ms: number): void {
    this.#clock.advance(this.#clock.now + ms + this.#random.visibleFraction());
    for (const end of this.#ends) {
      end.endpoint.handleTimeout();
      this.#drain(end);
    }
  }

  #payload(): Uint8Array {
    const payload = new Uint8Array(4 + this.#random.nextInt(this.#random.nextInt(10) === 0 ? 4000 : 60));
    new DataView(payload.buffer).setUint32(0, ++this.#serial);
    this.#sent.add(payload.join());
    return payload;
  }

  #any(end: End): SessionMachine | undefined {
    const all = [...end.sessions];
    return all[this.#random.nextInt(Math.max(1, all.length))];
  }

  #send(end: End): void {
    const session = this.#any(end);
    if (session === undefined) return;
    end.read();
    for (let count = this.#random.nextInt(8); count > 0; count--) {
      const channel = this.#random.nextInt(CHANNEL_COUNT);
      session.send(channel, this.#payload(), this.#options(channel));
      if (this.#random.nextInt(8) === 0) session.cancel(session.messageHandle);
    }
    this.#drain(end);
  }

  #options(channel: number): ChannelSendOptions | undefined {
    const draw = this.#random.nextInt(8);
    if (draw === 0) return { ttlMs: this.#random.nextInt(500) };
    return draw === 1 && (channel === 1 || channel === 2) ? { lane: "low" } : undefined;
  }

  #shake(client: End): void {
    const idle = [...client.sessions].find(({ state }) => state === SessionState.Idle);
    const session = idle ?? this.#openClient(client);
    if (session === undefined) return;
    const hello = session.writeHello(new Uint8Array(this.#random.nextInt(300)));
    if (this.#random.nextInt(20) === 0) hello[this.#random.nextInt(hello.length)]! ^= 1;
    const answer = this.#server.endpoint.acceptHello(hello, client.address, 1000);
    if (answer.session !== undefined) this.#server.sessions.add(answer.session);
    this.#drain(this.#server);
    session.handleHello(answer.record, 0, this.#server.address, this.#random.nextInt(50));
    this.#drain(client);
  }

  #openClient(client: End): SessionMachine | undefined {
    if (client.endpoint.sessionCount >= 6) return undefined;
    const session = client.endpoint.openClient();
    client.sessions.add(session);
    this.#drain(client);
    return session;
  }

  #resume(client: End): void {
    const ticket = [...client.sessions].map((session) => session.ticket).findLast((one) => one !== undefined);
    const session = ticket === undefined ? undefined : this.#openClient(client);
    if (session === undefined || ticket === undefined) return;
    session.resume(ticket, 0, this.#server.address);
    for (let count = this.#random.nextInt(5); count > 0; count--) session.sendEarly(1, this.#payload());
    this.#drain(client);
  }

  #move(client: End): void {
    this.#any(client)?.migrate(this.#random.nextInt(4), this.#server.address);
    this.#drain(client);
    if (this.#random.nextInt(4) > 0) return;
    client.endpoint.handlePathLost(this.#random.nextInt(4));
    this.#drain(client);
  }

  #close(end: End): void {
    this.#any(end)?.close(this.#random.nextInt(65536), "x".repeat(this.#random.nextInt(400)));
    this.#drain(end);
  }

  /** Noise that begins like a datagram of ours, often for an id that is in use. */
  #forge(): void {
    const bytes = new Uint8Array(1 + this.#random.nextInt(this.#random.nextInt(3) === 0 ? 1452 : 80));
    this.#random.fillSecret(bytes);
    bytes[0] = 0xd0 + this.#random.nextInt(10);
    const model = this.#flying[this.#random.nextInt(Math.max(1, this.#flying.length))];
    if (model !== undefined && bytes.length > 20) bytes.set(model.bytes.subarray(1, 13), 1);
    const to = this.#ends[this.#random.nextInt(3)]!;
    to.endpoint.handleDatagram(this.#random.nextInt(2), this.#clients[0]!.address, bytes, 0, bytes.length);
    this.#drain(to);
  }

  /** Everything closes; after that nothing is left, and nothing arrived that was not sent. */
  #end(): void {
    for (const end of this.#ends) {
      end.endpoint.close();
      this.#drain(end);
    }
    this.#flying.length = 0;
    for (let i = 0; i < 20; i++) this.#advance(8000);
    for (const end of this.#ends) {
      check(end.endpoint.sessionCount === 0, "a session is left");
      check(end.endpoint.halfOpenCount === 0, "a half-open session is left");
      for (const key of end.arrived.keys()) check(this.#sent.has(key), "a message that nobody sent");
      for (const session of end.sessions) check(session.state === SessionState.Closed, "not closed");
      for (const session of end.open) check(end.closed.has(session), "connected and never closed");
    }
  }
}

/** A client that has the keys and sends any frames that it likes. */
class HostilePeer {
  readonly #random: SeededRandom;
  readonly #clock = new ClockCell();
  readonly #server: End;
  readonly #aead: ChaCha20Poly1305;

  constructor(random: SeededRandom, config: EndpointConfig, aead: ChaCha20Poly1305) {
    this.#random = random;
    this.#aead = aead;
    this.#clock.advance(1);
    this.#server = new End(random, config, aead, this.#clock, "192.0.2.1");
    this.#server.isHonest = false;
  }

  run(): void {
    const server = this.#server;
    const drain = (): void => server.drain(() => {}, this.#clock);
    const address = new DatagramAddress();
    address.parse("10.0.0.1", 7);
    drain();
    const connectionId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const fields = { lowestVersion: 1, highestVersion: 1, connectionId, limits: LIMITS, early: undefined };
    const hello = encodeClientHello({ ...fields, token: new Uint8Array(0) });
    const { record, session } = server.endpoint.acceptHello(hello, address, 9);
    drain();
    const answer = decodeServerHello(record)!;
    const secrets = helloSecrets(answer.clientSecret, answer.serverSecret, hello, record);
    const key = packetKeyOf(this.#aead, secrets.client);
    const [high, low] = [decodeWord(answer.connectionId, 0), decodeWord(answer.connectionId, 4)];
    for (let number = 0, steps = 1 + this.#random.nextInt(40); steps > 0; steps--) {
      number += this.#random.nextInt(20) === 0 ? this.#random.nextInt(5000) : 1;
      const packet = new Uint8Array(1500);
      const end = 17 + this.#frames(packet.subarray(17, 1300));
      encodeSessionHeader(packet, 0, 0, high, low, number);
      key.seal(packet, 0, 17, end, number);
      if (this.#random.nextInt(6) === 0) address.words[4] = this.#random.nextInt(5);
      server.endpoint.handleDatagram(0, address, packet, 0, end + 16);
      drain();
      this.#clock.advance(this.#clock.now + this.#random.nextInt(100));
      server.endpoint.handleTimeout();
      drain();
      if (this.#random.nextInt(4) === 0) {
        session!.send(this.#random.nextInt(CHANNEL_COUNT), new Uint8Array(this.#random.nextInt(4000)));
      }
      drain();
    }
    server.endpoint.close();
    drain();
    for (let i = 0; i < 5; i++) {
      this.#clock.advance(this.#clock.now + 10_000);
      server.endpoint.handleTimeout();
      drain();
    }
    check(server.endpoint.sessionCount === 0, "a session is left");
  }

  /** Writes frames, mostly whole ones with small fields, now and then noise; their length. */
  #frames(into: Uint8Array): number {
    const random = this.#random;
    const types = [...Object.values(FrameType), ...Object.values(ChannelFrameType)];
    let at = 0;
    for (let count = 1 + random.nextInt(6); count > 0 && at < 1000; count--) {
      const start = at;
      into[at++] = random.nextInt(15) === 0 ? random.nextInt(256) : types[random.nextInt(types.length)]!;
      const length = 4 + random.nextInt(80);
      for (const end = at + length; at < end; at++) into[at] = random.nextInt(3) === 0 ? random.nextInt(256) : 0;
      if (into[start] === FrameType.Plain || into[start] === FrameType.EarlyMessage) {
        this.#message(into, start, length);
      }
      if (into[start] === FrameType.Ack) at = start + 17;
    }
    return at;
  }

  /** Makes a message whole and its payload one of a kind. */
  #message(into: Uint8Array, start: number, length: number): void {
    if (length < 20) return;
    into[start + 1] = this.#random.nextInt(10) === 0 ? 2 : 1;
    into[start + 6] = 0;
    into[start + 7] = length - 7;
    this.#random.fillSecret(into.subarray(start + 8, start + 20));
  }
}
