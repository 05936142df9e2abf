/**
 * What secure servers and clients hand their TLS links to when those are to be paths of sessions; without it they close
 * them once the session stands.
 *
 * Invariant: a stream that was handed over belongs to its keeper, which closes it.
 *
 * @module
 */
import type { SessionMachine } from "../session/session_machine.ts";
import type { TcpAddress } from "../transport/address.ts";
import type { DatagramAddress } from "../wire/datagram_address.ts";
import type { SecureCore } from "./secure_core.ts";
import type { SecureStream } from "./secure_stream.ts";

/** What keeps the TLS link of a client as a path of its session, and chooses between the paths. */
export interface PathKeeper {
  /** Whether there are datagrams at all. */
  readonly usesDatagrams: boolean;
  /**
   * A resumption has begun: by datagrams alone.
   *
   * @param core The client's common part.
   * @param session The session.
   * @param server Where the server takes datagrams.
   */
  handleResuming(core: SecureCore, session: SessionMachine, server: DatagramAddress): void;
  /**
   * The hellos were exchanged.
   *
   * @param core The client's common part.
   * @param session The session, which has no keys yet.
   * @param stream The stream.
   * @param record The server's hello.
   * @param server The address that the stream has reached.
   * @param rttMs How long the answer took.
   * @returns The path on which the session begins.
   */
  begin(
    core: SecureCore,
    session: SessionMachine,
    stream: SecureStream,
    record: Uint8Array,
    server: DatagramAddress,
    rttMs: number,
  ): number;
  /**
   * Where the server takes datagrams, whatever carries the session.
   *
   * @param into Overwritten, unless there are no datagrams.
   * @returns Whether there are.
   */
  readServer(into: DatagramAddress): boolean;
  /** The session stands. */
  handleConnected(): void;
  /**
   * The session has moved, or the path that it was asked to take does not reach the server.
   *
   * @param hasMoved Which of both.
   */
  handlePath(hasMoved: boolean): void;
  /** The machine was drained. */
  handleDrained(): void;
  /** There are no datagrams any more. */
  handleDatagramsLost(): void;
  /**
   * Where the other end of a stream is.
   *
   * @param pathId The stream, as a path.
   * @returns Its address; `undefined` when there is no such stream.
   */
  addressOf(pathId: number): TcpAddress | undefined;
  /** Closes all streams. */
  close(): void;
}

/** What keeps the TLS links of clients as paths of their sessions. */
export interface StreamKeeper {
  /**
   * Takes the stream of a client whose hello was accepted.
   *
   * @param core The server's common part.
   * @param session The client's session.
   * @param stream The stream.
   * @param remote Where the client is.
   */
  keep(core: SecureCore, session: SessionMachine, stream: SecureStream, remote: TcpAddress): void;
  /**
   * Takes a stream whose first record is a packet: it may belong to a session that has lost its stream.
   *
   * @param core The server's common part.
   * @param record The packet; may be changed.
   * @param stream The stream.
   * @param remote Where the client is.
   * @returns Settles once it is known to be a path of its session, or has ended; never rejects.
   */
  rejoin(core: SecureCore, record: Uint8Array, stream: SecureStream, remote: TcpAddress): Promise<void>;
  /**
   * A session is on another path.
   *
   * @param core The server's common part.
   * @param session Which.
   */
  handleMoved(core: SecureCore, session: SessionMachine): void;
  /**
   * A session is over: its streams carry the last words and are closed.
   *
   * @param session Which.
   */
  handleEnded(session: SessionMachine): void;
  /**
   * Where the other end of a stream is.
   *
   * @param pathId The stream, as a path.
   * @returns Its address; `undefined` when there is no such stream.
   */
  addressOf(pathId: number): TcpAddress | undefined;
  /** Closes all streams. */
  close(): void;
}
