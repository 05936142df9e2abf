/**
 * One incarnation of a worker of a secure server, as the façade sees it: its sessions, its answers, its datagrams.
 *
 * Invariants: a session is told of from its first record to its end, once each; when the worker is lost, all of its
 * sessions end and all hellos that it has not answered fail.
 *
 * @module
 */
import { ResourceError } from "../error/transport_error.ts";
import type { Doorbell } from "../ring/doorbell.ts";
import type { EndpointConfig } from "../session/endpoint_options.ts";
import { SessionEvent } from "../session/session_event.ts";
import type { SessionStatistics } from "../session/session_statistics.ts";
import type { NumericAddress } from "../transport/datagram_link.ts";
import { ADDRESS_BYTES, type DatagramAddress } from "../wire/datagram_address.ts";
import type { SecureWorkerCounts } from "./secure_worker_agent.ts";
import { DatagramRingReader, DatagramRingWriter, type TakeDatagram } from "./secure_worker_link.ts";
import { type SecureRecordHandler, SecureWorkerPort } from "./secure_worker_port.ts";
import {
  createSecureWorkerMemory,
  SecureAnswer,
  SecureCommand,
  type SecureWorkerMemory,
} from "./secure_worker_record.ts";
import type { SecureSession } from "./secure_worker_face.ts";
import { SecureWorkerSession } from "./secure_worker_session.ts";

const NO_BYTES = new Uint8Array(0);

/** What came of a client's hello. */
export interface SecureHelloAnswer {
  /** The record to write on the stream, behind its length. */
  readonly record: Uint8Array;
  /** The session that waits for its client; `undefined` when the record refuses it. */
  readonly session: SecureSession | undefined;
}

/** Whom a worker's answers are told to. */
export interface SecureRemoteOwner {
  /** A number for a session, never given before. */
  nextId(): number;
  /**
   * A session reports an event.
   *
   * @param event Which.
   * @param session Whose.
   */
  tell(event: SessionEvent, session: SecureWorkerSession): void;
  /**
   * A session reports a message.
   *
   * @param session Whose.
   * @param channel By which channel.
   * @param isEarly Whether it came ahead of the handshake.
   * @param credit What the sender gets back for it.
   * @param buffer Where it lies; lent for this call.
   * @param start Where it starts.
   * @param end Where it ends.
   */
  tellMessage(
    session: SecureWorkerSession,
    channel: number,
    isEarly: boolean,
    credit: number,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): void;
  /** All peers have confirmed the end. */
  tellSaid(remote: SecureRemote): void;
}

/** One incarnation. */
export class SecureRemote implements SecureRecordHandler {
  /** The rings, for its init message. */
  readonly memory: SecureWorkerMemory;
  /** Whether it has started. */
  isRunning = false;
  /** Whether all peers have confirmed the end, or none was asked to. */
  isSaid = true;
  /** What it counted, as far as is known. */
  counts: SecureWorkerCounts | undefined = undefined;
  readonly #owner: SecureRemoteOwner;
  readonly #config: EndpointConfig;
  readonly #port: SecureWorkerPort;
  readonly #arrivals: DatagramRingWriter;
  readonly #departures: DatagramRingReader;
  readonly #sessions = new Map<number, SecureWorkerSession>();
  readonly #requests = new Map<number, PromiseWithResolvers<SecureHelloAnswer>>();
  #requestCount = 0;

  /**
   * Makes the memory and the façade's ends.
   *
   * @param config The options of its endpoint.
   * @param workerBell Wakes it.
   * @param owner Whom to tell.
   */
  constructor(config: EndpointConfig, workerBell: Doorbell, owner: SecureRemoteOwner) {
    this.memory = createSecureWorkerMemory(config.channelSet.maxMessageBytes);
    const { commands, answers, arrivals, departures } = this.memory;
    this.#config = config;
    this.#owner = owner;
    this.#port = new SecureWorkerPort(commands, answers, workerBell, () => {});
    this.#arrivals = new DatagramRingWriter(arrivals, workerBell);
    this.#departures = new DatagramRingReader(departures);
  }

  /** How many sessions it has or is about to have. */
  get load(): number {
    return this.#sessions.size + this.#requests.size;
  }

  /**
   * Hands a datagram over.
   *
   * @param from Where it came from.
   * @param buffer The memory; copied.
   * @param start Where it starts.
   * @param end Where it ends.
   * @returns Whether there was room.
   */
  give(from: NumericAddress, buffer: Uint8Array, start: number, end: number): boolean {
    return this.#arrivals.add(from, buffer, start, end);
  }

  /**
   * Hands a client's hello over.
   *
   * @param record The record.
   * @param address Where its stream came from.
   * @param udpPort Where the client's datagrams go.
   * @returns The answer. Rejects with `ResourceError` when the worker is lost before.
   */
  accept(record: Uint8Array, address: DatagramAddress, udpPort: number): Promise<SecureHelloAnswer> {
    const bytes = new Uint8Array(ADDRESS_BYTES + record.length);
    address.encode(bytes, 0);
    bytes.set(record, ADDRESS_BYTES);
    const request = ++this.#requestCount;
    const answer = Promise.withResolvers<SecureHelloAnswer>();
    this.#requests.set(request, answer);
    this.#port.send(SecureCommand.Hello, request, udpPort, 0, bytes);
    return answer.promise;
  }

  /**
   * Takes in what the worker said.
   *
   * @returns How much; there may be more.
   */
  drain(): number {
    return this.#port.drain(this);
  }

  /**
   * Takes out what the worker sends.
   *
   * @param take Takes a datagram, or has it come again.
   * @returns How many; there may be more.
   */
  depart(take: TakeDatagram): number {
    return this.#departures.drain(take);
  }

  /**
   * Has it close all sessions.
   *
   * @param code Why.
   * @param timeoutMs For how long what is queued may go first.
   */
  end(code: number, timeoutMs: number): void {
    this.isSaid = false;
    this.#port.send(SecureCommand.End, 0, code, timeoutMs);
  }

  /**
   * Nobody waits for the ends of its sessions any more.
   *
   * @param code Why they end.
   */
  settle(code: number): void {
    for (const session of this.#sessions.values()) session.reason ??= { code, origin: "local", text: "" };
  }

  /**
   * It is gone, or of no use any more: what it had is over.
   *
   * @param code Why.
   * @param text What the application is told besides.
   */
  lose(code: number, text: string): void {
    this.isRunning = false;
    this.isSaid = true;
    this.#port.close();
    const error = new ResourceError("Cannot answer the hello: its worker was lost");
    for (const { reject } of this.#requests.values()) reject(error);
    this.#requests.clear();
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of sessions) {
      session.reason = { code, origin: "local", text };
      this.#owner.tell(SessionEvent.Closed, session);
    }
  }

  /** {@inheritDoc SecureRecordHandler.handleRecord} */
  handleRecord(kind: number, id: number, a: number, b: number, buffer: Uint8Array, start: number, end: number): void {
    if (kind === SecureAnswer.Welcome) return this.#welcome(id, a, buffer.slice(start, end));
    if (kind === SecureAnswer.Said) {
      this.isSaid = true;
      return this.#owner.tellSaid(this);
    }
    if (kind === SecureAnswer.Counted) {
      this.counts = parsed(buffer, start, end) as SecureWorkerCounts;
      return;
    }
    const session = this.#sessions.get(id) ?? this.#open(id);
    if (kind === SecureAnswer.Message) {
      this.#owner.tellMessage(session, a & 0xff, a >> 8 === 1, b, buffer, start, end);
    } else if (kind === SecureAnswer.Taken) {
      if (session.handleTaken(a, b)) this.#owner.tell(SessionEvent.Drained, session);
    } else if (kind === SecureAnswer.Connected) this.#connect(session, a === 1, buffer.slice(start, end));
    else if (kind === SecureAnswer.Moved) session.address.decode(buffer, start);
    else if (kind === SecureAnswer.PeerCounted) session.counted = parsed(buffer, start, end) as SessionStatistics;
    else if (kind === SecureAnswer.Ended) {
      const text = new TextDecoder().decode(buffer.slice(start, end));
      session.reason = { code: a, origin: b === 1 ? "remote" : "local", text };
      this.#sessions.delete(id);
      this.#owner.tell(SessionEvent.Closed, session);
    }
  }

  #open(serial: number): SecureWorkerSession {
    const session = new SecureWorkerSession(this.#owner.nextId(), serial, this.#port, this.#config.channelSet);
    this.#sessions.set(serial, session);
    return session;
  }

  #welcome(request: number, serial: number, record: Uint8Array): void {
    const answer = this.#requests.get(request);
    this.#requests.delete(request);
    const session = serial === 0 ? undefined : this.#open(serial);
    answer?.resolve({ record, session });
  }

  #connect(session: SecureWorkerSession, isResumed: boolean, bytes: Uint8Array): void {
    session.isResumed = isResumed;
    session.address.decode(bytes, 0);
    session.token = bytes.length > ADDRESS_BYTES ? bytes.subarray(ADDRESS_BYTES) : NO_BYTES;
    this.#owner.tell(SessionEvent.Connected, session);
  }
}

function parsed(buffer: Uint8Array, start: number, end: number): unknown {
  return JSON.parse(new TextDecoder().decode(buffer.slice(start, end)));
}
