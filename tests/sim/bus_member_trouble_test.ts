/**
 * Membership under trouble that is no crash: nobody may be declared failed who lives, and who went comes back.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { MemberState } from "../../src/bus/member/bus_member.ts";
import { addressOf, SimNet } from "./bus_member_net.ts";

function failures(net: SimNet, since: number): number {
  return net.nodes.reduce((sum, node) => sum + node.count("Failed", since), 0);
}

Deno.test("membership: 20 % loss fails nobody, and a crash is still found", () => {
  const net = new SimNet(21);
  net.mesh(20);
  net.loss = 0.2;
  const since = net.now;
  net.run(120_000);
  assertEquals(failures(net, since), 0, `seed ${net.seed}`);
  net.kill(3);
  assert(net.until(() => net.isWhole(), 60_000) <= 20_000, `seed ${net.seed}`);
});

Deno.test("membership: two nodes that cannot reach each other, one way or both, stay members through others", () => {
  for (const isBothWays of [false, true]) {
    const net = new SimNet(22);
    net.mesh(6);
    net.run(3000);
    const since = net.now;
    net.passes = (from, to) => !(from === 1 && to === 2) && !(isBothWays && from === 2 && to === 1);
    net.run(60_000);
    assertEquals(net.nodes.reduce((sum, node) => sum + node.count("Suspected", since), 0), 0);
    assertEquals([failures(net, since), net.isWhole()], [0, true], `both ways: ${isBothWays}`);
  }
});

Deno.test("membership: a mesh that was parted fails over there and merges again by itself", () => {
  const net = new SimNet(23);
  net.mesh(12);
  net.run(3000);
  net.passes = (from, to) => (from < 5) === (to < 5);
  net.run(30_000);
  assertEquals(net.nodes.map((node) => node.machine.memberCount), [4, 4, 4, 4, 4, 6, 6, 6, 6, 6, 6, 6]);
  net.passes = () => true;
  assert(net.until(() => net.isWhole(), 60_000) <= 30_000, `seed ${net.seed}`);
  for (const node of net.nodes) assertEquals(node.count("Joined"), 11 + (node.index < 5 ? 7 : 5));
});

Deno.test("membership: nodes that met by announcements find one another again without seeds", () => {
  const net = new SimNet(31);
  for (let i = 0; i < 4; i++) net.start(i).do((machine) => machine.announce());
  net.until(() => net.isWhole(), 10_000);
  net.passes = (from, to) => (from < 2) === (to < 2);
  net.run(20_000);
  assertEquals(net.isWhole(), false);
  net.passes = () => true;
  net.until(() => net.isWhole(), 40_000);
});

Deno.test("membership: a crash leaves the others healthy, because helpers say that they had no answer", () => {
  const net = new SimNet(32);
  net.mesh(8);
  net.kill(3);
  let worst = 0;
  for (let i = 0; i < 600; i++) {
    net.run(10);
    for (const node of net.nodes) if (node.isUp) worst = Math.max(worst, node.machine.localHealth);
  }
  assertEquals([worst, net.isWhole()], [0, true]);
});

Deno.test("membership: a slow node doubts itself before others, and causes no storm", () => {
  const net = new SimNet(24);
  net.mesh(16);
  net.run(3000);
  const since = net.now;
  // The node runs for a moment in every 700 ms, and holds up all that it hears in between.
  const slow = net.nodes[4]!;
  let health = 0;
  for (let i = 0; i < 100; i++) {
    slow.isStopped = true;
    net.run(690);
    slow.resume(true);
    health = Math.max(health, slow.machine.localHealth);
    net.run(10);
  }
  assertEquals(failures(net, since), 0, `seed ${net.seed}`);
  assert(health > 0);
  const suspected = net.nodes.map((node) =>
    node.events.filter((event) => event.what === "Suspected" && event.who !== "n4")
  );
  assert(suspected.flat().length <= 40, `${suspected.flat().length} suspicions of healthy nodes`);
});

Deno.test("membership: a node that slept fails nobody, is failed, and comes back by itself", () => {
  for (const datagramsFirst of [false, true]) {
    const net = new SimNet(25);
    net.mesh(8);
    net.run(3000);
    const slept = net.now;
    const node = net.nodes[3]!;
    node.isStopped = true;
    net.run(60_000);
    for (const other of net.nodes) if (other !== node) assertEquals(other.count("Failed", slept), 1);
    const woke = net.now;
    node.waiting.length = 0;
    node.resume(datagramsFirst);
    net.until(() => net.isWhole(), 30_000);
    net.run(10_000);
    assertEquals(node.count("Failed") + node.count("Suspected"), 0, `datagrams first: ${datagramsFirst}`);
    for (const other of net.nodes) if (other !== node) assertEquals(other.count("Joined", woke), 1);
    assertEquals(node.machine.counters().stalls, 1);
  }
});

Deno.test("membership: when all clocks jump at once, nobody is suspected for it", () => {
  const net = new SimNet(26);
  net.mesh(8);
  net.run(3000);
  const since = net.now;
  for (const node of net.nodes) node.isStopped = true;
  net.run(3_600_000);
  for (const node of net.nodes) node.resume(false);
  net.run(20_000);
  assertEquals(net.nodes.reduce((sum, node) => sum + node.count("Suspected", since), 0), 0);
  assertEquals([failures(net, since), net.isWhole()], [0, true]);
});

Deno.test("membership: a pause is no time that a suspected member had to refute", () => {
  const net = new SimNet(33);
  net.mesh(2);
  net.run(3000);
  net.passes = () => false;
  net.until(() => net.nodes[0]!.count("Suspected") > 0, 10_000);
  for (const node of net.nodes) node.isStopped = true;
  net.run(60_000);
  for (const node of net.nodes) node.resume(false);
  net.run(1500);
  net.passes = () => true;
  net.run(10_000);
  assertEquals([failures(net, 0), net.nodes[0]!.count("AliveAgain") > 0, net.isWhole()], [0, true, true]);
});

Deno.test("membership: a node that flaps is there at the end, once", () => {
  const net = new SimNet(27);
  net.mesh(8);
  for (let i = 0; i < 6; i++) {
    net.run(2500);
    net.start(4).do((machine) => machine.join(addressOf(0)));
  }
  net.until(() => net.isWhole(), 20_000);
  net.run(5000);
  for (const node of net.nodes) {
    assertEquals(node.machine.memberCount, 7);
    if (node.index !== 4) assertEquals(node.count("Joined") - node.count("Failed"), 7, `node ${node.index}`);
  }
});

Deno.test("membership: a full restart under the same ids ends with the new boots only", () => {
  const net = new SimNet(28);
  net.mesh(10);
  net.run(3000);
  const boots = net.nodes.map((node) => node.machine.self.bootId.join());
  for (let i = 0; i < 10; i++) {
    const seed = addressOf((i + 1) % 10);
    net.start(i).do((machine) => machine.join(seed));
    net.run(1500);
  }
  net.until(() => net.isWhole(), 30_000);
  for (const node of net.nodes) {
    for (const member of node.machine.members()) assert(!boots.includes(member.bootId.join()));
    assertEquals(node.count("ConflictLost") + node.count("ConflictWon"), 0);
  }
});

Deno.test("membership: what is lost is not brought back by those who have not heard of it", () => {
  const net = new SimNet(29);
  net.mesh(8);
  net.run(3000);
  // Node 7 keeps thinking of node 2 as alive while it is cut off and stopped.
  net.nodes[7]!.isStopped = true;
  net.kill(2);
  net.run(20_000);
  const since = net.now;
  net.nodes[7]!.waiting.length = 0;
  net.nodes[7]!.resume(false);
  net.run(30_000);
  for (const node of net.nodes) {
    if (!node.isUp) continue;
    assertEquals(node.toldAt("Joined", "n2", since), Infinity, `node ${node.index}`);
    assertEquals(node.stateOf(2), MemberState.Failed, `node ${node.index}`);
  }
});

Deno.test("membership: the lost are forgotten after their time, and their places are used again", () => {
  const net = new SimNet(30);
  const options = { deadRetentionMs: 20_000, maxMembers: 4 };
  net.mesh(4, options);
  net.run(2000);
  for (let i = 4; i < 8; i++) {
    net.kill(i - 1);
    net.run(7000);
    net.start(i, options).do((machine) => machine.join(addressOf(0)));
    net.until(() => net.isWhole(), 20_000);
  }
  net.run(40_000);
  assertEquals(net.nodes[0]!.present(), ["n1", "n2", "n7"]);
  assertEquals([3, 4, 5, 6].map((index) => net.nodes[0]!.stateOf(index)), new Array(4).fill(undefined));
});
