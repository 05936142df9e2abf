/**
 * The table of rooms: which folder of `src/` lies on which floor and what it may import.
 *
 * A room may always import itself. What is not in the table does not exist: a new folder needs a line here first.
 *
 * @module
 */

/** One room, or one kind of entry file. */
export interface Room {
  /** Its floor; imports go down. */
  readonly floor: number;
  /** The floors that it may import as a whole. */
  readonly floors: readonly number[];
  /** The single rooms that it may import besides. */
  readonly rooms: readonly string[];
}

/** The name under which `mod.ts` at the top is listed. */
export const FACE = "mod.ts";

/** The name under which the entry scripts in `workers/` are listed. */
export const WORKERS = "workers";

/** Packages that compute and do nothing else; every room may import them. */
export const PURE_PACKAGES: readonly string[] = [
  "@std/bytes",
  "@msgpack/msgpack",
  "@noble/ciphers",
  "@noble/curves",
  "@noble/hashes",
];

/** Packages that do more than compute, and the one driver that may import each. */
export const DRIVER_PACKAGES: ReadonlyMap<string, string> = new Map([
  ["ws", "io/websocket"],
  ["@types/ws", "io/websocket"],
  ["@nats-io/nats-core", "io/nats"],
  ["@nats-io/transport-node", "io/nats"],
]);

/**
 * The files that import what only shows at run time.
 *
 * Why one: it loads the application's own handlers in a worker, whose URL only the application knows.
 */
export const COMPUTED_IMPORTS: ReadonlySet<string> = new Set(["src/runtime/handler_module.ts"]);

const drivers = ["tcp", "tls", "udp", "websocket", "quic", "unix", "memory", "file", "nats", "native", "system"];

/** All rooms by name; a driver's name is `io/` and its folder. */
export const ROOMS: ReadonlyMap<string, Room> = new Map<string, Room>([
  ["error", room(0, [])],
  ["bytes", room(0, [], ["error"])],
  ["time", room(0, [], ["error"])],
  ["random", room(0, [], ["error"])],
  ["metric", room(0, [], ["error"])],
  ["machine", room(0, [], ["error", "time"])],
  ["ring", room(0, [], ["error", "bytes", "metric"])],
  ["wire", room(1, [0])],
  ["crypto", room(1, [0])],
  ["codec", room(1, [0])],
  ["stream", room(2, [0, 1])],
  ["message", room(2, [0, 1])],
  ["reliability", room(2, [0, 1])],
  ["fec", room(2, [0, 1])],
  ["channel", room(2, [0, 1], ["reliability", "fec"])],
  ["session", room(2, [0, 1], ["reliability", "channel"])],
  ["realtime", room(2, [0, 1])],
  ["bus", room(2, [0, 1], ["message"])],
  ["p2p", room(2, [0, 1], ["session"])],
  ["asset", room(2, [0, 1], ["message"])],
  ["transport", room(3, [0])],
  ...drivers.map((name): [string, Room] => [`io/${name}`, room(4, [0, 1, 2, 3])]),
  ["pool", room(4, [0, 1, 2, 3])],
  ["runtime", room(5, [0, 1, 2, 3, 4])],
  ["api", room(6, [0, 1, 2, 3, 4, 5])],
  ["testing", room(7, [0, 1, 2, 3, 4])],
  [WORKERS, room(8, [0, 1, 2, 3, 4, 5])],
  [FACE, room(8, [0, 1, 2, 3, 4, 5, 6])],
]);

/**
 * The room that a file lies in.
 *
 * @param path A path from the project's root.
 * @returns Its name, `undefined` for a file that lies in no room of the table.
 */
export function roomOf(path: string): string | undefined {
  if (path === FACE) return FACE;
  const [top, first, second, third] = path.split("/");
  if (top === WORKERS) return WORKERS;
  if (top !== "src") return undefined;
  const name = first === "io" ? `io/${third === undefined ? "" : second}` : first ?? "";
  return ROOMS.has(name) ? name : undefined;
}

/**
 * Whether a room may use sockets, files, workers and the real time.
 *
 * @param name The room.
 * @returns Whether it is a driver, the pool, a runtime or an entry script.
 */
export function touchesOutside(name: string): boolean {
  return name.startsWith("io/") || name === "pool" || name === "runtime" || name === WORKERS;
}

function room(floor: number, floors: readonly number[], rooms: readonly string[] = []): Room {
  return { floor, floors, rooms };
}
