/**
 * The loop over the messages of one read, up to the first that the application needs time for.
 *
 * @module
 */
import type { StreamMachine } from "../stream/stream_machine.ts";
import type { Sender } from "./sender.ts";
import type { OwnedConnection, StreamOwner } from "./stream_role.ts";

/**
 * Hands messages to the application until none is left, or until one has to be waited for.
 *
 * @param connection Whose messages they are.
 * @param machine Holds the frames; what was handed over is passed.
 * @param sender Tells whether a reply waits for room.
 * @param received The application's handler, if it has one.
 * @param copy Whether payloads are copied before they are handed over.
 * @returns The promise to wait for before the next message: the handler's, or that for room; `undefined` at the end.
 * @throws What the handler throws.
 */
export function deliverMessages(
  connection: OwnedConnection,
  machine: StreamMachine,
  sender: Sender,
  received: StreamOwner["received"],
  copy: boolean,
): PromiseLike<unknown> | undefined {
  const { frames } = machine;
  while (machine.delivering && frames.next()) {
    const payload = frames.payload();
    const result = received?.(connection, copy ? payload.slice() : payload);
    if (result !== undefined && isPromise(result)) return result;
    if (sender.hasReplies) return sender.room();
  }
  return undefined;
}

/**
 * Whether a handler's result is to be waited for.
 *
 * @param value What the handler returned.
 * @returns Whether it is a promise, or anything else with a `then`.
 */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as PromiseLike<unknown>).then === "function";
}
