/**
 * Membership: who is who. Two processes with one id, keys, clusters.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { addressOf, MESH_KEY, SimNet } from "./bus_member_net.ts";

const NEW_KEY = new Uint8Array(32).fill(9);

Deno.test("membership: of two living nodes with one id the higher boot id stays, and both are told", () => {
  for (const seed of [1, 2, 3, 4]) {
    const net = new SimNet(seed);
    net.mesh(5);
    net.run(3000);
    const twin = net.start(5, { self: { nodeId: new Uint8Array(16).fill(2).fill(0, 0, 1) } });
    twin.do((machine) => machine.join(addressOf(0)));
    net.run(15_000);
    const other = net.nodes[2]!;
    const [low, high] = [other, twin].sort((a, b) =>
      a.machine.self.bootId.join() === b.machine.self.bootId.join()
        ? 0
        : isBelow(a.machine.self.bootId, b.machine.self.bootId)
        ? -1
        : 1
    );
    assertEquals([low!.count("ConflictLost"), low!.count("ConflictWon")], [1, 0], `seed ${seed}`);
    assertEquals([high!.count("ConflictLost"), high!.count("ConflictWon")], [0, 1], `seed ${seed}`);
    for (const node of net.nodes) {
      if (node === low || node === high) continue;
      const [member] = node.machine.members().filter(({ nodeId }) => nodeId === high!.machine.self.nodeId);
      assertEquals(member?.bootId, high!.machine.self.bootId, `seed ${seed}, node ${node.index}`);
      assertEquals(node.machine.memberCount, 4);
    }
  }
});

Deno.test("membership: a node with another key gets no answer and leaves no trace", () => {
  const net = new SimNet(5);
  net.mesh(3);
  const stranger = net.start(3, { meshKeys: [NEW_KEY], announceIntervalMs: 1000 });
  const answers: number[] = [];
  net.tap = (from, _, to) => void (to?.words[3] === addressOf(3).words[3] && answers.push(from.index));
  stranger.do((machine) => machine.join(addressOf(0)));
  net.run(10_000);
  assertEquals(answers, []);
  assertEquals(stranger.machine.memberCount, 0);
  assertEquals(net.nodes[0]!.machine.memberCount, 2);
});

Deno.test("membership: the mesh key is replaced on a running mesh, and the old one no longer opens anything", () => {
  const net = new SimNet(6);
  net.mesh(6, { keyOverlapMs: 20_000 });
  const since = net.now;
  for (const step of ["installKey", "useKey"] as const) {
    for (const node of net.nodes) {
      node.do((machine) => machine[step](NEW_KEY));
      net.run(1500);
    }
  }
  net.run(25_000);
  assertEquals(
    net.nodes.reduce((sum, node) => sum + node.count("Suspected", since) + node.count("Failed", since), 0),
    0,
  );
  const old = net.start(6, { meshKeys: [MESH_KEY] });
  old.do((machine) => machine.join(addressOf(0)));
  net.run(5000);
  assertEquals(old.machine.memberCount, 0);
  net.kill(6);
  net.start(7, { meshKeys: [NEW_KEY] }).do((machine) => machine.join(addressOf(0)));
  assert(net.until(() => net.isWhole(), 5000) < 5000);
});

Deno.test("membership: a node is in a cluster by name, and where the cluster has a key by proof", () => {
  const clusterKey = new Uint8Array(16).fill(5);
  const net = new SimNet(7);
  const selves = [
    { cluster: "billing", clusterKey },
    { cluster: "billing", clusterKey },
    { cluster: "billing", clusterKey: new Uint8Array(16).fill(6) },
    { cluster: "billing" },
    { cluster: "web" },
    {},
  ];
  selves.forEach((self, i) => {
    const node = net.start(i, { self: { ...self, hostId: new Uint8Array(16).fill(i >> 1) } });
    if (i > 0) node.do((machine) => machine.join(addressOf(0)));
  });
  net.until(() => net.isWhole(), 10_000);
  const sees = (index: number): string =>
    net.nodes[index]!.machine.members().filter((member) => member.isSameCluster).map(({ name }) => name).join();
  assertEquals([0, 1, 2, 3, 4, 5].map(sees), ["n1", "n0", "", "", "", ""]);
  const onHost = net.nodes[2]!.machine.members().filter((member) => member.isSameHost).map(({ name }) => name);
  assertEquals(onHost, ["n3"]);
});

Deno.test("membership: metadata and addresses reach all others, with an event", () => {
  const net = new SimNet(8);
  net.mesh(5);
  net.run(2000);
  const since = net.now;
  net.nodes[2]!.do((machine) => {
    machine.updateMetadata(Uint8Array.of(1, 2, 3));
    machine.updateLinkAddresses([addressOf(2, 9999)]);
  });
  net.run(2000);
  for (const node of net.nodes) {
    if (node.index === 2) continue;
    const [member] = node.machine.membersNamed("n2");
    assertEquals([member!.metadata, member!.linkAddresses[0]!.port], [Uint8Array.of(1, 2, 3), 9999]);
    assert(node.toldAt("Updated", "n2", since) < Infinity);
  }
});

function isBelow(a: Uint8Array, b: Uint8Array): boolean {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return a[at]! < b[at]!;
}
