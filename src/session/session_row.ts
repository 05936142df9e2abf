/**
 * The numbers of one session as a row of doubles and a row of words, cut from pages of many rows.
 *
 * Why rows and not fields: a field that holds a fraction or a large integer is a heap object of its own, and a hundred
 * thousand idle sessions would be millions of them. Why not a column per field: one packet touches most of one row.
 * Invariant: a row that is given back is never touched by its former owner again; it comes out filled anew.
 *
 * @module
 */

/** The number of the next packet to send. */
export const NEXT_NUMBER = 0;
/** The packet number that was left out last; -1: none. */
export const SKIPPED_NUMBER = 1;
/** Which packet number to leave out next. */
export const SKIP_AT = 2;
/** The largest packet number received; -1: none. */
export const LARGEST_RECEIVED = 3;
/** From where on all numbers up to the largest were received. */
export const RANGE_START = 4;
/** When the largest was received. */
export const LARGEST_AT = 5;
/** The first number of the range below a gap that was not told of yet. */
export const GAP_START = 6;
/** The last number of that range; -1: none. */
export const GAP_END = 7;
/** When that was received. */
export const GAP_AT = 8;
/** When an acknowledgement is due at the latest. */
export const ACK_AT = 9;
/** The largest packet number that the peer acknowledged; -1: none. */
export const LARGEST_ACKED = 10;
/**
 * The smoothed round-trip time in ms, assumed before the first sample; this and the next four are the cells of a
 * `RttEstimator` (src/reliability/rtt_estimator.ts).
 */
export const SMOOTHED_RTT = 11;
/** Its mean deviation in ms. */
export const RTT_VARIATION = 12;
/** The smallest sample in ms; Infinity before the first. */
export const MIN_RTT = 13;
/** The latest sample in ms. */
export const LATEST_RTT = 14;
/** How long the peer holds back an acknowledgement at most, in ms. */
export const PEER_ACK_DELAY = 15;
/** When the first packet since then that asks for an acknowledgement went out; 0: none did. */
export const ASKED_AT = 16;
/** When the last such packet went out. */
export const ELICITED_AT = 17;
/** When what is owed is sent again. */
export const PROBE_AT = 18;
/** When the state ends by itself: a handshake that fails, a closing that is over. */
export const STATE_AT = 19;
/** When the close is repeated. */
export const CLOSE_REPEAT_AT = 20;
/** When the receive key of the phase before is destroyed. */
export const PREVIOUS_UNTIL = 21;
/** The first packet number of the current send phase. */
export const SEND_PHASE_START = 22;
/** How many bytes were sealed in it. */
export const SEND_PHASE_BYTES = 23;
/** When it began; Infinity until its first packet. */
export const SEND_PHASE_SINCE = 24;
/** From when on the next step may be taken; Infinity until a packet of the phase was acknowledged. */
export const SEND_STEP_FROM = 25;
/** The smallest packet number that was opened in the current receive phase. */
export const RECEIVE_PHASE_START = 26;
/** How many packets were not authentic. */
export const FORGED = 27;
/** The id of the next message. */
export const NEXT_MESSAGE_ID = 28;
/** The deadline that stands in the endpoint's table; Infinity: none. */
export const ARMED_AT = 29;
/** Until when an unknown address must be validated before anything but probes goes there. */
export const CAUTIOUS_UNTIL = 30;
/** After how many ms of silence the session ends; Infinity: never. */
export const IDLE_TIMEOUT = 31;
/** When the last authentic packet came. */
export const RECEIVED_AT = 32;
/** How many packets came since closing began. */
export const CLOSING_PACKETS = 33;
/** The packet number that moved the session to its current path. */
export const MOVED_NUMBER = 34;
/** The sequence number of the next local id. */
export const NEXT_SEQUENCE = 35;
/** The largest sequence number of an id of the peer; -1: none. */
export const PEER_SEQUENCE = 36;
/** Which of the 31 sequence numbers up to the largest were seen, a bit for each. */
export const PEER_SEEN = 37;
/** The first six columns of `SessionCounter`, until somebody reads the counters. */
export const COUNTS = 38;
/** How many columns these are. */
export const COUNTS_WIDTH = 6;
/** For each item (session_item.ts) the number of the packet that carried it last. */
export const ITEM_NUMBER = 44;
/** How many items there are. */
export const ITEM_COUNT = 9;

/** How many paths a session knows at a time. */
export const PATH_COUNT = 3;
/** Where the numbers of the paths start. */
export const PATH_NUMBERS: number = ITEM_NUMBER + ITEM_COUNT;
/** How many numbers a path has; their names are in session_path.ts. */
export const PATH_NUMBERS_WIDTH = 4;

const NUMBERS_WIDTH = PATH_NUMBERS + PATH_COUNT * PATH_NUMBERS_WIDTH;

/** Among the words: the bits of the replay window. */
export const WINDOW_WORDS = 0;
/** How many packet numbers the replay window remembers. */
export const WINDOW_SIZE = 1024;
/** Where the words of the paths start. */
export const PATH_WORDS: number = WINDOW_WORDS + WINDOW_SIZE / 32;
/** How many words a path has. */
export const PATH_WORDS_WIDTH = 18;
/** How many ids of each end there are at a time. */
export const ID_COUNT = 3;
/** How many words an id has; their names are in session_ids.ts. */
export const ID_WIDTH = 4;
/** Where the ids that the peer reaches this end by start. */
export const LOCAL_IDS: number = PATH_WORDS + PATH_COUNT * PATH_WORDS_WIDTH;
/** Where the ids that this end reaches the peer by start. */
export const PEER_IDS: number = LOCAL_IDS + ID_COUNT * ID_WIDTH;
/** Where the secret of the current send phase starts. */
export const SEND_SECRET: number = PEER_IDS + ID_COUNT * ID_WIDTH;
/** Where the secret of the current receive phase starts. */
export const RECEIVE_SECRET: number = SEND_SECRET + 8;
/** Where the stateless reset tokens of the peer's ids start, four words each. */
export const RESET_TOKENS: number = RECEIVE_SECRET + 8;

const WORDS_WIDTH = RESET_TOKENS + ID_COUNT * 4;
const ROWS_A_PAGE = 128;

/** The numbers and the words of one session. */
export interface SessionRow {
  /** The numbers: times, packet numbers, counts. */
  readonly numbers: Float64Array;
  /** Everything that fits 32 bits, and byte strings. */
  readonly words: Int32Array;
}

/**
 * A byte string among the words.
 *
 * @param words The words of a session.
 * @param at The word that it starts with.
 * @param length How many bytes it has.
 * @returns A view.
 */
export function bytesAt(words: Int32Array, at: number, length: number): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset + 4 * at, length);
}

/** Rows for many sessions. */
export class RowPool {
  readonly #free: SessionRow[] = [];

  /**
   * Hands out a row.
   *
   * @returns A row with every number and word 0.
   */
  take(): SessionRow {
    if (this.#free.length === 0) this.#addPage();
    return this.#free.pop()!;
  }

  /**
   * Takes a row back and overwrites its secrets.
   *
   * @param row The row; its owner must not touch it any more.
   */
  give(row: SessionRow): void {
    row.numbers.fill(0);
    row.words.fill(0);
    this.#free.push(row);
  }

  #addPage(): void {
    const numbers = new Float64Array(ROWS_A_PAGE * NUMBERS_WIDTH);
    const words = new Int32Array(ROWS_A_PAGE * WORDS_WIDTH);
    for (let i = ROWS_A_PAGE - 1; i >= 0; i--) {
      this.#free.push({
        numbers: numbers.subarray(i * NUMBERS_WIDTH, (i + 1) * NUMBERS_WIDTH),
        words: words.subarray(i * WORDS_WIDTH, (i + 1) * WORDS_WIDTH),
      });
    }
  }
}
