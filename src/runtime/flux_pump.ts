/**
 * Drains the rings of all producers of a flux, in turn, into the one queue of its connection.
 *
 * A ring holds whole frames as they go on the wire, so that a span of many messages is written from where it lies; a
 * ring has one such span out at a time. Why no copy into send blocks: copies out of shared memory go word by word or
 * byte by byte and cost more than the system call. While the queue is full no ring is drained, and full rings make
 * their producers wait: back-pressure crosses the threads. Invariant: the pump sleeps only after it has found nothing
 * to do with its doorbell armed; whatever makes new work rings it.
 *
 * @module
 */
import { MisuseError, ResourceError } from "../error/transport_error.ts";
import { Doorbell, DOORBELL_BYTES } from "../ring/doorbell.ts";
import { createSpscRing, SpscConsumer } from "../ring/spsc_ring.ts";
import { INT32_FRAMING } from "../stream/framing.ts";
import { INT32_MAX_LENGTH } from "../wire/int32_frame.ts";
import type { Scheduler } from "../time/scheduler.ts";
import type { FluxConfig } from "./flux_options.ts";
import type { ProducerToken } from "./flux_token.ts";
import type { Sender } from "./sender.ts";

const HEADER_BYTES = INT32_FRAMING.headerBytes;

interface Lane {
  readonly token: ProducerToken;
  readonly ring: SpscConsumer;
  /** The ring's memory for numbers. */
  readonly view: DataView;
  /** How many messages of the ring were written, or dropped with the connection. */
  done: number;
  /** How many bytes and messages of the ring are being written; 0 when none are. */
  lent: number;
  lentMessages: number;
}

/** Drains many producers into one sender. */
export class FluxPump {
  readonly #sender: Sender;
  readonly #config: FluxConfig;
  readonly #scheduler: Scheduler;
  readonly #doorbellMemory = new SharedArrayBuffer(DOORBELL_BYTES);
  readonly #doorbell: Doorbell = new Doorbell(this.#doorbellMemory);
  readonly #lanes = new Set<Lane>();
  #running = false;
  #progressed: PromiseWithResolvers<void> | undefined = undefined;
  #sealed = false;
  #closed = false;

  /**
   * Makes a pump without producers.
   *
   * @param sender Takes what the rings hold.
   * @param config The checked options of the flux.
   * @param scheduler Turns of the event loop.
   */
  constructor(sender: Sender, config: FluxConfig, scheduler: Scheduler) {
    this.#sender = sender;
    this.#config = config;
    this.#scheduler = scheduler;
  }

  /** How many producers there are: tokens given out and not done with. */
  get producerCount(): number {
    return this.#lanes.size;
  }

  /**
   * Makes a ring for one more producer.
   *
   * @returns The token to post to its thread.
   * @throws {ResourceError} When there are `maxProducerCount` already.
   * @throws {MisuseError} When the flux is closed.
   */
  token(): ProducerToken {
    if (this.#sealed || this.#closed) throw new MisuseError("Cannot add a producer: the flux is closed");
    const { maxProducerCount, producerRingBytes, particle: { stream } } = this.#config;
    if (this.#lanes.size >= maxProducerCount) {
      throw new ResourceError(`Cannot add a producer: this flux has ${maxProducerCount} already`);
    }
    const token: ProducerToken = Object.freeze({
      kind: "ringwire.flux.producer",
      version: 1,
      ring: createSpscRing(producerRingBytes),
      doorbell: this.#doorbellMemory,
      maxFrameBytes: stream.maxFrameBytes,
      allowEmptyMessages: stream.allowEmptyMessages,
      timestamps: stream.timestamps,
    });
    const ring = new SpscConsumer(token.ring);
    const view = new DataView(ring.data.buffer, ring.data.byteOffset, ring.data.byteLength);
    this.#lanes.add({ token, ring, view, done: 0, lent: 0, lentMessages: 0 });
    if (!this.#running) void this.#run();
    return token;
  }

  /**
   * Drains a producer that is known to be dead, and forgets it.
   *
   * @param token Its token.
   * @returns When what it had committed was written.
   */
  async revoke(token: ProducerToken): Promise<void> {
    for (const lane of this.#lanes) {
      if (lane.token.ring !== token.ring) continue;
      await this.#written([lane]);
      this.#drop(lane);
    }
  }

  /** The queue has room again. */
  handleRoom(): void {
    this.#doorbell.ring();
  }

  /**
   * Waits until everything that was committed before the call was written.
   *
   * @returns When it was, or the flux is closed.
   */
  written(): Promise<void> {
    return this.#written([...this.#lanes]);
  }

  /** Lets producers commit nothing more; what they have committed is still drained. */
  seal(): void {
    this.#sealed = true;
    for (const { ring } of this.#lanes) ring.close();
  }

  /**
   * Ends all producers; what is left in their rings is lost.
   *
   * @returns How many messages were committed and never put into the queue.
   */
  close(): number {
    let lost = 0;
    for (const lane of this.#lanes) {
      this.#drop(lane);
      lost += lane.ring.recordsCommitted() - lane.done - lane.lentMessages;
    }
    this.#closed = true;
    this.#doorbell.ring();
    this.#progress();
    return lost;
  }

  async #written(lanes: readonly Lane[]): Promise<void> {
    const targets = lanes.map(({ ring }) => ring.recordsCommitted());
    for (const [i, lane] of lanes.entries()) {
      // An empty ring is done, too: a producer that died in the middle of a commit has counted what it never gave.
      while (this.#lanes.has(lane) && lane.done < targets[i]! && (lane.lent !== 0 || lane.ring.peek() !== 0)) {
        // For producers that died before they could.
        this.#doorbell.ring();
        this.#progressed ??= Promise.withResolvers<void>();
        await this.#progressed.promise;
      }
    }
  }

  #progress(): void {
    this.#progressed?.resolve();
    this.#progressed = undefined;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (!this.#closed && this.#lanes.size > 0) {
      this.#doorbell.prepareWait();
      if (this.#lendAll()) {
        this.#doorbell.cancelWait();
        this.#sender.kick();
        await this.#turn();
      } else {
        const rung = this.#doorbell.wait();
        if (rung !== "not-equal") await rung;
      }
    }
    this.#running = false;
  }

  /** Lends the next span of every ring. Returns whether there was one that the queue took. */
  #lendAll(): boolean {
    let lent = false;
    for (const lane of this.#lanes) {
      if (lane.lent !== 0) continue;
      const bytes = lane.ring.peek();
      if (bytes === 0) {
        if (lane.ring.ended) this.#drop(lane);
      } else if (this.#lend(lane, bytes)) lent = true;
    }
    return lent;
  }

  #lend(lane: Lane, bytes: number): boolean {
    const { ring } = lane;
    const { spanOffset } = ring;
    const messages = countFrames(lane.view, spanOffset, bytes);
    const position = this.#sender.outbox.offerFrames(ring.data.subarray(spanOffset, spanOffset + bytes), messages);
    if (position < 0) return false;
    lane.lent = bytes;
    lane.lentMessages = messages;
    this.#sender.afterPassed(position, () => {
      ring.release(lane.lent);
      lane.done += lane.lentMessages;
      lane.lent = lane.lentMessages = 0;
      this.#doorbell.ring();
      this.#progress();
    });
    return true;
  }

  #drop(lane: Lane): void {
    this.#lanes.delete(lane);
    lane.ring.close();
    this.#progress();
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#scheduler.nextTurn(resolve));
  }
}

/** How many frames a span of a ring holds: a load each, for statistics that are exact to the message. */
function countFrames(view: DataView, start: number, bytes: number): number {
  const end = start + bytes;
  let count = 0;
  for (let at = start; at < end; at += HEADER_BYTES + (view.getInt32(at, true) & INT32_MAX_LENGTH)) count++;
  return count;
}
