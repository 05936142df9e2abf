/**
 * Membership: what nodes subscribe and handle reaches all others.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { BusMember } from "../../src/bus/member/bus_member.ts";
import { addressOf, SimNet, type SimNode } from "./bus_member_net.ts";

function wanting(node: SimNode, topic: string): string {
  const into: BusMember[] = [];
  const count = node.machine.interestedIn(topic, into);
  return into.slice(0, count).map(({ name }) => name).sort().join();
}

function handling(node: SimNode, command: string): string {
  const into: BusMember[] = [];
  const count = node.machine.handlersOf(command, into);
  return into.slice(0, count).map(({ name }) => name).sort().join();
}

Deno.test("interest: topics, prefixes and commands spread, change and go with their member", () => {
  const net = new SimNet(1);
  net.mesh(6);
  net.nodes[1]!.do((machine) => machine.subscribe("orders.created"));
  net.nodes[2]!.do((machine) => machine.subscribe("orders.*"));
  net.nodes[3]!.do((machine) => {
    machine.subscribe("*");
    machine.subscribe("orders.created");
    machine.offer("ping");
  });
  net.run(2000);
  for (const node of [net.nodes[0]!, net.nodes[5]!]) {
    assertEquals(wanting(node, "orders.created"), "n1,n2,n3");
    assertEquals(wanting(node, "orders.paid"), "n2,n3");
    assertEquals(wanting(node, "orders"), "n3");
    assertEquals(handling(node, "ping"), "n3");
    assertEquals(handling(node, "orders.created"), "");
  }
  assertEquals(wanting(net.nodes[3]!, "orders.created"), "n1,n2");
  const epoch = net.nodes[0]!.machine.interestEpoch;
  net.nodes[3]!.do((machine) => {
    machine.unsubscribe("*");
    machine.withdraw("ping");
  });
  net.run(2000);
  assertEquals([wanting(net.nodes[0]!, "orders.paid"), handling(net.nodes[0]!, "ping")], ["n2", ""]);
  assert(net.nodes[0]!.machine.interestEpoch > epoch);
  net.kill(2);
  net.until(() => net.isWhole(), 10_000);
  assertEquals(wanting(net.nodes[0]!, "orders.paid"), "");
});

Deno.test("interest: many changes at once become one version", () => {
  const net = new SimNet(2);
  net.mesh(3);
  net.nodes[1]!.do((machine) => {
    for (let i = 0; i < 10; i++) machine.subscribe(`t.${i}`);
  });
  net.run(2000);
  assertEquals(net.nodes[1]!.machine.self.interestVersion, 1);
  assertEquals(net.nodes[0]!.count("InterestChanged"), 1);
});

Deno.test("interest: a list that is too long for gossip is fetched, under loss and for those who come later", () => {
  const net = new SimNet(3);
  net.mesh(5);
  net.loss = 0.2;
  net.nodes[4]!.do((machine) => {
    for (let i = 0; i < 500; i++) machine.subscribe(`a.long.list.of.topics.${i}`);
  });
  const isKnown = (): boolean =>
    net.nodes.every((node) => node.index === 4 || wanting(node, "a.long.list.of.topics.499") === "n4");
  assert(net.until(isKnown, 30_000) <= 20_000);
  net.start(5).do((machine) => machine.join(addressOf(0)));
  assert(net.until(isKnown, 30_000) <= 20_000);
  net.nodes[4]!.do((machine) => machine.unsubscribe("a.long.list.of.topics.7"));
  net.until(() => net.nodes.every((node) => wanting(node, "a.long.list.of.topics.7") === ""), 30_000);
  assert(isKnown());
});

Deno.test("interest: it is back after a partition", () => {
  const net = new SimNet(4);
  net.mesh(6);
  net.nodes[0]!.do((machine) => machine.subscribe("news.*"));
  net.run(2000);
  net.passes = (from, to) => (from < 3) === (to < 3);
  net.run(20_000);
  assertEquals(wanting(net.nodes[5]!, "news.today"), "");
  net.passes = () => true;
  net.until(() => net.isWhole(), 30_000);
  net.run(3000);
  assertEquals(wanting(net.nodes[5]!, "news.today"), "n0");
});

Deno.test("interest: a long list of a node that cannot be reached comes from others", () => {
  const net = new SimNet(5);
  net.mesh(5);
  net.passes = (from, to) => !(from === 4 && to === 1) && !(from === 1 && to === 4);
  net.nodes[4]!.do((machine) => {
    for (let i = 0; i < 100; i++) machine.subscribe(`a.long.list.of.topics.${i}`);
  });
  net.until(() => wanting(net.nodes[1]!, "a.long.list.of.topics.99") === "n4", 10_000);
});

Deno.test("interest: parts that come twice, because the answers are slower than the patience, count once", () => {
  const net = new SimNet(6);
  net.mesh(2);
  net.delayMs = 170;
  net.nodes[1]!.do((machine) => {
    for (let i = 0; i < 200; i++) machine.subscribe(`a.long.list.of.topics.${i}`);
  });
  net.until(() => wanting(net.nodes[0]!, "a.long.list.of.topics.199") === "n1", 20_000);
  assertEquals(wanting(net.nodes[0]!, "a.long.list.of.topics.0"), "n1");
  const { interestParts, interestRefused } = net.nodes[0]!.machine.counters();
  assertEquals([interestParts! >= 5 && interestParts! < 10, interestRefused], [true, 0], `${interestParts} parts`);
});
