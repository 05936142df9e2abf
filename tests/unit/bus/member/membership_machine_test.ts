import { assertEquals, assertThrows } from "@std/assert";
import { GossipTransmit } from "../../../../src/bus/member/gossip_transmit.ts";
import { MemberEvent } from "../../../../src/bus/member/member_event.ts";
import { MembershipMachine } from "../../../../src/bus/member/membership_machine.ts";
import { type MembershipOptions, resolveMembershipOptions } from "../../../../src/bus/member/membership_options.ts";
import type { MembershipSetup, SelfDescription } from "../../../../src/bus/member/membership_setup.ts";
import { ChaCha20Poly1305 } from "../../../../src/crypto/chacha20_poly1305.ts";
import { MisuseError, ResourceError } from "../../../../src/error/transport_error.ts";
import { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { ClockCell } from "../../../../src/time/clock.ts";
import { DatagramAddress } from "../../../../src/wire/datagram_address.ts";

function address(number: number): DatagramAddress {
  const made = new DatagramAddress();
  made.parse("10.0.0.1", number);
  return made;
}

function machine(
  options: MembershipOptions = {},
  setup: Partial<MembershipSetup> = {},
  self: Partial<SelfDescription> = {},
): MembershipMachine {
  const id = new Uint8Array(16);
  return new MembershipMachine({
    config: resolveMembershipOptions(options),
    clock: new ClockCell(),
    random: new SeededRandom(1),
    aead: new ChaCha20Poly1305(),
    meshKeys: options.dangerouslyOpenMesh ? [] : [new Uint8Array(16)],
    self: { nodeId: id, hostId: id, name: "one", advertise: address(1), ...self },
    ...setup,
  });
}

function drain(made: MembershipMachine): MemberEvent[] {
  const target = new GossipTransmit(new Uint8Array(1200));
  const events: MemberEvent[] = [];
  while (made.pollTransmit(target) > 0);
  made.pollTimeout();
  for (let event = made.pollEvent(); event !== undefined; event = made.pollEvent()) events.push(event);
  return events;
}

Deno.test("MembershipMachine needs a key, or the option that opens the mesh, and not both", () => {
  assertThrows(() => machine({}, { meshKeys: [] }), TypeError);
  assertThrows(() => machine({ dangerouslyOpenMesh: true }, { meshKeys: [new Uint8Array(16)] }), TypeError);
  assertThrows(() => machine({}, { meshKeys: [new Uint8Array(15)] }), RangeError);
  machine({ dangerouslyOpenMesh: true });
});

Deno.test("MembershipMachine refuses a description that is out of bounds", () => {
  const bad: Partial<SelfDescription>[] = [
    { nodeId: new Uint8Array(15) },
    { hostId: new Uint8Array(17) },
    { name: "" },
    { name: "é".repeat(33) },
    { metadata: new Uint8Array(513) },
    { advertise: address(0) },
    { linkAddresses: [1, 2, 3, 4].map(address) },
    { cluster: "c", clusterKey: new Uint8Array(15) },
  ];
  for (const self of bad) assertThrows(() => machine({}, {}, self), RangeError, undefined, JSON.stringify(self));
  assertThrows(() => machine({}, {}, { clusterKey: new Uint8Array(16) }), TypeError);
});

Deno.test("MembershipMachine keeps the order of the contract", () => {
  const made = machine();
  const bytes = new Uint8Array(100);
  assertThrows(() => made.handleDatagram(address(2), bytes, 0, 100), MisuseError);
  assertThrows(() => made.pollTimeout(), MisuseError);
  assertEquals(drain(made), []);
  assertThrows(() => made.handleDatagram(address(2), bytes, 50, 101), RangeError);
  drain(made);
  made.handleDatagram(address(2), bytes, 0, 100);
  assertThrows(() => made.pollEvent(), MisuseError);
  drain(made);
  assertEquals(made.counters().foreign, 1);
});

Deno.test("MembershipMachine.join() bounds the seeds, and takes each once", () => {
  const made = machine({ maxSeeds: 2 });
  for (const port of [2, 3, 2, 3]) made.join(address(port));
  assertThrows(() => made.join(address(4)), ResourceError);
  assertThrows(() => made.pollTransmit(new GossipTransmit(new Uint8Array(1199))), RangeError);
});

Deno.test("MembershipMachine bounds the datagrams that wait", () => {
  const made = machine({ maxQueuedDatagrams: 64 });
  for (let i = 0; i < 70; i++) made.announce();
  assertEquals(made.counters().queueFull, 6);
  drain(made);
  assertEquals(made.counters().datagramsOut, 64);
});

Deno.test("MembershipMachine.leave() of a node that is alone is over at once, and ends every command", () => {
  const made = machine();
  made.leave();
  made.leave();
  assertEquals(drain(made), [MemberEvent.SelfLeft]);
  assertThrows(() => made.subscribe("a"), MisuseError);
  assertThrows(() => made.join(address(2)), MisuseError);
  assertEquals(made.pollTimeout(), Infinity);
});
