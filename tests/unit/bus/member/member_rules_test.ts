import { assert, assertEquals } from "@std/assert";
import { MemberState } from "../../../../src/bus/member/bus_member.ts";
import { EventQueue } from "../../../../src/bus/member/event_queue.ts";
import { StatementKind } from "../../../../src/bus/member/gossip_wire.ts";
import { InterestIndex } from "../../../../src/bus/member/interest_index.ts";
import { LocalHealth } from "../../../../src/bus/member/local_health.ts";
import { MachineTime } from "../../../../src/bus/member/machine_time.ts";
import { type MemberContext, TimerSlot } from "../../../../src/bus/member/member_context.ts";
import { MEMBER_COUNTERS } from "../../../../src/bus/member/member_counters.ts";
import { encodeRecord } from "../../../../src/bus/member/member_record.ts";
import { MemberRules } from "../../../../src/bus/member/member_rules.ts";
import { MemberTable } from "../../../../src/bus/member/member_table.ts";
import { resolveMembershipOptions } from "../../../../src/bus/member/membership_options.ts";
import { NewsQueue } from "../../../../src/bus/member/news_queue.ts";
import { Outbox } from "../../../../src/bus/member/outbox.ts";
import { Prober } from "../../../../src/bus/member/prober.ts";
import { SelfDesk } from "../../../../src/bus/member/self_desk.ts";
import { SenderTable } from "../../../../src/bus/member/sender_table.ts";
import { ByteReader } from "../../../../src/bytes/byte_reader.ts";
import { CounterTable } from "../../../../src/metric/counter_table.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { ClockCell } from "../../../../src/time/clock.ts";
import { DeadlineTable } from "../../../../src/time/deadline_table.ts";
import { DatagramAddress } from "../../../../src/wire/datagram_address.ts";

const id = (fill: number): Uint8Array => new Uint8Array(16).fill(fill);

function address(hostname = "10.0.0.1"): DatagramAddress {
  const made = new DatagramAddress();
  made.parse(hostname, 7000);
  return made;
}

function desk(advertise = address()): { context: MemberContext; rules: MemberRules; clock: ClockCell } {
  const clock = new ClockCell();
  clock.advance(1000);
  const config = resolveMembershipOptions();
  const random = new SeededRandom(1);
  const counters = new CounterTable(MEMBER_COUNTERS, 1);
  const news = new NewsQueue(4);
  const context: MemberContext = {
    ...{ config, random, counters, news },
    time: new MachineTime(clock),
    timers: new DeadlineTable(),
    table: new MemberTable(64),
    senders: new SenderTable(),
    outbox: new Outbox(64, counters),
    events: new EventQueue(),
    health: new LocalHealth(8),
    index: new InterestIndex(),
    self: new SelfDesk({ nodeId: id(200), hostId: id(0), name: "self", advertise }, random, news),
  };
  return { context, rules: new MemberRules(context), clock };
}

function alive(node: number, boot: number, incarnation: number): Uint8Array {
  const fields = { incarnation, interestVersion: 0, hostId: id(0), gossipAddress: address(), linkAddresses: [] };
  const texts = { name: `n${node}`, cluster: "", proof: new Uint8Array(0), metadata: new Uint8Array(0) };
  const record = encodeRecord({ nodeId: id(node), bootId: id(boot), ...fields, ...texts });
  return Uint8Array.of(StatementKind.Alive, record.length >> 8, record.length & 255, ...record);
}

function verdict(kind: number, node: number, boot: Uint8Array, incarnation: number, accuser = 99): Uint8Array {
  return Uint8Array.of(kind, ...id(node), ...boot.subarray(0, 8), 0, 0, 0, incarnation, ...id(accuser));
}

function apply(rules: MemberRules, bytes: Uint8Array, isPage = false): void {
  rules.apply(new ByteReader(bytes), bytes, isPage);
}

Deno.test("MemberRules: a boot that left does not come back, another one of its node does", () => {
  const { context, rules } = desk();
  apply(rules, alive(1, 1, 5));
  apply(rules, verdict(StatementKind.Left, 1, id(1), 5));
  apply(rules, alive(1, 1, 9));
  assertEquals(context.table.find(id(1), 0)?.state, MemberState.Left);
  apply(rules, alive(1, 2, 9));
  assertEquals(context.table.find(id(1), 0)?.state, MemberState.Alive);
});

Deno.test("MemberRules: failed beats alive at the same incarnation, and yields to a higher one", () => {
  const { context, rules } = desk();
  apply(rules, alive(1, 1, 5));
  apply(rules, verdict(StatementKind.Failed, 1, id(1), 4));
  assertEquals(context.table.present.length, 1);
  apply(rules, verdict(StatementKind.Failed, 1, id(1), 5));
  apply(rules, alive(1, 1, 5));
  assertEquals(context.table.present.length, 0);
  apply(rules, alive(1, 1, 6));
  assertEquals(context.table.present.length, 1);
});

Deno.test("MemberRules: a node that was only heard to be gone is remembered", () => {
  const { context, rules } = desk();
  apply(rules, verdict(StatementKind.Suspect, 1, id(1), 5));
  assertEquals(context.table.lost.length, 0);
  apply(rules, verdict(StatementKind.Failed, 1, id(1), 5));
  apply(rules, alive(1, 1, 5));
  assertEquals([context.table.present.length, context.table.lost.length], [0, 1]);
  apply(rules, alive(1, 1, 6));
  assertEquals([context.table.present.length, context.table.lost.length], [1, 0]);
});

Deno.test("MemberRules: who suspects independently shortens the time, who repeats does not, and it never lies in the past", () => {
  const { context, rules, clock } = desk();
  for (let node = 1; node <= 10; node++) apply(rules, alive(node, node, 0));
  const slot = TimerSlot.FirstMember + context.table.find(id(1), 0)!.slot;
  const deadline = (): number => context.timers.at(slot);
  apply(rules, verdict(StatementKind.Suspect, 1, id(1), 0, 2));
  const first = deadline();
  apply(rules, verdict(StatementKind.Suspect, 1, id(1), 0, 2));
  assertEquals(deadline(), first);
  apply(rules, verdict(StatementKind.Suspect, 1, id(1), 0, 3));
  const second = deadline();
  assert(second < first);
  clock.advance(second - 1);
  apply(rules, verdict(StatementKind.Suspect, 1, id(1), 0, 4));
  apply(rules, verdict(StatementKind.Suspect, 1, id(1), 0, 5));
  assertEquals(deadline(), second - 1);
});

Deno.test("MemberRules: a suspected member that speaks when it is asked gets another time, a silent one fails", () => {
  for (const speaks of [true, false]) {
    const { context, rules, clock } = desk();
    apply(rules, alive(1, 1, 0));
    const member = context.table.find(id(1), 0)!;
    rules.suspectOwn(member);
    let pings = 0;
    for (let i = 0; i < 4; i++) {
      clock.advance(context.timers.at(TimerSlot.FirstMember + member.slot));
      rules.handleSuspicionTimeout(member.slot);
      for (; context.outbox.first() !== undefined; context.outbox.shift()) pings++;
      if (speaks) member.heardAt = clock.now;
    }
    assertEquals([pings, member.state], [3, speaks ? MemberState.Suspect : MemberState.Failed]);
  }
});

Deno.test("MemberRules: a sender is told what it does not know of this node or of another boot", () => {
  const { context, rules } = desk();
  const own = context.self.member;
  apply(rules, verdict(StatementKind.Suspect, 200, own.bootId, 0));
  assertEquals([own.incarnation, rules.mustAssert], [1, true]);
  rules.mustAssert = false;
  apply(rules, verdict(StatementKind.Suspect, 200, own.bootId, 0));
  assertEquals([own.incarnation, rules.mustAssert], [1, true]);
  apply(rules, alive(1, 2, 5));
  apply(rules, alive(1, 1, 5));
  assertEquals(rules.contradiction?.bootId, id(2));
});

Deno.test("SelfDesk.learnHost() takes any host first, and one that is no loopback over one that is", () => {
  const { context: { self } } = desk(address("0.0.0.0"));
  assertEquals(self.isAddressed, false);
  for (const hostname of ["127.0.0.1", "10.0.0.7", "127.0.0.1", "10.0.0.8"]) self.learnHost(address(hostname));
  assertEquals(self.member.gossipAddress.hostname, "10.0.0.7");
  const { context: told } = desk();
  told.self.learnHost(address("10.0.0.9"));
  assertEquals(told.self.member.gossipAddress.hostname, "10.0.0.1");
});

Deno.test("Prober.handleAck() takes the target's answer, and a helper's only when it is relayed", () => {
  const { context, rules, clock } = desk();
  for (let node = 1; node <= 5; node++) apply(rules, alive(node, node, 0));
  const prober = new Prober(context, rules);
  context.health.change(3);
  prober.handleTimeout();
  const target = prober.target!;
  const sent = (): number[] => {
    const kinds: number[] = [];
    for (let next = context.outbox.first(); next !== undefined; next = context.outbox.first()) {
      kinds.push(next.out.kind);
      context.outbox.shift();
    }
    return kinds;
  };
  assertEquals(sent(), [3]);
  const other = context.table.present.find((member) => member !== target)!;
  assertEquals(prober.handleAck(prober.sequence, other, true), false);
  clock.advance(context.timers.at(TimerSlot.Probe));
  prober.handleTimeout();
  assertEquals(sent(), [5, 5, 5, 3]);
  assertEquals(prober.handleAck(prober.sequence, other, false), false);
  assertEquals(prober.handleAck(prober.sequence + 1, target, false), false);
  assertEquals(prober.handleAck(prober.sequence, target, false), true);
  assertEquals([context.health.score, prober.handleAck(prober.sequence, target, false)], [2, false]);
});

Deno.test("Prober tells a suspected member of the suspicion with the ping", () => {
  const { context, rules } = desk();
  apply(rules, alive(1, 1, 0));
  const member = context.table.find(id(1), 0)!;
  rules.suspectOwn(member);
  new Prober(context, rules).handleTimeout();
  assertEquals(context.outbox.first()?.out.about, member);
});
