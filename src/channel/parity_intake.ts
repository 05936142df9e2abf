/**
 * Takes protected frames and parity, and hands on what they give back.
 *
 * Invariant: a recovered frame is treated like one that came by itself, and its place is told to the peer.
 *
 * @module
 */
import { FecDecoder, FecOutcome } from "../fec/fec_decoder.ts";
import { ChannelFrameType } from "../wire/channel_frame.ts";
import type { ChannelFrameReader } from "../wire/channel_frame_reader.ts";
import type { ChannelContext } from "./channel_context.ts";
import { ChannelCounter } from "./channel_counters.ts";
import type { ChannelReceiver } from "./channel_receiver.ts";
import type { InChannel } from "./in_channel.ts";

/**
 * Takes a protected message or fragment.
 *
 * @param context What all connections share.
 * @param receiver The receiving side.
 * @param c The channel.
 * @param r The frame.
 * @param buffer The memory that it is in; copied from.
 * @param end Where it ends.
 * @returns False when it breaks a rule.
 */
export function takeProtected(
  context: ChannelContext,
  receiver: ChannelReceiver,
  c: InChannel,
  r: ChannelFrameReader,
  buffer: Uint8Array,
  end: number,
): boolean {
  const { group, index, inner } = r;
  if (!receiver.handleMessage(c, r, buffer)) return false;
  const decoder = c.decoder ??= new FecDecoder(context.clock);
  return settle(receiver, c, r, decoder.handleSource(group, index, buffer, inner, end), group);
}

/**
 * Takes a parity.
 *
 * @param context What all connections share.
 * @param receiver The receiving side.
 * @param c The channel.
 * @param r The frame.
 * @param buffer The memory that it is in; copied from.
 * @returns False when it breaks a rule.
 */
export function takeParity(
  context: ChannelContext,
  receiver: ChannelReceiver,
  c: InChannel,
  r: ChannelFrameReader,
  buffer: Uint8Array,
): boolean {
  const decoder = c.decoder ??= new FecDecoder(context.clock);
  const { group, index, sources, parities, offset, length } = r;
  const outcome = decoder.handleParity(group, index, sources, parities, buffer, offset, length);
  return settle(receiver, c, r, outcome, group);
}

/** Acts on what the decoder made of a frame. */
function settle(
  receiver: ChannelReceiver,
  c: InChannel,
  r: ChannelFrameReader,
  outcome: FecOutcome,
  group: number,
): boolean {
  const decoder = c.decoder!;
  if (outcome === FecOutcome.Lie) return false;
  if (outcome === FecOutcome.Late) receiver.count(ChannelCounter.LateForGroup, 1);
  if (decoder.unrecoverable > 0) {
    receiver.count(ChannelCounter.GroupsUnrecoverable, decoder.unrecoverable);
    decoder.unrecoverable = 0;
  }
  if (outcome !== FecOutcome.Recovered) return true;
  const { number } = c.config;
  for (let i = 0; i < decoder.recoveredCount; i++) {
    const start = decoder.startOf(i);
    const end = decoder.endOf(i);
    const bytes = decoder.recoveredBytes;
    if (r.read(bytes, start, end) !== end - start || r.isProtected || r.channel !== number) return false;
    if (r.type !== ChannelFrameType.Message && r.type !== ChannelFrameType.Fragment) return false;
    if (!receiver.handleMessage(c, r, bytes)) return false;
    receiver.noteRecovered(c, group, decoder.recoveredIndexes[i]!);
  }
  return true;
}
