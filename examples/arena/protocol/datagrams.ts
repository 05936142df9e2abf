/**
 * The messages of the arena that may get lost, late or out of order, and the overview that may not.
 *
 * Integers and floats are little-endian. Times are those of the client's clock in tenths of a millisecond, modulo 2^32 - 1:
 * the server sends the newest one back and says how long it has held it, so that a round trip is measured by one clock.
 *
 * ```text
 * snapshot  | 1 | tick u32 | echo u32 | held u16 (tenths of a ms) | what WorldObserver.encode() wrote |
 * overview  | 2 | tick u32 | count u16 | x u16, y u16 | … |     65535: there is no entity of this id
 * input     | 17 | ack i32 | steer x i8 | steer y i8 | sent u32 |
 * control   | "{" and the rest of a JSON text: control.ts |
 * ```
 *
 * @module
 */

/** The first byte of a message. */
export const MessageKind = { Snapshot: 1, Overview: 2, Input: 17, Control: 0x7b } as const;

/** How many bytes a snapshot message has before its snapshot. */
export const SNAPSHOT_HEADER_BYTES = 11;

/** How many bytes an input message has. */
export const INPUT_BYTES = 11;

/** What an overview says where there is no entity. */
export const NOBODY = 0xffff;

const OVERVIEW_HEADER_BYTES = 7;
const NO_ECHO = 0xffff_ffff;
const MAX_HELD = 0xffff;
const STEER_STEPS = 127;

/** What a snapshot message says before its snapshot. */
export interface SnapshotHead {
  /** The tick that it shows. */
  readonly tick: number;
  /** The newest time that the client sent, `undefined` before any came. */
  readonly echo: number | undefined;
  /** For how many ms the server has had that time. */
  readonly heldMs: number;
}

/** What a client says as often as there is a tick. */
export interface Input {
  /** What `WorldReplica.ack` says. */
  readonly ack: number;
  /** Where to, each from -1 to 1. */
  readonly steerX: number;
  /** As `steerX`. */
  readonly steerY: number;
  /** When it was sent, by the client's clock. */
  readonly sent: number;
}

/**
 * Turns a time into what messages carry.
 *
 * @param ms A time in ms.
 * @returns Tenths of a ms modulo 2^32 - 1, the number that means none.
 */
export function toTenths(ms: number): number {
  return Math.round(ms * 10) % NO_ECHO;
}

/**
 * How many ms passed between two times.
 *
 * @param from The earlier one, as messages carry it.
 * @param to The later one.
 * @returns Milliseconds.
 */
export function elapsedMs(from: number, to: number): number {
  return ((to - from + NO_ECHO) % NO_ECHO) / 10;
}

/**
 * Writes the head of a snapshot message.
 *
 * @param view The message.
 * @param head What it says.
 */
export function encodeSnapshotHead(view: DataView, head: SnapshotHead): void {
  view.setUint8(0, MessageKind.Snapshot);
  view.setUint32(1, head.tick, true);
  view.setUint32(5, head.echo ?? NO_ECHO, true);
  view.setUint16(9, Math.min(MAX_HELD, Math.round(head.heldMs * 10)), true);
}

/**
 * Reads the head of a snapshot message.
 *
 * @param message A message of this kind.
 * @returns What it says, `undefined` when it is too short.
 */
export function decodeSnapshotHead(message: Uint8Array): SnapshotHead | undefined {
  if (message.length < SNAPSHOT_HEADER_BYTES) return undefined;
  const view = viewOf(message);
  const echo = view.getUint32(5, true);
  return {
    tick: view.getUint32(1, true),
    echo: echo === NO_ECHO ? undefined : echo,
    heldMs: view.getUint16(9, true) / 10,
  };
}

/**
 * Writes an input message.
 *
 * @param input What it says.
 * @returns The message.
 */
export function encodeInput(input: Input): Uint8Array {
  const view = new DataView(new ArrayBuffer(INPUT_BYTES));
  view.setUint8(0, MessageKind.Input);
  view.setInt32(1, input.ack, true);
  view.setInt8(5, Math.round(clamp(input.steerX) * STEER_STEPS));
  view.setInt8(6, Math.round(clamp(input.steerY) * STEER_STEPS));
  view.setUint32(7, input.sent, true);
  return new Uint8Array(view.buffer);
}

/**
 * Reads an input message; any bytes may come from a client.
 *
 * @param message A message of this kind.
 * @returns What it says, `undefined` when it is of another length.
 */
export function decodeInput(message: Uint8Array): Input | undefined {
  if (message.length !== INPUT_BYTES) return undefined;
  const view = viewOf(message);
  return {
    ack: view.getInt32(1, true),
    steerX: clamp(view.getInt8(5) / STEER_STEPS),
    steerY: clamp(view.getInt8(6) / STEER_STEPS),
    sent: view.getUint32(7, true),
  };
}

/** Where everybody is. */
export interface Overview {
  /** The tick that it shows. */
  readonly tick: number;
  /** By id: x and y, NaN where there is no entity. */
  readonly places: Float64Array;
}

/**
 * Writes where everybody is, roughly.
 *
 * @param tick The tick.
 * @param places By id: the horizontal and the vertical place, NaN where there is no entity.
 * @param halfSide How far the arena reaches from its middle.
 * @returns The message.
 */
export function encodeOverview(tick: number, places: Float64Array, halfSide: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(OVERVIEW_HEADER_BYTES + 2 * places.length));
  view.setUint8(0, MessageKind.Overview);
  view.setUint32(1, tick, true);
  view.setUint16(5, places.length / 2, true);
  for (let i = 0; i < places.length; i++) {
    const place = places[i]!;
    const steps = Number.isNaN(place) ? NOBODY : Math.round((place / halfSide + 1) / 2 * (NOBODY - 1));
    view.setUint16(OVERVIEW_HEADER_BYTES + 2 * i, Math.max(0, Math.min(NOBODY, steps)), true);
  }
  return new Uint8Array(view.buffer);
}

/**
 * Reads where everybody is.
 *
 * @param message A message of this kind.
 * @param halfSide How far the arena reaches from its middle.
 * @returns What it says, `undefined` when it is cut short.
 */
export function decodeOverview(message: Uint8Array, halfSide: number): Overview | undefined {
  if (message.length < OVERVIEW_HEADER_BYTES) return undefined;
  const view = viewOf(message);
  const places = new Float64Array(2 * view.getUint16(5, true));
  if (message.length !== OVERVIEW_HEADER_BYTES + 2 * places.length) return undefined;
  for (let i = 0; i < places.length; i++) {
    const steps = view.getUint16(OVERVIEW_HEADER_BYTES + 2 * i, true);
    places[i] = steps === NOBODY ? NaN : (steps / (NOBODY - 1) * 2 - 1) * halfSide;
  }
  return { tick: view.getUint32(1, true), places };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function clamp(value: number): number {
  return Math.max(-1, Math.min(1, value));
}
