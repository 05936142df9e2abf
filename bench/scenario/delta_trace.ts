/**
 * The arena as a trace: the inhabitants of `examples/arena` and how they move, and the same as plain records.
 *
 * @module
 */
import type { BotColumns } from "../../examples/arena/world/arena_trace.ts";

export { type ArenaFields, arenaSchema, TICKS_PER_SECOND } from "../../examples/arena/world/arena_schema.ts";
export { ArenaTrace, BotColumns, type Mood, play } from "../../examples/arena/world/arena_trace.ts";

/** What a bot takes as a plain record: five float32, five bytes. */
export const RECORD_BYTES = 25;

/**
 * Writes the bots of one tick as plain records.
 *
 * @param bots The bots.
 * @param view Where the records go.
 */
export function playPlain(bots: BotColumns, view: DataView): void {
  for (let i = 0; i < bots.count; i++) {
    const to = i * RECORD_BYTES;
    view.setFloat32(to, bots.x[i]!);
    view.setFloat32(to + 4, bots.y[i]!);
    view.setFloat32(to + 8, bots.velocityX[i]!);
    view.setFloat32(to + 12, bots.velocityY[i]!);
    view.setFloat32(to + 16, bots.heading[i]!);
    view.setUint8(to + 20, bots.health[i]!);
    view.setUint8(to + 21, bots.energy[i]!);
    view.setUint8(to + 22, bots.mood[i]!);
    view.setUint16(to + 23, i & 0x0303);
  }
}
