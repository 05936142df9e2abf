/**
 * How long a download waits: for a chunk of a source, and for anything at all.
 *
 * A link brings the chunks of several downloads in turn, so that on a slow one a chunk may wait for its turn longer than
 * a lost one would be waited for. Invariant: every wait has an end, whatever sources send: a link that goes on with other
 * transfers makes a wait longer by as much as there are transfers, and no more.
 *
 * @module
 */
import type { DownloadSetup } from "./download_setup.ts";
import type { DownloadSource } from "./download_source.ts";

/** The waits of one download. */
export class ChunkPatience {
  readonly #setup: Pick<DownloadSetup, "clock" | "config" | "link">;
  /** When something last came that counts. */
  #progressMs: number;

  /** @param setup Times, and what is known of links. */
  constructor(setup: Pick<DownloadSetup, "clock" | "config" | "link">) {
    this.#setup = setup;
    this.#progressMs = setup.clock.now;
  }

  /** Something came that counts, or is only now waited for. */
  renew(): void {
    this.#progressMs = this.#setup.clock.now;
  }

  /** When nothing came for so long that sources are not waited for any more, however many of them come and go. */
  stallMs(): number {
    const { openTimeoutMs, sourceTimeoutMs, chunkTimeoutMs, maxRetriesCount } = this.#setup.config;
    return this.#progressMs + openTimeoutMs + sourceTimeoutMs + chunkTimeoutMs * (maxRetriesCount + 1) * this.#share();
  }

  /** When the chunk is overdue that a source owes longest; `Infinity` where it owes none. */
  overdueMs({ id, window }: DownloadSource): number {
    const { link, config: { chunkTimeoutMs } } = this.#setup;
    const since = window.oldest();
    if (link === undefined) return since + chunkTimeoutMs;
    const silentMs = Math.max(since, link.heardMs(id)) + chunkTimeoutMs;
    return Math.min(silentMs, since + chunkTimeoutMs * this.#share());
  }

  /** Chunks are overdue now that a source owes since this time. */
  overdueSince({ id }: DownloadSource): number {
    const { clock: { now }, link, config: { chunkTimeoutMs } } = this.#setup;
    const isSilent = link === undefined || now >= link.heardMs(id) + chunkTimeoutMs;
    return now - chunkTimeoutMs * (isSilent ? 1 : this.#share());
  }

  #share(): number {
    return Math.max(1, this.#setup.link?.transferCount() ?? 1);
  }
}
