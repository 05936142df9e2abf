/**
 * Lists of random operations on the state of a connection, beside a simple model of what is under way.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { PacketFlag } from "../../src/reliability/packet_flag.ts";
import { Recovery, wasAcked } from "../../src/reliability/recovery.ts";
import { resolveReliabilityOptions } from "../../src/reliability/reliability_options.ts";
import { NO_SLOT } from "../../src/reliability/sent_packets.ts";
import { ClockCell } from "../../src/time/clock.ts";

const MAX_PACKETS = 64;

/** What a sender knows in the simplest way. */
class SimpleLedger {
  readonly pending = new Map<number, { slot: number; bytes: number }>();
  readonly acked = new Set<number>();
  next = 0;

  get bytes(): number {
    return [...this.pending.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

function operate(random: SeededRandom, recovery: Recovery, clock: ClockCell, model: SimpleLedger): void {
  const settle = (count: number): void => {
    const seen = new Set<number>();
    for (let i = 0; i < count; i++) {
      const slot = recovery.losses.settled[i]!;
      const number = recovery.packets.number[slot]!;
      assertEquals([model.pending.get(number)?.slot, seen.has(slot)], [slot, false], `packet ${number}`);
      seen.add(slot);
      if (wasAcked(recovery, slot)) assert(model.acked.has(number));
      model.pending.delete(number);
    }
  };
  switch (random.nextInt(8)) {
    case 0: {
      clock.advance(clock.now + random.visibleFraction() * [2, 100, 3000][random.nextInt(3)]!);
      if (recovery.pollTimeout() <= clock.now) settle(recovery.handleTimeout());
      return;
    }
    case 1:
    case 2: {
      recovery.beginAck();
      for (let largest = model.next - 1 - random.nextInt(4), i = random.nextInt(4); i >= 0 && largest >= 0; i--) {
        const smallest = Math.max(0, largest - random.nextInt(6));
        for (let number = smallest; number <= largest; number++) model.acked.add(number);
        recovery.ackRange(smallest, largest);
        largest = smallest - 2 - random.nextInt(3);
      }
      settle(recovery.endAck(random.visibleFraction() * 30));
      return;
    }
    case 3:
      if (random.nextInt(40) === 0) recovery.handlePathChange();
      if (random.nextInt(10) === 0) recovery.mtu.start(1452);
      recovery.handleAppLimited();
      return;
    default: {
      const isForced = random.nextInt(20) === 0;
      if (!isForced && recovery.allowance() === 0) return;
      // A number is left out, or taken by a packet that is not tracked.
      if (random.nextInt(10) === 0) model.next++;
      const wanted = recovery.mtu.wantedBytes;
      const bytes = wanted > 0 ? wanted : 1 + random.nextInt(recovery.datagramBytes);
      const flags = PacketFlag.Eliciting | (wanted > 0 ? PacketFlag.MtuProbe : 0);
      const number = model.next++;
      const slot = recovery.handleSent(number, bytes, flags);
      if (slot === NO_SLOT) return;
      for (const other of model.pending.values()) assert(other.slot !== slot);
      model.pending.set(number, { slot, bytes });
    }
  }
}

Deno.test("reliability: no list of operations settles a packet twice, loses count or leaves the bounds", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed);
    const clock = new ClockCell();
    const config = resolveReliabilityOptions({
      congestionControl: seed % 2 === 0 ? "cubic" : "delay-bounded",
      maxPacketsInFlight: MAX_PACKETS,
    });
    const recovery = new Recovery(config, clock, random);
    const model = new SimpleLedger();
    for (let i = 0; i < 600; i++) {
      operate(random, recovery, clock, model);
      const { packets, controller } = recovery;
      const name = `seed ${seed}, operation ${i}`;
      assertEquals([packets.bytesInFlight, packets.eliciting], [model.bytes, model.pending.size], name);
      assert(packets.count <= MAX_PACKETS && recovery.isIdle === (packets.count === 0), name);
      assert(controller.windowBytes >= 2400 && controller.windowBytes < 1e9, `${name}: ${controller.windowBytes}`);
      assert(controller.pacingRate > 0 && controller.pacingRate < 1e9, `${name}: ${controller.pacingRate}`);
      assert(model.pending.size === 0 || recovery.pollTimeout() < clock.now + 10_001, name);
      assert(recovery.datagramBytes >= 1200 && recovery.datagramBytes <= 1452, name);
    }
  }
});
