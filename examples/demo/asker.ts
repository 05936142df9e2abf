/**
 * The asking end of an echo: one message in flight, its round trip measured, the reply handed over for comparison.
 *
 * @module
 */
import { CloseCode, type DisconnectReason, Particle, type ParticleOptions } from "@ringwire/ringwire";
import { RoundTrips } from "./round_trips.ts";

/** Sends and waits for the reply. */
export class Asker {
  /** The round trips so far. */
  readonly roundTrips: RoundTrips = new RoundTrips();
  /** What was wrong with the link. */
  readonly faults: string[] = [];
  readonly #particle: Particle;
  readonly #check: (reply: Uint8Array) => void;
  #replied: PromiseWithResolvers<void> = Promise.withResolvers();
  #sentMs = 0;
  #count = 0;

  /**
   * Starts to connect.
   *
   * @param options Where to.
   * @param check Verifies a reply.
   */
  constructor(options: ParticleOptions, check: (reply: Uint8Array) => void) {
    this.#check = check;
    this.#particle = new Particle({
      ...options,
      onReceived: (reply) => this.#receive(reply),
      onDisconnected: (reason) => this.#end(reason),
    });
  }

  /** Settles when it is connected. */
  get connected(): Promise<void> {
    return this.#particle.connected;
  }

  /** How many replies came. */
  get count(): number {
    return this.#count;
  }

  /**
   * Sends without expecting a reply.
   *
   * @param payload What to send.
   */
  tell(payload: Uint8Array): Promise<void> {
    return this.#particle.send(payload);
  }

  /**
   * Sends and waits for the reply.
   *
   * @param payload What to send.
   */
  async ask(payload: Uint8Array): Promise<void> {
    this.#replied = Promise.withResolvers();
    this.#sentMs = performance.now();
    await this.#particle.send(payload);
    await this.#replied.promise;
  }

  /** Closes in order. */
  close(): Promise<void> {
    return this.#particle.close();
  }

  #receive(reply: Uint8Array): void {
    this.roundTrips.record((performance.now() - this.#sentMs) * 1000);
    this.#count++;
    this.#check(reply);
    this.#replied.resolve();
  }

  #end({ code, message }: DisconnectReason): void {
    if (code === CloseCode.Normal) return;
    this.faults.push(`the link ended with ${message}`);
    this.#replied.reject(new Error(`The link ended with ${message}`));
  }
}
