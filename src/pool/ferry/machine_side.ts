/**
 * The machine side of a ferry: the links, connects and listening of machines whose sockets are in one other thread.
 *
 * Invariant: a link is known until the socket side has said that it is gone, so that its blocks are not used for
 * another one before; after the loss of the other thread everything that was pending fails.
 *
 * @module
 */
import { ConnectError } from "../../error/transport_error.ts";
import type { Address } from "../../transport/address.ts";
import type { StreamLink } from "../../transport/stream_link.ts";
import { FerryLink, type FerryShared } from "./ferry_link.ts";
import { errorOf, type RecordHandler, type RecordPort, textOf } from "../record_port.ts";
import { FIRST_CONNECT_LINK, MachineRecord, SocketRecord } from "./ferry_record.ts";
import type { LinkArena } from "./link_arena.ts";

/** What a machine side tells. */
export interface MachineSideOwner {
  /** A link was accepted. */
  accepted(link: StreamLink): void;
  /** The other thread listens. */
  listening(address: Address): void;
  /** The other thread cannot listen. */
  listenFailed(error: Error): void;
  /** Accepting failed for now. */
  acceptFailed(error: Error): void;
  /** The other thread does not listen any more. */
  unlistened(): void;
}

/** What a machine side is made of. */
export interface MachineSideSetup {
  /** Its end of the rings. */
  readonly port: RecordPort;
  /** What its links write into. */
  readonly arena: LinkArena;
  /** What the socket side lends to be read. */
  readonly socketMemory: SharedArrayBuffer;
  /** Gets what is not about one link. */
  readonly owner: MachineSideOwner;
}

/** Links whose sockets are in one other thread. */
export class MachineSide implements RecordHandler, FerryShared {
  readonly port: RecordPort;
  readonly arena: LinkArena;
  readonly socketMemory: SharedArrayBuffer;
  readonly #owner: MachineSideOwner;
  readonly #links = new Map<number, FerryLink>();
  readonly #attempts = new Map<number, PromiseWithResolvers<StreamLink>>();
  readonly #wanting = new Set<FerryLink>();
  #nextNumber = FIRST_CONNECT_LINK;
  #lost: Error | undefined = undefined;

  /** @param setup What it is made of. */
  constructor(setup: MachineSideSetup) {
    this.port = setup.port;
    this.arena = setup.arena;
    this.socketMemory = setup.socketMemory;
    this.#owner = setup.owner;
  }

  /** How many links there are, and attempts to connect. */
  get linkCount(): number {
    return this.#links.size + this.#attempts.size;
  }

  /**
   * Hands on what the socket side sent.
   *
   * @returns How many records there were.
   */
  drain(): number {
    return this.port.drain(this);
  }

  /**
   * Has the other thread listen; the owner is told.
   *
   * @param port The port; 0 for a free one.
   */
  listen(port: number): void {
    this.port.send(MachineRecord.Listen, 0, port);
  }

  /** Has the other thread stop listening. */
  unlisten(): void {
    this.port.send(MachineRecord.Unlisten, 0);
  }

  /** Says that a link which was accepted there was taken here, so that one more may come. */
  takeAccepted(): void {
    this.port.send(MachineRecord.Accepted, 0);
  }

  /**
   * Has the other thread connect.
   *
   * @param signal Ends the attempt; the promise then rejects with the signal's reason.
   * @returns The link. Rejects with `ConnectError`.
   */
  async connect(signal: AbortSignal): Promise<StreamLink> {
    signal.throwIfAborted();
    if (this.#lost !== undefined) throw new ConnectError("Cannot connect: the worker is lost", { cause: this.#lost });
    const number = this.#nextNumber;
    this.#nextNumber = number + 1 > 0x7fffffff ? FIRST_CONNECT_LINK : number + 1;
    const attempt = Promise.withResolvers<StreamLink>();
    this.#attempts.set(number, attempt);
    const abort = (): void => {
      this.#attempts.delete(number);
      this.port.send(MachineRecord.Close, number);
      attempt.reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    this.port.send(MachineRecord.Connect, number);
    try {
      return await attempt.promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /**
   * The other thread is gone: everything that is pending fails.
   *
   * @param error Why.
   */
  lose(error: Error): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    this.port.close();
    for (const link of this.#links.values()) link.fail(error);
    this.#links.clear();
    const cause = new ConnectError(`Cannot connect: ${error.message}`, { cause: error });
    for (const attempt of this.#attempts.values()) attempt.reject(cause);
    this.#attempts.clear();
  }

  handleRecord(kind: number, number: number, a: number, b: number, bytes: Uint8Array): void {
    switch (kind) {
      case SocketRecord.Opened:
        return this.#open(number, textOf(bytes));
      case SocketRecord.Data:
        return this.#links.get(number)?.handleData(a, b);
      case SocketRecord.Written:
        return this.#links.get(number)?.handleWritten(a);
      case SocketRecord.Ended:
        return this.#links.get(number)?.handleEnd();
      case SocketRecord.Broken:
        return this.#links.get(number)?.handleBroken(errorOf(bytes));
      case SocketRecord.WriteFailed:
        return this.#links.get(number)?.handleWriteFailed(errorOf(bytes));
      case SocketRecord.WriteEnded:
        return this.#links.get(number)?.handleWriteEnded();
      case SocketRecord.Gone:
        return this.#forget(number);
      case SocketRecord.ConnectFailed:
        return this.#connectFailed(number, errorOf(bytes));
      case SocketRecord.Listening:
        return this.#owner.listening(JSON.parse(textOf(bytes)) as Address);
      case SocketRecord.ListenFailed:
        return this.#owner.listenFailed(errorOf(bytes));
      case SocketRecord.Unlistened:
        return this.#owner.unlistened();
      case SocketRecord.AcceptFailed:
        return this.#owner.acceptFailed(errorOf(bytes));
    }
  }

  wantLarge(link: FerryLink): void {
    this.#wanting.add(link);
  }

  largeFreed(): void {
    // A link that has as many as it may puts itself in line again: each is asked once.
    for (const link of [...this.#wanting]) {
      if (!this.arena.hasLarge) return;
      this.#wanting.delete(link);
      link.writeOn();
    }
  }

  #open(number: number, text: string): void {
    const attempt = this.#attempts.get(number);
    // An attempt that was given up meanwhile: `Close` is on its way.
    if (number >= FIRST_CONNECT_LINK && attempt === undefined) return;
    const small = this.arena.takeSmall();
    // The socket side has as many links at most, but it may be ahead with a new one while `Gone` of an old one waits.
    if (small < 0) {
      this.port.send(MachineRecord.Close, number);
      return this.#connectFailed(number, new Error("Cannot connect: there is no room for one more link"));
    }
    const { local, remote } = JSON.parse(text) as { local: Address; remote: Address };
    const link = new FerryLink(this, number, small, local, remote);
    this.#links.set(number, link);
    if (number < FIRST_CONNECT_LINK) return this.#owner.accepted(link);
    this.#attempts.delete(number);
    attempt?.resolve(link);
  }

  #connectFailed(number: number, error: Error): void {
    const attempt = this.#attempts.get(number);
    this.#attempts.delete(number);
    attempt?.reject(new ConnectError(error.message, { cause: error.cause }));
  }

  #forget(number: number): void {
    const link = this.#links.get(number);
    if (link === undefined) return;
    this.#links.delete(number);
    this.#wanting.delete(link);
    link.handleGone();
  }
}
