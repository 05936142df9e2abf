/**
 * The reactor of idle connections.
 *
 * @module
 */

import { Reactor } from "../../mod.ts";
import type { IdleBook } from "../harness/idle_book.ts";
import { report } from "../harness/role.ts";

/**
 * Accepts for ever and enters every payload that comes.
 *
 * @param book The book of the idle connections.
 * @returns Never; the harness ends the process.
 */
export async function idleReactor(book: IdleBook): Promise<void> {
  const reactor = new Reactor({
    hostname: "127.0.0.1",
    port: 0,
    onReceived: (_connection, payload) => {
      book.add(payload.length);
    },
  });
  await reactor.start();
  book.open();
  report("listening", { port: reactor.port });
  await new Promise<never>(() => {});
}
