/**
 * The bare server of idle connections: one pending read with a buffer of 1 KiB for each.
 *
 * @module
 */

import type { IdleBook } from "../harness/idle_book.ts";
import { report } from "../harness/role.ts";

const BUFFER_BYTES = 1024;

/**
 * Accepts for ever and enters every byte that comes.
 *
 * @param book The book of the idle connections.
 * @returns Never; the harness ends the process.
 */
export async function idleServer(book: IdleBook): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  book.open();
  report("listening", { port: listener.addr.port });
  for await (const connection of listener) void hold(connection, book);
}

async function hold(connection: Deno.TcpConn, book: IdleBook): Promise<void> {
  using held = connection;
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (;;) {
    const read = await held.read(buffer);
    if (read === null) return;
    book.add(read);
  }
}
