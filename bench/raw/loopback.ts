/**
 * The smallest things that bare socket roles share: accept one connection, connect, write all.
 *
 * @module
 */

import { report, type Settings } from "../harness/role.ts";

/**
 * Listens on a free port, reports it and accepts one connection.
 *
 * @returns The connection.
 */
export async function acceptOne(): Promise<Deno.TcpConn> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  report("listening", { port: listener.addr.port });
  const connection = await listener.accept();
  connection.setNoDelay(true);
  return connection;
}

/**
 * Connects to the role that listens.
 *
 * @param settings Number `port`.
 * @returns The connection.
 */
export async function connect(settings: Settings): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: settings.of("port") });
  connection.setNoDelay(true);
  return connection;
}

/**
 * Writes all of it, however often the system takes only a part.
 *
 * @param connection Where to.
 * @param bytes What.
 */
export async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  let written = await connection.write(bytes);
  while (written < bytes.length) written += await connection.write(bytes.subarray(written));
}
