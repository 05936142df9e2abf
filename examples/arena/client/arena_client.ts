/**
 * One client of the arena without its socket and its screen: the page, the bots and the tests are made from it.
 *
 * Snapshots go into a replica at once, so that acknowledgements are early; when they are shown is the play clock's
 * matter. Invariant: knows no browser and no server, only messages in, messages out and the time that it is told.
 *
 * @module
 */
import { SnapshotStatus, type WorldFrame, WorldReplica } from "@ringwire/ringwire/realtime";
import { decodeNotice, type Roster, type Status, type Welcome } from "../protocol/control.ts";
import {
  decodeSnapshotHead,
  encodeInput,
  MessageKind,
  SNAPSHOT_HEADER_BYTES,
  toTenths,
} from "../protocol/datagrams.ts";
import { type ArenaFields, arenaSchema } from "../world/arena_schema.ts";
import { LinkMeter } from "./link_meter.ts";
import { OverviewTape } from "./overview_tape.ts";
import { PlayClock } from "./play_clock.ts";

/** The server remembers as many. */
const RING_SNAPSHOTS = 64;

/** What a client hears of besides snapshots; each is called when it has been taken in. */
export interface ArenaHandlers {
  readonly onWelcome?: (welcome: Welcome) => void;
  readonly onRoster?: (roster: Roster) => void;
  readonly onStatus?: (status: Status) => void;
  readonly onSnapshot?: (status: SnapshotStatus) => void;
}

/** A client; it begins with the welcome. */
export class ArenaClient {
  /** What it measures of its link. */
  readonly meter: LinkMeter = new LinkMeter();
  /** Where it is steered to, each from -1 to 1. */
  steer: { readonly x: number; readonly y: number } = { x: 0, y: 0 };
  /** How many bytes of snapshots have arrived, and how many snapshots. */
  readonly arrived = { bytes: 0, snapshots: 0 };
  readonly #handlers: ArenaHandlers;
  readonly #clock = new PlayClock();
  #welcome: Welcome | undefined;
  #roster: Roster["players"] = [];
  #replica: WorldReplica<ArenaFields> | undefined;
  readonly #rest = new OverviewTape();
  #shownTick = -1;
  /** What the replica's ticks have on top of the server's: it counts from the low 16 bits. */
  #tickOffset = 0;

  /**
   * Makes a client that waits for its welcome.
   *
   * @param handlers Whom to tell.
   */
  constructor(handlers: ArenaHandlers = {}) {
    this.#handlers = handlers;
  }

  /** The first message of the server, `undefined` before it. */
  get welcome(): Welcome | undefined {
    return this.#welcome;
  }

  /** Who plays. */
  get roster(): Roster["players"] {
    return this.#roster;
  }

  /**
   * Where everybody is at the time of the last frame, what is not sent included; for orientation, from a side channel.
   *
   * @returns By id: x and y, NaN where there is no entity; filled anew by the next call.
   */
  rest(): Float64Array {
    return this.#rest.at(this.#shownTick);
  }

  /** The delay in ms that the jitter buffer steers to. */
  get playDelayMs(): number {
    return this.#clock.delayMs;
  }

  /** What became of the snapshots; `WorldReplica.counters()`. */
  get counters(): Record<string, number> {
    return this.#replica?.counters() ?? {};
  }

  /** How many entities the newest snapshot has. */
  get visibleCount(): number {
    return this.#replica?.visibleCount ?? 0;
  }

  /** The newest tick that arrived, by the server's count; -1 before the first. */
  get latestTick(): number {
    const latest = this.#replica?.latestTick ?? -1;
    return latest < 0 ? -1 : latest - this.#tickOffset;
  }

  /**
   * Takes a message of the server.
   *
   * @param message Borrowed for the call.
   * @param nowMs When it arrived.
   */
  handleMessage(message: Uint8Array, nowMs: number): void {
    if (message[0] === MessageKind.Snapshot) this.#handleSnapshot(message, nowMs);
    else if (message[0] === MessageKind.Overview) this.#rest.handleMessage(message);
    else if (message[0] === MessageKind.Control) this.#handleNotice(message);
  }

  /**
   * What to send to the server once a tick: what has arrived, and where to.
   *
   * @param nowMs When it is sent.
   * @returns The message.
   */
  input(nowMs: number): Uint8Array {
    const { x, y } = this.steer;
    return encodeInput({ ack: this.#replica?.ack ?? -1, steerX: x, steerY: y, sent: toTenths(nowMs) });
  }

  /**
   * The world as it is to be shown now: evenly, between two snapshots.
   *
   * @param nowMs The time; it never goes back.
   * @returns A frame that the next call fills anew, `undefined` before there is one.
   */
  frame(nowMs: number): WorldFrame<ArenaFields> | undefined {
    this.#shownTick = this.#clock.at(nowMs);
    return this.#shownTick < 0 ? undefined : this.#replica?.sample(this.#shownTick + this.#tickOffset);
  }

  /**
   * The world as it was last heard of, for bots that have no eyes to please.
   *
   * @returns A frame that the next call fills anew, `undefined` before there is one.
   */
  latestFrame(): WorldFrame<ArenaFields> | undefined {
    const replica = this.#replica;
    return replica === undefined || replica.latestTick < 0 ? undefined : replica.sample(replica.latestTick);
  }

  #handleSnapshot(message: Uint8Array, nowMs: number): void {
    const head = decodeSnapshotHead(message);
    const replica = this.#replica;
    if (head === undefined || replica === undefined) return;
    const status = replica.handlePacket(message.subarray(SNAPSHOT_HEADER_BYTES));
    this.arrived.bytes += message.length - SNAPSHOT_HEADER_BYTES;
    this.arrived.snapshots++;
    this.meter.handleSnapshot(head, nowMs);
    if (status === SnapshotStatus.Applied) this.#tickOffset = replica.latestTick - head.tick;
    if (status <= SnapshotStatus.AppliedLate) this.#clock.handleSnapshot(head.tick, nowMs);
    this.#handlers.onSnapshot?.(status);
  }

  #handleNotice(message: Uint8Array): void {
    const notice = decodeNotice(message);
    if (notice?.type === "welcome") {
      this.#welcome = notice;
      this.#replica = new WorldReplica(arenaSchema(notice.capacity), { ringSnapshots: RING_SNAPSHOTS });
      this.#handlers.onWelcome?.(notice);
    } else if (notice?.type === "roster") {
      this.#roster = notice.players;
      this.#handlers.onRoster?.(notice);
    } else if (notice?.type === "status") this.#handlers.onStatus?.(notice);
  }
}
