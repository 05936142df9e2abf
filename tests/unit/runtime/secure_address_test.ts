import { assertEquals } from "@std/assert";
import { udpAddressOf } from "../../../src/runtime/secure_address.ts";
import { DatagramAddress } from "../../../src/wire/datagram_address.ts";
import { drained, SecureWorld } from "./secure_ends.ts";

Deno.test("udpAddressOf() writes an IPv6 address in its shortest form, and IPv4 as it is", () => {
  const texts = [
    "192.0.2.7",
    "::",
    "::1",
    "2001:db8::5",
    "2001:db8:0:1:1:1:1:1",
    "2001:db8::1:0:0:1",
    "1:2:3:4:5:6:7:8",
    "fe80::1%2",
  ];
  for (const text of texts) {
    const address = new DatagramAddress();
    address.parse(text, 4433);
    assertEquals(udpAddressOf(address), { transport: "udp", hostname: text, port: 4433 });
  }
});

Deno.test("connected tells a client's IPv6 address as TLS tells it", async () => {
  const world = new SecureWorld();
  const { server } = world.serve();
  const { connecting } = world.client({}, "2001:db8::5");
  await world.scheduler.settle(100);
  await connecting;
  const [first] = drained(server.core.events);
  assertEquals(first?.type === "connected" && first.address.hostname, "2001:db8::5");
});
