/**
 * The accepting side of TCP.
 *
 * It decides what an error of `accept` means: the listener was closed, the caller accepted twice at a time, or the
 * system refuses for now (too many open files) and accepting may go on later.
 *
 * @module
 */
import { CloseCode } from "../../error/close_code.ts";
import { ClosedError, MisuseError, ResourceError, type TransportError } from "../../error/transport_error.ts";
import { formatAddress, type TcpAddress } from "../../transport/address.ts";
import type { StreamListener } from "../../transport/stream_link.ts";
import { failureReason, tcpAddress } from "./tcp_address.ts";
import { TcpLink, type TcpLinkOptions } from "./tcp_link.ts";

/**
 * A stream listener over a listening TCP socket.
 *
 * @example
 * ```ts ignore
 * const listener = new TcpListener(Deno.listen({ port: 0 }), { noDelay: true, keepAlive: true });
 * const link = await listener.accept();
 * ```
 */
export class TcpListener implements StreamListener {
  /** Where it listens, with the port that was bound. */
  readonly address: TcpAddress;
  readonly #listener: Deno.TcpListener;
  readonly #options: TcpLinkOptions;
  #closed = false;

  /**
   * Takes a listening socket over.
   *
   * @param listener The listening socket; it belongs to this object from here on.
   * @param options For every link that is accepted.
   */
  constructor(listener: Deno.TcpListener, options: TcpLinkOptions) {
    this.#listener = listener;
    this.#options = options;
    this.address = tcpAddress(listener.addr);
  }

  /** Whether the listener was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Waits for the next link; one call at a time. A client that was gone before it was accepted is passed over.
   *
   * @returns The link. Rejects with `ClosedError` when the listener was closed, and with `ResourceError` when
   * accepting failed for now.
   */
  async accept(): Promise<TcpLink> {
    for (;;) {
      try {
        return new TcpLink(await this.#listener.accept(), this.#options);
      } catch (cause) {
        if (!isGone(cause)) throw this.#acceptError(cause);
      }
    }
  }

  /** Stops listening; a pending `accept` rejects. Links that were accepted stay. A second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
  }

  #acceptError(cause: unknown): TransportError {
    if (this.#closed) return new ClosedError(CloseCode.GoingAway, "local", { cause });
    if (cause instanceof Deno.errors.Busy) return new MisuseError("Cannot accept: a call is pending", { cause });
    return new ResourceError(`Cannot accept on ${formatAddress(this.address)}: ${failureReason(cause)}`, { cause });
  }
}

/** Whether an error of accepting is about the one client that was to be accepted, who broke off before. */
function isGone(cause: unknown): boolean {
  const { NotConnected, ConnectionAborted, ConnectionReset } = Deno.errors;
  return cause instanceof NotConnected || cause instanceof ConnectionAborted || cause instanceof ConnectionReset;
}
