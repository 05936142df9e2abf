/**
 * The sending side of forward error correction on one channel: which group a frame belongs to, and when parity goes out.
 *
 * Groups are filled in turn (interleaving), end when they are full or when their time has come, and leave their parities
 * to be sent in the order of their ends. What is in one packet is lost together: frames of one packet go to different
 * groups as long as there are some, and no parity travels with a frame or another parity of its group. Invariants: at
 * most `MAX_OPEN` groups are open and at most `MAX_READY` wait with parity; where more would wait the oldest parities
 * are dropped and counted. Ids count from 0 and wrap at 65536.
 *
 * @module
 */
import type { Clock } from "../time/clock.ts";
import { encodeParity, PARITY_OVERHEAD_BYTES } from "../wire/channel_frame.ts";
import type { FecConfig } from "./fec_options.ts";
import { GroupSize } from "./group_size.ts";
import { ParityGroup } from "./parity_group.ts";
import type { ParityTables } from "./parity_tables.ts";

/** How many groups may wait with parity. */
export const MAX_READY = 16;

/** How many groups may be open: so many frames of one packet are in groups of their own. */
const MAX_OPEN = 16;

const ID_MASK = 0xffff;

/**
 * Makes parity from the frames of one channel.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ClockCell } from "../time/clock.ts";
 * import { resolveFecOptions } from "./fec_options.ts";
 * import { ParityTables } from "./parity_tables.ts";
 *
 * const config = resolveFecOptions({ sources: 2, adaptive: false });
 * const encoder = new FecEncoder(config, new ClockCell(), new ParityTables());
 * const frames = Uint8Array.of(1, 2, 3, 4, 5);
 * encoder.add(frames, 0, 3);
 * encoder.add(frames, 3, 5);
 * assertEquals(encoder.parityBytes, 9 + 2 + 3);
 * ```
 */
export class FecEncoder {
  /** What decides on sizes; tell it of acknowledged and lost packets. */
  readonly size: GroupSize;
  /** The group of the parity that was written last. */
  writtenGroup = 0;
  /** Whether that was the last parity of its group. */
  writtenLast = false;
  /** The number of the packet that is being written; negative: every frame has a packet of its own. */
  packet: number = -1;
  /** How many parities were dropped because nothing took them. */
  droppedParities = 0;
  readonly #config: FecConfig;
  readonly #clock: Clock;
  readonly #tables: ParityTables;
  readonly #open: (ParityGroup | undefined)[];
  /** The packet in which the last group of a place ended. */
  readonly #endedIn: Int32Array<ArrayBuffer> = new Int32Array(MAX_OPEN).fill(-1);
  readonly #ready: ParityGroup[] = [];
  readonly #free: ParityGroup[] = [];
  #turn = 0;
  #nextId: number;

  /**
   * Makes an encoder without groups.
   *
   * @param config The options of the channel.
   * @param clock When groups end.
   * @param tables The coefficients; shared.
   * @param firstId The id of the first group.
   */
  constructor(config: FecConfig, clock: Clock, tables: ParityTables, firstId = 0) {
    this.#config = config;
    this.#clock = clock;
    this.#tables = tables;
    this.#nextId = firstId & ID_MASK;
    this.size = new GroupSize(config);
    this.#open = new Array(MAX_OPEN).fill(undefined);
  }

  /** The id of the group that the next frame belongs to. */
  get group(): number {
    return this.#current().id;
  }

  /** The place in it that the next frame takes. */
  get index(): number {
    return this.#current().sources;
  }

  /** The id that the next new group gets; ids go on from there when an encoder replaces this one. */
  get nextId(): number {
    return this.#nextId;
  }

  /** Whether no group is open and no parity waits. */
  get isIdle(): boolean {
    return this.#ready.length === 0 && this.#open.every((group) => group === undefined || group.sources === 0);
  }

  /** Whether parity waits. */
  get hasParity(): boolean {
    return this.#ready.length > 0;
  }

  /** The size of the next parity frame for this packet; 0: none waits, or none that may travel with what is in it. */
  get parityBytes(): number {
    const ready = this.#ready[this.#nextReady()];
    return ready === undefined ? 0 : PARITY_OVERHEAD_BYTES + ready.length;
  }

  /**
   * Adds a frame to the group that it belongs to.
   *
   * @param from The memory; read, not kept.
   * @param start Where the frame starts, behind what says that it is protected.
   * @param end Where it ends.
   */
  add(from: Uint8Array, start: number, end: number): void {
    const place = this.#place();
    const group = this.#open[place] ?? this.#begin(place);
    if (group.sources === 0) group.deadline[0] = this.#clock.now + this.#config.flushMs;
    group.add(from, start, end);
    group.packet = this.packet;
    if (group.sources >= group.maxSources) this.#end(place);
    this.#turn = (this.#turn + 1) % this.#config.interleave;
  }

  /**
   * Writes the next parity frame; there must be one, and room for it.
   *
   * @param into The memory.
   * @param at Where it starts.
   * @param channel The channel.
   * @returns The index after the frame.
   */
  writeParity(into: Uint8Array, at: number, channel: number): number {
    const ready = this.#nextReady();
    const group = this.#ready[ready]!;
    const { id, nextParity, sources, parities, length } = group;
    const payload = encodeParity(into, at, channel, id, nextParity, sources, parities, length);
    group.writeParity(nextParity, into, payload);
    group.nextParity++;
    group.packet = this.packet;
    this.writtenGroup = id;
    this.writtenLast = group.nextParity === parities;
    if (this.writtenLast) {
      this.#ready.splice(ready, 1);
      this.#free.push(group);
    }
    return payload + length;
  }

  /** Throws the parities of the group that has waited longest away, if there is one; `writtenGroup` names it. */
  dropParity(): void {
    const group = this.#ready.shift();
    if (group === undefined) return;
    this.droppedParities += group.parities - group.nextParity;
    this.writtenGroup = group.id;
    this.#free.push(group);
  }

  /**
   * When the next group ends by time.
   *
   * @returns The time in ms; `Infinity`: no group is open.
   */
  pollTimeout(): number {
    let deadline = Infinity;
    for (const group of this.#open) {
      if (group !== undefined && group.sources > 0) deadline = Math.min(deadline, group.deadline[0]!);
    }
    return deadline;
  }

  /** Ends the groups whose time has come. */
  handleTimeout(): void {
    const now = this.#clock.now;
    for (let i = 0; i < this.#open.length; i++) {
      const group = this.#open[i];
      if (group !== undefined && group.sources > 0 && group.deadline[0]! <= now) {
        group.cut();
        this.#end(i);
      }
    }
  }

  #current(): ParityGroup {
    const place = this.#place();
    return this.#open[place] ?? this.#begin(place);
  }

  /** Where the next frame's group is: the place whose turn it is, or the next one that took no frame of this packet. */
  #place(): number {
    for (let i = this.#turn; i < MAX_OPEN; i++) {
      const used = this.#open[i]?.packet ?? this.#endedIn[i]!;
      if (this.packet < 0 || used !== this.packet) return i;
    }
    return this.#turn;
  }

  /** Which of the groups that wait has a parity for this packet; their number: none has. */
  #nextReady(): number {
    let i = 0;
    while (i < this.#ready.length && this.packet >= 0 && this.#ready[i]!.packet === this.packet) i++;
    return i;
  }

  #begin(turn: number): ParityGroup {
    const group = this.#free.pop() ?? new ParityGroup(this.#tables);
    group.open(this.#nextId, this.size.sources, this.size.parities);
    this.#nextId = (this.#nextId + 1) & ID_MASK;
    this.#open[turn] = group;
    return group;
  }

  #end(turn: number): void {
    const group = this.#open[turn]!;
    this.#open[turn] = undefined;
    this.#endedIn[turn] = group.packet;
    if (this.#ready.length === MAX_READY) this.dropParity();
    this.#ready.push(group);
  }
}
