/**
 * The handlers of workers.ts: each worker loads this module once, and nothing in it is shared between workers.
 *
 * @module
 */
import type { WorkerContext } from "@ringwire/ringwire";

let context: WorkerContext;

/** Keeps what reaches the clients of other workers. */
export function onStart(given: WorkerContext): void {
  context = given;
}

/** Takes `TO TEXT` from a client and passes the text on. */
export async function onMessageReceived(from: string, message: Uint8Array): Promise<void> {
  const [to = "", ...words] = new TextDecoder().decode(message).split(" ");
  await context.sendToPeer(to, new TextEncoder().encode(`${from}: ${words.join(" ")}`));
}
