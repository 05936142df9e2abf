/**
 * One row of the member table: what others see of it (`BusMember`) and what the machine keeps besides.
 *
 * @module
 */
import { DatagramAddress } from "../../wire/datagram_address.ts";
import { type BusMember, MemberState } from "./bus_member.ts";
import type { InterestLists } from "./interest_list.ts";
import { hexOf } from "./node_identity.ts";

const NO_BYTES = new Uint8Array(0);

/** A member, writable by the machine alone. */
export class Member implements BusMember {
  slot = -1;
  readonly nodeId: string;
  readonly nodeBytes: Uint8Array;
  readonly bootId: Uint8Array;
  /** How many bytes of the boot id are known: 16, or 8 of one that was only heard to be gone. */
  readonly bootBytesKnown: number;
  name = "";
  incarnation = 0;
  state: MemberState = MemberState.Alive;
  readonly gossipAddress: DatagramAddress = new DatagramAddress();
  linkAddresses: readonly DatagramAddress[] = [];
  hostId = "";
  isSameHost = false;
  cluster = "";
  isSameCluster = false;
  metadata: Uint8Array = NO_BYTES;
  interestVersion = 0;

  /** Its record as it was received, for passing on; empty where only its end is known. */
  record: Uint8Array = NO_BYTES;
  /** The version of its interest that it announced. */
  announcedInterest = 0;
  /** Its interest as it was received. */
  interestBytes: Uint8Array = NO_BYTES;
  interest: InterestLists | undefined = undefined;
  /** Who said the last verdict. */
  accuser: Uint8Array = NO_BYTES;
  /** Who suspects it, by key; the first said so first. */
  readonly suspecters: number[] = [];
  suspectedAt = 0;
  /** How often it is still asked for a word before it counts as failed. */
  asksLeft = 0;
  askedAt = 0;
  /** When the last fresh datagram of its own came. */
  heardAt = -Infinity;
  diedAt = 0;
  /** Its place in the list of the living or of the lost. */
  listIndex = -1;
  /** A mark of the query that took it last. */
  mark = 0;
  /** When it last had our record with a cookie. */
  echoedAt = -Infinity;
  /** How often its news was sent; -1: it is not in the queue. */
  newsSends = -1;
  interestSends = -1;

  /**
   * Makes a row that is in no table.
   *
   * @param nodeBytes The node's id; copied.
   * @param bootId The boot's id or its first 8 bytes; copied.
   */
  constructor(nodeBytes: Uint8Array, bootId: Uint8Array) {
    this.nodeBytes = nodeBytes.slice();
    this.nodeId = hexOf(nodeBytes);
    this.bootId = new Uint8Array(16);
    this.bootId.set(bootId);
    this.bootBytesKnown = bootId.length;
  }

  /** Whether it takes part: alive or suspected. */
  get isPresent(): boolean {
    return this.state <= MemberState.Suspect;
  }
}
