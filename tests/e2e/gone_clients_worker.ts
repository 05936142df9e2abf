/**
 * Connects and resets at once, again and again, for accept_error_test.ts, whose own thread is blocked meanwhile.
 *
 * @module
 */
import { PlainSocket } from "../interop/plain_socket.ts";

/** What the worker is told. */
export interface GoneClientsJob {
  /** Where it connects to. */
  readonly port: number;
  /** How often. */
  readonly count: number;
  /** Set to 1 when all are gone. */
  readonly done: Int32Array<SharedArrayBuffer>;
}

interface Scope {
  onmessage: ((event: MessageEvent<GoneClientsJob>) => unknown) | null;
}

(self as unknown as Scope).onmessage = async ({ data: { port, count, done } }) => {
  for (let i = 0; i < count; i++) {
    const client = await PlainSocket.connect(port);
    client.reset();
    await client.closed;
  }
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);
};
