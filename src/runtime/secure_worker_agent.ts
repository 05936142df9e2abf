/**
 * What a worker of a secure server does: it has one endpoint, its driver and its share of the sessions, and knows the
 * socket and the application by records alone.
 *
 * Invariants: what a session says goes to the façade in order; no datagram is taken while answers wait for room, so that
 * what waits is bounded by what one turn brings; a message of the façade is counted as taken once the session has it.
 *
 * @module
 */
import type { ChannelSendOptions } from "../channel/channel_set.ts";
import { LANES } from "../channel/channel_class.ts";
import { SendStatus } from "../error/send_status.ts";
import type { Agent } from "../pool/agent.ts";
import { Doorbell } from "../ring/doorbell.ts";
import { EndpointMachine } from "../session/endpoint_machine.ts";
import type { EndpointConfig } from "../session/endpoint_options.ts";
import type { EndpointSetup } from "../session/endpoint_setup.ts";
import { SessionEvent } from "../session/session_event.ts";
import type { SessionMachine } from "../session/session_machine.ts";
import type { Alarm } from "../time/scheduler.ts";
import { ADDRESS_BYTES, DatagramAddress } from "../wire/datagram_address.ts";
import { SecureDriver, type SecureDriverOwner } from "./secure_driver.ts";
import { isSaid, SecureGoal } from "./secure_goal.ts";
import type { SecureHost } from "./secure_host.ts";
import { type DistantSocket, SecureWorkerLink } from "./secure_worker_link.ts";
import { type SecureRecordHandler, SecureWorkerPort } from "./secure_worker_port.ts";
import { SecureAnswer, SecureCommand, type SecureWorkerMemory, SEND_COST_BYTES } from "./secure_worker_record.ts";

/** How old the counters may be that the façade knows, in ms, and for how long a peer is watched after it was asked for. */
const REPORT_MS = 200;
const WATCH_MS = 2000;

/** What a worker is told; posted once. */
export interface SecureAgentInit {
  /** The rings. */
  readonly memory: SecureWorkerMemory;
  /** The façade's doorbell. */
  readonly facadeBell: SharedArrayBuffer;
  /** The options of this worker's endpoint. */
  readonly config: EndpointConfig;
  /** The keys that the workers have in common, and which worker this is. */
  readonly keys: Required<Pick<EndpointSetup, "routeKey" | "resetKey" | "ticketKey" | "owner">>;
  /** The socket. */
  readonly socket: DistantSocket;
}

/** What the façade learns of a worker's counters. */
export interface SecureWorkerCounts {
  /** How many sessions it has. */
  readonly sessions: number;
  /** How many of them wait for their client's first packet. */
  readonly halfOpen: number;
  /** Datagrams that found no room. */
  readonly dropped: number;
  /** See `SessionCounter`. */
  readonly session: Readonly<Record<string, number>>;
  /** See `EndpointCounter`. */
  readonly endpoint: Readonly<Record<string, number>>;
}

interface Waiting {
  readonly payload: Uint8Array;
  readonly options: ChannelSendOptions | undefined;
}

interface Held {
  readonly session: SessionMachine;
  /** Messages of the façade that wait for room, by channel. */
  readonly waiting: Map<number, Waiting[]>;
  /** What was taken of each channel and not told yet. */
  readonly taken: Map<number, number>;
  watchedUntil: number;
}

/** The agent of one worker. */
export class SecureWorkerAgent implements Agent, SecureDriverOwner, SecureRecordHandler {
  readonly #host: SecureHost;
  readonly #endpoint: EndpointMachine;
  readonly #driver: SecureDriver;
  readonly #link: SecureWorkerLink;
  readonly #port: SecureWorkerPort;
  readonly #sessions = new Map<number, Held>();
  /** Those of whom the façade has to be told that messages were taken. */
  readonly #owing = new Set<Held>();
  readonly #alarm: Alarm;
  readonly #address = new DatagramAddress();
  readonly #goal: SecureGoal;
  #isReportDue = false;
  /** The code that all sessions are about to be closed with; -1: none. */
  #endCode = -1;

  /**
   * Makes the agent.
   *
   * @param init What it was told.
   * @param host Time, chance and cryptography of its thread.
   * @param requestTurn Has `doWork` called again.
   */
  constructor(init: SecureAgentInit, host: SecureHost, requestTurn: () => void) {
    const { memory, config, keys, socket } = init;
    const { scheduler, random, aead, keyExchange } = host;
    const bell = new Doorbell(init.facadeBell);
    this.#host = host;
    scheduler.tick();
    const { clock } = scheduler;
    this.#endpoint = new EndpointMachine({ ...keys, config, clock, wallClock: scheduler, random, aead, keyExchange });
    this.#driver = new SecureDriver(this.#endpoint, scheduler, this);
    this.#port = new SecureWorkerPort(memory.answers, memory.commands, bell, requestTurn);
    this.#link = new SecureWorkerLink(socket, memory.arrivals, memory.departures, bell, requestTurn);
    this.#alarm = scheduler.alarm(() => this.#report());
    this.#goal = new SecureGoal(scheduler);
    void this.#driver.useLink(this.#link);
  }

  /** {@inheritDoc Agent.doWork} */
  doWork(): number {
    const commands = this.#port.drain(this);
    if (commands > 0) this.#driver.drain();
    const datagrams = this.#port.isBacked ? 0 : this.#link.drain();
    this.#settle();
    return commands + datagrams;
  }

  /** {@inheritDoc Agent.onClose} */
  onClose(): void {
    this.#closeAll();
    this.#settle();
    this.#report();
    this.#driver.stop();
    this.#alarm.disarm();
    this.#link.close();
    this.#port.close();
  }

  /** {@inheritDoc SecureRecordHandler.handleRecord} */
  handleRecord(kind: number, id: number, a: number, b: number, buffer: Uint8Array, start: number, end: number): void {
    if (kind === SecureCommand.Hello) return this.#welcome(id, a, buffer, start, end);
    if (kind === SecureCommand.End) return void this.#end(a, b);
    // It may have ended while the command was on its way.
    const held = this.#sessions.get(id);
    if (held === undefined) return;
    if (kind === SecureCommand.Send) this.#send(held, a, b, buffer.slice(start, end));
    else if (kind === SecureCommand.Consumed) held.session.handleConsumed(a, b);
    else if (kind === SecureCommand.Close) {
      held.session.close(a, new TextDecoder().decode(buffer.slice(start, end)));
    } else if (kind === SecureCommand.Watch) {
      held.watchedUntil = this.#host.scheduler.clock.now + WATCH_MS;
      this.#countPeer(held);
    }
  }

  /** {@inheritDoc SecureDriverOwner.handleEvent} */
  handleEvent(event: SessionEvent): void {
    const session = this.#endpoint.session!;
    if (event === SessionEvent.Message) this.#tellMessage(session);
    else if (event === SessionEvent.Connected) this.#tellConnected(session);
    else if (event === SessionEvent.Drained) this.#serve(this.#sessions.get(session.id));
    else if (event === SessionEvent.PathChanged) {
      this.#port.send(SecureAnswer.Moved, session.id, 0, 0, this.#addressOf(session, 0));
    } else if (event === SessionEvent.Closed) this.#tellEnded(session);
  }

  /** {@inheritDoc SecureDriverOwner.handleDrained} */
  handleDrained(): void {
    if (!this.#isReportDue) {
      this.#isReportDue = true;
      this.#alarm.arm(this.#host.scheduler.clock.now + REPORT_MS);
    }
    this.#goal.check();
  }

  /** {@inheritDoc SecureDriverOwner.handleSendFailure} */
  handleSendFailure(): void {}

  /** {@inheritDoc SecureDriverOwner.handleLinkLost} */
  handleLinkLost(): void {}

  #welcome(request: number, udpPort: number, buffer: Uint8Array, start: number, end: number): void {
    const bytes = buffer.slice(start, end);
    const address = new DatagramAddress();
    address.decode(bytes, 0);
    const { record, session } = this.#endpoint.acceptHello(bytes.subarray(ADDRESS_BYTES), address, udpPort);
    if (session !== undefined) this.#hold(session);
    this.#port.send(SecureAnswer.Welcome, request, session?.id ?? 0, 0, record);
  }

  #send(held: Held, a: number, ttlMs: number, payload: Uint8Array): void {
    const channel = a & 0xff;
    const lane = LANES[(a >> 8) - 1];
    const isPlain = lane === undefined && ttlMs < 0;
    const options = isPlain ? undefined : { ...lane && { lane }, ...ttlMs >= 0 && { ttlMs } };
    const before = held.waiting.get(channel);
    const message = { payload, options };
    if (before !== undefined) before.push(message);
    else if (!this.#offer(held, channel, message)) held.waiting.set(channel, [message]);
  }

  /** Offers a message; tells whether it found room, or never will. */
  #offer(held: Held, channel: number, { payload, options }: Waiting): boolean {
    if (held.session.send(channel, payload, options) === SendStatus.BackPressured) return false;
    held.taken.set(channel, (held.taken.get(channel) ?? 0) + payload.length + SEND_COST_BYTES);
    this.#owing.add(held);
    return true;
  }

  #serve(held: Held | undefined): void {
    if (held === undefined) return;
    for (const [channel, list] of held.waiting) {
      let served = 0;
      while (served < list.length && this.#offer(held, channel, list[served]!)) served++;
      list.splice(0, served);
      if (list.length === 0) held.waiting.delete(channel);
    }
    this.#settle();
  }

  /** Tells the façade what was taken. */
  #settle(): void {
    if (this.#owing.size === 0) return;
    for (const { session, taken } of this.#owing) {
      for (const [channel, bytes] of taken) this.#port.send(SecureAnswer.Taken, session.id, channel, bytes);
      taken.clear();
    }
    this.#owing.clear();
  }

  #hold(session: SessionMachine): Held {
    const held = { session, waiting: new Map(), taken: new Map(), watchedUntil: 0 };
    this.#sessions.set(session.id, held);
    return held;
  }

  #tellConnected(session: SessionMachine): void {
    const held = this.#sessions.get(session.id) ?? this.#hold(session);
    const token = session.token ?? new Uint8Array(0);
    const bytes = this.#addressOf(session, token.length);
    bytes.set(token, ADDRESS_BYTES);
    this.#countPeer(held);
    this.#port.send(SecureAnswer.Connected, session.id, session.isResumed ? 1 : 0, 0, bytes);
  }

  #tellMessage(session: SessionMachine): void {
    const { messageBuffer, messageOffset, messageLength, messageChannel, messageIsEarly } = this.#endpoint;
    const credit = this.#endpoint.takeCredit();
    const bytes = new Uint8Array(messageBuffer.buffer, messageBuffer.byteOffset + messageOffset, messageLength);
    this.#port.send(SecureAnswer.Message, session.id, messageChannel | (messageIsEarly ? 1 : 0) << 8, credit, bytes);
  }

  #tellEnded(session: SessionMachine): void {
    const { code, origin, text } = session.reason!;
    this.#sessions.delete(session.id);
    const bytes = new TextEncoder().encode(text);
    this.#port.send(SecureAnswer.Ended, session.id, code, origin === "remote" ? 1 : 0, bytes);
  }

  #addressOf(session: SessionMachine, more: number): Uint8Array {
    const bytes = new Uint8Array(ADDRESS_BYTES + more);
    session.readAddress(this.#address);
    this.#address.encode(bytes, 0);
    return bytes;
  }

  /** What was sent before goes first, and is acknowledged, where there is time. */
  async #end(code: number, timeoutMs: number): Promise<void> {
    const { scheduler } = this.#host;
    const endAt = scheduler.tick() + timeoutMs;
    this.#endCode = code;
    this.#driver.drainNow();
    if (timeoutMs > 0) await this.#goal.reach(this.#isSent(), endAt);
    this.#closeAll();
    await this.#goal.reach(() => isSaid(this.#endpoint), Infinity);
    this.#port.send(SecureAnswer.Said, 0);
  }

  #closeAll(): void {
    if (this.#endCode < 0) return;
    this.#endpoint.close(this.#endCode);
    this.#endCode = -1;
    this.#driver.drainNow();
  }

  /** Whether everything has gone out, and was acknowledged on reliable channels; each session is asked until it is so. */
  #isSent(): () => boolean {
    const unsent = new Set(this.#sessions.values());
    return () => {
      for (const held of unsent) {
        if (this.#sessions.has(held.session.id) && holds(held)) return false;
        unsent.delete(held);
      }
      return true;
    };
  }

  #report(): void {
    const endpoint = this.#endpoint;
    this.#isReportDue = false;
    const counts: SecureWorkerCounts = {
      sessions: endpoint.sessionCount,
      halfOpen: endpoint.halfOpenCount,
      dropped: this.#driver.droppedDatagrams,
      session: endpoint.sessionCounters(),
      endpoint: endpoint.counters(),
    };
    this.#tellJson(SecureAnswer.Counted, 0, counts);
    const { now } = this.#host.scheduler.clock;
    for (const held of this.#sessions.values()) if (held.watchedUntil > now) this.#countPeer(held);
  }

  #countPeer({ session }: Held): void {
    this.#tellJson(SecureAnswer.PeerCounted, session.id, session.statistics());
  }

  #tellJson(kind: number, session: number, value: unknown): void {
    this.#port.send(kind, session, 0, 0, new TextEncoder().encode(JSON.stringify(value)));
  }
}

function holds({ session, waiting }: Held): boolean {
  const { queuedBytes, laneBytes } = session.statistics();
  return waiting.size > 0 || queuedBytes > 0 || LANES.some((lane) => laneBytes[lane] > 0);
}
