import { assertEquals } from "@std/assert";
import { memoryPair } from "../../../src/io/memory/memory_link.ts";
import { tellMode } from "../../../src/runtime/hybrid_mode.ts";
import { HybridServerStreams } from "../../../src/runtime/hybrid_server_streams.ts";
import type { SecureCore } from "../../../src/runtime/secure_core.ts";
import { SecureStream } from "../../../src/runtime/secure_stream.ts";
import { STREAM_PATH } from "../../../src/session/session_path.ts";
import type { SessionMachine } from "../../../src/session/session_machine.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";

const REMOTE = { transport: "tcp", hostname: "192.0.2.7", port: 50_000 } as const;

/** As much of a server as keeping streams needs. */
function parts(reason?: object) {
  const scheduler = new ManualScheduler();
  const [ours, theirs] = memoryPair({ scheduler });
  const driver = { addStream: () => {}, removeStream: () => {}, handlePacket: () => {} };
  const core = { driver, endpoint: { sessionOf: () => undefined } } as unknown as SecureCore;
  const session = { id: 5, reason, pathId: -1 } as unknown as SessionMachine;
  const streams = new HybridServerStreams(scheduler);
  streams.keep(core, session, new SecureStream(ours), REMOTE);
  let isOpen = true;
  void theirs.read(new Uint8Array(1)).catch(() => null).then(() => isOpen = false);
  return { scheduler, streams, session, isOpen: () => isOpen };
}

Deno.test("a stream is kept until its session is over, and a second longer for its last words", async () => {
  const { scheduler, streams, session, isOpen } = parts();
  await scheduler.settle(10_000);
  assertEquals([isOpen(), streams.counters().streamsKept], [true, 1]);
  assertEquals([streams.addressOf(STREAM_PATH | 1), streams.addressOf(STREAM_PATH | 2)], [REMOTE, undefined]);
  streams.handleEnded(session);
  await scheduler.settle(999);
  assertEquals(isOpen(), true);
  await scheduler.settle(2);
  assertEquals([isOpen(), streams.counters().streamsKept], [false, 0]);
});

Deno.test("a session that was over before its stream was kept does not hold it open", async () => {
  const { scheduler, streams, isOpen } = parts({ code: 0 });
  await scheduler.settle(1001);
  assertEquals([isOpen(), streams.counters().streamsKept], [false, 0]);
});

Deno.test("close() closes all streams at once, and leaves no alarm", async () => {
  const { scheduler, streams, session, isOpen } = parts();
  streams.handleEnded(session);
  streams.close();
  await scheduler.settle();
  assertEquals([isOpen(), scheduler.pendingAlarms, streams.counters().streamsKept], [false, 0, 0]);
});

Deno.test("tellMode() tells of peers that the application knows, while events have room", () => {
  const told: unknown[] = [];
  for (const [hasRoom, peerId] of [[true, 1], [false, 1], [true, 2]] as const) {
    const events = { hasRoom, push: (event: unknown) => told.push(event) };
    const core = { events, peers: new Map([[1, {}]]) } as unknown as SecureCore;
    for (const pathId of [0, STREAM_PATH | 3, -1]) {
      tellMode(core, { id: peerId, pathId } as unknown as SessionMachine);
    }
  }
  const modes = ["udp", "tcp", "udp"] as const;
  assertEquals(told, modes.map((mode) => ({ type: "transportMode", peerId: 1, mode })));
});
