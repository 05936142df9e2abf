/**
 * What all links of one mesh have in common: time, one alarm for all their deadlines, and when they are written.
 *
 * @module
 */
import { TransmitSpan } from "../machine/transmit_span.ts";
import { DeadlineTable } from "../time/deadline_table.ts";
import type { Alarm, Scheduler } from "../time/scheduler.ts";
import { FlushSchedule } from "./flush_schedule.ts";

/** What has deadlines. */
export interface TimedLink {
  /** A deadline may have passed. */
  handleTimeout(): void;
}

/** The shared part of links. */
export class BusLinkHub {
  /** Time. */
  readonly scheduler: Scheduler;
  /** When links are written. */
  readonly flushes: FlushSchedule;
  /** Where a link puts what it is about to write; of no account a moment later. */
  readonly span: TransmitSpan = new TransmitSpan();
  /** Grows with every completed read or write of any link: what follows is another turn of the event loop. */
  turn = 0;
  readonly #deadlines = new DeadlineTable();
  readonly #timed: (TimedLink | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #alarm: Alarm;
  #armedAt = Infinity;

  /** @param scheduler Time. */
  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
    this.flushes = new FlushSchedule(scheduler);
    this.#alarm = scheduler.alarm(() => this.#handleAlarm());
  }

  /**
   * Takes a slot for a link.
   *
   * @param link The link.
   * @returns The slot's number.
   */
  takeSlot(link: TimedLink): number {
    const slot = this.#free.pop() ?? this.#timed.length;
    this.#timed[slot] = link;
    return slot;
  }

  /**
   * Gives a slot back.
   *
   * @param slot Its number.
   */
  freeSlot(slot: number): void {
    this.#timed[slot] = undefined;
    this.#deadlines.clear(slot);
    this.#free.push(slot);
    if (this.#deadlines.size === 0) this.#arm();
  }

  /**
   * Remembers when a link wants to be woken; later times than the one that is remembered are noticed when that comes.
   *
   * @param slot Its slot.
   * @param deadlineMs When.
   */
  watch(slot: number, deadlineMs: number): void {
    if (deadlineMs >= this.#deadlines.at(slot)) return;
    this.#deadlines.set(slot, deadlineMs);
    if (deadlineMs < this.#armedAt) this.#arm();
  }

  #arm(): void {
    this.#armedAt = this.#deadlines.earliest();
    if (this.#armedAt === Infinity) this.#alarm.disarm();
    else this.#alarm.arm(this.#armedAt);
  }

  #handleAlarm(): void {
    const now = this.scheduler.tick();
    this.#armedAt = Infinity;
    for (let slot = this.#deadlines.popExpired(now); slot >= 0; slot = this.#deadlines.popExpired(now)) {
      this.#timed[slot]?.handleTimeout();
    }
    this.#arm();
  }
}
