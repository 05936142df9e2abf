/**
 * What this node says about itself, and when it has to say it anew.
 *
 * Invariant: two records of this boot with one incarnation are the same bytes: each change takes a new incarnation.
 *
 * @module
 */
import type { RandomSource } from "../../random/random_source.ts";
import { DatagramAddress } from "../../wire/datagram_address.ts";
import { ID_BYTES, MAX_LINK_ADDRESSES, MemberState } from "./bus_member.ts";
import { ClusterProof } from "./cluster_proof.ts";
import { MAX_INCARNATION } from "./gossip_wire.ts";
import { Member } from "./member.ts";
import { encodeRecord, isUnspecified, MAX_METADATA_BYTES, MAX_NAME_BYTES } from "./member_record.ts";
import type { SelfDescription } from "./membership_setup.ts";
import type { NewsQueue } from "./news_queue.ts";
import { hexOf } from "./node_identity.ts";

const NO_BYTES = new Uint8Array(0);

/** This node. */
export class SelfDesk {
  /** Its row, which is in no table. */
  readonly member: Member;
  /** Who is in its cluster. */
  readonly clusterProof: ClusterProof;
  /** Whether it said that it goes. */
  isLeaving = false;
  /** Whether it takes no part any more. */
  isOut = false;
  readonly #news: NewsQueue;
  readonly #hostId: Uint8Array;
  readonly #mayLearnHost: boolean;
  #links: readonly DatagramAddress[];

  /**
   * Checks a description and draws a boot id.
   *
   * @param self The description.
   * @param random Where the boot id comes from.
   * @param news Where the record is spread.
   * @throws {RangeError} When a part is out of its bounds.
   */
  constructor(self: SelfDescription, random: RandomSource, news: NewsQueue) {
    checkLength("nodeId", self.nodeId, ID_BYTES, ID_BYTES);
    checkLength("hostId", self.hostId, ID_BYTES, ID_BYTES);
    checkLength("name", new TextEncoder().encode(self.name), 1, MAX_NAME_BYTES);
    checkLength("cluster", new TextEncoder().encode(self.cluster ?? ""), 0, MAX_NAME_BYTES);
    checkLength("metadata", self.metadata ?? NO_BYTES, 0, MAX_METADATA_BYTES);
    if (self.advertise.port === 0) throw new RangeError("The address to advertise must have a port");
    const bootId = new Uint8Array(ID_BYTES);
    random.fillSecret(bootId);
    const member = this.member = new Member(self.nodeId, bootId);
    this.#news = news;
    this.#hostId = self.hostId.slice();
    this.#links = copiesOf(self.linkAddresses ?? []);
    this.clusterProof = new ClusterProof(self.cluster ?? "", self.clusterKey);
    member.name = self.name;
    member.cluster = self.cluster ?? "";
    member.isSameCluster = member.cluster !== "";
    member.hostId = hexOf(self.hostId);
    member.isSameHost = true;
    member.metadata = (self.metadata ?? NO_BYTES).slice();
    member.gossipAddress.copyFrom(self.advertise);
    this.#mayLearnHost = isUnspecified(self.advertise);
    this.#renew();
  }

  /** Whether the own address is known, so that there is a record to give. */
  get isAddressed(): boolean {
    return this.member.record.length > 0;
  }

  /**
   * Takes a new incarnation and spreads the record.
   *
   * @param above What it must be higher than besides the present one.
   */
  renew(above: number): void {
    const { member } = this;
    if (this.isLeaving) return;
    member.incarnation = Math.min(MAX_INCARNATION, Math.max(member.incarnation, above) + 1);
    this.#renew();
  }

  /**
   * Another one sees this node under an address: takes the host over where none was given.
   *
   * @param seen The address; its port is of no account.
   */
  learnHost(seen: DatagramAddress): void {
    const own = this.member.gossipAddress;
    if (!this.#mayLearnHost || isUnspecified(seen)) return;
    if (!isUnspecified(own) && !(isLoopback(own) && !isLoopback(seen))) return;
    for (let i = 0; i < 4; i++) own.words[i] = seen.words[i]!;
    this.renew(0);
  }

  /**
   * Changes what the application says.
   *
   * @param metadata Up to 512 bytes; copied.
   * @throws {RangeError} When it is longer.
   */
  updateMetadata(metadata: Uint8Array): void {
    checkLength("metadata", metadata, 0, MAX_METADATA_BYTES);
    this.member.metadata = metadata.slice();
    this.renew(0);
  }

  /**
   * Changes where links are opened.
   *
   * @param addresses Up to 3; copied.
   * @throws {RangeError} When there are more.
   */
  updateLinks(addresses: readonly DatagramAddress[]): void {
    this.#links = copiesOf(addresses);
    this.renew(0);
  }

  /**
   * Puts a new list of interest in force.
   *
   * @param bytes The list; kept.
   */
  updateInterest(bytes: Uint8Array): void {
    this.member.interestBytes = bytes;
    this.member.interestVersion++;
    this.#news.pushInterest(this.member);
    this.renew(0);
  }

  /** Says that this node goes. */
  leave(): void {
    this.isLeaving = true;
    this.member.state = MemberState.Left;
    this.member.accuser = this.member.nodeBytes;
    this.#news.pushState(this.member);
  }

  #renew(): void {
    const { member } = this;
    if (isUnspecified(member.gossipAddress)) return;
    member.linkAddresses = this.#links.map((link) => {
      const address = copyOf(link);
      if (isUnspecified(link)) { for (let i = 0; i < 4; i++) address.words[i] = member.gossipAddress.words[i]!; }
      return address;
    });
    const { nodeBytes: nodeId, bootId, incarnation, interestVersion, linkAddresses, name, cluster } = member;
    const proven = { nodeId, bootId, cluster, linkAddresses };
    const proof = this.clusterProof.prove(proven);
    const { gossipAddress, metadata } = member;
    const rest = { incarnation, interestVersion, hostId: this.#hostId, gossipAddress, name, proof, metadata };
    member.record = encodeRecord({ ...proven, ...rest });
    this.#news.pushState(member);
  }
}

function checkLength(name: string, bytes: Uint8Array, min: number, max: number): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`The ${name} of a node must be a Uint8Array`);
  if (bytes.length >= min && bytes.length <= max) return;
  throw new RangeError(`The ${name} of a node must have ${min} to ${max} bytes: got ${bytes.length}`);
}

function copiesOf(addresses: readonly DatagramAddress[]): DatagramAddress[] {
  if (addresses.length > MAX_LINK_ADDRESSES) {
    throw new RangeError(`A node has at most ${MAX_LINK_ADDRESSES} addresses for links: got ${addresses.length}`);
  }
  return addresses.map(copyOf);
}

function copyOf(address: DatagramAddress): DatagramAddress {
  const copy = new DatagramAddress();
  copy.copyFrom(address);
  return copy;
}

function isLoopback({ words }: DatagramAddress): boolean {
  const isIpv4 = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return isIpv4 ? words[3]! >>> 24 === 127 : words[0] === 0 && words[1] === 0 && words[2] === 0 && words[3] === 1;
}
