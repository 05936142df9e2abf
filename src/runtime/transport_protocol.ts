/**
 * What a protocol is to a transport server or client: a name, and where links come from. Nothing here names a driver.
 *
 * @module
 */
import { duration, integer } from "../error/option_check.ts";
import { MESSAGE_HEADER_FRAMING, UINT32_FRAMING } from "../stream/framing.ts";
import { type Address, formatAddress } from "../transport/address.ts";
import type { MessageFabric, MessageLink } from "../transport/message_link.ts";
import type { StreamFabric, StreamLink } from "../transport/stream_link.ts";
import type { CarrierOwner, PacketCarrier } from "./transport_carrier.ts";
import type { TransportEndpoint } from "./transport_endpoint.ts";
import { LinkCarrier } from "./transport_link_carrier.ts";
import { StreamCarrier } from "./transport_stream_carrier.ts";

/** What every protocol may say for itself, in place of the server or client as a whole. */
export interface ProtocolLimits {
  /** How many connections a server takes by this protocol, 1 to 2^24. @default 16777216 */
  readonly maxConnectionCount?: number;
  /** The largest payload in bytes by this protocol; no larger than that of the whole. @default that of the whole */
  readonly maxPayloadBytes?: number;
  /** After a silence of this length a peer is asked whether it is there, in ms. 0: never. @default that of the whole */
  readonly keepAliveMs?: number;
  /** How long one attempt of a client to connect by this protocol may take, in ms. @default that of the whole */
  readonly connectTimeoutMs?: number;
}

/**
 * A protocol: how packets get from one end to the other. `tcp()`, `webSocket()` and their kin make one, and any program
 * makes its own with `streamProtocol()` or `messageProtocol()`.
 */
export interface TransportProtocol {
  /** What it is called in events and statistics. */
  readonly name: string;
  /** Where it leads or listens. */
  readonly target: Address;
  /** How many connections a server takes by it. */
  readonly maxConnectionCount: number;
  /** The largest payload by it; `Infinity`: that of the whole. */
  readonly maxPayloadBytes: number;
  /** When a silent peer is asked; `undefined`: as the whole says. */
  readonly keepAliveMs: number | undefined;
  /** How long an attempt to connect by it may take; `undefined`: as the whole says. */
  readonly connectTimeoutMs: number | undefined;
  /** Where links come from. */
  readonly links: ProtocolLinks;
}

/** Where links come from, and how their packets follow one another. */
export type ProtocolLinks =
  | { readonly kind: "stream"; readonly framing: "message" | "uint32"; readonly fabric: StreamFabric }
  | { readonly kind: "message"; readonly fabric: MessageFabric };

/** One established link, of either kind. */
export type ProtocolLink = StreamLink | MessageLink;

/**
 * A protocol over byte streams: packets one after another, as on TCP.
 *
 * @param name What it is called in events and statistics.
 * @param fabric How streams are listened for and opened.
 * @param limits What it limits for itself.
 * @returns The protocol.
 * @throws {TypeError} When the name is empty or no string.
 * @throws {RangeError} When a limit is out of its bounds.
 */
export function streamProtocol(name: string, fabric: StreamFabric, limits: ProtocolLimits = {}): TransportProtocol {
  return protocol(name, fabric.target, limits, { kind: "stream", framing: "message", fabric });
}

/**
 * A protocol over byte streams with a `uint32` length before each packet, as on QUIC.
 *
 * @param name What it is called in events and statistics.
 * @param fabric How streams are listened for and opened.
 * @param limits What it limits for itself.
 * @returns The protocol.
 * @throws {TypeError} When the name is empty or no string.
 * @throws {RangeError} When a limit is out of its bounds.
 */
export function framedStreamProtocol(
  name: string,
  fabric: StreamFabric,
  limits: ProtocolLimits = {},
): TransportProtocol {
  return protocol(name, fabric.target, limits, { kind: "stream", framing: "uint32", fabric });
}

/**
 * A protocol over links of whole messages: one packet a message, as on WebSocket.
 *
 * @param name What it is called in events and statistics.
 * @param fabric How links are listened for and opened.
 * @param limits What it limits for itself.
 * @returns The protocol.
 * @throws {TypeError} When the name is empty or no string.
 * @throws {RangeError} When a limit is out of its bounds.
 */
export function messageProtocol(name: string, fabric: MessageFabric, limits: ProtocolLimits = {}): TransportProtocol {
  return protocol(name, fabric.target, limits, { kind: "message", fabric });
}

/**
 * Makes the carrier of a link.
 *
 * @param protocol Where the link came from.
 * @param link The link.
 * @param endpoint What all connections share.
 * @returns What makes the carrier for its owner.
 */
export function carrierFor(
  protocol: TransportProtocol,
  link: ProtocolLink,
  endpoint: TransportEndpoint,
): (owner: CarrierOwner) => PacketCarrier {
  const { links } = protocol;
  if (links.kind === "message") return (owner) => new LinkCarrier(endpoint, link as MessageLink, owner);
  const framing = links.framing === "message" ? MESSAGE_HEADER_FRAMING : UINT32_FRAMING;
  const { maxPayloadBytes } = endpoint.messageConfig(protocol);
  return (owner) => new StreamCarrier(endpoint, link as StreamLink, framing, maxPayloadBytes, owner);
}

/**
 * Checks that something is a protocol.
 *
 * @param value What the caller gave.
 * @throws {TypeError} When it is none.
 */
export function checkProtocol(value: TransportProtocol): void {
  const links = (value as Partial<TransportProtocol> | undefined)?.links;
  if (typeof value?.name === "string" && typeof links?.fabric?.connect === "function") return;
  throw new TypeError("A protocol is what tcp(), webSocket(), streamProtocol() and their kin make");
}

/**
 * A protocol as people write it.
 *
 * @param one The protocol.
 * @returns For example `tcp 127.0.0.1:8001`.
 */
export function formatProtocol(one: TransportProtocol): string {
  return `${one.name} ${formatAddress(one.target)}`;
}

function protocol(name: string, target: Address, limits: ProtocolLimits, links: ProtocolLinks): TransportProtocol {
  if (typeof name !== "string" || name === "") throw new TypeError("A protocol must have a name");
  const { maxPayloadBytes, keepAliveMs, connectTimeoutMs } = limits;
  return Object.freeze({
    name,
    target,
    maxConnectionCount: integer("maxConnectionCount", limits.maxConnectionCount, 2 ** 24, 1, 2 ** 24),
    maxPayloadBytes: maxPayloadBytes === undefined
      ? Infinity
      : integer("maxPayloadBytes", maxPayloadBytes, 1, 1, 2 ** 30),
    keepAliveMs: keepAliveMs === undefined ? undefined : duration("keepAliveMs", keepAliveMs, 0),
    connectTimeoutMs: connectTimeoutMs === undefined
      ? undefined
      : integer("connectTimeoutMs", connectTimeoutMs, 1, 1, 2 ** 31),
    links,
  });
}
