/**
 * What the simulations of the stream machine are made of: machines with pools and counters of their own, alone with
 * hand-made bytes or in pairs.
 *
 * @module
 */
import { BlockPool } from "../../src/bytes/block_pool.ts";
import { closeCodeName } from "../../src/error/close_code.ts";
import { CounterTable } from "../../src/metric/counter_table.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { INT32_FRAMING } from "../../src/stream/framing.ts";
import { Outbox } from "../../src/stream/outbox.ts";
import { STREAM_COUNTERS } from "../../src/stream/stream_counters.ts";
import { StreamEvent, StreamMachine, type StreamSetup } from "../../src/stream/stream_machine.ts";
import { resolveStreamOptions, type StreamOptions } from "../../src/stream/stream_options.ts";
import { MachineEnd, type MachineEndOptions } from "../../src/testing/machine_end.ts";
import { MachinePair, type MachinePairOptions } from "../../src/testing/machine_pair.ts";
import { ManualScheduler } from "../../src/testing/manual_scheduler.ts";

/** What a machine of these tests differs in. */
export interface MachineOptions extends StreamOptions, Partial<Pick<StreamSetup, "handshake" | "peerEnd">> {
  /** An outbox that outlives machines. */
  readonly outbox?: Outbox;
}

/** How a machine alone is worked. */
export type LoneOptions = MachineOptions & Pick<MachineEndOptions, "maxReadBytes" | "maxWriteBytes" | "onEvent">;

/** A machine and its counters. */
export interface Made {
  /** The machine. */
  readonly machine: StreamMachine;
  /** Its counters that are not 0. */
  counted(): Record<string, number>;
}

/**
 * Makes a machine.
 *
 * @param scheduler Its clock.
 * @param options What it differs in.
 * @returns The machine and its counters.
 */
export function makeMachine(scheduler: ManualScheduler, options: MachineOptions = {}): Made {
  const { handshake = { kind: "none" }, peerEnd = "flush", outbox, ...rest } = options;
  const config = resolveStreamOptions(rest);
  const counters = new CounterTable(STREAM_COUNTERS, 1);
  const shared = { config, framing: INT32_FRAMING, counters, slot: 0 };
  const blocks = new BlockPool({ classBytes: [256, 4096, 65_536], retainBytes: 1 << 20 });
  const readBlocks = new BlockPool({ classBytes: [512, 4096, config.readBufferBytes], retainBytes: 1 << 20 });
  const machine = new StreamMachine({
    ...shared,
    handshake,
    peerEnd,
    outbox: outbox ?? new Outbox({ ...shared, blocks, wallClock: scheduler, mayWait: true }),
    readBlocks,
    clock: scheduler.clock,
  });
  const counted = (): Record<string, number> =>
    Object.fromEntries(Object.entries(counters.snapshot(0)).filter(([, count]) => count !== 0));
  return { machine, counted };
}

/** One machine whose peer is the test. */
export class Lone {
  /** Time. */
  readonly scheduler = new ManualScheduler();
  /** The driver. */
  readonly end: MachineEnd;
  /** The machine. */
  readonly machine: StreamMachine;
  /** Its counters that are not 0. */
  readonly counted: () => Record<string, number>;
  /** Everything that it has written. */
  readonly written: number[] = [];
  /** While false the link takes no byte. */
  writable = true;

  /** @param options What the machine and its driver differ in. */
  constructor(options: LoneOptions = {}) {
    const { maxReadBytes = Infinity, maxWriteBytes = Infinity, onEvent, ...rest } = options;
    const { scheduler } = this;
    const made = makeMachine(scheduler, rest);
    this.machine = made.machine;
    this.counted = made.counted;
    const write = (bytes: Uint8Array): number => {
      if (!this.writable) return 0;
      this.written.push(...bytes);
      return bytes.length;
    };
    const sink = { write, endWrite: (): void => {}, close: (): void => {} };
    const knobs = { scheduler, random: new SeededRandom(1), maxReadBytes, maxWriteBytes };
    this.end = new MachineEnd(made.machine, sink, onEvent === undefined ? knobs : { ...knobs, onEvent });
    scheduler.advance(0);
  }

  /** Brings bytes and runs what follows. */
  feed(...parts: readonly Uint8Array[]): void {
    for (const part of parts) this.end.feed(part.slice());
    this.scheduler.advance(0);
  }

  /** Ends the peer's stream and runs what follows. */
  feedEnd(): void {
    this.end.feedEnd();
    this.scheduler.advance(0);
  }

  /** Offers a message and runs what follows. */
  send(payload: Uint8Array): void {
    this.machine.outbox.offer(payload);
    this.end.pump();
    this.scheduler.advance(0);
  }

  /** Closes and runs what follows. */
  close(): void {
    this.machine.close();
    this.end.pump();
    this.scheduler.advance(0);
  }

  /** The names of all events so far. */
  get events(): string[] {
    return this.end.events.map(eventName);
  }

  /** Why it ended: `code (origin)`, or "". */
  get reason(): string {
    return reasonOf(this.machine);
  }
}

/**
 * The name of an event.
 *
 * @param event The event.
 * @returns Its name.
 */
export function eventName(event: StreamEvent): string {
  return Object.entries(StreamEvent).find(([, number]) => number === event)![0];
}

/**
 * Why a machine ended.
 *
 * @param machine The machine.
 * @returns `code (origin)`, or "".
 */
export function reasonOf({ reason }: StreamMachine): string {
  return reason === undefined ? "" : `${closeCodeName(reason.code)} (${reason.origin})`;
}

/** Two machines, connected. */
export class Connected {
  /** Time. */
  readonly scheduler = new ManualScheduler();
  /** The first machine and its counters. */
  readonly left: Made;
  /** The second machine and its counters. */
  readonly right: Made;
  /** The drivers. */
  readonly pair: MachinePair;

  /**
   * @param left What the first machine differs in.
   * @param right What the second machine differs in.
   * @param knobs How they are connected.
   * @param seed Where chance comes from.
   */
  constructor(
    left: MachineOptions = {},
    right: MachineOptions = {},
    knobs: Partial<Omit<MachinePairOptions, "scheduler" | "random">> = {},
    seed = 1,
  ) {
    const { scheduler } = this;
    this.left = makeMachine(scheduler, left);
    this.right = makeMachine(scheduler, right);
    const options = { ...knobs, scheduler, random: new SeededRandom(seed) };
    this.pair = new MachinePair(this.left.machine, this.right.machine, options);
    scheduler.advance(0);
  }

  /** Offers a message to one end and has it written. */
  send(from: "left" | "right", payload: Uint8Array): void {
    this[from].machine.outbox.offer(payload);
    this.pair[from].pump();
  }

  /** Closes one end. */
  close(from: "left" | "right"): void {
    this[from].machine.close();
    this.pair[from].pump();
  }

  /** Why each end ended. */
  get reasons(): readonly [string, string] {
    return [reasonOf(this.left.machine), reasonOf(this.right.machine)];
  }
}
