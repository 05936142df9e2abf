/**
 * Membership and failure detection of the bus: SWIM (Das, Gupta, Motivala 2002) with Lifeguard (arXiv 1707.00788), sealed
 * datagrams, and the interest of every member (PROTOCOL.md; ../../machine/CONTRACT.md).
 *
 * Invariant: nothing that a sender says counts before its datagram opened under a key of the mesh, is fresh, and its
 * sender is a known boot or has echoed a cookie; until then the only answer is a challenge that is not longer.
 * Why: more than 400 lines, as the face of its part: one documented method for each verb, which hands everything on.
 *
 * @module
 */
import { MisuseError, ResourceError } from "../../error/transport_error.ts";
import { DrainGuard } from "../../machine/drain_guard.ts";
import { CounterTable } from "../../metric/counter_table.ts";
import { DeadlineTable } from "../../time/deadline_table.ts";
import type { DatagramAddress } from "../../wire/datagram_address.ts";
import { AddressCookie } from "./address_cookie.ts";
import type { BusMember } from "./bus_member.ts";
import { DatagramOpener } from "./datagram_opener.ts";
import { DatagramWriter } from "./datagram_writer.ts";
import { EventQueue } from "./event_queue.ts";
import { GossipIntake, type MemberDesks } from "./gossip_intake.ts";
import type { GossipTransmit } from "./gossip_transmit.ts";
import { GossipSchedule } from "./gossip_schedule.ts";
import { InterestFetch } from "./interest_fetch.ts";
import { InterestIndex } from "./interest_index.ts";
import { InterestKind, interestKindOf, OwnInterest } from "./interest_list.ts";
import { JoinDesk } from "./join_desk.ts";
import { KeyRing, openMeshKey } from "./key_ring.ts";
import { LocalHealth } from "./local_health.ts";
import { MachineTime } from "./machine_time.ts";
import { type MemberContext, TimerSlot } from "./member_context.ts";
import { MEMBER_COUNTERS, MemberCounter } from "./member_counters.ts";
import type { MemberEvent } from "./member_event.ts";
import { MemberRules } from "./member_rules.ts";
import { MemberTable } from "./member_table.ts";
import type { MembershipSetup } from "./membership_setup.ts";
import { NewsQueue } from "./news_queue.ts";
import { Outbox } from "./outbox.ts";
import { Prober } from "./prober.ts";
import { RelayDesk } from "./relay_desk.ts";
import { SelfDesk } from "./self_desk.ts";
import { SenderTable } from "./sender_table.ts";
import { SyncDesk } from "./sync_desk.ts";

/**
 * The machine of one node's membership.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ChaCha20Poly1305 } from "../../crypto/chacha20_poly1305.ts";
 * import { SeededRandom } from "../../random/seeded_random.ts";
 * import { ClockCell } from "../../time/clock.ts";
 * import { DatagramAddress } from "../../wire/datagram_address.ts";
 * import { GossipTransmit } from "./gossip_transmit.ts";
 * import { MemberEvent } from "./member_event.ts";
 * import { MembershipMachine } from "./membership_machine.ts";
 * import { resolveMembershipOptions } from "./membership_options.ts";
 *
 * const clock = new ClockCell();
 * const nodes = [1, 2].map((number) => {
 *   const advertise = new DatagramAddress();
 *   advertise.parse("192.0.2." + number, 7000);
 *   const [nodeId, hostId] = [new Uint8Array(16).fill(number), new Uint8Array(16)];
 *   return new MembershipMachine({
 *     config: resolveMembershipOptions(),
 *     clock,
 *     random: new SeededRandom(number),
 *     aead: new ChaCha20Poly1305(),
 *     meshKeys: [new Uint8Array(32).fill(7)],
 *     self: { nodeId, hostId, name: "node " + number, advertise },
 *   });
 * });
 *
 * const events: unknown[] = [];
 * function drain(from: number): void {
 *   const [node, target] = [nodes[from]!, new GossipTransmit(new Uint8Array(1400))];
 *   const sent: Uint8Array[] = [];
 *   for (let n = node.pollTransmit(target); n > 0; n = node.pollTransmit(target)) sent.push(target.buffer.slice(0, n));
 *   node.pollTimeout();
 *   for (let event = node.pollEvent(); event !== undefined; event = node.pollEvent()) events.push(event, node.member?.name);
 *   if (!node.drained) return drain(from);
 *   for (const bytes of sent) {
 *     nodes[1 - from]!.handleDatagram(node.self.gossipAddress, bytes, 0, bytes.length);
 *     drain(1 - from);
 *   }
 * }
 * drain(1);
 * nodes[0]!.join(nodes[1]!.self.gossipAddress);
 * drain(0);
 * assertEquals(events, [MemberEvent.Joined, "node 1", MemberEvent.Joined, "node 2"]);
 * ```
 */
export class MembershipMachine {
  /** The member that the last event is about; only valid after one. This node itself for the last three kinds. */
  member: BusMember | undefined = undefined;
  readonly #context: MemberContext;
  readonly #desks: MemberDesks;
  readonly #intake: GossipIntake;
  readonly #writer: DatagramWriter;
  readonly #ring: KeyRing;
  readonly #schedule: GossipSchedule;
  readonly #interest: OwnInterest;
  readonly #guard = new DrainGuard();

  /**
   * Makes a machine that is alone.
   *
   * @param setup What it is made of.
   * @throws {TypeError} When there is no mesh key and the mesh is not open, or there is one and it is.
   * @throws {RangeError} When a key or a part of the description is out of its bounds.
   */
  constructor(setup: MembershipSetup) {
    const { config, random } = setup;
    const meshKeys = meshKeysOf(setup);
    const time = new MachineTime(setup.clock);
    const counters = new CounterTable(MEMBER_COUNTERS, 1);
    const news = new NewsQueue(config.retransmitMult);
    const context = this.#context = {
      ...{ config, time, random, counters, news },
      timers: new DeadlineTable(),
      table: new MemberTable(config.maxMembers),
      senders: new SenderTable(),
      outbox: new Outbox(config.maxQueuedDatagrams, counters),
      events: new EventQueue(),
      health: new LocalHealth(config.maxLocalHealth),
      index: new InterestIndex(),
      self: new SelfDesk(setup.self, random, news),
    };
    this.#ring = new KeyRing(setup.aead, time, context.self.member.bootId, config.keyOverlapMs, meshKeys);
    const rules = new MemberRules(context);
    this.#desks = {
      opener: new DatagramOpener(context, this.#ring),
      cookies: new AddressCookie(time, random),
      rules,
      prober: new Prober(context, rules),
      relays: new RelayDesk(context),
      sync: new SyncDesk(context),
      join: new JoinDesk(context),
      fetch: new InterestFetch(context, rules),
    };
    this.#intake = new GossipIntake(context, this.#desks);
    this.#writer = new DatagramWriter(context, this.#ring);
    this.#interest = new OwnInterest(config.maxInterestBytes);
    this.#schedule = new GossipSchedule(context, this.#desks, this.#ring, this.#interest);
    this.#guard.command();
  }

  /** This node as others see it. */
  get self(): BusMember {
    return this.#context.self.member;
  }

  /** How many other members are alive or suspected. */
  get memberCount(): number {
    return this.#context.table.present.length;
  }

  /** Grows whenever an answer of `interestedIn` or `handlersOf` may have changed: what to keep routes by. */
  get interestEpoch(): number {
    return this.#context.index.epoch;
  }

  /** How slow this node finds itself, 0 (healthy) to `maxLocalHealth`. */
  get localHealth(): number {
    return this.#context.health.score;
  }

  /** Whether the machine is drained (CONTRACT.md, rule 1). */
  get drained(): boolean {
    return this.#guard.drained;
  }

  /**
   * Adds a seed and says hello to it; seeds are tried again while they are not members.
   *
   * @param seed Where a node of the mesh may be; copied.
   * @throws {ResourceError} When there are `maxSeeds` already.
   * @throws {MisuseError} After `leave`, or a lost conflict.
   */
  join(seed: DatagramAddress): void {
    this.#command("join");
    if (this.#desks.join.addSeed(seed)) return;
    throw new ResourceError(`Cannot add a seed: there are ${this.#context.config.maxSeeds} already`);
  }

  /** Announces this node nearby now, whatever `announceIntervalMs` says. */
  announce(): void {
    this.#command("announce");
    this.#desks.join.announce();
  }

  /** Says to the others that this node goes; `SelfLeft` tells when that is said. A second call does nothing. */
  leave(): void {
    const { self } = this.#context;
    this.#guard.command();
    if (self.isLeaving || self.isOut) return;
    self.leave();
    this.#schedule.beginLeaving();
  }

  /**
   * Subscribes a topic, or with a `*` at its end all topics that begin so.
   *
   * @param pattern Up to 200 printable ASCII characters and the `*`.
   * @returns Whether it is new.
   * @throws {RangeError} When it is no such text.
   * @throws {ResourceError} When `maxInterestBytes` are used up.
   */
  subscribe(pattern: string): boolean {
    return this.#add(interestKindOf(pattern, false), pattern);
  }

  /**
   * Takes a subscription back.
   *
   * @param pattern As it was subscribed.
   * @returns Whether it was there.
   */
  unsubscribe(pattern: string): boolean {
    return this.#remove(interestKindOf(pattern, false), pattern);
  }

  /**
   * Says that this node handles a command.
   *
   * @param command Up to 200 printable ASCII characters.
   * @returns Whether it is new.
   * @throws {RangeError} When it is no such text.
   * @throws {ResourceError} When `maxInterestBytes` are used up.
   */
  offer(command: string): boolean {
    return this.#add(interestKindOf(command, true), command);
  }

  /**
   * Says that this node handles a command no more.
   *
   * @param command The command.
   * @returns Whether it did.
   */
  withdraw(command: string): boolean {
    return this.#remove(interestKindOf(command, true), command);
  }

  /**
   * Changes what the application says about itself.
   *
   * @param metadata Up to 512 bytes; copied.
   * @throws {RangeError} When it is longer.
   */
  updateMetadata(metadata: Uint8Array): void {
    this.#command("updateMetadata");
    this.#context.self.updateMetadata(metadata);
    this.#schedule.wake();
  }

  /**
   * Changes where others open links.
   *
   * @param addresses Up to 3, best first; copied. An unspecified host is that of the gossip address.
   * @throws {RangeError} When there are more.
   */
  updateLinkAddresses(addresses: readonly DatagramAddress[]): void {
    this.#command("updateLinkAddresses");
    this.#context.self.updateLinks(addresses);
    this.#schedule.wake();
  }

  /**
   * Accepts a mesh key besides the present ones: the first step of a rotation, on every node.
   *
   * @param key At least 16 bytes; copied in a derived form.
   * @throws {RangeError} When it is shorter.
   * @throws {ResourceError} When there are 4 already.
   */
  installKey(key: Uint8Array): void {
    this.#command("installKey");
    this.#ring.install(key);
  }

  /**
   * Seals with an installed key from now on: the second step; the one before is dropped after `keyOverlapMs`.
   *
   * @param key The key.
   * @throws {MisuseError} When it is not installed.
   */
  useKey(key: Uint8Array): void {
    this.#command("useKey");
    this.#ring.use(key);
  }

  /**
   * Stops accepting a key now.
   *
   * @param key The key.
   * @throws {MisuseError} When it is the one that seals.
   */
  removeKey(key: Uint8Array): void {
    this.#command("removeKey");
    this.#ring.remove(key);
  }

  /**
   * The members other than this node that subscribe to a topic and are alive or suspected.
   *
   * @param topic The topic.
   * @param into Filled from the start; entries behind the count stay as they are.
   * @returns How many.
   */
  interestedIn(topic: string, into: BusMember[]): number {
    return this.#context.index.interestedIn(topic, into);
  }

  /**
   * The members other than this node that handle a command and are alive or suspected.
   *
   * @param command The command.
   * @param into Filled from the start; entries behind the count stay as they are.
   * @returns How many.
   */
  handlersOf(command: string, into: BusMember[]): number {
    return this.#context.index.handlersOf(command, into);
  }

  /**
   * All members other than this node that are alive or suspected.
   *
   * @returns A new list, in no order.
   */
  members(): BusMember[] {
    return [...this.#context.table.present];
  }

  /**
   * A member by its id, in any state.
   *
   * @param nodeId 32 hexadecimal digits.
   * @returns The member, `undefined` where none is known.
   */
  memberById(nodeId: string): BusMember | undefined {
    const { present, lost } = this.#context.table;
    return present.find((member) => member.nodeId === nodeId) ?? lost.find((member) => member.nodeId === nodeId);
  }

  /**
   * The members of a name that are alive or suspected.
   *
   * @param name The name.
   * @returns A new list.
   */
  membersNamed(name: string): BusMember[] {
    return this.#context.table.present.filter((member) => member.name === name);
  }

  /** What was counted, by name; see `MemberCounter`. */
  counters(): Record<string, number> {
    return this.#context.counters.snapshot(0);
  }

  /**
   * A datagram came.
   *
   * @param address Where it came from; copied.
   * @param buffer The memory; opened in place and borrowed for this call. Give the same object for the same memory.
   * @param start Where it starts.
   * @param end Where it ends.
   * @throws {MisuseError} When the machine was not drained.
   * @throws {RangeError} When the range does not lie in the memory.
   */
  handleDatagram(address: DatagramAddress, buffer: Uint8Array, start: number, end: number): void {
    this.#guard.input("handleDatagram");
    if (!(start >= 0 && start <= end && end <= buffer.length)) {
      throw new RangeError(`Cannot take a datagram from ${start} to ${end}: the memory has ${buffer.length} bytes`);
    }
    if (this.#context.self.isOut) return;
    this.#noteStall();
    this.#intake.take(address, buffer, start, end);
    if (this.#desks.prober.admitNewcomers()) this.#desks.sync.soon();
    this.#schedule.wake();
  }

  /** Time has passed a deadline, or may have. */
  handleTimeout(): void {
    this.#guard.command();
    if (this.#context.self.isOut) return;
    this.#noteStall();
    this.#schedule.handleTimeout();
  }

  /**
   * Writes the next datagram.
   *
   * @param target Where; the address is filled in.
   * @returns Its length in bytes; 0 when there is none.
   * @throws {RangeError} When the target has less room than `maxDatagramBytes`.
   */
  pollTransmit(target: GossipTransmit): number {
    const { outbox } = this.#context;
    for (let waiting = outbox.first(); waiting !== undefined; waiting = outbox.first()) {
      const length = this.#writer.write(waiting, target);
      if (!this.#writer.advance(waiting)) outbox.shift();
      if (length > 0) return length;
    }
    this.#guard.transmitDrained();
    return 0;
  }

  /**
   * The next deadline.
   *
   * @returns Whole milliseconds on the driver's clock, or `Infinity`.
   */
  pollTimeout(): number {
    this.#guard.timeoutPolled();
    const { timers, time, self } = this.#context;
    return self.isOut ? Infinity : Math.ceil(time.onClock(timers.earliest()));
  }

  /**
   * The next notification; `member` says whom it is about.
   *
   * @returns Its kind, or `undefined` when there is none.
   * @throws {MisuseError} When transmits or the timeout are to be polled first.
   */
  pollEvent(): MemberEvent | undefined {
    this.#guard.eventPolled();
    const { events } = this.#context;
    const event = events.shift();
    if (event === undefined) this.#guard.eventsDrained();
    else this.member = events.member;
    return event;
  }

  #command(name: string): void {
    const { self } = this.#context;
    if (self.isLeaving || self.isOut) throw new MisuseError(`Cannot call ${name}: this node takes no part any more`);
    this.#guard.command();
  }

  #add(kind: InterestKind, text: string): boolean {
    this.#command("subscribe");
    const isNew = this.#interest.add(kind, kind === InterestKind.Prefix ? text.slice(0, -1) : text);
    if (isNew) this.#schedule.spreadInterest();
    return isNew;
  }

  #remove(kind: InterestKind, text: string): boolean {
    this.#command("unsubscribe");
    const wasThere = this.#interest.remove(kind, kind === InterestKind.Prefix ? text.slice(0, -1) : text);
    if (wasThere) this.#schedule.spreadInterest();
    return wasThere;
  }

  /** A deadline that comes much too late: the process slept, and what it did not hear says nothing about others. */
  #noteStall(): void {
    const { timers, time, config, counters, health } = this.#context;
    const late = Math.floor(time.now - timers.earliest());
    if (!(late > config.stallMs)) return;
    time.skip(late);
    counters.add(0, MemberCounter.Stalls, 1);
    if (this.#context.self.isLeaving) return;
    health.change(1);
    this.#desks.prober.cancel();
    this.#desks.sync.hurry();
    timers.set(TimerSlot.Reconnect, time.now);
  }
}

function meshKeysOf({ config, meshKeys }: MembershipSetup): readonly Uint8Array[] {
  if (config.dangerouslyOpenMesh) {
    if (meshKeys.length > 0) {
      throw new TypeError("An open mesh takes no key: leave dangerouslyOpenMesh or the keys out");
    }
    return [openMeshKey()];
  }
  if (meshKeys.length === 0) throw new TypeError("A mesh needs a key: without one, only dangerouslyOpenMesh opens it");
  return meshKeys;
}
