/**
 * What the connections of one transport server or client share: memory, counters, one alarm for all their deadlines.
 *
 * @module
 */
import { MESSAGE_COUNTERS } from "../message/message_counters.ts";
import type { MessageConfig } from "../message/message_options.ts";
import { PacketScratch } from "../message/packet_scratch.ts";
import type { PayloadCompression } from "../message/payload_compression.ts";
import { CounterTable } from "../metric/counter_table.ts";
import { Histogram } from "../metric/histogram.ts";
import type { StreamConfig } from "../stream/stream_options.ts";
import { PayloadSlab } from "./transport_payload_slab.ts";
import { StreamEndpoint } from "./stream_endpoint.ts";
import type { RuntimeHost } from "./system_host.ts";
import type { TransportConnectionConfig } from "./transport_connection_options.ts";

/** The world around a transport server or client. */
export interface TransportHost extends RuntimeHost {
  /** The known ways of compressing; none in a browser. */
  readonly compressions: readonly PayloadCompression[];
}

/** What a protocol may say in place of the whole. */
export interface ProtocolSays {
  /** The largest payload by it; `Infinity`: that of the whole. */
  readonly maxPayloadBytes: number;
  /** When a silent peer is asked; `undefined`: as the whole says. */
  readonly keepAliveMs: number | undefined;
}

/** The shared part of many message connections. */
export class TransportEndpoint {
  /** The checked options of all connections. */
  readonly config: TransportConnectionConfig;
  /** Memory, deadlines and counters of the links. */
  readonly streams: StreamEndpoint;
  /** Counters of the messages; a row a connection. */
  readonly messages: CounterTable = new CounterTable(MESSAGE_COUNTERS, 8);
  /** Where packets are put together. */
  readonly scratch: PacketScratch = new PacketScratch();
  /** Where copies of received payloads go. */
  readonly slab: PayloadSlab = new PayloadSlab();
  /** The known ways of compressing. */
  readonly compressions: readonly PayloadCompression[];
  readonly #streamConfigs = new Map<number, StreamConfig>();
  readonly #configs = new Map<unknown, MessageConfig>();
  /** How long own requests took that were answered, in microseconds. */
  readonly latency: Histogram = new Histogram();
  /** How long it took to answer requests of peers, in microseconds. */
  readonly handling: Histogram = new Histogram();

  /**
   * @param config The checked options.
   * @param host Time, randomness, compression.
   */
  constructor(config: TransportConnectionConfig, host: TransportHost) {
    this.config = config;
    this.streams = new StreamEndpoint(config.stream, host);
    this.compressions = host.compressions;
  }

  /**
   * The options of streams of packets.
   *
   * @param maxPayloadBytes The largest payload, where the framing tells it apart.
   * @returns The same configuration for all streams with that bound.
   */
  streamConfig(maxPayloadBytes: number): StreamConfig {
    const known = this.#streamConfigs.get(maxPayloadBytes);
    if (known !== undefined) return known;
    const config = Object.freeze({ ...this.config.stream, maxFrameBytes: maxPayloadBytes });
    this.#streamConfigs.set(maxPayloadBytes, config);
    return config;
  }

  /**
   * The options of messages by one protocol.
   *
   * @param protocol What the protocol says for itself.
   * @returns The same configuration for all its connections.
   */
  messageConfig(protocol: ProtocolSays): MessageConfig {
    const known = this.#configs.get(protocol);
    if (known !== undefined) return known;
    const { message } = this.config;
    const config = Object.freeze({
      ...message,
      maxPayloadBytes: Math.min(message.maxPayloadBytes, protocol.maxPayloadBytes),
      keepAliveMs: protocol.keepAliveMs ?? message.keepAliveMs,
    });
    this.#configs.set(protocol, config);
    return config;
  }
}
