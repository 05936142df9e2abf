import { assert, assertEquals } from "@std/assert";
import { CloseCode } from "../../../src/error/close_code.ts";
import { MemoryNetwork } from "../../../src/io/memory/memory_network.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import type { Connection, DisconnectReason } from "../../../src/runtime/connection.ts";
import { type ReactorOptions, resolveReactorOptions } from "../../../src/runtime/reactor_options.ts";
import { ReactorRuntime } from "../../../src/runtime/reactor_runtime.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";
import type { StreamLink } from "../../../src/transport/stream_link.ts";
import { encodePeerId } from "../../../src/stream/peer_id.ts";
import { frameOf } from "../stream/int32_stream.ts";

/** A reactor whose clock moves only when it reads it, and clients that are bare links. */
class Quiet {
  readonly scheduler = new ManualScheduler({ lazyClock: true });
  readonly network: MemoryNetwork = new MemoryNetwork({ bufferBytes: 1000 });
  readonly reactor: ReactorRuntime;
  readonly open: Connection[] = [];
  readonly reasons: DisconnectReason[] = [];

  constructor(options: ReactorOptions, onReceived?: () => unknown) {
    const host = { scheduler: this.scheduler, random: new SeededRandom(1) };
    this.reactor = new ReactorRuntime(resolveReactorOptions(options), this.network.fabric("server"), host);
    this.reactor.start({
      onConnected: (connection) => void this.open.push(connection),
      onReceived,
      onDisconnected: (_, reason) => void this.reasons.push(reason),
    });
  }

  async connect(): Promise<StreamLink> {
    const link = await this.network.fabric("server").connect(new AbortController().signal);
    await this.scheduler.settle();
    return link;
  }
}

Deno.test("A client of a reactor that was quiet for long has its whole time for the handshake", async () => {
  const quiet = new Quiet({ peerIds: true, handshakeTimeoutMs: 300 });
  await quiet.scheduler.settle(10_000);
  const link = await quiet.connect();
  await quiet.scheduler.settle(299);
  await link.write(frameOf(encodePeerId("late")));
  await quiet.scheduler.settle();
  assertEquals(quiet.open.map(({ peerId }) => peerId), ["late"]);
  link.close();
  await quiet.scheduler.settle();
});

Deno.test("A client of a reactor that was quiet for long may be idle for its whole time", async () => {
  const quiet = new Quiet({ idleTimeoutMs: 300 });
  await quiet.scheduler.settle(10_000);
  await quiet.connect();
  await quiet.scheduler.settle(299);
  assertEquals(quiet.reasons, []);
  await quiet.scheduler.settle(2);
  assertEquals(quiet.reasons.map(({ code }) => code), [CloseCode.IdleTimeout]);
});

Deno.test("A close after a long silence has its whole time to flush", async () => {
  const quiet = new Quiet({ closeTimeoutMs: 300 });
  const link = await quiet.connect();
  quiet.open[0]!.trySend(new Uint8Array(2000));
  await quiet.scheduler.settle(10_000);
  void quiet.open[0]!.close();
  await quiet.scheduler.settle(299);
  assertEquals(quiet.reasons, []);
  const into = new Uint8Array(4000);
  for (let got = 0; got < 2004;) {
    const count = await link.read(into.subarray(got));
    assert(count !== null);
    got += count;
    await quiet.scheduler.settle();
  }
  link.close();
  await quiet.scheduler.settle();
  assertEquals(quiet.reasons.map(({ code, unsentCount }) => [code, unsentCount]), [[CloseCode.Normal, 0]]);
});

Deno.test("A peer that takes bytes all the time is not stalled, though nothing else happens", async () => {
  const quiet = new Quiet({ sendStallTimeoutMs: 300 });
  const link = await quiet.connect();
  quiet.open[0]!.trySend(new Uint8Array(20_000));
  const into = new Uint8Array(1000);
  for (let rounds = 0; rounds < 15; rounds++) {
    await quiet.scheduler.settle(200);
    await link.read(into);
    await quiet.scheduler.settle();
  }
  assertEquals(quiet.reasons, []);
  await quiet.scheduler.settle(301);
  assertEquals(quiet.reasons.map(({ code }) => code), [CloseCode.SendStalled]);
});

Deno.test("A peer whose message took the application long gets its whole time again", async () => {
  const done = Promise.withResolvers<void>();
  const quiet = new Quiet({ idleTimeoutMs: 300 }, () => done.promise);
  const link = await quiet.connect();
  await link.write(frameOf(new Uint8Array(3)));
  await quiet.scheduler.settle(10_000);
  assertEquals(quiet.reasons, []);
  done.resolve();
  await quiet.scheduler.settle(299);
  assertEquals(quiet.reasons, []);
  await quiet.scheduler.settle(2);
  assertEquals(quiet.reasons.map(({ code }) => code), [CloseCode.IdleTimeout]);
});
