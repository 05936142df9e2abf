import { assert, assertEquals } from "@std/assert";
import { ReactorRuntime } from "../../../src/runtime/reactor_runtime.ts";
import { resolveReactorOptions } from "../../../src/runtime/reactor_options.ts";
import { systemHost } from "../../../src/runtime/system_host.ts";
import type { StreamFabric, StreamLink, StreamListener } from "../../../src/transport/stream_link.ts";

const ADDRESS = { transport: "memory", name: "flood" } as const;
const READS = 800;

/** A link whose peer never stops sending empty frames: every read settles without a turn of the event loop. */
class Flood implements StreamLink {
  readonly local = ADDRESS;
  readonly remote = ADDRESS;
  readonly over = Promise.withResolvers<void>();
  reads = 0;
  #closed = Promise.withResolvers<number | null>();

  read(into: Uint8Array): Promise<number | null> {
    if (++this.reads <= READS) return Promise.resolve(into.length);
    this.over.resolve();
    return this.#closed.promise;
  }

  write(from: Uint8Array): Promise<number> {
    return Promise.resolve(from.length);
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#closed.resolve(null);
  }
}

Deno.test("A peer that never stops sending keeps neither timers nor other connections waiting for its end", async () => {
  const flood = new Flood();
  const links = [flood];
  const listening = Promise.withResolvers<StreamLink>();
  const listener: StreamListener = {
    address: ADDRESS,
    closed: false,
    accept: () => {
      const link = links.pop();
      return link === undefined ? listening.promise : Promise.resolve(link);
    },
    close: () => {
      Object.assign(listener, { closed: true });
      listening.reject(new Error("closed"));
    },
  };
  const fabric: StreamFabric = { target: ADDRESS, listen: () => listener, connect: () => Promise.reject() };
  const host = systemHost();
  const reactor = new ReactorRuntime(resolveReactorOptions({}), fabric, host);
  let messages = 0;
  reactor.start({ onReceived: () => void messages++ });
  const readsAtTurn: number[] = [];
  for (let i = 0; i < 3; i++) {
    await new Promise<void>((resolve) => host.scheduler.nextTurn(resolve));
    readsAtTurn.push(flood.reads);
  }
  assert(readsAtTurn.every((reads) => reads < READS), `turns came after ${readsAtTurn} of ${READS} reads`);
  await flood.over.promise;
  assertEquals(messages, reactor.statistics().bytesIn / 4);
  await reactor.stop();
});
