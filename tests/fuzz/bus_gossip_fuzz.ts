/**
 * Fuzzes membership with datagrams that open and whose bodies are broken: traffic of a real mesh, mutated behind the seal.
 *
 * The cipher of this mesh accepts every tag, so that a member that lost its mind is heard. Invariants: nothing throws,
 * no datagram is longer than its limit, an answer to a stranger is not longer than its request, no table grows above its
 * maximum, and no deadline lies in the past for long.
 *
 * @module
 */
import { DatagramAddress } from "../../src/wire/datagram_address.ts";
import type { AeadProvider, PacketKey } from "../../src/crypto/aead.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { addressOf, type NodeOptions, type Parcel, SimNet } from "../sim/bus_member_net.ts";

const HEADER_BYTES = 32;
const MAX_MEMBERS = 6;
const LIMITS: NodeOptions = {
  maxMembers: MAX_MEMBERS,
  maxInterestBytes: 2000,
  maxQueuedDatagrams: 64,
  syncIntervalMs: 1000,
  reconnectIntervalMs: 500,
  announceIntervalMs: 700,
};

/** A cipher that opens everything. */
class OpenAead implements AeadProvider {
  readonly name = "open";

  packetKey(): PacketKey {
    return { seal: () => {}, open: (_buffer, _aad, start, end) => end - start >= 16, destroy: () => {} };
  }
}

/** Runs cases. */
export class BusGossipFuzz {
  readonly #aead = new OpenAead();

  /**
   * Runs one case.
   *
   * @param seed All that the case depends on.
   * @throws When an invariant does not hold.
   */
  run(seed: number): void {
    const random = new SeededRandom(seed);
    const net = new SimNet(seed % 1000);
    net.loss = 0.05;
    const seen: Parcel[] = [];
    const strangers = addressOf(9, 1);
    let requestBytes = 0;
    net.tap = (from, bytes, to) => {
      check(bytes.length <= 1200, `a datagram of ${bytes.length} bytes`);
      if (to?.port === 1) {
        check(bytes.length <= requestBytes, `${bytes.length} bytes to a stranger for ${requestBytes}`);
      }
      if (to !== undefined && to.port !== 1) {
        seen.push({ bytes: bytes.slice(), from: from.address, to: to.words[3]! & 7 });
      }
      if (seen.length > 40) seen.splice(random.nextInt(seen.length), 1);
    };
    for (let i = 0; i < 3; i++) {
      const node = net.start(i, { ...LIMITS, aead: this.#aead });
      node.do((machine) => machine.join(addressOf(random.nextInt(3))));
      if (i === 1) node.do((machine) => fill(machine, random.nextInt(60)));
    }
    for (let step = 0; step < 40; step++) {
      net.run(random.nextInt(150));
      const model = seen[random.nextInt(Math.max(1, seen.length))];
      if (model === undefined) continue;
      const isStranger = random.nextInt(8) === 0;
      const bytes = mutate(model.bytes, random, isStranger);
      if (random.nextInt(30) === 0) net.nodes[model.to]?.do((machine) => machine.updateMetadata(new Uint8Array(step)));
      if (isStranger) {
        requestBytes = bytes.length;
        deliver(net, { ...model, bytes, from: strangers });
      } else deliver(net, { ...model, bytes });
    }
    for (const node of net.nodes) {
      const { machine } = node;
      check(machine.memberCount <= MAX_MEMBERS, `${machine.memberCount} members`);
      check(machine.drained, "not drained");
      node.do((m) => check(m.pollTransmit !== undefined && m.localHealth <= 8, "local health"));
      check(node.armedAt >= net.now - 1, `a deadline ${net.now - node.armedAt} ms ago`);
      check(machine.counters().stalls === 0, "a stall that was none");
    }
  }
}

function fill(machine: { subscribe(pattern: string): boolean }, count: number): void {
  for (let i = 0; i < count; i++) machine.subscribe(`a.topic.of.some.length.${i}`);
}

/** At once, so that the answers are those to this datagram. */
function deliver(net: SimNet, parcel: Parcel): void {
  const address = new DatagramAddress();
  address.copyFrom(parcel.from);
  const node = net.nodes[parcel.to];
  if (node?.isUp) node.receive({ ...parcel, from: address });
}

function mutate(bytes: Uint8Array, random: SeededRandom, isStranger: boolean): Uint8Array {
  let copy = bytes.slice();
  // A fresh counter, and now and then another sender or receiver.
  copy[27] = random.nextInt(256);
  copy[29] = random.nextInt(256);
  if (isStranger || random.nextInt(20) === 0) copy[2] = random.nextInt(256);
  if (random.nextInt(20) === 0) copy.fill(0, 18, 26);
  if (random.nextInt(4) === 0) copy = copy.slice(0, HEADER_BYTES + random.nextInt(copy.length - HEADER_BYTES + 1));
  if (random.nextInt(6) === 0) {
    const longer = new Uint8Array(copy.length + random.nextInt(300));
    longer.set(copy);
    random.fillSecret(longer.subarray(copy.length));
    copy = longer;
  }
  const body = Math.max(1, copy.length - HEADER_BYTES - 16);
  for (let count = random.nextInt(5); count > 0; count--) {
    const at = HEADER_BYTES + random.nextInt(random.nextInt(2) === 0 ? body : Math.min(body, 60));
    const kinds = [random.nextInt(256), random.nextInt(14), 0, 255];
    if (at < copy.length) copy[at] = kinds[random.nextInt(4)]!;
  }
  return copy;
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
