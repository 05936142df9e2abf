/**
 * The TLS links of a server's clients as paths of their sessions (src/wire/STANDARD.md, section 9).
 *
 * Invariants: a stream serves one session, that of the hello which it carried or of the first packet on it, and packets of
 * others are dropped; a stream without a hello is kept only once an authentic packet came by it; a session has at most
 * `MAX_STREAMS` streams, the oldest making way.
 *
 * @module
 */
import type { SessionMachine } from "../session/session_machine.ts";
import { STREAM_PATH } from "../session/session_path.ts";
import type { Alarm, Scheduler } from "../time/scheduler.ts";
import type { TcpAddress } from "../transport/address.ts";
import { DatagramAddress } from "../wire/datagram_address.ts";
import { tellMode, transportModeOf } from "./hybrid_mode.ts";
import type { SecureCore } from "./secure_core.ts";
import type { SecureDriver } from "./secure_driver.ts";
import type { StreamKeeper } from "./hybrid_keepers.ts";
import type { SecureStream } from "./secure_stream.ts";

/** How many streams a session may have: the one that carries it, and one that shall. */
const MAX_STREAMS = 2;

/** How many packets a stream without a hello may bring before one of them is authentic. */
const MAX_UNKNOWN_PACKETS = 16;

/** For how long the streams of a session that is over carry its last words, in ms. */
const LINGER_MS = 1000;

const NOWHERE = new DatagramAddress();

/** One stream. */
interface KeptStream {
  readonly pathId: number;
  readonly stream: SecureStream;
  readonly remote: TcpAddress;
}

/** The streams of one server. */
export class HybridServerStreams implements StreamKeeper {
  readonly #scheduler: Scheduler;
  readonly #remotes = new Map<number, TcpAddress>();
  /** The streams of sessions, by their numbers, the oldest first. */
  readonly #streams = new Map<number, KeptStream[]>();
  readonly #lingering = new Set<Alarm>();
  /** The sessions that a stream carries. */
  readonly #onStream = new Set<number>();
  #count = 0;
  #rejoined = 0;
  #strays = 0;

  /** @param scheduler Time. */
  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** What became of streams, by name. */
  counters(): Record<string, number> {
    const kept = this.#remotes.size;
    return { streamsKept: kept, streamsRejoined: this.#rejoined, streamPacketsStray: this.#strays };
  }

  /** {@inheritDoc StreamKeeper.keep} */
  keep(core: SecureCore, session: SessionMachine, stream: SecureStream, remote: TcpAddress): void {
    const kept = { pathId: this.#nextPath(), stream, remote };
    this.#adopt(core, session, kept);
    core.driver.addStream(kept.pathId, stream);
    void this.#carry(core, session, kept);
  }

  /** {@inheritDoc StreamKeeper.rejoin} */
  async rejoin(core: SecureCore, record: Uint8Array, stream: SecureStream, remote: TcpAddress): Promise<void> {
    const { driver, endpoint } = core;
    const session = endpoint.sessionOf(record, 0, record.length);
    const pathId = this.#nextPath();
    const known = Promise.withResolvers<void>();
    let unknown = 0;
    const check = (): void => {
      if (unknown < 0) return;
      if (session?.knowsPath(pathId)) {
        unknown = -1;
        this.#rejoined++;
        this.#adopt(core, session, { pathId, stream, remote });
        known.resolve();
      } else if (++unknown > MAX_UNKNOWN_PACKETS) stream.close();
    };
    driver.addStream(pathId, stream);
    // A packet of no session may be answered by a stateless reset.
    driver.handlePacket(pathId, NOWHERE, record, 0, record.length);
    check();
    void this.#carry(core, session, { pathId, stream, remote }, check).then(known.resolve);
    await known.promise;
  }

  /** {@inheritDoc StreamKeeper.handleMoved} */
  handleMoved(core: SecureCore, session: SessionMachine): void {
    const isOnStream = transportModeOf(session) === "tcp";
    if (isOnStream === this.#onStream.has(session.id)) return;
    if (isOnStream) this.#onStream.add(session.id);
    else this.#onStream.delete(session.id);
    tellMode(core, session);
  }

  /** {@inheritDoc StreamKeeper.handleEnded} */
  handleEnded(session: SessionMachine): void {
    this.#onStream.delete(session.id);
    const streams = this.#streams.get(session.id);
    if (streams === undefined) return;
    const alarm = this.#scheduler.alarm(() => {
      this.#lingering.delete(alarm);
      for (const { stream } of [...streams]) stream.close();
    });
    this.#lingering.add(alarm);
    alarm.arm(this.#scheduler.tick() + LINGER_MS);
  }

  /** {@inheritDoc StreamKeeper.addressOf} */
  addressOf(pathId: number): TcpAddress | undefined {
    return this.#remotes.get(pathId);
  }

  /** {@inheritDoc StreamKeeper.close} */
  close(): void {
    for (const alarm of this.#lingering) alarm.disarm();
    this.#lingering.clear();
    for (const streams of [...this.#streams.values()]) for (const { stream } of [...streams]) stream.close();
  }

  #nextPath(): number {
    do this.#count = (this.#count + 1) % STREAM_PATH; while (this.#remotes.has(STREAM_PATH | this.#count));
    return STREAM_PATH | this.#count;
  }

  /** A stream belongs to a session from now on. */
  #adopt(core: SecureCore, session: SessionMachine, kept: KeptStream): void {
    const streams = this.#streams.get(session.id) ?? [];
    this.#streams.set(session.id, streams);
    streams.push(kept);
    this.#remotes.set(kept.pathId, kept.remote);
    // It may have ended while its hello was written.
    if (session.reason !== undefined) this.handleEnded(session);
    if (streams.length <= MAX_STREAMS) return;
    const spare = streams.find(({ pathId }) => pathId !== session.pathId)!;
    this.#remove(core.driver, session, spare);
    spare.stream.close();
  }

  /** Hands packets on until the stream ends. */
  async #carry(
    { driver, endpoint }: SecureCore,
    session: SessionMachine | undefined,
    kept: KeptStream,
    check?: () => void,
  ): Promise<void> {
    const { pathId, stream } = kept;
    await stream.readPackets((buffer, start, end) => {
      if (session === undefined || endpoint.sessionOf(buffer, start, end) !== session) {
        // One byte keeps an idle stream alive.
        if (end - start > 1) this.#strays++;
      } else driver.handlePacket(pathId, NOWHERE, buffer, start, end);
      check?.();
    });
    this.#remove(driver, session, kept);
  }

  #remove(driver: SecureDriver, session: SessionMachine | undefined, { pathId }: KeptStream): void {
    if (session === undefined) return driver.forgetStream(pathId);
    driver.removeStream(pathId, session);
    if (!this.#remotes.delete(pathId)) return;
    const streams = this.#streams.get(session.id)!;
    streams.splice(streams.findIndex((one) => one.pathId === pathId), 1);
    if (streams.length === 0) this.#streams.delete(session.id);
  }
}
