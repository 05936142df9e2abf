import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  abortSignal,
  checkReactorHandlers,
  hostName,
  REACTOR_HANDLER_NAMES,
  type ReactorHandlers,
  type ReactorOptions,
  resolveReactorOptions,
} from "../../../src/runtime/reactor_options.ts";

Deno.test("resolveReactorOptions() completes and freezes", () => {
  const config = resolveReactorOptions({});
  const { stream, ...rest } = config;
  assertEquals(rest, {
    hostname: "0.0.0.0",
    port: 0,
    peerIds: false,
    maxConnectionCount: 65_536,
    maxConnectionsPerAddressCount: 65_536,
    backlogCount: 511,
    noDelay: true,
    keepAlive: true,
    signal: undefined,
    workers: 0,
    dispatch: Deno.build.os === "linux" ? "kernel" : "ring",
    handler: undefined,
  });
  assert(Object.isFrozen(config) && Object.isFrozen(stream));
});

Deno.test("resolveReactorOptions() keeps what it is given", () => {
  const { signal } = new AbortController();
  const given = {
    hostname: "::1",
    port: 65_535,
    peerIds: true,
    maxConnectionCount: 1,
    maxConnectionsPerAddressCount: 2,
    backlogCount: 3,
    noDelay: false,
    keepAlive: false,
    signal,
    workers: 3,
    dispatch: "ring" as const,
  };
  const handler = new URL("file:///handler.ts");
  const { stream, ...rest } = resolveReactorOptions({ ...given, handler, maxFrameBytes: 9, timestamps: true });
  assertEquals(rest, { ...given, handler: "file:///handler.ts" });
  assertEquals([stream.maxFrameBytes, stream.timestamps], [9, true]);
});

Deno.test("resolveReactorOptions() refuses wrong types, unknown names and values out of bounds", () => {
  const types: Record<string, unknown>[] = [
    { reconnect: true },
    { parallelism: 2 },
    { hostname: 5 },
    { port: "0" },
    { peerIds: 1 },
    { maxConnectionCount: "1" },
    { noDelay: "no" },
    { keepAlive: 0 },
    { signal: new EventTarget() },
    { copyPayloads: 1 },
    { workers: "many" },
    { dispatch: "kernels" },
    { handler: "./handler.ts", workers: 1 },
  ];
  for (const part of types) assertThrows(() => resolveReactorOptions(part as ReactorOptions), TypeError);
  const ranges: ReactorOptions[] = [
    { port: -1 },
    { port: 65_536 },
    { maxConnectionCount: 0 },
    { maxConnectionsPerAddressCount: 0 },
    { maxConnectionCount: 1.5 },
    { backlogCount: 0 },
    { backlogCount: 65_536 },
    { idleTimeoutMs: -1 },
  ];
  for (const part of ranges) assertThrows(() => resolveReactorOptions(part), RangeError);
});

Deno.test("checkReactorHandlers() takes one taker of messages and no handler that is never called", () => {
  const nothing = (): void => {};
  const takers: (keyof ReactorHandlers)[] = ["onReceived", "onBatch", "onMessageReceived"];
  for (const first of takers) {
    checkReactorHandlers({ [first]: nothing }, true);
    for (const second of takers) {
      if (first === second) continue;
      assertThrows(() => checkReactorHandlers({ [first]: nothing, [second]: nothing }, true), TypeError);
    }
  }
  for (const name of ["onClientConnected", "onClientDisconnected", "onMessageReceived"] as const) {
    assertThrows(() => checkReactorHandlers({ [name]: nothing }, false), TypeError, `${name} needs peerIds`);
  }
  for (const name of REACTOR_HANDLER_NAMES) {
    assertThrows(() => checkReactorHandlers({ [name]: 5 } as unknown as ReactorHandlers, true), TypeError, name);
  }
  checkReactorHandlers({ onReceived: undefined, onBatch: nothing }, false);
});

Deno.test("hostName() and abortSignal() pass on what is right", () => {
  assertEquals([hostName("localhost", "::"), hostName(undefined, "::")], ["localhost", "::"]);
  for (const wrong of ["", null, 5]) assertThrows(() => hostName(wrong as string, "::"), TypeError);
  const { signal } = new AbortController();
  assertEquals(abortSignal(signal), signal);
  assertEquals(abortSignal(undefined), undefined);
  assertThrows(() => abortSignal(null as unknown as AbortSignal), TypeError);
});
