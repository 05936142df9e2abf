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
import type { Scheduler } from "../time/scheduler.ts";
import type { FluxConfig } from "./flux_options.ts";
import type { ProducerToken } from "./flux_token.ts";
import type { Sender } from "./sender.ts";

interface Lane {
  readonly token: ProducerToken;
  readonly ring: SpscConsumer;
  counted: number;
  /** How many bytes of the ring are being written; 0 when none are. */
  lent: number;
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
    this.#lanes.add({ token, ring: new SpscConsumer(token.ring), counted: 0, lent: 0 });
    if (!this.#running) void this.#run();
    return token;
  }

  /**
   * Drains a producer that is known to be dead, and forgets it.
   *
   * @param token Its token.
   * @returns When what it had committed is in the queue.
   */
  async revoke(token: ProducerToken): Promise<void> {
    for (const lane of this.#lanes) {
      if (lane.token.ring !== token.ring) continue;
      await this.#emptied(() => lane.ring.peek() > 0);
      this.#drop(lane);
    }
  }

  /** The queue has room again. */
  handleRoom(): void {
    this.#doorbell.ring();
  }

  /**
   * Waits until the rings hold nothing that was committed before the call.
   *
   * @returns When they are empty, or the flux is closed.
   */
  emptied(): Promise<void> {
    return this.#emptied(() => [...this.#lanes].some(({ ring }) => ring.peek() > 0));
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
      lost += lane.ring.recordsCommitted() - lane.counted;
    }
    this.#closed = true;
    this.#doorbell.ring();
    return lost;
  }

  /** Waits while the run loop drains; rings the bell for producers that died before they could. */
  async #emptied(pending: () => boolean): Promise<void> {
    while (!this.#closed && pending()) {
      this.#doorbell.ring();
      await this.#turn();
      if (pending()) await this.#sender.ready().catch(() => {});
    }
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
    const records = ring.recordsCommitted() - lane.counted;
    const { spanOffset } = ring;
    const position = this.#sender.outbox.offerFrames(ring.data.subarray(spanOffset, spanOffset + bytes), records);
    if (position < 0) return false;
    lane.counted += records;
    lane.lent = bytes;
    this.#sender.afterPassed(position, () => {
      ring.release(lane.lent);
      lane.lent = 0;
      this.#doorbell.ring();
    });
    return true;
  }

  #drop(lane: Lane): void {
    this.#lanes.delete(lane);
    lane.ring.close();
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#scheduler.nextTurn(resolve));
  }
}
