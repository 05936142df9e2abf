/**
 * The accepting side of unix sockets.
 *
 * The socket gets its name when it listens, not before: whoever connects to a name and is refused may take it that the
 * process behind it is dead. So it is bound under a name that nobody looks for, and renamed.
 *
 * @module
 */
import { CloseCode } from "../../error/close_code.ts";
import { ClosedError, ResourceError } from "../../error/transport_error.ts";
import type { UnixAddress } from "../../transport/address.ts";
import type { StreamListener } from "../../transport/stream_link.ts";
import { UnixLink } from "./unix_link.ts";

/** A stream listener over a unix socket. */
export class UnixListener implements StreamListener {
  /** Where it listens. */
  readonly address: UnixAddress;
  readonly #listener: Deno.UnixListener;
  #closed = false;

  /**
   * Begins to listen.
   *
   * @param path The path of the socket; nothing may be there.
   * @throws {ResourceError} When it cannot be had.
   */
  constructor(path: string) {
    this.address = { transport: "unix", path };
    const unnamed = `${path}.new`;
    try {
      this.#listener = Deno.listen({ transport: "unix", path: unnamed });
    } catch (cause) {
      throw new ResourceError(`Cannot listen on unix:${path}: ${reasonOf(cause)}`, { cause });
    }
    try {
      Deno.renameSync(unnamed, path);
    } catch (cause) {
      this.#listener.close();
      throw new ResourceError(`Cannot listen on unix:${path}: ${reasonOf(cause)}`, { cause });
    }
  }

  /** Whether the listener was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Waits for the next link; one call at a time.
   *
   * @returns The link. Rejects with `ClosedError` when the listener was closed, and with `ResourceError` when accepting
   * failed for now.
   */
  async accept(): Promise<UnixLink> {
    try {
      return new UnixLink(await this.#listener.accept(), this.address.path, "");
    } catch (cause) {
      if (this.#closed) throw new ClosedError(CloseCode.GoingAway, "local", { cause });
      throw new ResourceError(`Cannot accept on unix:${this.address.path}: ${reasonOf(cause)}`, { cause });
    }
  }

  /** Stops listening and takes the name away; a pending `accept` rejects. A second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
    try {
      Deno.removeSync(this.address.path);
    } catch {
      // Somebody else took it away.
    }
  }
}

/**
 * The reason inside an error of the operating system, to stand behind a colon.
 *
 * @param error What was thrown.
 * @returns For example `permission denied`.
 */
export function reasonOf(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).replace(/ \(os error -?\d+\).*$/, "");
  return /^[A-Z][a-z]/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text;
}
