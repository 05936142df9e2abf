/**
 * The child process of io_node_tcp_test.ts: an echo server over `node:net` that soon has no file descriptor left. Its
 * argument is the port; it prints the port, and then every error of accepting.
 *
 * @module
 */
import { NodeTcpListener } from "../../src/io/tcp/node_tcp_listener.ts";
import type { StreamLink } from "../../src/transport/stream_link.ts";

// The runtime opens what it listens for signals with at some time of its own, and dies where it cannot.
Deno.addSignalListener("SIGUSR2", () => {});
const options = {
  hostname: "127.0.0.1",
  port: Number(Deno.args[0]),
  backlogCount: 511,
  noDelay: true,
  keepAlive: true,
};
const listener = new NodeTcpListener(options);
await listener.listening;
console.log(listener.address.port);
for (;;) {
  try {
    void echo(await listener.accept());
  } catch (error) {
    console.log(error instanceof Error ? error.message : error);
  }
}

async function echo(link: StreamLink): Promise<void> {
  const buffer = new Uint8Array(64);
  for (let count = await link.read(buffer); count !== null; count = await link.read(buffer)) {
    await link.write(buffer.subarray(0, count));
  }
  link.close();
}
