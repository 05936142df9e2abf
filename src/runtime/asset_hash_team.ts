/**
 * Lanes whose blocks are hashed by workers: a pool that starts with the first block and hashes in shared memory.
 *
 * Invariants: the leaves are the same as inline; what a lost worker had is hashed on this thread, and so is everything
 * while no worker runs, so that nobody waits for one that does not come. A replaced worker gets new memory: a thread that
 * was given up may still write to what it had.
 *
 * @module
 */
import type { GroupHasher } from "../asset/group_hasher.ts";
import { EventLoopDuty } from "../pool/event_loop_duty.ts";
import { type PoolOwner, WorkerPool } from "../pool/worker_pool.ts";
import { Doorbell, DOORBELL_BYTES } from "../ring/doorbell.ts";
import type { Scheduler } from "../time/scheduler.ts";
import type { HashAgentInit } from "./asset_hash_agent.ts";
import {
  createSharedLane,
  hashBlock,
  type HashLane,
  type HashLanes,
  InlineLane,
  SharedLane,
} from "./asset_hash_lane.ts";

/** How many blocks a worker has: one is hashed while the next one is read. */
const LANES_PER_WORKER = 2;
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 1000;

/** Lanes over workers. */
export class HashTeam implements HashLanes, PoolOwner {
  readonly #hasher: GroupHasher;
  readonly #scheduler: Scheduler;
  readonly #bellMemory = new SharedArrayBuffer(DOORBELL_BYTES);
  readonly #bell = new Doorbell(this.#bellMemory);
  readonly #pool: WorkerPool;
  /** The lanes of each worker's incarnation. */
  readonly #members: (TeamLane[] | undefined)[] = [];
  readonly #free: TeamLane[] = [];
  readonly #waits: ((lane: HashLane) => void)[] = [];
  #running = 0;
  #starting: Promise<void> | undefined = undefined;
  #isStopped = false;
  #hasFailed = false;

  /**
   * Makes a team that is not started.
   *
   * @param count How many workers.
   * @param hasher Hashes what no worker does.
   * @param scheduler Time and turns of this thread.
   */
  constructor(count: number, hasher: GroupHasher, scheduler: Scheduler) {
    this.#hasher = hasher;
    this.#scheduler = scheduler;
    const entry = new URL("../../workers/asset.ts", import.meta.url);
    const times = { startTimeoutMs: START_TIMEOUT_MS, stopTimeoutMs: STOP_TIMEOUT_MS };
    this.#pool = new WorkerPool({ entry, count, name: "ringwire asset", ...times }, this, scheduler);
  }

  /** How many workers run now. */
  get runningCount(): number {
    return this.#running;
  }

  async take(): Promise<HashLane> {
    if (!this.#isStopped) {
      await (this.#starting ??= this.#start()).catch((error) => {
        if (!this.#isStopped) throw error;
      });
    }
    if (this.#running === 0) return new InlineLane(this.#hasher);
    return this.#free.pop() ?? await new Promise<HashLane>((resolve) => this.#waits.push(resolve));
  }

  release(lane: HashLane): void {
    if (!(lane instanceof TeamLane) || lane.isLost) return;
    const next = this.#waits.shift();
    if (next === undefined) this.#free.push(lane);
    else next(lane);
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    if (this.#starting === undefined) return;
    await this.#pool.stop();
    for (let index = 0; index < this.#members.length; index++) this.#lose(index);
    this.#bell.ring();
  }

  init(index: number): HashAgentInit {
    const memories = Array.from({ length: LANES_PER_WORKER }, createSharedLane);
    const bell = this.#pool.doorbell(index);
    this.#members[index] = memories.map((memory) => new TeamLane(new SharedLane(memory), bell, this.#hasher));
    return { lanes: memories, bell: this.#bellMemory };
  }

  started(index: number): void {
    this.#running++;
    for (const lane of this.#members[index]!) {
      lane.isLost = false;
      this.release(lane);
    }
  }

  failed(index: number): void {
    this.#lose(index);
  }

  exhausted(): void {}

  async #start(): Promise<void> {
    const owner = {
      isStopping: false,
      mayContinue: () => !this.#isStopped && !this.#hasFailed,
      // Draining does not throw.
      handleFailure: () => {},
    };
    new EventLoopDuty({ doWork: () => this.#drain() }, this.#bell, owner, this.#scheduler).start();
    try {
      await this.#pool.start();
    } catch (error) {
      this.#hasFailed = true;
      this.#bell.ring();
      throw error;
    }
  }

  #drain(): number {
    let count = 0;
    for (const lanes of this.#members) for (const lane of lanes ?? []) count += lane.drain();
    return count;
  }

  /** What a worker had is hashed here; whoever waits for a lane does not wait for one that is gone. */
  #lose(index: number): void {
    const lanes = this.#members[index] ?? [];
    this.#members[index] = undefined;
    if (lanes.some((lane) => !lane.isLost)) this.#running--;
    for (const lane of lanes) {
      lane.lose();
      const at = this.#free.indexOf(lane);
      if (at >= 0) this.#free.splice(at, 1);
    }
    if (this.#running === 0) { for (const resolve of this.#waits.splice(0)) resolve(new InlineLane(this.#hasher)); }
  }
}

/** A lane of a worker, as this thread has it. */
class TeamLane implements HashLane {
  readonly block: Uint8Array;
  readonly leaves: Int32Array;
  /** Whether its worker does not run. */
  isLost = true;
  readonly #shared: SharedLane;
  readonly #bell: Doorbell;
  readonly #hasher: GroupHasher;
  #job: { readonly first: number; readonly bytes: number; readonly isRoot: boolean } | undefined = undefined;
  #done: PromiseWithResolvers<void> | undefined = undefined;

  constructor(shared: SharedLane, bell: Doorbell, hasher: GroupHasher) {
    this.#shared = shared;
    this.block = shared.block;
    this.leaves = new Int32Array(shared.leaves.length);
    this.#bell = bell;
    this.#hasher = hasher;
  }

  hash(first: number, bytes: number, isRoot: boolean): Promise<void> | undefined {
    if (this.isLost) return void hashBlock(this.#hasher, this, first, bytes, isRoot);
    this.#job = { first, bytes, isRoot };
    this.#done = Promise.withResolvers();
    this.#shared.post(first, bytes, isRoot);
    this.#bell.ring();
    return this.#done.promise;
  }

  /** Takes leaves over that are there. */
  drain(): number {
    if (this.#done === undefined || !this.#shared.tryTake()) return 0;
    this.leaves.set(this.#shared.leaves);
    this.#settle();
    return 1;
  }

  /** The worker is gone: what it had is done here. Its memory may still change, but only its leaves are written there. */
  lose(): void {
    this.isLost = true;
    if (this.#job === undefined) return;
    hashBlock(this.#hasher, this, this.#job.first, this.#job.bytes, this.#job.isRoot);
    this.#settle();
  }

  #settle(): void {
    this.#done?.resolve();
    this.#done = this.#job = undefined;
  }
}
