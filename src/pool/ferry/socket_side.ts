/**
 * The socket side of a ferry: listens, accepts and connects for machines in another thread, and carries the bytes of
 * its links to them and back.
 *
 * In kernel dispatch a worker is this side and accepts from a port that it shares; in ring dispatch the façade's thread
 * is, and hands every worker its links by `carry`. Invariant: every link that was announced is answered with `Gone` in
 * the end, whichever side closed it.
 *
 * @module
 */
import { ResourceError } from "../../error/transport_error.ts";
import type { StreamFabric, StreamLink, StreamListener } from "../../transport/stream_link.ts";
import type { Alarm, Scheduler } from "../../time/scheduler.ts";
import { describeError, type RecordHandler, type RecordPort } from "../record_port.ts";
import { CarriedLink, type CarrierShared } from "./carried_link.ts";
import { FIRST_CONNECT_LINK, MachineRecord, SocketRecord } from "./ferry_record.ts";
import type { LinkArena } from "./link_arena.ts";

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 1000;
/** How many links may be announced that nobody has taken from the listener: more wait in the kernel. */
const MAX_UNACCEPTED_COUNT = 8;
/** How many closed links may still be writing; one more cuts the oldest off. */
const MAX_LINGERING_COUNT = 1024;
const NO_BLOCK = "this worker has as many links as it may have";

/** What a socket side is made of. */
export interface SocketSideSetup {
  /** Its end of the rings. */
  readonly port: RecordPort;
  /** What its links read into. */
  readonly arena: LinkArena;
  /** What the machine side lends to be written. */
  readonly machineMemory: SharedArrayBuffer;
  /** The fabric for a port that is to be listened on; 0 in `Connect`. */
  readonly fabric: (port: number) => StreamFabric;
  /** How long a closed link may take to write what was lent before, in ms. */
  readonly lingerMs: number;
  /** Pauses after failures, and the bound on lingering. */
  readonly scheduler: Scheduler;
}

/** Carries real links for machines in another thread. */
export class SocketSide implements RecordHandler, CarrierShared {
  readonly port: RecordPort;
  readonly arena: LinkArena;
  readonly machineMemory: SharedArrayBuffer;
  readonly #fabric: (port: number) => StreamFabric;
  readonly #scheduler: Scheduler;
  readonly #pause: Alarm;
  readonly #links = new Map<number, CarriedLink>();
  readonly #attempts = new Map<number, AbortController>();
  readonly #wanting = new Set<CarriedLink>();
  /** Closed links that still write, the oldest first, and until when they may. */
  readonly #lingering = new Map<CarriedLink, number>();
  readonly #lingerMs: number;
  readonly #lingerAlarm: Alarm;
  #finished: (() => void) | undefined = undefined;
  #listener: StreamListener | undefined = undefined;
  #endPause: (() => void) | undefined = undefined;
  #unaccepted = 0;
  #accepted: (() => void) | undefined = undefined;
  #nextNumber = 1;
  #closed = false;

  /** @param setup What it is made of. */
  constructor(setup: SocketSideSetup) {
    this.port = setup.port;
    this.arena = setup.arena;
    this.machineMemory = setup.machineMemory;
    this.#fabric = setup.fabric;
    this.#scheduler = setup.scheduler;
    this.#lingerMs = setup.lingerMs;
    this.#pause = setup.scheduler.alarm(() => this.#endPause?.());
    this.#lingerAlarm = setup.scheduler.alarm(() => this.#endLingering());
  }

  /** How many links it carries. */
  get linkCount(): number {
    return this.#links.size;
  }

  /**
   * Hands on what the machine side sent.
   *
   * @returns How many records there were.
   */
  drain(): number {
    return this.port.drain(this);
  }

  /**
   * Announces a link to the machine side and carries it from here on.
   *
   * @param link The link; it is closed when the arena has no block for more.
   * @returns Whether it is carried.
   */
  carry(link: StreamLink): boolean {
    const number = this.#nextNumber;
    this.#nextNumber = number + 1 === FIRST_CONNECT_LINK ? 1 : number + 1;
    return this.#carry(number, link);
  }

  handleRecord(kind: number, link: number, a: number, b: number): void {
    switch (kind) {
      case MachineRecord.Taken:
        return this.#links.get(link)?.taken(a);
      case MachineRecord.Write:
        return this.#links.get(link)?.write(a, b);
      case MachineRecord.EndWrite:
        return this.#links.get(link)?.endWrite();
      case MachineRecord.Close:
        return this.#close(link);
      case MachineRecord.Connect:
        return void this.#connect(link);
      case MachineRecord.Listen:
        return void this.#listen(a);
      case MachineRecord.Accepted:
        this.#unaccepted--;
        return this.#accepted?.();
      case MachineRecord.Unlisten:
        this.#unlisten();
        return this.port.send(SocketRecord.Unlistened, 0);
    }
  }

  wantLarge(link: CarriedLink): void {
    this.#wanting.add(link);
  }

  largeFreed(): void {
    // A link that has as many as it may puts itself in line again: each is asked once.
    for (const link of [...this.#wanting]) {
      if (!this.arena.hasLarge) return;
      this.#wanting.delete(link);
      link.read();
    }
  }

  linger(link: CarriedLink): void {
    const until = this.#scheduler.tick() + this.#lingerMs;
    if (this.#lingering.size === 0) this.#lingerAlarm.arm(until);
    this.#lingering.set(link, until);
    if (this.#lingering.size <= MAX_LINGERING_COUNT) return;
    for (const oldest of this.#lingering.keys()) return oldest.abort();
  }

  gone(link: CarriedLink): void {
    this.#wanting.delete(link);
    this.#lingering.delete(link);
    this.#links.delete(link.number);
    if (this.#lingering.size > 0) return;
    this.#lingerAlarm.disarm();
    this.#finished?.();
  }

  /**
   * Closes everything; links whose machine had closed them before may still write what they were lent.
   *
   * @returns When all are closed; bounded by `lingerMs`.
   */
  async finish(): Promise<void> {
    // What the machines said last decides which links may linger.
    while (this.drain() > 0);
    this.#unlisten();
    for (const link of [...this.#links.values()]) {
      if (!this.#lingering.has(link)) link.abort();
    }
    if (this.#lingering.size > 0) await new Promise<void>((resolve) => this.#finished = resolve);
    this.close();
  }

  /** Closes everything now; the machine side is not heard any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unlisten();
    for (const attempt of this.#attempts.values()) attempt.abort();
    for (const link of [...this.#links.values()]) link.abort();
    this.port.close();
  }

  #endLingering(): void {
    const now = this.#scheduler.tick();
    for (const [link, until] of this.#lingering) {
      if (until > now) return this.#lingerAlarm.arm(until);
      link.abort();
    }
  }

  #carry(number: number, link: StreamLink): boolean {
    const small = this.#closed ? -1 : this.arena.takeSmall();
    if (small < 0) {
      link.close();
      if (number >= FIRST_CONNECT_LINK) {
        const error = new ResourceError(`Cannot connect: ${NO_BLOCK}`);
        this.port.sendText(SocketRecord.ConnectFailed, number, describeError(error));
      }
      return false;
    }
    const carried = new CarriedLink(this, number, link, small);
    this.#links.set(number, carried);
    const { local, remote } = link;
    this.port.sendText(SocketRecord.Opened, number, JSON.stringify({ local, remote }));
    carried.read();
    return true;
  }

  #close(number: number): void {
    const attempt = this.#attempts.get(number);
    if (attempt !== undefined) attempt.abort();
    else this.#links.get(number)?.close();
  }

  async #connect(number: number): Promise<void> {
    const attempt = new AbortController();
    this.#attempts.set(number, attempt);
    try {
      const link = await this.#fabric(0).connect(attempt.signal);
      if (attempt.signal.aborted) {
        link.close();
        throw attempt.signal.reason;
      }
      this.#attempts.delete(number);
      this.#carry(number, link);
    } catch (error) {
      this.#attempts.delete(number);
      if (attempt.signal.aborted) this.port.send(SocketRecord.Gone, number);
      else this.port.sendText(SocketRecord.ConnectFailed, number, describeError(error));
    }
  }

  async #listen(port: number): Promise<void> {
    let listener: StreamListener;
    try {
      listener = this.#fabric(port).listen();
      this.#listener = listener;
      await listener.listening;
    } catch (error) {
      return this.port.sendText(SocketRecord.ListenFailed, 0, describeError(error));
    }
    this.port.sendText(SocketRecord.Listening, 0, JSON.stringify(listener.address));
    let pauseMs = FIRST_PAUSE_MS;
    while (!listener.closed) {
      try {
        if (!this.carry(await listener.accept())) throw new ResourceError(NO_BLOCK);
        pauseMs = FIRST_PAUSE_MS;
        if (++this.#unaccepted >= MAX_UNACCEPTED_COUNT) await new Promise<void>((resolve) => this.#accepted = resolve);
        continue;
      } catch (error) {
        if (listener.closed) return;
        this.port.sendText(SocketRecord.AcceptFailed, 0, describeError(error));
      }
      await this.#paused(pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  #unlisten(): void {
    this.#listener?.close();
    this.#listener = undefined;
    this.#endPause?.();
  }

  #paused(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pause.arm(this.#scheduler.tick() + ms);
    this.#endPause = () => {
      this.#pause.disarm();
      resolve();
    };
    return promise;
  }
}
