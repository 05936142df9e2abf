/**
 * Many connections that each keep a few messages in flight, and the reactors that return them.
 *
 * @module
 */
import { Reactor, type ReactorOptions } from "../../mod.ts";
import { report, type Settings } from "../harness/role.ts";

/** The handler for servers whose handlers run in workers. */
export const HANDLER: URL = new URL("./many_echoes_handler.ts", import.meta.url);

/**
 * Serves until the last client is gone.
 *
 * @param options Workers, if any.
 */
export async function server(options: ReactorOptions): Promise<void> {
  const gone = Promise.withResolvers<void>();
  let open = 0;
  const reactor = new Reactor({
    hostname: "127.0.0.1",
    ...options,
    ...(options.handler === undefined ? { onReceived: (connection, payload) => connection.return(payload) } : {}),
    onConnected: () => void open++,
    onDisconnected: () => {
      if (--open === 0) gone.resolve();
    },
  });
  await reactor.start();
  report("listening", { port: reactor.port });
  await gone.promise;
  await reactor.stop();
}

/**
 * Keeps messages in flight on bare sockets and counts what comes back.
 *
 * @param settings Numbers `port`, `connections`, `payloadBytes`, `inFlight`, `warmMs`, `measuredMs`.
 */
export async function client(settings: Settings): Promise<void> {
  const frameBytes = 4 + settings.of("payloadBytes");
  const burst = new Uint8Array(frameBytes * settings.of("inFlight"));
  const view = new DataView(burst.buffer);
  for (let at = 0; at < burst.length; at += frameBytes) view.setInt32(at, frameBytes - 4, true);
  let bytes = 0;
  let ending = false;
  const run = async (): Promise<void> => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: settings.of("port") });
    const into = new Uint8Array(1 << 16);
    await conn.write(burst);
    while (!ending) {
      const count = await conn.read(into);
      if (count === null) throw new Error("The server ended a connection");
      bytes += count;
      // What came back goes out again: as many bytes stay in flight, and they always are whole frames in a row.
      await conn.write(into.subarray(0, count));
    }
    conn.close();
  };
  const all = Array.from({ length: settings.of("connections") }, run);
  await new Promise((resolve) => setTimeout(resolve, settings.of("warmMs")));
  const [before, started] = [bytes, performance.now()];
  await new Promise((resolve) => setTimeout(resolve, settings.of("measuredMs")));
  const seconds = (performance.now() - started) / 1000;
  report("measured", { value: (bytes - before) / frameBytes / seconds });
  ending = true;
  await Promise.all(all);
}
