/**
 * The arena as a whole: one world at a fixed tick, people over WebSocket, bots over framed TCP in the same process.
 *
 * Invariant: `stop()` ends everything that `start()` began, so that the process can end by itself.
 *
 * @module
 */
import { type Connection, Reactor } from "@ringwire/ringwire";
import { Bot } from "../client/bot.ts";
import { MAX_REQUEST_BYTES } from "../protocol/control.ts";
import { encodeOverview } from "../protocol/datagrams.ts";
import { HALF_SIDE, TICKS_PER_SECOND } from "../world/arena_schema.ts";
import { ArenaWorld } from "../world/arena_world.ts";
import { Player, type PlayerSocket } from "./player.ts";
import { WholeSnapshots } from "./snapshot_maker.ts";
import { TickLoop } from "./tick_loop.ts";
import { type PlayerSession, WebServer } from "./web_server.ts";

/** What an arena is made with. */
export interface ArenaOptions {
  /** Where the web server listens. */
  readonly hostname: string;
  /** Where the web server listens; 0 for a free port. */
  readonly port: number;
  /** How many entities move by themselves. */
  readonly entities: number;
  /** How many bots play. */
  readonly bots: number;
}

/** For how many people there is room. */
export const MAX_GUESTS = 32;

const STATUS_TICKS = 10;
/** What players are sent until they ask for something else. */
const GUEST_SIGHT = { radius: 160, budgetBytes: 1200 };
const BOT_SIGHT = { radius: 120, budgetBytes: 1200 };

/** A running arena. */
export class Arena {
  readonly #world: ArenaWorld;
  readonly #everything: WholeSnapshots;
  readonly #players = new Map<number, Player>();
  readonly #byConnection = new Map<number, PlayerSession>();
  readonly #bots: Bot[] = [];
  readonly #reactor: Reactor;
  #web: WebServer | undefined;
  #loop: TickLoop | undefined;
  #guests = 0;

  private constructor({ entities, bots }: ArenaOptions) {
    this.#world = new ArenaWorld(entities, bots + MAX_GUESTS);
    this.#everything = new WholeSnapshots(this.#world);
    this.#reactor = new Reactor({
      hostname: "127.0.0.1",
      port: 0,
      maxFrameBytes: MAX_REQUEST_BYTES,
      onConnected: (connection) => this.#admitBot(connection),
      onReceived: ({ id }, message) => this.#byConnection.get(id)?.handleMessage(message),
      onDisconnected: ({ id }) => {
        this.#byConnection.get(id)?.handleClose();
        this.#byConnection.delete(id);
      },
    });
  }

  /**
   * Starts an arena.
   *
   * @param options What it is like.
   * @returns The arena, ticking.
   * @throws {Deno.errors.AddrInUse} When somebody else listens on the port.
   */
  static async start(options: ArenaOptions): Promise<Arena> {
    const arena = new Arena(options);
    arena.#web = await WebServer.start(options.hostname, options.port, (socket, withChecksum) => {
      return arena.#admit(socket, `guest ${++arena.#guests}`, false, withChecksum);
    });
    await arena.#reactor.start();
    for (let i = 0; i < options.bots; i++) arena.#bots.push(new Bot(arena.#reactor.port, i));
    arena.#loop = new TickLoop(1000 / TICKS_PER_SECOND, () => arena.#tick());
    return arena;
  }

  /** The port that the web server listens on. */
  get port(): number {
    return this.#web!.port;
  }

  /** Sends everybody home. */
  async stop(): Promise<void> {
    this.#loop?.stop();
    await this.#web?.stop();
    await Promise.all(this.#bots.map((bot) => bot[Symbol.asyncDispose]()));
    await this.#reactor.stop();
  }

  #tick(): void {
    const tick = this.#world.step();
    const overview = encodeOverview(tick, this.#world.places, HALF_SIDE);
    const tickMs = tick % STATUS_TICKS === 0 ? this.#loop!.takeTickMs() : undefined;
    for (const player of this.#players.values()) {
      player.sendSnapshot();
      if (player.isBot) continue;
      player.send(overview);
      if (tickMs !== undefined) player.sendStatus(this.#world.state.entityCount, this.#players.size, tickMs);
    }
  }

  #admitBot(connection: Connection): void {
    const socket: PlayerSocket = {
      get isOpen() {
        return connection.open;
      },
      get waitingBytes() {
        return connection.queuedBytes;
      },
      send: (message) => void connection.trySend(message),
    };
    const session = this.#admit(socket, `bot ${this.#byConnection.size + 1}`, true, false);
    if (session === undefined) connection.abort();
    else this.#byConnection.set(connection.id, session);
  }

  #admit(socket: PlayerSocket, name: string, isBot: boolean, withChecksum: boolean): PlayerSession | undefined {
    const sight = isBot ? BOT_SIGHT : GUEST_SIGHT;
    const avatar = this.#world.join(sight.radius, !isBot);
    if (avatar < 0) return undefined;
    const compared = isBot ? {} : { everything: this.#everything };
    const player = new Player(this.#world, { name, avatar, isBot, sight, withChecksum, socket, ...compared });
    player.onMood = (mood) => this.#world.mood = mood;
    this.#players.set(avatar, player);
    this.#tellRoster();
    return {
      handleMessage: (message) => player.handleMessage(message),
      handleClose: () => {
        this.#players.delete(avatar);
        this.#world.leave(avatar);
        this.#tellRoster();
      },
    };
  }

  #tellRoster(): void {
    const players = [...this.#players.values()].map(({ avatar, name, isBot }) => ({ id: avatar, name, isBot }));
    for (const player of this.#players.values()) {
      if (!player.isBot) player.tell({ type: "roster", players });
    }
  }
}
