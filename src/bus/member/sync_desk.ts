/**
 * Push-pull: compares all that is known with one member and takes over what is newer, page by page.
 *
 * Who asks names a cursor, and gets some pages from there on; a lost page is asked for again. So the answers follow the
 * questions, and nothing has to be kept by who answers. Equal digests end it with one page. Invariant: one sync at a time.
 *
 * @module
 */
import type { ByteReader } from "../../bytes/byte_reader.ts";
import { DatagramAddress } from "../../wire/datagram_address.ts";
import { MemberState } from "./bus_member.ts";
import { MessageKind, PAGE_LAST, PULL_MUTUAL } from "./gossip_wire.ts";
import { drawBelow, drawMembers, type MemberContext, TimerSlot } from "./member_context.ts";
import { MemberCounter } from "./member_counters.ts";
import type { Member } from "./member.ts";
import { idKey } from "./node_identity.ts";
import type { Sender } from "./sender_table.ts";

const PAGES_AT_ONCE = 8;
const RETRY_MS = 300;
const MAX_TRIES = 5;
const SOON_MS = 1500;
const RAMP = 3;

interface Page {
  readonly from: number;
  readonly next: number;
  readonly isLast: boolean;
  readonly isEndOfBurst: boolean;
}

/** Compares states. */
export class SyncDesk {
  /** The boot that the open sync is with. */
  peer: Uint8Array | undefined = undefined;
  readonly #context: MemberContext;
  readonly #to = new DatagramAddress();
  /** Pages that came before their turn. */
  readonly #pages: Page[] = [];
  #id: number;
  #cursor = 0;
  #tries = 0;
  #isMutual = false;
  #cookie: Uint8Array | undefined = undefined;
  /** Soon after a change, then rarer and rarer. */
  #everyMs = SOON_MS;

  /**
   * Makes a desk.
   *
   * @param context The shared parts.
   */
  constructor(context: MemberContext) {
    this.#context = context;
    this.#id = drawBelow(context.random, 2 ** 31);
    this.#armNext();
  }

  /** The time for a sync with anybody has come. */
  handleTick(): void {
    this.#armNext();
    const [member] = drawMembers(this.#context, 1);
    if (member !== undefined) this.begin(member.bootId, member.gossipAddress, undefined, true);
  }

  /** Compares with somebody now. */
  hurry(): void {
    this.#context.timers.set(TimerSlot.Sync, this.#context.time.now);
  }

  /** Compares with somebody when the news of the moment should have spread: gossip alone misses a node now and then. */
  soon(): void {
    const { timers, time, random } = this.#context;
    this.#everyMs = SOON_MS;
    if (timers.at(TimerSlot.Sync) < time.now + SOON_MS) return;
    timers.set(TimerSlot.Sync, time.now + SOON_MS * (0.5 + random.visibleFraction() / 2));
  }

  /**
   * Begins a sync, unless one is open.
   *
   * @param bootId With which boot.
   * @param to Where it is.
   * @param cookie The proof that it asked for.
   * @param isMutual Whether it may take over what is newer here.
   * @returns Whether it was begun.
   */
  begin(bootId: Uint8Array, to: DatagramAddress, cookie: Uint8Array | undefined, isMutual: boolean): boolean {
    if (this.peer !== undefined) return false;
    this.peer = bootId.slice();
    this.#to.copyFrom(to);
    this.#id = (this.#id + 1) >>> 0;
    this.#cursor = 0;
    this.#tries = 0;
    this.#isMutual = isMutual;
    this.#cookie = cookie;
    this.#pull();
    return true;
  }

  /**
   * The peer of the open sync asks for a proof.
   *
   * @param cookie The cookie to give back.
   */
  prove(cookie: Uint8Array): void {
    this.#cookie = cookie;
    this.#pull();
  }

  /** No page came in time. */
  handleRetry(): void {
    if (this.peer === undefined) return;
    if (++this.#tries < MAX_TRIES) this.#pull();
    else this.peer = undefined;
  }

  /**
   * Somebody asks for pages.
   *
   * @param sender Who.
   * @param address Where the pages go, which is proven.
   * @param reader Stands behind the message's kind.
   * @param about What it must hear first.
   */
  handlePull(sender: Sender, address: DatagramAddress, reader: ByteReader, about: Member | undefined): void {
    const id = reader.readUint32();
    const cursor = reader.readUint32();
    const digest = reader.readUint32();
    const flags = reader.readUint8();
    if (reader.failed) return;
    const isInSync = cursor === 0 && digest === this.#digest();
    const { bootId } = sender;
    const page = { kind: MessageKind.Page, to: address, bootId, a: id, b: cursor, c: PAGES_AT_ONCE };
    this.#context.outbox.push({ ...page, d: isInSync ? 1 : 0, about });
    if ((flags & PULL_MUTUAL) !== 0 && cursor === 0 && !isInSync) this.begin(bootId, address, undefined, false);
  }

  /**
   * A page came; its statements follow.
   *
   * @param sender From whom.
   * @param reader Stands behind the message's kind.
   */
  handlePage(sender: Sender, reader: ByteReader): void {
    const id = reader.readUint32();
    const from = reader.readUint32();
    const next = reader.readUint32();
    const flags = reader.readUint8();
    const left = reader.readUint8();
    if (reader.failed || this.peer === undefined || id !== this.#id || this.#pages.length >= PAGES_AT_ONCE) return;
    if (idKey(this.peer, 0) !== idKey(sender.bootId, 0)) return;
    this.#pages.push({ from, next, isLast: (flags & PAGE_LAST) !== 0, isEndOfBurst: left === 0 });
    for (let at = this.#upcoming(); at >= 0; at = this.#upcoming()) this.#advance(this.#pages.splice(at, 1)[0]!);
  }

  /** Pages overtake one another: which one continues where the last ended. */
  #upcoming(): number {
    return this.peer === undefined ? -1 : this.#pages.findIndex(({ from }) => from === this.#cursor);
  }

  #advance({ next, isLast, isEndOfBurst }: Page): void {
    this.#cursor = next;
    this.#tries = 0;
    if (isLast) {
      this.peer = undefined;
      this.#cookie = undefined;
      this.#context.timers.clear(TimerSlot.SyncRetry);
      this.#context.counters.add(0, MemberCounter.Syncs, 1);
    } else if (isEndOfBurst) this.#pull();
    else this.#armRetry();
  }

  #pull(): void {
    this.#pages.length = 0;
    const { outbox, table } = this.#context;
    const d = this.#isMutual && table.present.length > 0 ? PULL_MUTUAL : 0;
    const fields = { a: this.#id, b: this.#cursor, c: this.#digest(), d };
    const withSelf = this.#cursor === 0;
    outbox.push({
      kind: MessageKind.Pull,
      to: this.#to,
      bootId: this.peer!,
      cookie: this.#cookie,
      ...fields,
      withSelf,
    });
    this.#armRetry();
  }

  #armRetry(): void {
    const { timers, time, health } = this.#context;
    timers.set(TimerSlot.SyncRetry, time.now + health.stretch(RETRY_MS));
  }

  #armNext(): void {
    const { timers, time, config, random } = this.#context;
    this.#everyMs = Math.min(config.syncIntervalMs, this.#everyMs * RAMP);
    timers.set(TimerSlot.Sync, time.now + this.#everyMs * (0.75 + random.visibleFraction() / 2));
  }

  /** The same number at two nodes that know the same, whatever the order. */
  #digest(): number {
    const { table, self } = this.#context;
    let sum = self.isAddressed ? mix(self.member) : 0;
    for (const member of table.present) sum = sum + mix(member) | 0;
    for (const member of table.lost) sum = sum + mix(member) | 0;
    return sum >>> 0;
  }
}

function mix(member: Member): number {
  const state = member.state <= MemberState.Suspect ? 1 : 2;
  let hash = Math.imul(member.incarnation + 1, 0x9e3779b1) + state + member.interestVersion * 64 | 0;
  for (let i = 0; i < 8; i++) hash = Math.imul(hash ^ member.bootId[i]!, 0x01000193);
  for (let i = 0; i < 16; i++) hash = Math.imul(hash ^ member.nodeBytes[i]!, 0x01000193);
  return hash ^ hash >>> 15;
}
