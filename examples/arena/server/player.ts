/**
 * One player on the server's side, whatever its messages come over: a person's browser, a bot, a test.
 *
 * Snapshots and inputs go through the player's simulated link; requests, the overview and the status do not. Invariant:
 * any bytes may come from a client; what makes no sense is ignored.
 *
 * @module
 */
import {
  type Comparison,
  decodeRequest,
  encodeControl,
  LIMITS,
  type Notice,
  type SightSettings,
  type Status,
} from "../protocol/control.ts";
import {
  decodeInput,
  elapsedMs,
  encodeSnapshotHead,
  type Input,
  MessageKind,
  SNAPSHOT_HEADER_BYTES,
} from "../protocol/datagrams.ts";
import type { Mood } from "../world/arena_trace.ts";
import type { ArenaWorld } from "../world/arena_world.ts";
import { CLEAR_LINK, ShakyLink } from "./shaky_link.ts";
import { SnapshotMaker, type WholeSnapshots } from "./snapshot_maker.ts";

/** What carries a player's messages. */
export interface PlayerSocket {
  /** Whether messages can be sent. */
  readonly isOpen: boolean;
  /** How many bytes wait to be sent. */
  readonly waitingBytes: number;
  /**
   * Sends a message.
   *
   * @param message Copied, or left alone by the caller.
   */
  send(message: Uint8Array): void;
}

/** What a player is at first. */
export interface PlayerSetup {
  /** What it is called. */
  readonly name: string;
  /** Its entity. */
  readonly avatar: number;
  /** Whether it steers itself. */
  readonly isBot: boolean;
  /** How much it is sent. */
  readonly sight: SightSettings;
  /** Whether its snapshots carry a checksum. */
  readonly withChecksum: boolean;
  /** What carries its messages. */
  readonly socket: PlayerSocket;
  /** What to compare its snapshots with; left out, nothing is compared. */
  readonly everything?: WholeSnapshots;
}

/** Above this many waiting bytes a snapshot is dropped, as a full router would. */
const MAX_WAITING_BYTES = 65_536;

/** A client sends one input a tick; what a strange one sends beyond this is dropped. */
const MAX_INPUTS_PER_TICK = 8;

/** Messages can say up to 6.5 s; a time that is older tells nothing. */
const MAX_HELD_MS = 5000;

/** One player. */
export class Player {
  readonly name: string;
  readonly avatar: number;
  readonly isBot: boolean;
  /** Called when it asks for another mood of the arena. */
  onMood: ((mood: Mood) => void) | undefined = undefined;
  readonly #world: ArenaWorld;
  readonly #socket: PlayerSocket;
  readonly #link: ShakyLink;
  readonly #snapshots: SnapshotMaker;
  readonly #datagram = new Uint8Array(SNAPSHOT_HEADER_BYTES + LIMITS.budgetBytes[1]);
  readonly #view = new DataView(this.#datagram.buffer);
  #echo: number | undefined;
  #echoAtMs = 0;
  #inputs = 0;
  #bytes: Comparison = NOTHING;
  /** Since when bytes are summed up; NaN until the first whole span begins. */
  #spanStartMs = NaN;

  /**
   * Lets a player begin; it is told by `welcome`.
   *
   * @param world The world.
   * @param setup What it is at first.
   */
  constructor(world: ArenaWorld, setup: PlayerSetup) {
    this.name = setup.name;
    this.avatar = setup.avatar;
    this.isBot = setup.isBot;
    this.#world = world;
    this.#socket = setup.socket;
    this.#link = new ShakyLink(setup.avatar, CLEAR_LINK);
    const options = { checksum: setup.withChecksum };
    this.#snapshots = new SnapshotMaker(world, setup.avatar, setup.sight, options, setup.everything);
    const { inhabitants, capacity } = world;
    this.tell({
      type: "welcome",
      avatar: setup.avatar,
      name: setup.name,
      inhabitants,
      capacity,
      link: CLEAR_LINK,
      sight: setup.sight,
    });
  }

  /**
   * Sends a message that must arrive.
   *
   * @param notice The message.
   */
  tell(notice: Notice): void {
    this.send(encodeControl(notice));
  }

  /**
   * Sends bytes past the simulated link.
   *
   * @param message The message.
   */
  send(message: Uint8Array): void {
    if (this.#socket.isOpen) this.#socket.send(message);
  }

  /**
   * Takes a message of the client.
   *
   * @param message Borrowed for the call.
   */
  handleMessage(message: Uint8Array): void {
    if (message[0] === MessageKind.Control) this.#handleRequest(message);
    else if (message[0] === MessageKind.Input && this.#inputs++ < MAX_INPUTS_PER_TICK) {
      this.#link.sendUp(message, (arrived) => this.#handleInput(arrived));
    }
  }

  /** Sends a snapshot of the last tick through the simulated link. */
  sendSnapshot(): void {
    const { tick } = this.#world.state;
    const room = this.#datagram.subarray(SNAPSHOT_HEADER_BYTES);
    const length = this.#snapshots.make(room);
    if (!this.isBot) this.#bytes = sum(this.#bytes, this.#snapshots.compare(length));
    this.#inputs = 0;
    if (length === 0 || this.#socket.waitingBytes > MAX_WAITING_BYTES) return;
    const heldMs = performance.now() - this.#echoAtMs;
    encodeSnapshotHead(this.#view, { tick, echo: heldMs < MAX_HELD_MS ? this.#echo : undefined, heldMs });
    this.#link.sendDown(this.#datagram.subarray(0, SNAPSHOT_HEADER_BYTES + length), (arrived) => this.send(arrived));
  }

  /**
   * Says what was measured since the last time; the first time there is nothing to say.
   *
   * @param entities How many entities there are.
   * @param players How many players there are.
   * @param tickMs How long a tick took.
   */
  sendStatus(entities: number, players: number, tickMs: number): void {
    const nowMs = performance.now();
    const spanMs = nowMs - this.#spanStartMs;
    const bytes = this.#bytes;
    this.#spanStartMs = nowMs;
    this.#bytes = NOTHING;
    if (Number.isNaN(spanMs)) return;
    const status: Status = {
      type: "status",
      tick: this.#world.state.tick,
      spanMs,
      bytes,
      waiting: this.#snapshots.waitingCount,
      entities,
      players,
      mood: this.#world.mood,
      tickMs,
      ...this.#link.tally,
      counters: this.#snapshots.counters,
    };
    this.tell(status);
  }

  #handleInput(message: Uint8Array): void {
    const input = decodeInput(message);
    if (input === undefined || !this.#socket.isOpen) return;
    this.#snapshots.handleAck(input.ack);
    if (!this.#isNewer(input)) return;
    this.#echo = input.sent;
    this.#echoAtMs = performance.now();
    this.#world.steer(this.avatar, input.steerX, input.steerY);
  }

  /** Inputs may overtake each other. */
  #isNewer({ sent }: Input): boolean {
    return this.#echo === undefined || elapsedMs(this.#echo, sent) < elapsedMs(sent, this.#echo);
  }

  #handleRequest(message: Uint8Array): void {
    const request = decodeRequest(message);
    if (request?.type === "link") this.#link.configure(request);
    else if (request?.type === "sight") this.#snapshots.configure(request);
    else if (request?.type === "mood") this.onMood?.(request.mood);
  }
}

const NOTHING: Comparison = Object.freeze({ everything: 0, interestOnly: 0, deltaOnly: 0, deltaAndInterest: 0 });

function sum(a: Comparison, b: Comparison): Comparison {
  return {
    everything: a.everything + b.everything,
    interestOnly: a.interestOnly + b.interestOnly,
    deltaOnly: a.deltaOnly + b.deltaOnly,
    deltaAndInterest: a.deltaAndInterest + b.deltaAndInterest,
  };
}
