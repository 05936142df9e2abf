/**
 * Membership: nodes meet, by seeds and by announcements, and go again.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { addressOf, SimNet } from "./bus_member_net.ts";
import { DatagramAddress } from "../../src/wire/datagram_address.ts";

for (const count of [3, 10, 50]) {
  Deno.test(`membership: ${count} nodes know one another, learn of a join, a leave and a crash, and of nothing else`, () => {
    const net = new SimNet(count);
    net.mesh(count);
    net.run(3000);
    const joined = net.now;
    net.start(count).do((machine) => machine.join(addressOf(1)));
    assert(net.until(() => net.isWhole(), 10_000) <= 2000, `seed ${net.seed}`);
    for (const node of net.nodes.slice(0, count)) assert(node.toldAt("Joined", `n${count}`, joined) < Infinity);
    net.run(2000);

    const left = net.now;
    net.nodes[1]!.do((machine) => machine.leave());
    net.run(2000);
    assertEquals(net.nodes[1]!.count("SelfLeft"), 1);
    net.kill(1);
    for (const node of net.nodes) {
      if (node.isUp) assert(node.toldAt("Left", "n1", left) < left + 2000, `seed ${net.seed}`);
    }

    net.kill(2);
    const crashed = net.now;
    net.until(() => net.isWhole(), 10_000);
    for (const node of net.nodes) {
      if (!node.isUp) continue;
      assert(node.toldAt("Failed", "n2", crashed) - crashed <= 6000, `seed ${net.seed}`);
      assertEquals([node.count("Failed"), node.count("Left")], [1, 1], `seed ${net.seed}`);
    }
  });
}

Deno.test("membership: 200 nodes learn of a join and of a crash in time", () => {
  const net = new SimNet(200);
  net.mesh(200);
  net.run(1000);
  net.start(200).do((machine) => machine.join(addressOf(77)));
  assert(net.until(() => net.nodes[200]!.machine.memberCount === 200, 10_000) <= 200, "pages without a pause");
  assert(net.until(() => net.isWhole(), 10_000) <= 3000);
  net.kill(5);
  assert(net.until(() => net.isWhole(), 10_000) <= 6000);
  assertEquals(net.nodes.reduce((sum, node) => sum + node.count("Failed"), 0), 200);
});

Deno.test("membership: nodes nearby find one another by announcements alone", () => {
  const net = new SimNet(4);
  for (let i = 0; i < 4; i++) net.start(i, { announceIntervalMs: 2000 });
  assert(net.until(() => net.isWhole(), 10_000) <= 5000);
});

Deno.test("membership: a node that does not know its own address learns it from those that it meets", () => {
  const net = new SimNet(5);
  const advertise = new DatagramAddress();
  advertise.parse("0.0.0.0", 7000);
  const linkAddresses = [new DatagramAddress()];
  linkAddresses[0]!.parse("0.0.0.0", 9000);
  for (let i = 0; i < 3; i++) net.start(i, { self: { advertise, linkAddresses } });
  for (let i = 1; i < 3; i++) net.nodes[i]!.do((machine) => machine.join(addressOf(0)));
  net.until(() => net.isWhole(), 10_000);
  const [first] = net.nodes[2]!.machine.members().filter(({ name }) => name === "n0");
  assertEquals([first!.gossipAddress.hostname, first!.gossipAddress.port], ["10.0.0.0", 7000]);
  assertEquals([first!.linkAddresses[0]!.hostname, first!.linkAddresses[0]!.port], ["10.0.0.0", 9000]);
});

Deno.test("membership: a seed that is the node itself is given up, and one that comes late is found", () => {
  const net = new SimNet(6);
  net.start(0).do((machine) => {
    machine.join(addressOf(0));
    machine.join(addressOf(1));
  });
  let hellos = 0;
  net.tap = (_, __, to) => hellos += to?.words[3] === addressOf(0).words[3] ? 1 : 0;
  net.run(20_000);
  assert(hellos <= 1, `${hellos} hellos to itself`);
  net.start(1);
  assert(net.until(() => net.isWhole(), 10_000) <= 6000);
});

Deno.test("membership: a sync takes over both ways, and one between equals costs next to nothing", () => {
  const net = new SimNet(7);
  const options = { gossipIntervalMs: 60_000, syncIntervalMs: 10_000, probeIntervalMs: 60_000 };
  for (let i = 0; i < 40; i++) net.start(i, options);
  for (let i = 1; i < 40; i++) net.nodes[i]!.do((machine) => machine.join(addressOf(i < 20 ? 0 : 20)));
  net.run(8000);
  net.nodes[20]!.do((machine) => machine.join(addressOf(0)));
  net.run(200);
  assertEquals([net.nodes[0]!.machine.memberCount, net.nodes[20]!.machine.memberCount], [39, 39]);
  net.until(() => net.isWhole(), 120_000);
  net.run(60_000);
  let [longest, syncs] = [0, 0];
  net.tap = (_, bytes) => void (longest = Math.max(longest, bytes.length));
  for (const node of net.nodes) syncs -= node.machine.counters().syncs!;
  net.run(30_000);
  for (const node of net.nodes) syncs += node.machine.counters().syncs!;
  assert(syncs > 40 && longest < 400, `${syncs} syncs, ${longest} bytes`);
});
