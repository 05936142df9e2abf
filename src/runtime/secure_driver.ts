/**
 * Runs an endpoint of sessions on its links: one datagram socket, and streams that carry the same packets.
 *
 * Order: src/machine/CONTRACT.md. Commands are gathered and drained once, behind what runs now, so that messages that are
 * sent together share packets. When the socket has no room the datagrams that it refused are kept, the machine rests
 * undrained, and what comes in meanwhile waits in a bounded inbox; nothing that goes out is lost on this side.
 * Why each datagram is copied into one staging buffer: the machine borrows it until it is drained, which may be later
 * than the socket gets its memory back.
 *
 * @module
 */
import { SendStatus } from "../error/send_status.ts";
import { DatagramTransmit } from "../session/datagram_transmit.ts";
import type { EndpointMachine } from "../session/endpoint_machine.ts";
import type { SessionEvent } from "../session/session_event.ts";
import type { SessionMachine } from "../session/session_machine.ts";
import { MAX_DATAGRAM_BYTES } from "../session/session_options.ts";
import type { Alarm, Scheduler } from "../time/scheduler.ts";
import type { DatagramFailure, DatagramLink, DatagramReceiver, NumericAddress } from "../transport/datagram_link.ts";
import { DatagramAddress } from "../wire/datagram_address.ts";
import { MAX_STREAM_PACKET_BYTES, PACKET_LENGTH_BYTES } from "../wire/packet_length.ts";
import { SecureInbox } from "./secure_inbox.ts";

/** The number of the datagram link. */
export const DATAGRAM_PATH = 0;

/**
 * How many datagrams are sealed before the first of them is sent. Why: a send wakes whoever waits at the other end, which
 * costs more than the send; those that follow at once find him awake.
 */
const BATCH_COUNT = 16;

/** The memory of one datagram, with room for its length on a stream; a multiple of 8. */
const TARGET_BYTES = (PACKET_LENGTH_BYTES + MAX_DATAGRAM_BYTES + 7) & ~7;

const SETTLED: Promise<void> = Promise.resolve();

/** A stream that carries packets. */
export interface PacketStream {
  /**
   * Sends a packet; one for which there is no room is dropped and counted.
   *
   * @param buffer Where it lies, with two bytes before it that may be overwritten; copied.
   * @param start Where it starts.
   * @param end Where it ends.
   */
  sendPacket(buffer: Uint8Array, start: number, end: number): void;
}

/** Whom a driver tells what happens. Nothing of this may throw. */
export interface SecureDriverOwner {
  /**
   * The machine reports an event; details are on it. Commands are legal.
   *
   * @param event Which.
   */
  handleEvent(event: SessionEvent): void;
  /** The machine was drained. */
  handleDrained(): void;
  /**
   * A datagram could not be sent.
   *
   * @param to Where it was to go; borrowed.
   * @param failure Why.
   */
  handleSendFailure(to: NumericAddress, failure: DatagramFailure): void;
  /**
   * The datagram socket broke.
   *
   * @param error Why.
   */
  handleLinkLost(error: Error): void;
}

/** Drives one endpoint. */
export class SecureDriver {
  /** The machine. */
  readonly endpoint: EndpointMachine;
  readonly #scheduler: Scheduler;
  readonly #owner: SecureDriverOwner;
  readonly #alarm: Alarm;
  /** Datagrams that were polled; those from `#sent` to `#filled` were not sent. */
  readonly #batch = newBatch();
  readonly #lengths = new Int32Array(BATCH_COUNT);
  readonly #streams = new Map<number, PacketStream>();
  readonly #inbox = new SecureInbox();
  readonly #workSoon = (): void => {
    this.#scheduled = false;
    if (!this.#isDue) return;
    this.#polled = 0;
    this.#work();
    this.#isBusy = this.#polled > 1;
  };
  readonly #from = new DatagramAddress();
  /** Grows to the longest datagram so far. */
  #staging = new Uint8Array(2048);
  #link: DatagramLink | undefined = undefined;
  #filled = 0;
  #sent = 0;
  #polled = 0;
  /** Whether more than one datagram left in the last turn in which somebody waited for the others. */
  #isBusy = false;
  #blocked = false;
  #scheduled = false;
  #isDue = false;
  #stopped = false;

  /**
   * Makes a driver without links.
   *
   * @param endpoint The machine.
   * @param scheduler Time.
   * @param owner Whom to tell.
   */
  constructor(endpoint: EndpointMachine, scheduler: Scheduler, owner: SecureDriverOwner) {
    this.endpoint = endpoint;
    this.#scheduler = scheduler;
    this.#owner = owner;
    this.#alarm = scheduler.alarm(() => this.#handleAlarm());
  }

  /** The datagram link, when there is one. */
  get link(): DatagramLink | undefined {
    return this.#link;
  }

  /** How many datagrams came while the machine could not take them and found no room to wait. */
  get droppedDatagrams(): number {
    return this.#inbox.droppedCount;
  }

  /**
   * Takes a datagram link over, in place of the one before, which is closed.
   *
   * @param link A link that was not started.
   * @returns When the one before is gone.
   */
  useLink(link: DatagramLink): Promise<void> {
    const before = this.#link;
    before?.close();
    this.#link = link;
    // What the one before refused is lost with it.
    this.#filled = this.#sent = 0;
    this.#blocked = false;
    link.start(this.#receiverOf(link));
    this.drain();
    return before?.whenClosed ?? SETTLED;
  }

  /**
   * Adds a stream as a path.
   *
   * @param pathId Its number, with `STREAM_PATH` set.
   * @param stream The stream.
   */
  addStream(pathId: number, stream: PacketStream): void {
    this.#streams.set(pathId, stream);
  }

  /**
   * A stream is gone.
   *
   * @param pathId Its number.
   * @param only The session that it served alone; all sessions are looked through otherwise.
   */
  removeStream(pathId: number, only?: SessionMachine): void {
    if (!this.#streams.delete(pathId) || this.#stopped) return;
    this.endpoint.handlePathLost(pathId, only);
    this.drain();
  }

  /**
   * A stream is gone on which no session has been.
   *
   * @param pathId Its number.
   */
  forgetStream(pathId: number): void {
    this.#streams.delete(pathId);
  }

  /**
   * Drains the machine: at once when it is the first time in this turn of promise jobs, otherwise behind what runs now,
   * so that one message leaves without delay and many share packets and wakings; while many leave in each turn, always
   * behind. Call it after every command, and not from inside an event.
   */
  drain(): void {
    if (this.#stopped) return;
    const isFirst = !this.#scheduled;
    if (isFirst) {
      this.#scheduled = true;
      SETTLED.then(this.#workSoon);
    }
    if (isFirst && !this.#isBusy) this.#work();
    else this.#isDue = true;
  }

  /** Drains the machine now, whatever else is to come in this turn. */
  drainNow(): void {
    this.#work();
  }

  /** Stops: nothing is handed to the machine any more, the link is left alone. */
  stop(): void {
    this.#stopped = true;
    this.#alarm.disarm();
    this.#inbox.clear();
  }

  /**
   * A packet came by any path.
   *
   * @param pathId Which path.
   * @param source Where it came from; of no account on a stream.
   * @param buffer Where it lies; copied.
   * @param start Where it starts.
   * @param end Where it ends.
   */
  handlePacket(pathId: number, source: DatagramAddress, buffer: Uint8Array, start: number, end: number): void {
    if (this.#stopped) return;
    this.#scheduler.tick();
    if (!this.endpoint.drained) this.#drain();
    if (this.endpoint.drained && this.#inbox.isEmpty) {
      this.#take(pathId, source, buffer, start, end);
      this.#drain();
    } else {
      this.#inbox.add(pathId, source, buffer, start, end);
      this.#takeWaiting();
    }
  }

  #receiverOf(link: DatagramLink): DatagramReceiver {
    const source = new DatagramAddress();
    return {
      source,
      handleDatagram: (buffer, start, end) => this.handlePacket(DATAGRAM_PATH, source, buffer, start, end),
      handleRoom: () => {
        this.#blocked = false;
        this.drain();
      },
      handleSendFailure: (to, failure) => this.#owner.handleSendFailure(to, failure),
      handleLost: (error) => {
        if (this.#link === link && !this.#stopped) this.#owner.handleLinkLost(error);
      },
    };
  }

  #take(pathId: number, source: DatagramAddress, buffer: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > this.#staging.length) this.#staging = new Uint8Array(MAX_STREAM_PACKET_BYTES);
    this.#staging.set(new Uint8Array(buffer.buffer, buffer.byteOffset + start, length));
    this.#from.copyFrom(source);
    this.endpoint.handleDatagram(pathId, this.#from, this.#staging, 0, length);
  }

  #handleAlarm(): void {
    this.endpoint.handleTimeout();
    this.#work();
  }

  #work(): void {
    if (this.#stopped) return;
    this.#isDue = false;
    this.#scheduler.tick();
    this.#drain();
    this.#takeWaiting();
  }

  /** Takes what came while there was no room. */
  #takeWaiting(): void {
    while (this.endpoint.drained && !this.#stopped) {
      const waiting = this.#inbox.take();
      if (waiting === undefined) return;
      this.#take(waiting.pathId, waiting.source, waiting.bytes, 0, waiting.bytes.length);
      this.#drain();
    }
  }

  /** Polls until nothing is left, or until the link has no room. */
  #drain(): void {
    const { endpoint } = this;
    do {
      if (!this.#transmit()) return;
      this.#alarm.arm(endpoint.pollTimeout());
      for (let event = endpoint.pollEvent(); event !== undefined; event = endpoint.pollEvent()) {
        this.#owner.handleEvent(event);
      }
    } while (!endpoint.drained && !this.#stopped);
    this.#owner.handleDrained();
  }

  /** Sends what there is to send; tells whether all found room. */
  #transmit(): boolean {
    if (this.#blocked || !this.#flush()) return false;
    // Where one datagram leaves at a time it does so at once; where many do they are sealed first.
    for (let room = this.#isBusy ? BATCH_COUNT : 1;; room = BATCH_COUNT) {
      const isDry = this.#fill(room);
      this.#polled += this.#filled;
      if (!this.#flush()) return false;
      if (isDry) return true;
    }
  }

  /** Polls datagrams into the batch; tells whether there are no more. */
  #fill(room: number): boolean {
    for (this.#filled = 0; this.#filled < room; this.#filled++) {
      const length = this.endpoint.pollTransmit(this.#batch[this.#filled]!);
      if (length === 0) return true;
      this.#lengths[this.#filled] = length;
    }
    return false;
  }

  /** Sends the batch; tells whether all of it found room. */
  #flush(): boolean {
    while (this.#sent < this.#filled) {
      if (!this.#send(this.#batch[this.#sent]!, this.#lengths[this.#sent]!)) return false;
      this.#sent++;
    }
    this.#sent = this.#filled = 0;
    return true;
  }

  #send({ buffer, offset, pathId, address }: DatagramTransmit, length: number): boolean {
    if (pathId === DATAGRAM_PATH) {
      this.#blocked = this.#link?.send(buffer, offset, offset + length, address) === SendStatus.BackPressured;
    } else this.#streams.get(pathId)?.sendPacket(buffer, offset, offset + length);
    return !this.#blocked;
  }
}

/** Targets in one piece of memory: the cipher knows memory by its object, and remembers few. */
function newBatch(): readonly DatagramTransmit[] {
  const memory = new Uint8Array(BATCH_COUNT * TARGET_BYTES);
  return Array.from(
    { length: BATCH_COUNT },
    (_, n) => new DatagramTransmit(memory, n * TARGET_BYTES + PACKET_LENGTH_BYTES),
  );
}
