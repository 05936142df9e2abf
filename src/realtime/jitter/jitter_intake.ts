/**
 * What becomes of a frame that comes in: kept, or dropped under a counter.
 *
 * Invariants: nothing is allocated for what a frame says about itself, and nothing that comes throws. Every frame that
 * was not here before is measured, late ones above all, unless this process itself stood still: then the time of
 * arrival says nothing about the network.
 *
 * @module
 */
import { JitterAdmission } from "./jitter_outcome.ts";
import { type JitterParts, STALL_FRAMES } from "./jitter_parts.ts";
import { JitterCounter } from "./jitter_statistics.ts";
import { PlayoutState } from "./playout_position.ts";
import { Continuity, StreamContinuity } from "./stream_continuity.ts";

/** When frames that were here before come in sequence for so long, the sender has started anew near where it was. */
const REPLAY_MS = 1000;
const MIN_REPLAY_FRAMES = 16;

/** Takes the frames of one stream. */
export class JitterIntake {
  readonly #parts: JitterParts;
  readonly #continuity: StreamContinuity;
  readonly #replayFrames: number;
  #hasStream = false;
  #replayed = 0;
  #lastReplayed = 0;

  /**
   * Takes frames into a store.
   *
   * @param parts What the buffer is made of.
   */
  constructor(parts: JitterParts) {
    this.#parts = parts;
    this.#continuity = new StreamContinuity(parts.config, parts.clock);
    this.#replayFrames = Math.max(MIN_REPLAY_FRAMES, Math.ceil(REPLAY_MS / parts.config.frameMs));
  }

  /**
   * Takes one frame.
   *
   * @param sequence Its sequence number.
   * @param timestamp Its timestamp.
   * @param payload Borrowed for the call.
   * @param endsSpurt Whether the sender pauses after it.
   * @returns What became of it.
   */
  take(sequence: number, timestamp: number, payload: Uint8Array, endsSpurt: boolean): JitterAdmission {
    const { config, store, meter, chooser, position } = this.#parts;
    this.#count(JitterCounter.Received);
    this.#watch();
    if (payload.length > config.maxPayloadBytes) {
      this.#count(JitterCounter.TooLarge);
      return JitterAdmission.TooLarge;
    }
    const continuity = this.#continuity;
    const verdict = continuity.judge(sequence, timestamp, position.next);
    if (verdict === Continuity.Suspect) {
      this.#count(JitterCounter.Discontinuous);
      return JitterAdmission.Discontinuous;
    }
    if (verdict === Continuity.Restart) this.#restart();
    const at = continuity.position;
    const isKnown = store.knows(at);
    if (!isKnown && !position.isMistrusted) meter.observe(continuity.mediaMs);
    if (isKnown || ((at - position.next) | 0) < 0 && !this.#reopens(at, continuity.mediaMs)) {
      if (this.#replays(at)) {
        continuity.restart(sequence, timestamp);
        this.#restart();
      } else if (isKnown) {
        this.#count(JitterCounter.Duplicate);
        return JitterAdmission.Duplicate;
      } else {
        store.pass(at);
        chooser.disturbed();
        this.#count(JitterCounter.Late);
        return JitterAdmission.Late;
      }
    }
    return this.#keep(timestamp, payload, endsSpurt);
  }

  #keep(timestamp: number, payload: Uint8Array, endsSpurt: boolean): JitterAdmission {
    const { store, position } = this.#parts;
    const { position: at, mediaMs } = this.#continuity;
    this.#replayed = 0;
    // The first frame after a famine says whether the sender had paused.
    if (position.state === PlayoutState.Starved && store.count === 0 && this.#isPause(at, mediaMs)) {
      position.state = PlayoutState.Silent;
    }
    if (!this.#makeRoom(at, payload.length) || !store.insert(at, timestamp, mediaMs, payload, endsSpurt)) {
      this.#count(JitterCounter.Overflowed);
      return JitterAdmission.Overflowed;
    }
    return JitterAdmission.Accepted;
  }

  /** Drops the oldest frames until a frame has room, and those that lie too far behind it to be kept beside it. */
  #makeRoom(at: number, bytes: number): boolean {
    const { config, store, position } = this.#parts;
    const least = (at - config.maxFrames + 1) | 0;
    const before = position.next;
    while (store.count > 0) {
      const first = store.first(position.next);
      if (((first - least) | 0) >= 0 && store.hasRoom(bytes)) break;
      if (((at - first) | 0) < 0) return false;
      position.dropFirst(JitterCounter.Overflowed);
    }
    if (((least - position.next) | 0) > 0) position.goTo(least);
    if (position.next !== before && position.state === PlayoutState.Talk) position.state = PlayoutState.Stalled;
    return true;
  }

  /** Notices that neither polls nor frames came for a while, and drops what has waited for too long. */
  #watch(): void {
    const { clock, config, position } = this.#parts;
    const nowMs = clock.now;
    if (nowMs - position.activityMs > STALL_FRAMES * config.frameMs) position.isMistrusted = true;
    position.activityMs = nowMs;
    position.dropAged();
  }

  /** Begins a stream at the frame that was judged last. */
  #restart(): void {
    const { clock, store, meter, position, counters } = this.#parts;
    const { position: at, mediaMs } = this.#continuity;
    if (this.#hasStream) this.#count(JitterCounter.Restarts);
    this.#hasStream = true;
    counters.add(0, JitterCounter.Flushed, store.count);
    store.clear();
    meter.restart(clock.now, mediaMs);
    position.restart(at);
  }

  /**
   * Whether a frame before the next one may still be played: before the first was played, when what was concealed was
   * in truth a pause, and after a famine. Never one so far behind the furthest frame that the two cannot wait together:
   * everything from the next position to the furthest must fit the store.
   */
  #reopens(at: number, mediaMs: number): boolean {
    const { config, chooser, position, counters } = this.#parts;
    const back = (position.next - at) | 0;
    if (((this.#continuity.headPosition - at) | 0) >= config.maxFrames) return false;
    if (position.state === PlayoutState.Fresh) {
      position.next = at;
      return true;
    }
    if (back > position.guessed) return false;
    const isPause = this.#isPause(at, mediaMs);
    if (!isPause && position.state !== PlayoutState.Starved) return false;
    counters.add(0, isPause ? JitterCounter.ConcealedPause : JitterCounter.Revived, back);
    if (isPause) position.state = PlayoutState.Silent;
    else for (let i = 0; i < back; i++) chooser.disturbed();
    position.goBackTo(at);
    return true;
  }

  /** Whether the media time of a frame is later than its sequence number explains. */
  #isPause(at: number, mediaMs: number): boolean {
    const { config, position } = this.#parts;
    const expectedMs = position.dueMs + ((at - position.next) | 0) * config.frameMs;
    return mediaMs - expectedMs > config.frameMs / 2;
  }

  /** Whether this is the last of so many old frames in sequence that they are a stream of their own. */
  #replays(at: number): boolean {
    this.#replayed = at === ((this.#lastReplayed + 1) | 0) ? this.#replayed + 1 : 1;
    this.#lastReplayed = at;
    return this.#replayed >= this.#replayFrames;
  }

  #count(counter: number): void {
    this.#parts.counters.add(0, counter, 1);
  }
}
