/**
 * Who waits for the answers to own requests: promises in a column beside the machine's slots.
 *
 * @module
 */
import { TimeoutError } from "../error/transport_error.ts";
import type { PacketReader } from "../message/packet_reader.ts";
import type { MessageFields } from "../message/packet_writer.ts";
import type { TransportEndpoint } from "./transport_endpoint.ts";
import { quiet } from "./transport_room_waits.ts";

/** What a request may say. */
export interface RequestOptions extends MessageFields {
  /** How long the answer is waited for, in ms. 0: for as long as the connection. @default `requestTimeoutMs` */
  readonly timeoutMs?: number;
  /** Ends the waiting; the other side's signal fires, too, where it understands that. @default none */
  readonly signal?: AbortSignal;
}

/** The answer to a request. */
export interface TransportResponse {
  /** The payload; the caller's. */
  readonly data: Uint8Array;
  /** The application's own header; empty without. */
  readonly extension: Uint8Array;
  /** The id of the request. */
  readonly messageId: number;
  /** The application's own number. */
  readonly businessType: number;
}

/** What a pending reply can be cancelled by. */
export interface Canceller {
  /** The answer to the request in a slot is not wanted any more. */
  cancel(slot: number): void;
}

interface Reply {
  readonly promise: Promise<TransportResponse>;
  readonly resolve: (response: TransportResponse) => void;
  readonly reject: (error: unknown) => void;
  readonly askedAt: number;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: (() => void) | undefined;
}

const NOTHING = new Uint8Array(0);

/** The pending replies of one connection. */
export class PendingReplies {
  readonly #endpoint: TransportEndpoint;
  readonly #replies: (Reply | undefined)[] = [];

  /** @param endpoint Time, and where latencies go. */
  constructor(endpoint: TransportEndpoint) {
    this.#endpoint = endpoint;
  }

  /**
   * Begins to wait.
   *
   * @param slot The request's slot.
   * @param signal Ends the waiting.
   * @param canceller Is told when it does.
   * @returns The answer.
   */
  open(slot: number, signal: AbortSignal | undefined, canceller: Canceller): Promise<TransportResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<TransportResponse>();
    const askedAt = this.#endpoint.streams.scheduler.clock.now;
    const onAbort = signal === undefined ? undefined : (): void => {
      canceller.cancel(slot);
      this.reject(slot, signal.reason);
    };
    this.#replies[slot] = { promise, resolve, reject, askedAt, signal, onAbort };
    if (onAbort !== undefined) signal!.addEventListener("abort", onAbort);
    return promise;
  }

  /**
   * The answer came.
   *
   * @param slot The request's slot.
   * @param packet The answer; copied.
   */
  resolve(slot: number, packet: PacketReader): void {
    const reply = this.#take(slot);
    if (reply === undefined) return;
    const { header, extensionBytes } = packet;
    this.#endpoint.latency.record((this.#endpoint.streams.scheduler.clock.now - reply.askedAt) * 1000);
    reply.resolve({
      data: this.#endpoint.slab.copy(packet.payloadBuffer, packet.payloadOffset, packet.payloadBytes),
      extension: extensionBytes === 0 ? NOTHING : packet.extension().slice(),
      messageId: header.id,
      businessType: header.businessType,
    });
  }

  /**
   * No answer came in time.
   *
   * @param slot The request's slot.
   */
  expire(slot: number): void {
    const reply = this.#replies[slot];
    const waited = Math.round(this.#endpoint.streams.scheduler.clock.now - (reply?.askedAt ?? 0));
    this.reject(slot, new TimeoutError(`The request was not answered within ${waited} ms`));
  }

  /**
   * There will be no answer.
   *
   * @param slot The request's slot.
   * @param error Why.
   */
  reject(slot: number, error: unknown): void {
    const reply = this.#take(slot);
    if (reply === undefined) return;
    // Only now, because most requests are answered: who does not wait for the answer need not hear that there is none.
    quiet(reply.promise);
    reply.reject(error);
  }

  #take(slot: number): Reply | undefined {
    const reply = this.#replies[slot];
    this.#replies[slot] = undefined;
    if (reply?.onAbort !== undefined) reply.signal!.removeEventListener("abort", reply.onAbort);
    return reply;
  }
}
