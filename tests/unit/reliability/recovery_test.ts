import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { EcnState } from "../../../src/reliability/ecn_validator.ts";
import { PacketFlag } from "../../../src/reliability/packet_flag.ts";
import { Recovery, wasAcked } from "../../../src/reliability/recovery.ts";
import { type ReliabilityOptions, resolveReliabilityOptions } from "../../../src/reliability/reliability_options.ts";
import { RTT_CELLS } from "../../../src/reliability/rtt_estimator.ts";
import { NO_SLOT } from "../../../src/reliability/sent_packets.ts";
import { ClockCell } from "../../../src/time/clock.ts";

const { Eliciting, EcnMarked, MtuProbe } = PacketFlag;
const SIZE = 1200;

function setup(options: ReliabilityOptions = {}) {
  const clock = new ClockCell();
  clock.advance(1000);
  const recovery = new Recovery(resolveReliabilityOptions(options), clock, new SeededRandom(1));
  recovery.rtt.peerAckDelayMs = 25;
  let number = 0;
  const send = (count = 1, flags: number = Eliciting, bytes = SIZE): number[] =>
    Array.from({ length: count }, () => recovery.handleSent(number++, bytes, flags));
  const ack = (smallest: number, largest: number, delayMs = 0, ...ecn: number[]): [acked: number, lost: number] => {
    recovery.beginAck();
    recovery.ackRange(smallest, largest);
    const count = recovery.endAck(delayMs, ...ecn);
    const slots = [...recovery.losses.settled.subarray(0, count)];
    const acked = slots.filter((slot) => wasAcked(recovery, slot)).length;
    return [acked, count - acked];
  };
  return { clock, recovery, send, ack };
}

Deno.test("Recovery gives leave for ten datagrams at first, and no more until some are acknowledged", () => {
  const { clock, recovery, send, ack } = setup();
  let sent = 0;
  for (; recovery.allowance() > 0; sent++) send();
  assertEquals([sent, recovery.packets.bytesInFlight], [10, 10 * SIZE]);
  clock.advance(1040);
  assertEquals(recovery.allowance(), 0, "the window is full, whatever time passes");
  ack(0, 4);
  assert(recovery.allowance() > 0);
});

Deno.test("Recovery tells when the pace allows the next packet, and only while it is asked", () => {
  const { clock, recovery, send, ack } = setup();
  send(10);
  clock.advance(1050);
  ack(0, 9);
  while (recovery.allowance() > 0) send();
  const at = recovery.pollTimeout();
  assert(at >= 1051 && at < 1060, `${at}`);
  clock.advance(at);
  assertEquals(recovery.handleTimeout(), 0);
  assert(recovery.allowance() > 0);
});

Deno.test("Recovery samples the round trip by the newest packet that is news, and takes the delay off", () => {
  const { clock, recovery, send, ack } = setup();
  send(3);
  clock.advance(1050);
  ack(0, 0);
  clock.advance(1075);
  ack(0, 1, 15);
  assertEquals([recovery.rtt.latestMs, recovery.rtt.minMs], [75, 50]);
  assertEquals(recovery.rtt.smoothedMs, 50 * 7 / 8 + 60 / 8);
  clock.advance(1200);
  ack(0, 1);
  assertEquals(recovery.rtt.latestMs, 75, "nothing is news");
});

Deno.test("Recovery takes no sample from an older packet, nor where the largest number was not tracked", () => {
  const { clock, recovery, send, ack } = setup();
  send(4);
  clock.advance(1050);
  ack(2, 2);
  clock.advance(1090);
  ack(1, 1);
  assertEquals(recovery.rtt.latestMs, 50);
  clock.advance(1100);
  ack(3, 9);
  assertEquals(recovery.rtt.latestMs, 50);
});

Deno.test("Recovery counts what is acknowledged and lost, and tells each once", () => {
  const { recovery, send, ack } = setup();
  send(8);
  assertEquals(ack(6, 7), [2, 5]);
  assertEquals(ack(6, 7), [0, 0]);
  assertEquals([recovery.ackedPackets, recovery.lostPackets, recovery.packets.bytesInFlight], [2, 5, SIZE]);
  assertEquals([ack(5, 7), recovery.isIdle], [[1, 0], true]);
});

Deno.test("Recovery gives leave beyond the window for two probes after a probe timeout", () => {
  const { clock, recovery, send } = setup();
  send(10);
  clock.advance(recovery.pollTimeout());
  assertEquals([recovery.allowance(), recovery.handleTimeout()], [0, 0]);
  let probes = 0;
  for (; recovery.allowance() > 0; probes++) send();
  assertEquals(probes, 2);
});

Deno.test("Recovery keeps some slots for probes when the ledger is full", () => {
  const { clock, recovery, send } = setup({ maxPacketsInFlight: 64 });
  send(32, Eliciting, 1);
  assertEquals(recovery.allowance(), 0);
  clock.advance(recovery.pollTimeout());
  recovery.handleTimeout();
  assert(recovery.allowance() > 0);
  assertEquals(send(33, Eliciting, 1).at(-1), NO_SLOT);
  assertEquals([recovery.allowance(), recovery.packets.room], [0, 0]);
});

Deno.test("Recovery finds losses at a timeout", () => {
  const { clock, recovery, send, ack } = setup();
  send(1);
  clock.advance(1003);
  send(1);
  clock.advance(1043);
  assertEquals(ack(1, 1), [1, 0]);
  clock.advance(recovery.pollTimeout());
  assertEquals([recovery.handleTimeout(), recovery.losses.probes, recovery.isIdle], [1, 0, true]);
  assertEquals([wasAcked(recovery, recovery.losses.settled[0]!), recovery.lostPackets], [false, 1]);
});

Deno.test("Recovery does nothing at a timeout that is early", () => {
  const { recovery, send } = setup();
  send(1);
  assertEquals([recovery.handleTimeout(), recovery.losses.probes], [0, 0]);
});

Deno.test("Recovery tells the controller nothing of a lost search for a larger datagram", () => {
  for (const flags of [Eliciting | MtuProbe, Eliciting]) {
    const { clock, recovery, send, ack } = setup({ congestionControl: "cubic" });
    recovery.mtu.start(1452);
    send(1, flags, 1452);
    send(9);
    clock.advance(1050);
    const before = recovery.controller.windowBytes;
    assertEquals(ack(5, 9)[1], 5 - 0);
    const isProbe = (flags & MtuProbe) !== 0;
    // The other four are lost as well: only whose loss reduces the window is looked at.
    assertEquals(recovery.lostPackets, isProbe ? 4 : 5);
    assert(recovery.controller.windowBytes < before);
    assertEquals(recovery.mtu.wantedBytes, 1452);
  }
  const { clock, recovery, send, ack } = setup({ congestionControl: "cubic" });
  recovery.mtu.start(1452);
  send(1, Eliciting | MtuProbe, 1452);
  send(3);
  clock.advance(1050);
  const before = recovery.controller.windowBytes;
  assertEquals([ack(1, 3), recovery.lostPackets], [[3, 1], 0]);
  assert(recovery.controller.windowBytes >= before, "only the probe was lost");
});

Deno.test("Recovery uses a larger datagram once its probe arrived, and the base while nothing comes back", () => {
  const { clock, recovery, send, ack } = setup();
  recovery.mtu.start(1452);
  send(1, Eliciting | MtuProbe, 1452);
  assertEquals(recovery.datagramBytes, 1200);
  clock.advance(1050);
  ack(0, 0);
  assertEquals(recovery.datagramBytes, 1452);
  send(1);
  clock.advance(recovery.pollTimeout());
  recovery.handleTimeout();
  assertEquals(recovery.datagramBytes, 1200);
  ack(1, 1);
  assertEquals(recovery.datagramBytes, 1452);
});

Deno.test("Recovery slows down by marks of congestion that add up", () => {
  const { clock, recovery, send, ack } = setup({ congestionControl: "cubic" });
  recovery.ecn.start();
  send(4, Eliciting | EcnMarked);
  clock.advance(1050);
  const before = recovery.controller.windowBytes;
  ack(0, 1, 0, 2, 0, 0);
  assertEquals([recovery.ecn.state, recovery.controller.windowBytes >= before], [EcnState.Capable, true]);
  const grown = recovery.controller.windowBytes;
  ack(0, 3, 0, 3, 0, 1);
  assertEquals(recovery.controller.windowBytes, 0.7 * grown);
});

Deno.test("Recovery gives up marking when all marked packets of the test are lost", () => {
  const { recovery, send, ack } = setup();
  recovery.ecn.start();
  send(10, Eliciting | EcnMarked);
  send(3);
  ack(12, 12);
  assertEquals(recovery.ecn.state, EcnState.Failed);
});

Deno.test("Recovery starts over in persistent congestion", () => {
  const { clock, recovery, send, ack } = setup({ congestionControl: "cubic" });
  send(1);
  clock.advance(1050);
  ack(0, 0);
  send(1);
  clock.advance(6000);
  send(4);
  clock.advance(6050);
  assertEquals(ack(5, 5), [1, 2]);
  assertEquals([recovery.controller.windowBytes, recovery.rtt.hasSample], [2 * SIZE, false]);
});

Deno.test("Recovery.handlePathChange() forgets the path and keeps the packets under way", () => {
  const { clock, recovery, send, ack } = setup();
  recovery.mtu.start(1452);
  send(1, Eliciting | MtuProbe, 1452);
  recovery.ecn.start();
  clock.advance(1050);
  ack(0, 0);
  send(3);
  recovery.handlePathChange();
  assertEquals([recovery.rtt.hasSample, recovery.rtt.smoothedMs, recovery.datagramBytes], [false, 100, 1200]);
  assertEquals([recovery.controller.bandwidth, recovery.ecn.state, recovery.packets.count], [0, EcnState.Off, 3]);
  assertEquals(recovery.controller.windowBytes, 10 * SIZE);
  assertEquals(recovery.queueDelayMs, 0);
});

Deno.test("Recovery.clear() makes everything as new but for the cells of the round trip", () => {
  const { clock, recovery, send, ack } = setup();
  const cells = new Float64Array(RTT_CELLS);
  recovery.rtt.attach(cells, 0);
  recovery.rtt.reset(100);
  send(5);
  clock.advance(1050);
  ack(0, 3);
  recovery.clear();
  assertEquals([recovery.isIdle, recovery.pollTimeout(), recovery.ackedPackets], [true, Infinity, 0]);
  assertEquals(recovery.isDisposable, true);
  assertEquals([cells[2], recovery.losses.largestAcked, recovery.controller.bandwidth], [50, -1, 0]);
  let sent = 0;
  for (; recovery.allowance() > 0; sent++) recovery.handleSent(sent, SIZE, Eliciting);
  assertEquals(sent, 10);
});

Deno.test("Recovery counts packets that come late, and tells the controller", () => {
  const { clock, recovery, send, ack } = setup({ congestionControl: "cubic" });
  send(6);
  clock.advance(1050);
  ack(3, 5);
  const reduced = recovery.controller.windowBytes;
  ack(0, 5);
  assertEquals([recovery.losses.spuriousPackets, recovery.losses.spuriousBytes], [3, 0]);
  assert(recovery.controller.windowBytes > reduced);
});

Deno.test("Recovery is disposable until more than a first window was delivered", () => {
  const { clock, recovery, send, ack } = setup();
  send(11);
  clock.advance(1050);
  ack(0, 9);
  assertEquals(recovery.isDisposable, true);
  ack(0, 10);
  assertEquals(recovery.isDisposable, false);
  recovery.clear();
  assertEquals(recovery.isDisposable, true);
});

Deno.test("Recovery learns nothing from packets of before a pause: neither round trips, nor rates, nor congestion", () => {
  for (const congestionControl of ["delay-bounded", "cubic"] as const) {
    const { clock, recovery, send, ack } = setup({ congestionControl });
    send(8);
    clock.advance(9000);
    recovery.handlePause();
    const before = recovery.controller.windowBytes;
    assertEquals(ack(5, 7), [3, 5]);
    assertEquals([recovery.rtt.hasSample, recovery.lostPackets], [false, 5]);
    assert(recovery.controller.windowBytes >= before, `${recovery.controller.windowBytes}`);
    if (congestionControl === "delay-bounded") assertEquals(recovery.controller.bandwidth, 0);
    send(1);
    clock.advance(9050);
    ack(8, 8);
    assertEquals(recovery.rtt.latestMs, 50);
    send(4);
    ack(12, 12);
    recovery.clear();
    send(1);
    ack(13, 13);
    assertEquals(recovery.rtt.latestMs, 0, "what is new tells again");
  }
});

Deno.test("Recovery learns nothing about a new path from packets of the old one", () => {
  const { clock, recovery, send, ack } = setup();
  send(3);
  clock.advance(1050);
  recovery.handlePathChange();
  ack(0, 2);
  assertEquals([recovery.rtt.hasSample, recovery.controller.bandwidth], [false, 0]);
});
