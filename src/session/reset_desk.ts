/**
 * Packets for connection ids that no session has (STANDARD.md, section 8; RFC 9000 section 10.3).
 *
 * Either one is itself a stateless reset, which names an id of a server that a client of ours uses and carries its
 * token; or it is answered by one, where there is a reset key. Invariant: an answer is shorter than its trigger and has a
 * rate in all.
 *
 * @module
 */
import { constantTimeEqual } from "../bytes/constant_time.ts";
import type { CounterTable } from "../metric/counter_table.ts";
import { decodeWord, ID_OFFSET } from "../wire/packet_header.ts";
import { RESET_TOKEN_BYTES } from "../wire/session_frame.ts";
import { encodeReset, MIN_RESET_BYTES, resetLength } from "../wire/stateless_reset.ts";
import type { InboundPacket } from "./inbound_packet.ts";
import { endSession } from "./session_close.ts";
import { SessionCloseCode } from "./session_close_code.ts";
import type { SessionContext } from "./session_context.ts";
import { EndpointCounter } from "./session_counters.ts";
import { findPeerId, resetTokenOf } from "./session_ids.ts";
import type { SessionTable } from "./session_table.ts";
import type { StatelessAnswer } from "./stateless_answer.ts";
import type { TokenBucket } from "./token_bucket.ts";

/** What the desk is made of. */
export interface ResetDeskSetup {
  /** What sessions share. */
  readonly context: SessionContext;
  /** What the endpoint counts; its row is 0. */
  readonly counters: CounterTable;
  /** The sessions. */
  readonly table: SessionTable;
  /** Where an answer is put. */
  readonly answer: StatelessAnswer;
  /** How many resets go out in all. */
  readonly rate: TokenBucket;
}

/** Takes packets of unknown sessions. */
export class ResetDesk {
  readonly #setup: ResetDeskSetup;

  /**
   * Makes a desk.
   *
   * @param setup What the desk is made of.
   */
  constructor(setup: ResetDeskSetup) {
    this.#setup = setup;
  }

  /**
   * Takes a packet whose id is unknown.
   *
   * @param at Where it is and where it came from.
   */
  take(at: InboundPacket): void {
    const high = decodeWord(at.buffer, at.start + ID_OFFSET);
    const low = decodeWord(at.buffer, at.start + ID_OFFSET + 4);
    if (this.#isReset(at, high, low)) return;
    this.#count(EndpointCounter.UnknownId);
    const { answer, context, rate } = this.#setup;
    const length = resetLength(at.end - at.start);
    if (length === 0 || !rate.take()) return this.#count(EndpointCounter.ResetsHeld);
    context.random.fillSecret(answer.buffer.subarray(0, length));
    encodeReset(answer.buffer, 0, length, high, low, context.resetTokens.tokenOf(high, low));
    answer.address(at, length);
    this.#count(EndpointCounter.ResetsSent);
  }

  /** Whether it is a reset of a session of ours; then that is over. */
  #isReset(at: InboundPacket, high: number, low: number): boolean {
    const { context, table } = this.#setup;
    const slot = context.resetIds.find(high, low);
    const s = slot < 0 ? undefined : table.at(slot);
    if (s === undefined || at.end - at.start < MIN_RESET_BYTES) return false;
    const k = findPeerId(s, high, low);
    if (k < 0 || !constantTimeEqual(resetTokenOf(s, k), at.buffer.subarray(at.end - RESET_TOKEN_BYTES, at.end))) {
      return false;
    }
    this.#count(EndpointCounter.ResetsReceived);
    endSession(s, SessionCloseCode.StatelessReset, "remote", "");
    return true;
  }

  #count(counter: number): void {
    this.#setup.counters.add(0, counter, 1);
  }
}
