/**
 * All fuzzers: a new decoder or machine is a line here.
 *
 * @module
 */
import { AeadFuzz } from "../unit/crypto/aead_fuzz.ts";
import { AssetFuzz } from "./asset_fuzz.ts";
import { BusGossipFuzz } from "./bus_gossip_fuzz.ts";
import { BusLinkFuzz } from "./bus_link_fuzz.ts";
import { ChannelFuzz } from "./channel_fuzz.ts";
import { CodecFuzz } from "./codec_fuzz.ts";
import { DeltaFuzz } from "./delta_fuzz.ts";
import { FecFuzz } from "./fec_fuzz.ts";
import { JitterFuzz } from "./jitter_fuzz.ts";
import { MessageFuzz } from "./message_fuzz.ts";
import { SessionFuzz } from "./session_fuzz.ts";
import { StreamFuzz } from "./stream_fuzz.ts";

/** One fuzzer; it may keep memory between cases, but a case depends on its seed alone. */
export interface Fuzzer {
  /** What it fuzzes. */
  readonly name: string;
  /** How many cases take about half a second. */
  readonly shortCount: number;

  /**
   * Runs one case.
   *
   * @param seed All that the case depends on.
   * @throws When an invariant does not hold.
   */
  run(seed: number): void;
}

/**
 * Makes one of each.
 *
 * @returns The fuzzers.
 */
export function allFuzzers(): Fuzzer[] {
  const [stream, aead] = [new StreamFuzz(), new AeadFuzz()];
  const [delta, jitter, session] = [new DeltaFuzz(), new JitterFuzz(), new SessionFuzz()];
  const [codec, link, gossip] = [new CodecFuzz(), new BusLinkFuzz(), new BusGossipFuzz()];
  const [channel, fec] = [new ChannelFuzz(), new FecFuzz()];
  const asset = new AssetFuzz();
  const message = new MessageFuzz();
  return [
    { name: "the stream machine and its cursor", shortCount: 3000, run: (seed) => void stream.run(seed) },
    { name: "the three AEAD providers against each other", shortCount: 3000, run: (seed) => void aead.run(seed) },
    { name: "snapshot delta at all levels", shortCount: 3000, run: (seed) => void delta.run(seed) },
    { name: "the jitter buffer", shortCount: 3000, run: (seed) => void jitter.run(seed) },
    { name: "sessions and their decoders", shortCount: 250, run: (seed) => void session.run(seed) },
    { name: "LZ4 and MessagePack", shortCount: 3000, run: (seed) => void codec.run(seed) },
    { name: "links between nodes", shortCount: 500, run: (seed) => void link.run(seed) },
    { name: "gossip between nodes", shortCount: 100, run: (seed) => void gossip.run(seed) },
    { name: "channels over links that lose", shortCount: 500, run: (seed) => void channel.run(seed) },
    { name: "parity groups", shortCount: 1500, run: (seed) => void fec.run(seed) },
    { name: "asset transfer", shortCount: 300, run: (seed) => void asset.run(seed) },
    { name: "messages and requests", shortCount: 600, run: (seed) => void message.run(seed) },
  ];
}
