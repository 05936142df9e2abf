/**
 * A connection whose handlers, machine and socket are in a worker, as the main thread holds it: every call is a record
 * to that worker.
 *
 * Invariant: what was accepted here and not yet confirmed by the worker is bounded, in messages and in bytes, so that a
 * slow connection fills its own allowance and not the ring; every send settles, when the worker is lost, too.
 *
 * @module
 */
import { SendStatus } from "../error/send_status.ts";
import { type ClosedError, MisuseError, ResourceError } from "../error/transport_error.ts";
import type { RecordPort } from "../pool/record_port.ts";
import { checkPayload } from "../stream/outbox.ts";
import type { ConflationKey } from "../stream/conflation.ts";
import type { StreamConfig } from "../stream/stream_options.ts";
import type { Address } from "../transport/address.ts";
import type { Connection } from "./connection.ts";
import { ownNumberOf } from "./connection_id.ts";
import { FacadeRecord } from "./control_record.ts";
import { type PendingRequests, sendInParts } from "./pending_requests.ts";
import { handled } from "./sender.ts";
import type { ConnectionStatistics, StreamStatistics } from "./statistics.ts";

/** How many sends may be unconfirmed; one more is refused. */
const MAX_PENDING_COUNT = 1024;

/** What all connections of a worker share. */
export interface RemoteWorker {
  /** Records to the worker. */
  readonly port: RecordPort;
  /** What waits for the worker's answer. */
  readonly requests: PendingRequests;
  /** The options of the streams. */
  readonly stream: StreamConfig;
  /** What the worker counted for the connection in a slot, read from its memory. */
  statistics(slot: number): StreamStatistics;
  /** Tells the application of a message that was lost after all. */
  report(error: unknown, connection: RemoteConnection): void;
}

/** Who a connection is. */
export interface RemoteIdentity {
  readonly id: number;
  readonly local: Address;
  readonly remote: Address;
  readonly peerId: string;
  /** Its slot in the worker's counters. */
  readonly slot: number;
}

/** A connection that lives in a worker. */
export class RemoteConnection implements Connection {
  readonly id: number;
  readonly local: Address;
  readonly remote: Address;
  readonly peerId: string;
  readonly #worker: RemoteWorker;
  readonly #own: number;
  readonly #slot: number;
  readonly #closed = Promise.withResolvers<void>();
  #pendingCount = 0;
  #pendingBytes = 0;
  #lostCount = 0;
  #end: ClosedError | undefined = undefined;
  #last: ConnectionStatistics | undefined = undefined;

  /**
   * @param worker What all connections of the worker share.
   * @param identity Who the connection is.
   */
  constructor(worker: RemoteWorker, identity: RemoteIdentity) {
    this.#worker = worker;
    this.id = identity.id;
    this.local = identity.local;
    this.remote = identity.remote;
    this.peerId = identity.peerId;
    this.#own = ownNumberOf(identity.id);
    this.#slot = identity.slot;
  }

  get queuedBytes(): number {
    return this.#pendingBytes;
  }

  /** How many sends the worker has not confirmed. */
  get pendingCount(): number {
    return this.#pendingCount;
  }

  get backPressured(): boolean {
    return this.#pendingBytes > this.#worker.stream.highWaterBytes;
  }

  get open(): boolean {
    return this.#end === undefined;
  }

  send(payload: Uint8Array, key?: ConflationKey): Promise<void> {
    try {
      checkKey(key);
      return this.#send(payload);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  trySend(payload: Uint8Array, key?: ConflationKey): SendStatus {
    checkKey(key);
    const refusal = this.#refusal(payload);
    if (refusal !== undefined) return refusal;
    if (!this.#hasRoom(payload.length)) return SendStatus.BackPressured;
    // What the worker refuses after all, because its own handlers have filled the queue, is counted and reported.
    this.#request(payload).catch((error) => {
      if (this.#end !== undefined) return;
      this.#lostCount++;
      this.#worker.report(error, this);
    });
    return SendStatus.Queued;
  }

  return(payload: Uint8Array): SendStatus {
    return this.trySend(payload);
  }

  flush(): Promise<void> {
    if (this.#end !== undefined) return handled(Promise.reject(this.#end));
    const { port, requests } = this.#worker;
    return requests.open((request) => port.send(FacadeRecord.Flush, this.#own, request));
  }

  close(): Promise<void> {
    if (this.#end === undefined) this.#worker.port.send(FacadeRecord.Close, this.#own, 0);
    return this.#closed.promise;
  }

  abort(): void {
    if (this.#end === undefined) this.#worker.port.send(FacadeRecord.Close, this.#own, 1);
  }

  statistics(): ConnectionStatistics {
    return this.#last ?? {
      ...this.#worker.statistics(this.#slot),
      queuedBytes: this.#pendingBytes,
      waitingBytes: 0,
    };
  }

  /**
   * The connection is over.
   *
   * @param error What later sends are told.
   * @param last What was counted in the end; what can still be read otherwise.
   */
  end(error: ClosedError, last: ConnectionStatistics = this.statistics()): void {
    if (this.#end !== undefined) return;
    this.#last = { ...last, unsent: last.unsent + this.#lostCount };
    this.#end = error;
    this.#closed.resolve();
  }

  #send(payload: Uint8Array): Promise<void> {
    const refusal = this.#refusal(payload);
    if (refusal === SendStatus.Closed) return handled(Promise.reject(this.#end));
    if (refusal === SendStatus.TooLarge) {
      const { maxFrameBytes } = this.#worker.stream;
      throw new RangeError(`Cannot send ${payload.length} bytes: maxFrameBytes is ${maxFrameBytes}`);
    }
    if (!this.#hasRoom(payload.length)) {
      throw new ResourceError("Cannot wait for room: too many sends, or too many bytes of them, wait already");
    }
    return this.#request(payload);
  }

  /** Whether the worker can be given more: what waits in it beside its queue is bounded by `maxWaitingBytes`. */
  #hasRoom(bytes: number): boolean {
    if (this.#pendingCount === 0) return true;
    const { maxQueuedBytes, maxWaitingBytes } = this.#worker.stream;
    const most = Math.min(maxQueuedBytes, maxWaitingBytes);
    return this.#pendingCount < MAX_PENDING_COUNT && this.#pendingBytes + bytes <= most;
  }

  /** What speaks against a payload whatever room there is. */
  #refusal(payload: Uint8Array): SendStatus | undefined {
    checkPayload(payload);
    const { maxFrameBytes, allowEmptyMessages } = this.#worker.stream;
    if (payload.length === 0 && !allowEmptyMessages) {
      throw new RangeError("Cannot send an empty message: allowEmptyMessages is false");
    }
    if (this.#end !== undefined) return SendStatus.Closed;
    return payload.length > maxFrameBytes ? SendStatus.TooLarge : undefined;
  }

  #request(payload: Uint8Array): Promise<void> {
    const { port, requests } = this.#worker;
    const { length } = payload;
    this.#pendingCount++;
    this.#pendingBytes += length;
    const settled = (): void => {
      this.#pendingCount--;
      this.#pendingBytes -= length;
    };
    const done = requests.open((request) => {
      sendInParts(payload, request, port, (number, part) => port.send(FacadeRecord.Send, this.#own, number, 0, part));
    });
    done.then(settled, settled);
    return done;
  }
}

function checkKey(key: ConflationKey | undefined): void {
  if (key === undefined) return;
  throw new MisuseError("Cannot send with a key: connections whose handlers are in workers conflate there alone");
}
