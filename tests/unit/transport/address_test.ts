import { assertEquals } from "@std/assert";
import { addressHost, formatAddress, unmappedHost } from "../../../src/transport/address.ts";

Deno.test("formatAddress() and addressHost() take every kind of address", () => {
  const addresses = [
    { transport: "tcp", hostname: "127.0.0.1", port: 5 },
    { transport: "udp", hostname: "::1", port: 6 },
    { transport: "memory", name: "here" },
  ] as const;
  assertEquals(addresses.map(formatAddress), ["127.0.0.1:5", "[::1]:6", "memory:here"]);
  assertEquals(addresses.map(addressHost), ["127.0.0.1", "::1", "here"]);
});

Deno.test("unmappedHost() takes IPv4-mapped addresses back, and no others", () => {
  const given = ["::ffff:192.0.2.1", "::FFFF:192.0.2.1", "192.0.2.1", "::1", "::ffff:c000:201", "x::ffff:1.2.3.4"];
  assertEquals(given.map(unmappedHost), ["192.0.2.1", "192.0.2.1", ...given.slice(2)]);
});
