/**
 * Requests to another thread that wait for their answer, and payloads that cross in parts because a ring is smaller.
 *
 * Invariant: every request is settled once: by its answer, or by the loss of the other thread.
 *
 * @module
 */
import { concat } from "@std/bytes";
import { CloseCode } from "../error/close_code.ts";
import { ClosedError, ResourceError } from "../error/transport_error.ts";
import type { RecordPort } from "../pool/record_port.ts";
import { Settlement } from "./control_record.ts";
import { handled } from "./sender.ts";

/** Set in a request's number while more parts of its payload follow. */
const MORE = 1 << 30;
/** How many sends of a worker to others may wait, and how many bytes of them. */
const MAX_PENDING_COUNT = 8192;
const MAX_PENDING_BYTES = 16 << 20;
/** How many bytes of a payload go into one record. */
const PART_BYTES = 64 << 10;

/** Requests of one thread to one other. */
export class PendingRequests {
  readonly #pending = new Map<number, PromiseWithResolvers<void>>();
  #next = 1;
  #bytes = 0;

  /** How many wait for their answer. */
  get count(): number {
    return this.#pending.size;
  }

  /**
   * Opens a request.
   *
   * @param send Sends it; gets its number.
   * @param bytes How many bytes of payload it has; those that have any are bounded together.
   * @returns When it is done. A rejection that nobody handles is not reported.
   */
  open(send: (request: number) => void, bytes = 0): Promise<void> {
    const isFull = this.#pending.size > 0 && this.#bytes + bytes > MAX_PENDING_BYTES;
    if (bytes > 0 && (isFull || this.#pending.size >= MAX_PENDING_COUNT)) {
      return handled(Promise.reject(new ResourceError("Cannot wait for room: too many sends wait already")));
    }
    while (this.#pending.has(this.#next)) this.#next = this.#next + 1 === MORE ? 1 : this.#next + 1;
    const request = this.#next;
    this.#next = request + 1 === MORE ? 1 : request + 1;
    const pending = Promise.withResolvers<void>();
    this.#pending.set(request, pending);
    this.#bytes += bytes;
    const settled = (): void => void (this.#bytes -= bytes);
    pending.promise.then(settled, settled);
    send(request);
    return handled(pending.promise);
  }

  /**
   * The answer has come.
   *
   * @param request The request's number.
   * @param settlement What became of it.
   * @param code Why the connection is closed, where it is.
   */
  settle(request: number, settlement: number, code: number): void {
    const pending = this.#pending.get(request);
    this.#pending.delete(request);
    if (settlement === Settlement.Done) pending?.resolve();
    else pending?.reject(settlementError(settlement, code));
  }

  /**
   * No answer will come any more.
   *
   * @param error What everybody is told.
   */
  fail(error: unknown): void {
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}

/** Takes parts until a payload is whole. */
export class PayloadParts {
  readonly #parts = new Map<number, Uint8Array[]>();

  /**
   * Takes one part.
   *
   * @param request The request's number as it came.
   * @param part The part; it is kept.
   * @returns The whole payload with the last part, `undefined` before.
   */
  take(request: number, part: Uint8Array): Uint8Array | undefined {
    const number = requestOf(request);
    const earlier = this.#parts.get(number);
    if ((request & MORE) !== 0) {
      if (earlier === undefined) this.#parts.set(number, [part]);
      else earlier.push(part);
      return undefined;
    }
    if (earlier === undefined) return part;
    this.#parts.delete(number);
    earlier.push(part);
    return concat(earlier);
  }
}

/**
 * Sends a payload in as many records as it needs.
 *
 * @param payload The payload; copied at once.
 * @param request The request's number.
 * @param port Gives the most that a record takes.
 * @param send Sends one part with the number that goes with it.
 */
export function sendInParts(
  payload: Uint8Array,
  request: number,
  port: RecordPort,
  send: (request: number, part: Uint8Array) => void,
): void {
  const most = Math.min(PART_BYTES, port.maxBytes);
  let at = 0;
  for (; payload.length - at > most; at += most) send(request | MORE, payload.subarray(at, at + most));
  send(request, payload.subarray(at));
}

/**
 * The number of a request, without the mark that more follows.
 *
 * @param request The number as it came.
 * @returns The request's own number.
 */
export function requestOf(request: number): number {
  return request & ~MORE;
}

/**
 * What became of a send, for another thread.
 *
 * @param error What the send was rejected with.
 * @returns The settlement and the close code.
 */
export function settlementOf(error: unknown): [Settlement, CloseCode] {
  if (error instanceof ClosedError) return [Settlement.Closed, error.closeCode];
  if (error instanceof RangeError) return [Settlement.TooLarge, 0];
  return [Settlement.Crowded, 0];
}

function settlementError(settlement: number, code: number): Error {
  switch (settlement) {
    case Settlement.Closed:
      return new ClosedError(code as CloseCode, "remote");
    case Settlement.Unknown:
      return new ClosedError(CloseCode.UnknownPeer, "remote");
    case Settlement.TooLarge:
      return new RangeError(
        "Cannot send: the message is larger than maxFrameBytes, or empty where that is not allowed",
      );
    default:
      return new ResourceError("Cannot wait for room: too many sends wait already");
  }
}
