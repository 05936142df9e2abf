/**
 * The frames inside a protected packet (STANDARD.md, section 6): their types and how each is written.
 *
 * `frame_cursor.ts` in this folder reads them. Fields have fixed sizes: a frame is decoded more often than
 * a byte is missing. Invariant: a frame is written whole or not at all; the caller has made sure of the room by the
 * sizes that stand here.
 *
 * @module
 */
import { decodeWord, encodeNumber, encodeWord } from "./packet_header.ts";
import { encodeLimits, LIMITS_BYTES, type SessionLimits } from "./session_limits.ts";

/**
 * The types of frames. Each frame is one byte of type and the fields that stand behind the name, big-endian.
 */
export const FrameType = {
  /** Nothing; fills a packet up. */
  Padding: 0x00,
  /** Nothing; asks for an acknowledgement without delay. */
  Ping: 0x01,
  /** largest uint64, count below it that were received without a gap uint32, delay in µs uint32. */
  Ack: 0x02,
  /** 8 bytes that the answer repeats. */
  PathChallenge: 0x03,
  /** The 8 bytes of a challenge. */
  PathResponse: 0x04,
  /** sequence uint32, connection id 8 bytes, stateless reset token 16 bytes. */
  NewConnectionId: 0x05,
  /** sequence uint32 of an id that the sender of this frame will not use again. */
  RetireConnectionId: 0x06,
  /** code uint16, length uint8, UTF-8 reason. */
  Close: 0x07,
  /** Nothing; the server has opened a session packet of the client. */
  HandshakeDone: 0x08,
  /** lifetime in s uint32, age mask uint32, secret 32 bytes, length uint16, ticket. */
  Ticket: 0x09,
  /** {@linkcode EarlyVerdict} uint8, stateless reset token 16 bytes, limits 12 bytes. */
  Accept: 0x0a,
  /** limits 12 bytes; the client's, in a first flight. */
  Offer: 0x0b,
  /** Ranges of received packet numbers; ack_frame.ts writes and reads them. */
  AckRanges: 0x0c,
  /** The same with counts of explicit congestion notification. */
  AckRangesEcn: 0x0d,
  /** A message of a channel; this and all other types of channels are in channel_frame.ts. */
  Message: 0x10,
  /** As Plain; is sent again until acknowledged, and delivered once by its id, which is below 32. */
  EarlyMessage: 0x11,
  /** channel uint8, message id uint32, length uint16, payload; of unreliable channels, and never sent again. */
  Plain: 0x19,
} as const;

/** One of the values of {@linkcode FrameType}. */
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** What became of the early data of a first flight. */
export const EarlyVerdict = {
  /** There was none. */
  None: 0,
  /** It was delivered. */
  Accepted: 1,
  /** It was thrown away: send it again. */
  Refused: 2,
} as const;

/** One of the values of {@linkcode EarlyVerdict}. */
export type EarlyVerdict = (typeof EarlyVerdict)[keyof typeof EarlyVerdict];

/** How many early messages a first flight carries at most; their ids are below this. */
export const MAX_EARLY_MESSAGES = 32;

/** How many bytes a stateless reset token has. */
export const RESET_TOKEN_BYTES = 16;

/** How many bytes secrets, randoms and key shares have. */
export const SECRET_BYTES = 32;

/** How many bytes a challenge has. */
export const CHALLENGE_BYTES = 8;

/** The most bytes of a reason. */
export const MAX_REASON_BYTES = 255;

/** The most bytes of a ticket. */
export const MAX_TICKET_BYTES = 512;

/** How many bytes stand before the payload of a message. */
export const MESSAGE_OVERHEAD_BYTES = 8;

/** Sizes of the frames that have one. */
export const ACK_FRAME_BYTES = 17;
/** A challenge or a response. */
export const PATH_FRAME_BYTES: number = 1 + CHALLENGE_BYTES;
/** A new connection id. */
export const NEW_ID_FRAME_BYTES: number = 13 + RESET_TOKEN_BYTES;
/** The end of a connection id. */
export const RETIRE_FRAME_BYTES = 5;
/** A close without its reason. */
export const CLOSE_OVERHEAD_BYTES = 4;
/** A ticket frame without its ticket. */
export const TICKET_OVERHEAD_BYTES: number = 11 + SECRET_BYTES;
/** An accept. */
export const ACCEPT_FRAME_BYTES: number = 2 + RESET_TOKEN_BYTES + LIMITS_BYTES;
/** An offer. */
export const OFFER_FRAME_BYTES: number = 1 + LIMITS_BYTES;

/**
 * Writes an acknowledgement.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param largest The largest packet number that was received.
 * @param count How many numbers directly below it were received too.
 * @param delayMicros For how long the largest has been waiting to be acknowledged.
 * @returns The index after the frame.
 */
export function encodeAck(into: Uint8Array, at: number, largest: number, count: number, delayMicros: number): number {
  into[at] = FrameType.Ack;
  encodeNumber(into, at + 1, largest);
  encodeWord(into, at + 9, count);
  encodeWord(into, at + 13, delayMicros);
  return at + ACK_FRAME_BYTES;
}

/**
 * Writes a challenge or a response.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param type Which of the two.
 * @param high The first four bytes of the data, as a word.
 * @param low The last four.
 * @returns The index after the frame.
 */
export function encodePathFrame(into: Uint8Array, at: number, type: FrameType, high: number, low: number): number {
  into[at] = type;
  encodeWord(into, at + 1, high);
  encodeWord(into, at + 5, low);
  return at + PATH_FRAME_BYTES;
}

/**
 * Writes a new connection id.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param sequence The id's place in the order in which its owner issued them.
 * @param idHigh The upper half of the id.
 * @param idLow The lower half.
 * @param token {@linkcode RESET_TOKEN_BYTES} bytes.
 * @returns The index after the frame.
 */
export function encodeNewConnectionId(
  into: Uint8Array,
  at: number,
  sequence: number,
  idHigh: number,
  idLow: number,
  token: Uint8Array,
): number {
  into[at] = FrameType.NewConnectionId;
  encodeWord(into, at + 1, sequence);
  encodeWord(into, at + 5, idHigh);
  encodeWord(into, at + 9, idLow);
  into.set(token, at + 13);
  return at + NEW_ID_FRAME_BYTES;
}

/**
 * Writes the end of a connection id.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param sequence Which id.
 * @returns The index after the frame.
 */
export function encodeRetireConnectionId(into: Uint8Array, at: number, sequence: number): number {
  into[at] = FrameType.RetireConnectionId;
  encodeWord(into, at + 1, sequence);
  return at + RETIRE_FRAME_BYTES;
}

/**
 * Writes a close.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param code Why, 0 to 65535.
 * @param reason At most {@linkcode MAX_REASON_BYTES} bytes of UTF-8.
 * @returns The index after the frame.
 */
export function encodeClose(into: Uint8Array, at: number, code: number, reason: Uint8Array): number {
  into[at] = FrameType.Close;
  into[at + 1] = code >>> 8;
  into[at + 2] = code;
  into[at + 3] = reason.length;
  into.set(reason, at + CLOSE_OVERHEAD_BYTES);
  return at + CLOSE_OVERHEAD_BYTES + reason.length;
}

/** What a ticket frame and a server hello carry for a later resumption. */
export interface TicketGrant {
  /** For how many seconds the ticket holds. */
  readonly lifetimeSeconds: number;
  /** What is added to the age that the client tells, modulo 2^32. */
  readonly ageMask: number;
  /** 32 bytes that only the two ends know. */
  readonly secret: Uint8Array;
  /** The ticket, opaque to the client; 1 to {@linkcode MAX_TICKET_BYTES} bytes. */
  readonly ticket: Uint8Array;
}

/**
 * Writes a ticket frame.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param grant The ticket and what belongs to it.
 * @returns The index after the frame.
 */
export function encodeTicketFrame(into: Uint8Array, at: number, grant: TicketGrant): number {
  into[at] = FrameType.Ticket;
  return encodeGrant(into, at + 1, grant);
}

/**
 * Writes a grant as it stands in a ticket frame behind the type, and in a server hello.
 *
 * @param into The memory.
 * @param at Where it starts.
 * @param grant The ticket and what belongs to it.
 * @returns The index after it.
 */
export function encodeGrant(into: Uint8Array, at: number, grant: TicketGrant): number {
  const { ticket } = grant;
  encodeWord(into, at, grant.lifetimeSeconds);
  encodeWord(into, at + 4, grant.ageMask);
  into.set(grant.secret, at + 8);
  into[at + 8 + SECRET_BYTES] = ticket.length >>> 8;
  into[at + 9 + SECRET_BYTES] = ticket.length;
  into.set(ticket, at + 10 + SECRET_BYTES);
  return at + 10 + SECRET_BYTES + ticket.length;
}

/**
 * Reads what {@linkcode encodeGrant} wrote.
 *
 * @param from The memory; it must hold the whole.
 * @param at Where it starts.
 * @param ticketLength How many bytes the ticket has, which the reader of the frame has checked.
 * @returns The grant with copies of its byte strings.
 */
export function decodeGrant(from: Uint8Array, at: number, ticketLength: number): TicketGrant {
  const ticketAt = at + 10 + SECRET_BYTES;
  return {
    lifetimeSeconds: decodeWord(from, at) >>> 0,
    ageMask: decodeWord(from, at + 4) >>> 0,
    secret: from.slice(at + 8, at + 8 + SECRET_BYTES),
    ticket: from.slice(ticketAt, ticketAt + ticketLength),
  };
}

/**
 * Writes an accept.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param verdict What became of the early data.
 * @param token The stateless reset token of the id in the reply's header.
 * @param limits The server's limits.
 * @returns The index after the frame.
 */
export function encodeAccept(
  into: Uint8Array,
  at: number,
  verdict: EarlyVerdict,
  token: Uint8Array,
  limits: SessionLimits,
): number {
  into[at] = FrameType.Accept;
  into[at + 1] = verdict;
  into.set(token, at + 2);
  encodeLimits(into, at + 2 + RESET_TOKEN_BYTES, limits);
  return at + ACCEPT_FRAME_BYTES;
}

/**
 * Writes an offer.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param limits The client's limits.
 * @returns The index after the frame.
 */
export function encodeOffer(into: Uint8Array, at: number, limits: SessionLimits): number {
  into[at] = FrameType.Offer;
  encodeLimits(into, at + 1, limits);
  return at + OFFER_FRAME_BYTES;
}

/**
 * Writes what stands before the payload of a message.
 *
 * @param into The memory.
 * @param at Where the frame starts.
 * @param type Plain or EarlyMessage.
 * @param channel 0 to 255.
 * @param id The message's id, 0 to 2^32 - 1.
 * @param length The payload's length in bytes, 0 to 65535.
 * @returns The index of the payload.
 */
export function encodeMessageHeader(
  into: Uint8Array,
  at: number,
  type: FrameType,
  channel: number,
  id: number,
  length: number,
): number {
  into[at] = type;
  into[at + 1] = channel;
  encodeWord(into, at + 2, id);
  into[at + 6] = length >>> 8;
  into[at + 7] = length;
  return at + MESSAGE_OVERHEAD_BYTES;
}

/**
 * Whether a packet with this frame is to be acknowledged (RFC 9000 section 13.2).
 *
 * @param type The frame's type.
 * @returns False for padding, acknowledgements and closes.
 */
export function elicitsAck(type: number): boolean {
  return type !== FrameType.Padding && type !== FrameType.Ack && type !== FrameType.AckRanges &&
    type !== FrameType.AckRangesEcn && type !== FrameType.Close;
}

/**
 * Whether a packet of such frames alone only probes a path (RFC 9000 section 9.1).
 *
 * @param type The frame's type.
 * @returns True for padding, challenges, responses and new connection ids.
 */
export function isProbing(type: number): boolean {
  return type === FrameType.Padding || type === FrameType.PathChallenge || type === FrameType.PathResponse ||
    type === FrameType.NewConnectionId;
}
