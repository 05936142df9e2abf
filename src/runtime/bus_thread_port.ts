/**
 * One end of the rings between a bus and a worker that uses it.
 *
 * Invariant: the end sleeps only after it has found nothing to do with its doorbell armed. While a worker's end is open it
 * keeps its thread alive, because a wait on shared memory does not.
 *
 * @module
 */
import { MessagePack } from "../codec/message_pack.ts";
import { resolveMessagePackOptions } from "../codec/message_pack_options.ts";
import { MessagePackRefusal } from "../codec/message_pack_refusal.ts";
import { RecordPort } from "../pool/record_port.ts";
import { Doorbell, DOORBELL_BYTES } from "../ring/doorbell.ts";
import { SpscRecordConsumer, SpscRecordProducer } from "../ring/spsc_records.ts";
import { createSpscRing } from "../ring/spsc_ring.ts";
import type { Scheduler } from "../time/scheduler.ts";
import type { BusNode } from "./bus_handlers.ts";
import type { BusToken } from "./bus_token.ts";

const RING_BYTES = 1 << 22;

/** Takes the records of a port. It must not throw. */
export type ThreadHandler = (kind: number, number: number, mark: number, value: unknown) => void;

/**
 * Makes the memory for one attachment.
 *
 * @param self The node.
 * @returns The token to post.
 */
export function createBusToken(self: BusNode): BusToken {
  return Object.freeze({
    kind: "ringwire.bus.handle",
    version: 1,
    toBus: createSpscRing(RING_BYTES),
    toWorker: createSpscRing(RING_BYTES),
    bells: new SharedArrayBuffer(2 * DOORBELL_BYTES),
    self: { id: self.id, name: self.name, cluster: self.cluster },
  });
}

/** One end of the rings. */
export class BusThreadPort {
  readonly #port: RecordPort;
  readonly #bell: Doorbell;
  readonly #scheduler: Scheduler;
  readonly #handler: ThreadHandler;
  readonly #pack: MessagePack;
  #isClosed = false;

  /**
   * @param token The memory.
   * @param isWorker Which end this is.
   * @param scheduler Turns of the event loop.
   * @param handler Takes what comes.
   */
  constructor(token: BusToken, isWorker: boolean, scheduler: Scheduler, handler: ThreadHandler) {
    const bells = [new Doorbell(token.bells, 0), new Doorbell(token.bells, DOORBELL_BYTES)] as const;
    const [out, incoming] = isWorker ? [token.toBus, token.toWorker] : [token.toWorker, token.toBus];
    this.#bell = bells[isWorker ? 1 : 0];
    this.#port = new RecordPort(
      new SpscRecordProducer(out),
      new SpscRecordConsumer(incoming),
      bells[isWorker ? 0 : 1],
    );
    this.#scheduler = scheduler;
    this.#handler = handler;
    this.#pack = new MessagePack(resolveMessagePackOptions({ maxBytes: this.#port.maxBytes }));
    void this.#run();
  }

  /**
   * Sends a record.
   *
   * @param kind What it says.
   * @param number What it is about.
   * @param value What goes with it.
   * @param mark What the kind says.
   * @throws {TypeError} When something in the value cannot cross.
   * @throws {RangeError} When it is too long: at most half of 4 MiB.
   */
  send(kind: number, number: number, value?: unknown, mark = 0): void {
    if (value === undefined) this.#port.send(kind, number, mark);
    else this.#port.send(kind, number, mark, 0, this.#pack.encode(value));
  }

  /** Closes this end: nothing is handed on any more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#port.close();
    this.#bell.ring();
  }

  async #run(): Promise<void> {
    const handler = {
      handleRecord: (kind: number, number: number, mark: number, _b: number, bytes: Uint8Array): void => {
        this.#handler(kind, number, mark, this.#decode(bytes));
      },
    };
    while (!this.#isClosed) {
      this.#bell.prepareWait();
      if (this.#port.drain(handler) > 0) {
        this.#bell.cancelWait();
        await new Promise<void>((resolve) => this.#scheduler.nextTurn(resolve));
      } else {
        const rung = this.#bell.wait();
        if (rung !== "not-equal") await rung;
      }
    }
  }

  #decode(bytes: Uint8Array): unknown {
    if (bytes.length === 0) return undefined;
    return this.#pack.decode(bytes, 0, bytes.length) === MessagePackRefusal.None ? this.#pack.takeValue() : undefined;
  }
}
