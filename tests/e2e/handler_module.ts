/**
 * The handlers of handler_module_test.ts, as they run in workers: what a client sends says what is done with it.
 *
 * @module
 */
import type { Connection, WorkerContext } from "../../mod.ts";

let context: WorkerContext;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Keeps what the workers reach each other by. */
export function onStart(given: WorkerContext): void {
  context = given;
}

/** Carries an order out: `where`, `id`, `send ID TEXT`, `peer ID TEXT`, `throw`, `crash`, `reject`, or echoes. */
export async function onReceived(connection: Connection, payload: Uint8Array): Promise<void> {
  const [order, to, ...rest] = decoder.decode(payload).split(" ");
  const text = encoder.encode(rest.join(" "));
  switch (order) {
    case "where":
      return void connection.return(encoder.encode(`${context.index} of ${context.count}`));
    case "id":
      return void connection.return(encoder.encode(`${connection.id}`));
    case "send":
      return await answer(connection, context.send(Number(to), text));
    case "peer":
      return await answer(connection, context.sendToPeer(to!, text));
    case "throw":
      throw new Error(`thrown by a handler ${to ?? ""}`);
    case "throwOdd":
      throw Object.create(null);
    case "crash":
      setTimeout(() => {
        throw new Error("thrown outside of a handler");
      });
      return;
    case "reject":
      void Promise.reject(new Error("rejected outside of a handler"));
      return;
    case "hang":
      for (;;);
    default:
      return void connection.return(payload.slice());
  }
}

async function answer(connection: Connection, sending: Promise<void>): Promise<void> {
  const text = await sending.then(() => "sent", (error) => `${error.name}: ${error.message}`);
  connection.return(encoder.encode(text));
}
