/**
 * A bot: a whole client over framed TCP that steers by what it is sent and nothing else.
 *
 * It follows the nearest inhabitant of the kind that it likes, now and then likes another one, and goes on straight
 * where it sees none; so bots come and go at the edge of each other's sight all the time.
 *
 * @module
 */
import { Particle } from "@ringwire/ringwire";
import type { WorldFrame } from "@ringwire/ringwire/realtime";
import { SeededRandom } from "@ringwire/ringwire/testing";
import { type ArenaFields, HALF_SIDE, KINDS, TICKS_PER_SECOND } from "../world/arena_schema.ts";
import { ArenaClient } from "./arena_client.ts";

/** For how many snapshots a bot likes the same kind. */
const LOYALTY_TICKS = 6 * TICKS_PER_SECOND;
/** This near it has got there and goes on to something else. */
const NEAR = 12;
/** This near to the border it turns back. */
const BORDER = 40;

/** A bot that plays until it is closed. */
export class Bot implements AsyncDisposable {
  readonly #particle: Particle;
  readonly #client: ArenaClient;
  readonly #random: SeededRandom;
  #ticks = 0;
  #liked: (typeof KINDS)[number] = "scout";
  #heading = 0;

  /**
   * Connects a bot.
   *
   * @param port Where the arena listens for framed TCP on this machine.
   * @param seed What it does follows from it.
   */
  constructor(port: number, seed: number) {
    this.#random = new SeededRandom(seed);
    this.#client = new ArenaClient({ onSnapshot: () => this.#play() });
    this.#particle = new Particle({
      port,
      onReceived: (message) => this.#client.handleMessage(message, performance.now()),
      onDisconnected: () => {},
    });
    this.#particle.connected.catch(() => {});
  }

  /** Leaves the arena. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#particle.close();
  }

  #play(): void {
    const frame = this.#client.latestFrame();
    const me = this.#client.welcome?.avatar;
    if (frame !== undefined && me !== undefined && frame.has(me)) this.#steer(frame, me);
    this.#particle.trySend(this.#client.input(performance.now()));
  }

  #steer(frame: WorldFrame<ArenaFields>, me: number): void {
    if (this.#ticks++ % LOYALTY_TICKS === 0) this.#change();
    const { position } = frame.fields;
    const [x, y] = [position.x(me), position.y(me)];
    const goal = this.#nearest(frame, me);
    if (goal >= 0) this.#heading = Math.atan2(position.y(goal) - y, position.x(goal) - x);
    if (Math.max(Math.abs(x), Math.abs(y)) > HALF_SIDE - BORDER) this.#heading = Math.atan2(-y, -x);
    this.#client.steer = { x: Math.cos(this.#heading), y: Math.sin(this.#heading) };
  }

  #nearest(frame: WorldFrame<ArenaFields>, me: number): number {
    const { position, kind } = frame.fields;
    let [nearest, least] = [-1, Infinity];
    for (let i = 0; i < frame.count; i++) {
      const id = frame.ids[i]!;
      if (id === me || kind.at(id) !== this.#liked) continue;
      const distance = Math.hypot(position.x(id) - position.x(me), position.y(id) - position.y(me));
      if (distance < NEAR) this.#change();
      if (distance < least) [nearest, least] = [id, distance];
    }
    return least < NEAR ? -1 : nearest;
  }

  #change(): void {
    this.#liked = KINDS[this.#random.nextInt(KINDS.length)]!;
    this.#heading = this.#random.visibleFraction() * 2 * Math.PI;
  }
}
