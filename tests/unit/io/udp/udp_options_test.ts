import { assert, assertEquals, assertThrows } from "@std/assert";
import { resolveUdpOptions, type UdpOptions } from "../../../../src/io/udp/udp_options.ts";

const least = { hostname: "127.0.0.1", port: 0 };

Deno.test("resolveUdpOptions() fills in the defaults and freezes", () => {
  const config = resolveUdpOptions(least);
  assertEquals(config, {
    ...least,
    maxDatagramBytes: 65_507,
    receiveCount: 4,
    maxInFlightCount: 64,
    maxInFlightBytes: 2 ** 20,
    backend: "auto",
  });
  assert(Object.isFrozen(config));
});

Deno.test("resolveUdpOptions() takes every option", () => {
  const all: Required<UdpOptions> = {
    hostname: "::",
    port: 65_535,
    maxDatagramBytes: 1_200,
    receiveCount: 64,
    maxInFlightCount: 1,
    maxInFlightBytes: 1_200,
    backend: "node",
  };
  assertEquals(resolveUdpOptions(all), all);
});

Deno.test("resolveUdpOptions() refuses what is out of range", () => {
  const bad: Partial<UdpOptions>[] = [
    { port: -1 },
    { port: 65_536 },
    { port: 1.5 },
    { maxDatagramBytes: 0 },
    { maxDatagramBytes: 65_508 },
    { receiveCount: 0 },
    { receiveCount: 65 },
    { maxInFlightCount: 0 },
    { maxInFlightCount: 65_537 },
    { maxInFlightBytes: 65_506 },
    { maxInFlightBytes: 2 ** 30 + 1 },
    { maxDatagramBytes: 100, maxInFlightBytes: 99 },
  ];
  for (const options of bad) assertThrows(() => resolveUdpOptions({ ...least, ...options }), RangeError);
});

Deno.test("resolveUdpOptions() refuses what has the wrong shape, and names that it does not know", () => {
  const bad = [
    { hostname: "" },
    { hostname: 5 },
    { port: "5" },
    { port: undefined },
    { backend: "bun" },
    { reusePort: true },
  ];
  for (const options of bad) {
    assertThrows(() => resolveUdpOptions({ ...least, ...options } as unknown as UdpOptions), TypeError);
  }
});
