/**
 * Membership under attack: by those who only see and send datagrams, and by boots that are over.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ChaCha20Poly1305 } from "../../src/crypto/chacha20_poly1305.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { BusGossipFuzz } from "../fuzz/bus_gossip_fuzz.ts";
import { addressOf, type Parcel, SimNet } from "./bus_member_net.ts";

/** Everything that is sent to a place. */
function record(net: SimNet, to: number): Parcel[] {
  const seen: Parcel[] = [];
  net.tap = (from, bytes, address) => {
    if (address?.words[3] === addressOf(to).words[3]) seen.push({ bytes: bytes.slice(), from: from.address, to });
  };
  return seen;
}

Deno.test("membership: replayed datagrams change nothing and are not answered", () => {
  const net = new SimNet(1);
  net.mesh(4);
  const seen = record(net, 0);
  net.run(5000);
  const victim = net.nodes[0]!;
  const [events, before] = [victim.events.length, victim.machine.counters()];
  const replayed = seen.splice(0);
  assert(replayed.length > 20);
  for (const parcel of replayed) {
    const bytes = parcel.bytes.slice();
    victim.receive({ ...parcel, bytes });
  }
  const after = victim.machine.counters();
  assertEquals(after.replayed! - before.replayed!, replayed.length);
  assertEquals([victim.events.length, after.datagramsOut], [events, before.datagramsOut]);
});

Deno.test("membership: flipped bits and noise do not open, under the real cipher", () => {
  const net = new SimNet(2);
  net.mesh(3, { aead: new ChaCha20Poly1305() });
  const seen = record(net, 0);
  net.run(3000);
  const random = new SeededRandom(2);
  const victim = net.nodes[0]!;
  const before = victim.machine.counters();
  for (let i = 0; i < 300; i++) {
    const parcel = seen[i % seen.length]!;
    const bytes = parcel.bytes.slice(0, random.nextInt(3) === 0 ? random.nextInt(parcel.bytes.length) : undefined);
    if (bytes.length > 0) bytes[random.nextInt(bytes.length)]! ^= 1 + random.nextInt(255);
    victim.receive({ ...parcel, bytes });
  }
  const after = victim.machine.counters();
  assertEquals([after.datagramsIn, after.datagramsOut], [before.datagramsIn, before.datagramsOut]);
});

Deno.test("membership: what was sent to a former boot, or by one, has no effect", () => {
  const net = new SimNet(3);
  net.mesh(4);
  const toFirst = record(net, 0);
  net.run(3000);
  const fromOld = toFirst.filter(({ from }) => from.equals(addressOf(2)));
  assert(fromOld.length > 3);
  net.start(2).do((machine) => machine.join(addressOf(1)));
  net.until(() => net.isWhole(), 20_000);
  net.run(5000);
  const victim = net.nodes[0]!;
  const bootOf = (): string => victim.machine.members().find(({ name }) => name === "n2")!.bootId.join();
  const [events, boot] = [victim.events.length, bootOf()];
  let bytesOut = -victim.machine.counters().bytesOut!;
  const bytesIn = fromOld.reduce((sum, { bytes }) => sum + bytes.length, 0);
  for (const parcel of fromOld) victim.receive({ ...parcel, bytes: parcel.bytes.slice() });
  bytesOut += victim.machine.counters().bytesOut!;
  assertEquals([victim.events.length, bootOf()], [events, boot]);
  assert(bytesOut <= bytesIn, `${bytesOut} bytes for ${bytesIn}`);

  net.start(0).do((machine) => machine.join(addressOf(1)));
  const anew = net.nodes[0]!;
  const before = anew.machine.counters();
  for (const parcel of toFirst) anew.receive({ ...parcel, bytes: parcel.bytes.slice() });
  const { notForUs, strangersIgnored, challenges } = anew.machine.counters();
  assert(notForUs! - before.notForUs! >= fromOld.length);
  assertEquals(challenges! + strangersIgnored!, before.challenges! + before.strangersIgnored!);
});

Deno.test("membership: a request from an address that was not proven gets no more bytes than it brought", () => {
  const net = new SimNet(4);
  net.mesh(6, { syncIntervalMs: 1000 });
  net.run(2000);
  const held: Parcel[] = [];
  net.passes = (from, to) => !(from === 3 && to === 0);
  net.tap = (from, bytes, to) => {
    if (from.index !== 3 || to?.words[3] !== addressOf(0).words[3]) return;
    held.push({ bytes: bytes.slice(), from: from.address, to: 0 });
  };
  net.run(9000);
  net.nodes[3]!.do((machine) => machine.join(addressOf(0)));
  net.run(100);
  // The cipher of these tests hides nothing: a ping, a pull and a hello are among them.
  for (const kind of [1, 3, 9]) assert(held.some(({ bytes }) => bytes[32] === kind), `no message ${kind}`);
  net.nodes[0]!.do((machine) => machine.updateMetadata(new Uint8Array(300)));
  const spoofed = addressOf(9, 1);
  let bytesIn = 0;
  let answers = 0;
  net.tap = (_, bytes, to) => {
    if (to?.port !== 1) return;
    answers++;
    assert(bytes.length <= bytesIn, `${bytes.length} bytes for ${bytesIn}`);
  };
  for (const parcel of held) {
    bytesIn = parcel.bytes.length;
    net.nodes[0]!.receive({ ...parcel, from: spoofed });
  }
  assert(answers > 0);
});

Deno.test("membership: unknown senders are looked at so often and no more, and known ones all the same", () => {
  const net = new SimNet(5);
  net.mesh(3, { strangersPerSecond: 10 });
  net.run(3000);
  const victim = net.nodes[0]!;
  const seen = record(net, 0);
  net.run(3000);
  const random = new SeededRandom(5);
  for (let i = 0; i < 500; i++) {
    const bytes = seen[0]!.bytes.slice();
    random.fillSecret(bytes.subarray(2, 18));
    victim.receive({ bytes, from: addressOf(9), to: 0 });
  }
  const { unsealed, strangersLimited } = victim.machine.counters();
  assertEquals([unsealed, strangersLimited], [10, 490]);
  const since = net.now;
  net.run(20_000);
  assertEquals(net.nodes.reduce((sum, node) => sum + node.count("Failed", since), 0), 0);
});

Deno.test("membership: members that lost their mind break nothing", () => {
  const fuzz = new BusGossipFuzz();
  for (let seed = 1; seed <= 40; seed++) fuzz.run(seed);
});
