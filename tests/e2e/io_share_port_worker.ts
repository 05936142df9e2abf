/**
 * A worker of io_share_port_test.ts: listens on a shared port, serves echoes, and counts what it accepted.
 *
 * @module
 */
import { tcpFabric } from "../../src/io/tcp/tcp_fabric.ts";
import type { StreamLink } from "../../src/transport/stream_link.ts";

/** What the worker is told: where to listen first, then to count, then to close its listener. */
export type SharePortCommand = { readonly port: number } | "count" | "close";

/** What it answers: the port that it listens on, then how many links it has accepted. */
export type SharePortAnswer = number;

interface Scope {
  onmessage: ((event: MessageEvent<SharePortCommand>) => unknown) | null;
  postMessage(answer: SharePortAnswer): void;
}

const scope = self as unknown as Scope;

scope.onmessage = async ({ data }): Promise<void> => {
  if (typeof data === "string") throw new TypeError("Where to listen comes first");
  const listener = tcpFabric({ hostname: "127.0.0.1", port: data.port, sharePort: true }).listen();
  await listener.listening;
  let accepted = 0;
  const accepting = (async (): Promise<void> => {
    while (!listener.closed) {
      const link = await listener.accept().catch(() => undefined);
      if (link === undefined) continue;
      accepted++;
      void echo(link);
    }
  })();
  scope.onmessage = async ({ data: command }): Promise<void> => {
    if (command === "close") {
      listener.close();
      await accepting;
    }
    scope.postMessage(accepted);
  };
  if (listener.address.transport === "tcp") scope.postMessage(listener.address.port);
};

async function echo(link: StreamLink): Promise<void> {
  const buffer = new Uint8Array(64);
  try {
    for (let count = await link.read(buffer); count !== null; count = await link.read(buffer)) {
      await link.write(buffer.subarray(0, count));
    }
  } catch {
    // The client is gone.
  }
  link.close();
}
