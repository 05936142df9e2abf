/**
 * Reactors that only receive: with the batch handler, with the handler per message, and with a check of order.
 *
 * @module
 */

import { Reactor, type ReactorOptions } from "../../mod.ts";
import { tcpFabric } from "../../src/io/tcp/tcp_fabric.ts";
import { resolveReactorOptions } from "../../src/runtime/reactor_options.ts";
import { ReactorRuntime } from "../../src/runtime/reactor_runtime.ts";
import { systemHost } from "../../src/runtime/system_host.ts";
import { Arrivals, ProducerOrder } from "../harness/arrivals.ts";
import { report, type Settings } from "../harness/role.ts";

/**
 * Counts frames in the batch handler.
 *
 * @param settings Numbers `warmCount`, `count`.
 */
export async function batchServer(settings: Settings): Promise<void> {
  const arrivals = new Arrivals(settings);
  await serve({
    onBatch(_connection, frames): void {
      let messages = 0;
      let bytes = 0;
      while (frames.next()) {
        messages++;
        bytes += frames.length;
      }
      arrivals.add(messages, bytes);
    },
  });
  arrivals.close();
}

/**
 * The same on the runtime behind a reactor, without what lets it have workers.
 *
 * @param settings Numbers `warmCount`, `count`.
 */
export async function plainServer(settings: Settings): Promise<void> {
  const arrivals = new Arrivals(settings);
  const gone = Promise.withResolvers<void>();
  const config = resolveReactorOptions({ hostname: "127.0.0.1" });
  const runtime = new ReactorRuntime(config, tcpFabric(config), systemHost());
  runtime.start({
    onBatch(_connection, frames): void {
      let messages = 0;
      let bytes = 0;
      while (frames.next()) {
        messages++;
        bytes += frames.length;
      }
      arrivals.add(messages, bytes);
    },
    onDisconnected: () => gone.resolve(),
  });
  const { address } = runtime;
  report("listening", { port: address?.transport === "tcp" ? address.port : 0 });
  await gone.promise;
  await runtime.stop();
  arrivals.close();
}

/**
 * Counts messages in the handler per message.
 *
 * @param settings Numbers `warmCount`, `count`.
 */
export async function viewServer(settings: Settings): Promise<void> {
  const arrivals = new Arrivals(settings);
  await serve({
    onReceived(_connection, payload): void {
      arrivals.add(1, payload.length);
    },
  });
  arrivals.close();
}

/**
 * Counts frames in the batch handler and checks each producer's order.
 *
 * @param settings Numbers `warmCount`, `count`, `producers`.
 */
export async function orderedServer(settings: Settings): Promise<void> {
  const arrivals = new Arrivals(settings);
  const order = new ProducerOrder(settings.of("producers"));
  await serve({
    onBatch(_connection, frames): void {
      let messages = 0;
      let bytes = 0;
      while (frames.next()) {
        order.check(frames.view, frames.offset);
        messages++;
        bytes += frames.length;
      }
      arrivals.add(messages, bytes);
    },
  });
  arrivals.close(order.disorderedCount);
}

/** Serves until the one client is gone. */
async function serve(handlers: Pick<ReactorOptions, "onBatch" | "onReceived">): Promise<void> {
  const gone = Promise.withResolvers<void>();
  const reactor = new Reactor({
    hostname: "127.0.0.1",
    ...handlers,
    onDisconnected: () => gone.resolve(),
  });
  await reactor.start();
  report("listening", { port: reactor.port });
  await gone.promise;
  await reactor.stop();
}
