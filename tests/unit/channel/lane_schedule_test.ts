import { assert, assertEquals } from "@std/assert";
import { ALL_LANES, LaneSchedule } from "../../../src/channel/lane_schedule.ts";
import { OutFlow } from "../../../src/channel/out_flow.ts";

function setUp(weights: readonly number[] = [8, 4, 2, 1]) {
  const schedule = new LaneSchedule(weights);
  const flows = weights.map((_, lane) => new OutFlow(lane, lane));
  return { schedule, flows };
}

Deno.test("lanes share by weight, whatever the sizes of what they write", () => {
  const { schedule, flows } = setUp();
  flows.forEach((flow) => schedule.activate(flow));
  const bytes = [0, 0, 0, 0];
  for (let i = 0; i < 20_000; i++) {
    const lane = schedule.pick(ALL_LANES);
    const size = [1400, 60, 700, 1100][lane]!;
    bytes[lane]! += size;
    schedule.rotate(lane, size);
  }
  const total = bytes.reduce((sum, n) => sum + n, 0);
  [8, 4, 2, 1].forEach((weight, lane) => assert(Math.abs(bytes[lane]! / total - weight / 15) < 0.01, `${bytes}`));
});

Deno.test("a lane that fits no packet's rest keeps its share", () => {
  const { schedule, flows } = setUp([1, 1, 1, 1]);
  schedule.activate(flows[0]!);
  schedule.activate(flows[3]!);
  const bytes = [0, 0, 0, 0];
  for (let packet = 0; packet < 3000; packet++) {
    let mask = ALL_LANES;
    for (let room = 1100, lane = schedule.pick(mask); lane >= 0; lane = schedule.pick(mask)) {
      const size = lane === 0 ? 100 : 1000;
      if (size > room) {
        schedule.rotate(lane, 0);
        mask &= ~(1 << lane);
        continue;
      }
      room -= size;
      bytes[lane]! += size;
      schedule.rotate(lane, size);
    }
  }
  assert(bytes[3]! > 0.8 * bytes[0]!, `${bytes}`);
});

Deno.test("an urgent lane that was idle goes first, and gains nothing from having been idle", () => {
  const { schedule, flows } = setUp();
  schedule.activate(flows[3]!);
  for (let i = 0; i < 100; i++) schedule.rotate(schedule.pick(ALL_LANES), 1000);
  schedule.activate(flows[0]!);
  assertEquals(schedule.pick(ALL_LANES), 0);
  let run = 0;
  while (schedule.pick(ALL_LANES) === 0) {
    schedule.rotate(0, 512);
    run++;
  }
  assert(run <= 24, `${run} quanta at once`);
});

Deno.test("flows of one lane take turns, and leave when they are done", () => {
  const { schedule } = setUp();
  const flows = [0, 1, 2].map((channel) => new OutFlow(channel, 1));
  flows.forEach((flow) => schedule.activate(flow));
  schedule.activate(flows[1]!);
  const order: number[] = [];
  for (let i = 0; i < 6; i++) {
    order.push(schedule.first(1).channel);
    schedule.rotate(1, 10);
  }
  assertEquals(order, [0, 1, 2, 0, 1, 2]);
  schedule.deactivateFirst(1);
  assertEquals([flows[0]!.isActive, schedule.first(1).channel], [false, 1]);
  schedule.deactivateFirst(1);
  schedule.deactivateFirst(1);
  assertEquals([schedule.active, schedule.pick(ALL_LANES)], [0, -1]);
  flows.forEach((flow) => schedule.activate(flow));
  schedule.clear();
  assertEquals([schedule.active, flows.some((flow) => flow.isActive)], [0, false]);
});

Deno.test("shares that were not used are not saved", () => {
  const { schedule, flows } = setUp();
  schedule.activate(flows[3]!);
  for (let i = 0; i < 100; i++) {
    schedule.activate(flows[0]!);
    schedule.deactivateFirst(0);
    schedule.rotate(3, 512);
    schedule.pick(ALL_LANES);
  }
  schedule.activate(flows[0]!);
  let run = 0;
  while (schedule.pick(ALL_LANES) === 0) {
    schedule.rotate(0, 512);
    run++;
  }
  assert(run <= 8, `${run} quanta at once`);
});
