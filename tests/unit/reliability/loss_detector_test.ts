import { assertEquals } from "@std/assert";
import { LossDetector, PACKET_THRESHOLD } from "../../../src/reliability/loss_detector.ts";
import { PacketFlag } from "../../../src/reliability/packet_flag.ts";
import { RTT_CELLS, RttEstimator } from "../../../src/reliability/rtt_estimator.ts";
import { PacketFate, SentPackets } from "../../../src/reliability/sent_packets.ts";
import { ClockCell } from "../../../src/time/clock.ts";

const RTT = 80;

function setup({ hasSample = true } = {}) {
  const clock = new ClockCell();
  const rtt = new RttEstimator(new Float64Array(RTT_CELLS), 0);
  rtt.reset(RTT);
  rtt.peerAckDelayMs = 25;
  if (hasSample) rtt.sample(RTT, 0);
  const packets = new SentPackets(1024);
  const losses = new LossDetector(clock, packets, rtt);
  const send = (number: number, at: number, flags: number = PacketFlag.Eliciting): void => {
    clock.advance(at);
    packets.add(number, at, 100, flags);
    if (flags !== 0) losses.handleSent();
  };
  const settled = (): { acked: number[]; lost: number[] } => {
    const slots = [...losses.settled.subarray(0, losses.settledCount)];
    const of = (fate: number) =>
      slots.filter((slot) => packets.fate[slot] === fate).map((slot) => packets.number[slot]!);
    return { acked: of(PacketFate.Acked), lost: of(PacketFate.Lost) };
  };
  const ack = (at: number, ...ranges: [number, number][]): { acked: number[]; lost: number[] } => {
    clock.advance(at);
    losses.begin();
    for (const [smallest, largest] of ranges) losses.handleRange(smallest, largest);
    if (losses.settledCount > 0) losses.handleProgress();
    losses.finish();
    return settled();
  };
  const timeout = (at: number): { probes: boolean; acked: number[]; lost: number[] } => {
    clock.advance(at);
    losses.begin();
    return { probes: losses.handleTimeout(), ...settled() };
  };
  return { clock, rtt, packets, losses, send, ack, timeout };
}

Deno.test("LossDetector takes a packet for lost when one three later is acknowledged, and not before", () => {
  const { send, ack } = setup();
  for (let number = 0; number < 6; number++) send(number, 0);
  assertEquals(ack(10, [2, 2]), { acked: [2], lost: [] });
  assertEquals(ack(10, [2, 3]), { acked: [3], lost: [0] });
  assertEquals(ack(10, [1, 3]), { acked: [1], lost: [] });
});

Deno.test("LossDetector settles each packet once, whatever ranges are repeated", () => {
  const { send, ack, packets } = setup();
  for (let number = 0; number < 10; number++) send(number, 0);
  assertEquals(ack(10, [8, 9], [4, 5]), { acked: [9, 8, 5, 4], lost: [0, 1, 2, 3, 6] });
  assertEquals(ack(11, [8, 9], [4, 5]), { acked: [], lost: [] });
  assertEquals([packets.bytesInFlight, packets.eliciting], [100, 1]);
  assertEquals(ack(12, [7, 9]), { acked: [7], lost: [] });
  assertEquals([packets.count, packets.bytesInFlight], [0, 0]);
});

Deno.test("LossDetector takes a packet for lost 9/8 of a round trip after it went out before an acknowledged one", () => {
  const { send, ack, timeout, losses } = setup();
  send(0, 0);
  send(1, 10);
  assertEquals(ack(60, [1, 1]), { acked: [1], lost: [] });
  assertEquals(losses.deadline, RTT * 9 / 8);
  assertEquals(timeout(RTT * 9 / 8), { probes: false, acked: [], lost: [0] });
  assertEquals(losses.deadline, Infinity);
});

Deno.test("LossDetector asks for two probes after the probe timeout, then after twice as long, and declares no loss", () => {
  const { send, ack, timeout, losses, rtt } = setup();
  send(0, 5);
  const first = 5 + rtt.probeTimeoutMs;
  assertEquals(losses.deadline, first);
  assertEquals([timeout(first), losses.probes, losses.backoff], [{ probes: true, acked: [], lost: [] }, 2, 1]);
  assertEquals(losses.deadline, first + 2 * rtt.probeTimeoutMs);
  send(1, first);
  assertEquals([losses.probes, losses.deadline], [1, first + 2 * rtt.probeTimeoutMs]);
  timeout(first + 2 * rtt.probeTimeoutMs);
  assertEquals(losses.backoff, 2);
  ack(first + 700, [1, 1]);
  assertEquals([losses.backoff, losses.probes], [0, 0]);
});

Deno.test("LossDetector never waits longer than ten seconds for a probe, and for none with nothing under way", () => {
  const { send, timeout, losses, clock, packets } = setup();
  assertEquals(losses.deadline, Infinity);
  send(0, 0, 0);
  assertEquals([losses.deadline, packets.count], [Infinity, 1]);
  send(1, 0);
  for (let i = 0; i < 20; i++) timeout(losses.deadline);
  assertEquals([losses.deadline - clock.now, losses.backoff], [10_000, 16]);
});

Deno.test("LossDetector recognises a packet that comes late after all, and raises both thresholds", () => {
  const { send, ack, losses, packets } = setup();
  for (let number = 0; number < 8; number++) send(number, 0);
  assertEquals(ack(10, [5, 5]).lost, [0, 1, 2]);
  assertEquals([losses.packetThreshold, losses.spuriousPackets], [PACKET_THRESHOLD, 0]);
  assertEquals(ack(12, [5, 5], [1, 1]), { acked: [], lost: [] });
  assertEquals([losses.spuriousPackets, losses.spuriousBytes, losses.packetThreshold], [1, 100, 5]);
  assertEquals([losses.lateCount, packets.number[losses.late[0]!]], [1, 1]);
  assertEquals(losses.timeThreshold, 1.25);
  ack(12, [5, 5], [1, 1]);
  assertEquals(losses.spuriousPackets, 1, "it is counted once");
});

Deno.test("LossDetector recognises it also when the slot is given back long ago", () => {
  const { send, ack, losses, packets } = setup();
  for (let number = 0; number < 8; number++) send(number, 0);
  ack(10, [3, 7]);
  assertEquals(packets.count, 0);
  ack(12, [2, 7]);
  assertEquals([losses.spuriousPackets, losses.spuriousBytes, losses.packetThreshold], [1, 100, 6]);
  assertEquals([losses.lateCount, packets.number[losses.late[0]!]], [1, 2]);
  ack(12, [2, 7]);
  assertEquals([losses.spuriousPackets, losses.lateCount], [1, 0]);
  for (let number = 8; number < 40; number++) send(number, 13);
  ack(14, [0, 9]);
  assertEquals([losses.spuriousPackets, losses.lateCount], [3, 0], "others have their slots by now");
});

Deno.test("LossDetector trusts the order again after half a minute without a late packet", () => {
  const { send, ack, losses } = setup();
  for (let number = 0; number < 8; number++) send(number, 0);
  ack(10, [7, 7]);
  ack(12, [0, 7]);
  send(8, 30_000);
  ack(30_012, [8, 8]);
  assertEquals(losses.packetThreshold > PACKET_THRESHOLD, true);
  send(9, 30_013);
  ack(30_013, [9, 9]);
  assertEquals([losses.packetThreshold, losses.timeThreshold], [PACKET_THRESHOLD, 9 / 8]);
});

Deno.test("LossDetector bounds the thresholds", () => {
  const { send, ack, losses } = setup();
  for (let number = 0; number < 500; number++) send(number, 0);
  ack(10, [499, 499]);
  for (let number = 498; number > 480; number--) ack(11, [number, 499]);
  assertEquals([losses.packetThreshold, losses.timeThreshold], [19, 2]);
  ack(12, [0, 499]);
  assertEquals(losses.packetThreshold, 64);
});

Deno.test("LossDetector sees persistent congestion in a span of three probe timeouts without any acknowledgement", () => {
  const { send, ack, losses, rtt } = setup();
  const span = 3 * rtt.probeTimeoutMs;
  for (const [number, at] of [[0, 0], [1, 100], [2, span], [3, span + 1], [4, span + 2], [5, span + 3]] as const) {
    send(number, at);
  }
  assertEquals(ack(span + 10, [5, 5]).lost, [0, 1, 2]);
  assertEquals(losses.isPersistent, true);
  ack(span + 11, [3, 5]);
  assertEquals(losses.isPersistent, false);
});

Deno.test("LossDetector sees none where something inside the span was acknowledged, early or late", () => {
  for (const isEarly of [true, false]) {
    const { send, ack, losses, rtt } = setup();
    const span = 3 * rtt.probeTimeoutMs;
    for (const [number, at] of [[0, 0], [1, 100]] as const) send(number, at);
    if (isEarly) ack(160, [1, 1]);
    for (const [number, at] of [[2, span + 100], [3, span + 101], [4, span + 102], [5, span + 103]] as const) {
      send(number, at);
    }
    ack(span + 110, [5, 5], [1, 1]);
    assertEquals(losses.isPersistent, false, isEarly ? "early" : "late");
  }
});

Deno.test("LossDetector sees none in packets that ask for no acknowledgement, in a short span, or before a sample", () => {
  const span = (rtt: RttEstimator) => 3 * rtt.probeTimeoutMs;
  const cases: [flags: number, share: number, hasSample: boolean][] = [[0, 2, true], [1, 0.99, true], [1, 2, false]];
  for (const [flags, share, hasSample] of cases) {
    const { send, ack, losses, rtt } = setup({ hasSample });
    const long = share * span(rtt);
    send(0, 0, flags);
    send(1, long, flags);
    for (const number of [2, 3, 4]) send(number, long + number);
    ack(long + 10, [4, 4]);
    assertEquals(losses.isPersistent, false, `${flags} ${share} ${hasSample}`);
  }
});

Deno.test("LossDetector.clear() forgets thresholds, probes and late numbers", () => {
  const { send, ack, timeout, losses, packets } = setup();
  for (let number = 0; number < 8; number++) send(number, 0);
  ack(10, [7, 7]);
  ack(12, [6, 7]);
  send(8, 13);
  timeout(losses.deadline);
  packets.clear();
  losses.clear();
  assertEquals([losses.probes, losses.backoff, losses.largestAcked, losses.deadline], [0, 0, -1, Infinity]);
  assertEquals([losses.packetThreshold, losses.spuriousPackets], [PACKET_THRESHOLD, 0]);
  ack(500, [0, 7]);
  assertEquals(losses.spuriousPackets, 0);
});

Deno.test("LossDetector.handleReturn() has the next probe due at once, and the one after at its time", () => {
  const { losses, rtt, send, timeout } = setup();
  send(0, 0);
  let now = 0;
  for (let probe = 0; probe < 3; probe++) timeout(now = losses.deadline);
  assertEquals(losses.deadline, now + 8 * rtt.probeTimeoutMs);
  losses.handleReturn();
  assertEquals([losses.deadline, timeout(now).probes], [now, true]);
  assertEquals(losses.deadline, now + 2 * rtt.probeTimeoutMs);
});
