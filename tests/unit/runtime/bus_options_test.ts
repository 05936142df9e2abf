import { assertEquals, assertThrows } from "@std/assert";
import { type MessageBusOptions, resolveMessageBusOptions } from "../../../src/runtime/bus_options.ts";

const key = "sixteen bytes and more";

Deno.test("resolveMessageBusOptions() reaches no farther than it is told", () => {
  const { mesh, machine, cluster, name } = resolveMessageBusOptions({});
  assertEquals([mesh, machine, cluster, name], [undefined, { path: "", isRequired: false }, "", ""]);
  assertEquals(resolveMessageBusOptions({ machine: false }).machine, undefined);
  assertEquals(resolveMessageBusOptions({ machine: true }).machine, { path: "", isRequired: true });
  assertEquals(resolveMessageBusOptions({ machine: "/x" }).machine, { path: "/x", isRequired: true });
});

Deno.test("resolveMessageBusOptions() makes a mesh of a key", () => {
  const { mesh } = resolveMessageBusOptions({ key, acceptedKeys: [new Uint8Array(16)], seeds: ["h:1", "[::1]:65535"] });
  assertEquals(mesh!.keys.map(({ length }) => length), [22, 16]);
  assertEquals(mesh!.seeds, [{ hostname: "h", port: 1 }, { hostname: "::1", port: 65_535 }]);
  assertEquals([mesh!.port, mesh!.discoveryPort, mesh!.membership.announceIntervalMs], [10_000, 10_999, 1000]);
  const quiet = resolveMessageBusOptions({ key, discovery: false }).mesh!;
  assertEquals([quiet.discoveryPort, quiet.membership.announceIntervalMs], [0, 0]);
  const open = resolveMessageBusOptions({ dangerouslyOpenMesh: true }).mesh!;
  assertEquals([open.keys, open.membership.dangerouslyOpenMesh], [[], true]);
});

Deno.test("resolveMessageBusOptions() refuses what contradicts itself or is out of bounds", () => {
  const wrong: [MessageBusOptions, typeof RangeError | typeof TypeError][] = [
    [{ key: "short" }, RangeError],
    [{ key: 7 as never }, TypeError],
    [{ key, dangerouslyOpenMesh: true }, RangeError],
    [{ key, fabric: { engine: "x", make: () => {} } as never }, RangeError],
    [{ fabric: {} as never }, TypeError],
    [{ cluster: "blue" }, RangeError],
    [{ key, clusterKey: key }, RangeError],
    [{ key, acceptedKeys: [key, key, key, key] }, RangeError],
    [{ seeds: ["h:1"] }, RangeError],
    [{ publishPort: 10_000 }, RangeError],
    [{ discovery: true }, RangeError],
    [{ discoveryPort: 10_999 }, RangeError],
    [{ key, seeds: "h:1" as never }, TypeError],
    [{ key, acceptedKeys: key as never }, TypeError],
    [{ handlers: {} as never }, TypeError],
    [{ onNode: "print" as never }, TypeError],
    [{ onError: {} as never }, TypeError],
    [{ key, seeds: ["h"] }, RangeError],
    [{ key, seeds: ["h:0"] }, RangeError],
    [{ key, publishPort: 65_536 }, RangeError],
    [{ name: "" }, RangeError],
    [{ name: "n".repeat(65) }, RangeError],
    [{ machine: "" }, TypeError],
    [{ heartbeatMs: 5 }, RangeError],
    [{ maxQueuedBytes: 100 }, RangeError],
    [{ queuePolicy: "other" as never }, TypeError],
    [{ maxValueBytes: 1 }, RangeError],
    [{ commandTimeoutMs: 0 }, RangeError],
    [{ misspelt: 1 } as never, TypeError],
  ];
  for (const [options, error] of wrong) {
    assertThrows(() => resolveMessageBusOptions(options), error, undefined, JSON.stringify(options));
  }
});
