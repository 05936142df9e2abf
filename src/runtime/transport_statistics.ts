/**
 * What transport servers and clients have counted, as plain objects.
 *
 * @module
 */
import type { HistogramSnapshot } from "../metric/histogram.ts";
import type { StreamStatistics } from "./statistics.ts";
import type { TransportEndpoint } from "./transport_endpoint.ts";

/** What all connections together have counted, past ones included. */
export interface MessageStatistics {
  /** One-way messages handed to the application. */
  readonly oneWayIn: number;
  /** Requests handed to the application. */
  readonly requestsIn: number;
  /** Answers handed to those who waited for them. */
  readonly responsesIn: number;
  /** One-way messages queued for sending. */
  readonly oneWayOut: number;
  /** Requests queued for sending. */
  readonly requestsOut: number;
  /** Answers queued for sending, refusals included. */
  readonly responsesOut: number;
  /** Bytes of payload received, after unpacking. */
  readonly payloadBytesIn: number;
  /** Bytes of payload queued, before compression. */
  readonly payloadBytesOut: number;
  /** Payloads that were unpacked. */
  readonly compressedIn: number;
  /** Payloads that went out compressed. */
  readonly compressedOut: number;
  /** Answers to requests that had expired or were cancelled. */
  readonly lateResponses: number;
  /** Answers to requests that were answered already. */
  readonly duplicateResponses: number;
  /** Answers to ids that are not remembered. */
  readonly unknownResponses: number;
  /** Requests whose id an unanswered request of the same peer has. */
  readonly duplicateRequests: number;
  /** Requests beyond those that may be unanswered. */
  readonly crowdedRequests: number;
  /** Own requests that expired. */
  readonly expiredOut: number;
  /** Requests of peers whose deadline passed before they were answered. */
  readonly expiredIn: number;
  /** Requests that peers cancelled. */
  readonly cancelsIn: number;
  /** Requests that this side cancelled. */
  readonly cancelsOut: number;
  /** Control that found no room and was not sent. */
  readonly controlDropped: number;
  /** Packets of another version. */
  readonly badVersion: number;
  /** Payloads with an unknown compression. */
  readonly badCompression: number;
  /** Packets of an unknown type, or requests with the id 0. */
  readonly badType: number;
  /** Packets whose lengths do not add up. */
  readonly badLength: number;
  /** Payloads that do not unpack to at most `maxPayloadBytes`. */
  readonly badPayload: number;
  /** Payloads larger than `maxPayloadBytes`. */
  readonly tooLarge: number;
  /** Control lists that are none. */
  readonly badControl: number;
}

/** What servers and clients have in common. */
export interface TransportStatistics {
  /** How many connections are open. */
  readonly activeConnections: number;
  /** How many there have been. */
  readonly totalConnections: number;
  /** Messages and requests of all kinds, both ways. */
  readonly totalMessages: number;
  /** The messages by kind, and what was wrong with some. */
  readonly messages: MessageStatistics;
  /** The byte streams below; links of whole messages are not in here. */
  readonly streams: StreamStatistics;
  /** How many own requests wait for their answer. */
  readonly pendingRequests: number;
  /** How many requests of peers wait for an answer. */
  readonly unansweredRequests: number;
  /** How many bytes wait to be handed to links, or for room. */
  readonly queuedBytes: number;
  /** Messages that came while nobody listened, and were dropped. */
  readonly unhandledMessages: number;
  /** How long own requests took, in microseconds. */
  readonly latency: HistogramSnapshot;
  /** How long it took to answer requests of peers, in microseconds. */
  readonly handling: HistogramSnapshot;
  /** The mean of both, in ms; 0 before the first. */
  readonly averageLatencyMs: number;
  /** The memory of buffers and queues, in bytes. */
  readonly memoryBytes: number;
}

/** What a server has counted. */
export interface TransportServerStatistics extends TransportStatistics {
  /** How many connections are open by each protocol. */
  readonly protocolDistribution: Readonly<Record<string, number>>;
  /** How many connections were turned away, and why. */
  readonly refusedConnections: {
    /** There were too many. */
    readonly byCount: number;
    /** Their host had too many. */
    readonly byAddress: number;
    /** Their host made them too fast. */
    readonly byRate: number;
    /** Middleware turned them away, or took too long. */
    readonly byMiddleware: number;
  };
  /** How often accepting failed for now. */
  readonly acceptErrors: number;
}

/** What a client has counted. */
export interface TransportClientStatistics extends TransportStatistics {
  /** How many attempts to connect failed. */
  readonly failedConnects: number;
}

/** What only the owner of connections knows. */
export interface Gauges {
  /** The open connections. */
  readonly connections: Iterable<{
    readonly queuedBytes: number;
    readonly pendingCount: number;
    readonly unansweredCount: number;
  }>;
  /** How many connections there have been. */
  readonly totalConnections: number;
  /** Messages that came while nobody listened. */
  readonly unhandledMessages: number;
}

/**
 * Puts together what an endpoint has counted.
 *
 * @param endpoint The endpoint.
 * @param gauges What only the owner knows.
 * @returns A copy.
 */
export function transportStatistics(endpoint: TransportEndpoint, gauges: Gauges): TransportStatistics {
  const messages = endpoint.messages.totals() as unknown as MessageStatistics;
  const { readBlocks, sendBlocks } = endpoint.streams;
  const { latency, handling } = endpoint;
  let [activeConnections, pendingRequests, unansweredRequests, queuedBytes] = [0, 0, 0, 0];
  for (const one of gauges.connections) {
    activeConnections++;
    pendingRequests += one.pendingCount;
    unansweredRequests += one.unansweredCount;
    queuedBytes += one.queuedBytes;
  }
  const { oneWayIn, requestsIn, responsesIn, oneWayOut, requestsOut, responsesOut } = messages;
  const timed = latency.count + handling.count;
  const mean = timed === 0 ? 0 : (latency.mean * latency.count + handling.mean * handling.count) / timed;
  return {
    activeConnections,
    totalConnections: gauges.totalConnections,
    totalMessages: oneWayIn + requestsIn + responsesIn + oneWayOut + requestsOut + responsesOut,
    messages,
    streams: endpoint.streams.totals(),
    pendingRequests,
    unansweredRequests,
    queuedBytes,
    unhandledMessages: gauges.unhandledMessages,
    latency: latency.snapshot(),
    handling: handling.snapshot(),
    averageLatencyMs: mean / 1000,
    memoryBytes: readBlocks.lentBytes + readBlocks.retainedBytes + sendBlocks.lentBytes + sendBlocks.retainedBytes,
  };
}
