/**
 * A program of io_share_port_test.ts that shares a port, with the flags and permissions that it was started with. It
 * prints by which means, and how a byte came back or why it could not listen.
 *
 * @module
 */
import { portSharing } from "../../src/io/tcp/port_sharing.ts";
import { tcpFabric } from "../../src/io/tcp/tcp_fabric.ts";
import { ResourceError } from "../../src/error/transport_error.ts";

try {
  const listener = tcpFabric({ hostname: Deno.args[0]!, port: 0, sharePort: true }).listen();
  await listener.listening;
  const { address } = listener;
  if (address.transport !== "tcp") throw new TypeError("This is no TCP listener");
  const [client, server] = await Promise.all([Deno.connect({ port: address.port }), listener.accept()]);
  await client.write(Uint8Array.of(7));
  const into = new Uint8Array(1);
  await server.read(into);
  console.log(`${portSharing()}: ${into[0]}`);
  client.close();
  server.close();
  listener.close();
} catch (error) {
  if (!(error instanceof ResourceError)) throw error;
  console.log(`${portSharing()}: ${error.message}`);
}
