/**
 * What a client holds while it resumes: the attempt, and the early messages until it is settled who has them.
 *
 * Invariants: an attempt seals every repetition of its first flight under a number of its own; the early messages of an
 * attempt never change once it went out, so that the server takes all of them or none; they are kept until the server
 * has said that it has them, or has acknowledged them when they were sent again.
 *
 * @module
 */
import type { PacketKey } from "../crypto/aead.ts";
import { COOKIE_BYTES } from "../wire/first_flight.ts";
import type { EarlyReference } from "../wire/hello_record.ts";
import { encodeMessageHeader, FrameType, MAX_EARLY_MESSAGES, MESSAGE_OVERHEAD_BYTES } from "../wire/session_frame.ts";
import { referenceProof } from "./key_schedule.ts";

/** How many replies that do not open are worked on for one attempt: each costs a key exchange. */
export const MAX_BAD_REPLIES = 8;

/** How many cookies an attempt follows. */
export const MAX_RETRIES = 3;

/** One attempt at resumption. */
export class ClientFlight {
  /** The number of the next repetition. */
  number = 0;
  /** The server's cookie, all zero without one. */
  readonly cookie: Uint8Array = new Uint8Array(COOKIE_BYTES);
  /** How many cookies came. */
  retries = 0;
  /** How many replies did not open. */
  badReplies = 0;
  /** What the keys are derived from: the client's id to the end of the ticket, as it goes over the wire. */
  readonly transcript: Uint8Array;
  /** The client's random; a part of the transcript. */
  readonly random: Uint8Array;
  /** The ticket; a part of the transcript. */
  readonly ticket: Uint8Array;
  /** The root of the keys. */
  readonly root: Uint8Array;
  /** The private key of the share. */
  readonly privateKey: Uint8Array;
  /** Seals the first flight. */
  readonly earlyKey: PacketKey;

  /**
   * Begins an attempt.
   *
   * @param transcript The transcript; kept.
   * @param random The client's random; kept.
   * @param ticket The ticket; kept.
   * @param root The root of the keys; kept, and overwritten at the end.
   * @param privateKey The private key of the share; kept, and overwritten at the end.
   * @param earlyKey Seals the first flight; destroyed at the end.
   */
  constructor(
    transcript: Uint8Array,
    random: Uint8Array,
    ticket: Uint8Array,
    root: Uint8Array,
    privateKey: Uint8Array,
    earlyKey: PacketKey,
  ) {
    this.transcript = transcript;
    this.random = random;
    this.ticket = ticket;
    this.root = root;
    this.privateKey = privateKey;
    this.earlyKey = earlyKey;
  }

  /** What names this attempt in the hello of a full handshake. */
  get reference(): EarlyReference {
    return { random: this.random, proof: referenceProof(this.root), ticket: this.ticket };
  }

  /** Overwrites what is secret. */
  destroy(): void {
    this.root.fill(0);
    this.privateKey.fill(0);
    this.earlyKey.destroy();
  }
}

/** The early messages of a client, as frames. */
export class EarlyStore {
  readonly #frames: Uint8Array;
  #length = 0;
  #count = 0;
  /** The attempt that carried them last, for the server to look up; `undefined` before the first. */
  sentIn: EarlyReference | undefined = undefined;

  /**
   * Makes an empty store.
   *
   * @param room How many bytes of frames fit.
   */
  constructor(room: number) {
    this.#frames = new Uint8Array(room);
  }

  /** The frames. */
  get frames(): Uint8Array {
    return this.#frames.subarray(0, this.#length);
  }

  /** How many messages there are. */
  get count(): number {
    return this.#count;
  }

  /**
   * Adds a message.
   *
   * @param channel The channel.
   * @param payload Copied.
   * @returns Whether it fitted.
   */
  add(channel: number, payload: Uint8Array): boolean {
    const end = this.#length + MESSAGE_OVERHEAD_BYTES + payload.length;
    if (end > this.#frames.length || this.#count === MAX_EARLY_MESSAGES) return false;
    const id = this.#count++;
    const at = encodeMessageHeader(this.#frames, this.#length, FrameType.EarlyMessage, channel, id, payload.length);
    this.#frames.set(payload, at);
    this.#length = end;
    return true;
  }
}
