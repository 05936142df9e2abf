/**
 * Where an endpoint's links come from: sockets of this thread, or of workers.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import type { ResourceError } from "../error/transport_error.ts";
import { tcpFabric, type TcpFabricOptions } from "../io/tcp/tcp_fabric.ts";
import type { Scheduler } from "../time/scheduler.ts";
import type { StreamFabric } from "../transport/stream_link.ts";
import { LinkWorkers } from "./link_workers.ts";
import type { ParticleConfig } from "./particle_options.ts";
import type { RuntimeHost } from "./system_host.ts";
import type { Dispatch } from "./worker_options.ts";

/** A client that a source serves. */
export interface SourceClient {
  /** Something failed that closes nothing but its link. */
  report(error: unknown): void;
  /** There will never be a link again. */
  abort(code: CloseCode): void;
}

/** Where an endpoint's links come from. */
export interface StreamSource {
  /** What the endpoint listens or connects with; it may be used before the source has started. */
  readonly fabric: StreamFabric;
  /** Starts the workers, if there are any; rejects when one cannot start. */
  start(): Promise<void>;
  /** Ends the workers, if there are any; the endpoint is closed by then. */
  stop(): Promise<void>;
}

/** What a source is made of. */
export interface StreamSourceSetup {
  /** How many workers own the sockets; 0 for none. */
  readonly workers: number;
  /** How links reach the workers. */
  readonly dispatch: Dispatch;
  /** The address, and how the kernel treats connections. */
  readonly tcp: TcpFabricOptions;
  /** How many links there may be. */
  readonly maxLinkCount: number;
  /** How long closing may take, in ms. */
  readonly closeTimeoutMs: number;
  /** Time and turns. */
  readonly scheduler: Scheduler;
  /** Gets what failed with a worker; its links are lost, and another one takes its place. */
  readonly report: (error: Error) => void;
  /** Called when the last worker is given up on. */
  readonly exhausted: (error: ResourceError) => void;
}

/** What stopping a worker takes besides the closing of its links. */
const STOP_MARGIN_MS = 2000;
/** Room for links that are closed here and not yet gone there. */
const SPARE_LINK_COUNT = 16;
const DONE: Promise<void> = Promise.resolve();

/**
 * Makes a source.
 *
 * @param setup What it is made of.
 * @returns The source, not started.
 */
export function streamSource(setup: StreamSourceSetup): StreamSource {
  const { workers, dispatch, tcp, maxLinkCount, closeTimeoutMs, scheduler, report, exhausted } = setup;
  if (workers === 0) return { fabric: tcpFabric(tcp), start: () => DONE, stop: () => DONE };
  const { hostname, port, noDelay, keepAlive, backlogCount } = tcp;
  const plain = {
    hostname,
    port,
    sharePort: dispatch === "kernel",
    ...(noDelay === undefined ? {} : { noDelay }),
    ...(keepAlive === undefined ? {} : { keepAlive }),
    ...(backlogCount === undefined ? {} : { backlogCount }),
  };
  return new LinkWorkers({
    count: workers,
    dispatch,
    tcp: plain,
    maxLinkCount,
    lingerMs: closeTimeoutMs,
    stopTimeoutMs: closeTimeoutMs + STOP_MARGIN_MS,
    scheduler,
    report,
    exhausted,
  });
}

/**
 * Makes the source of a client; its workers run until the client is closed.
 *
 * @param config The client's options.
 * @param linkCount How many links it has.
 * @param host Time and turns.
 * @param client The client, once it is made.
 * @returns The source, not started.
 */
export function clientSource(
  config: ParticleConfig,
  linkCount: number,
  host: RuntimeHost,
  client: () => SourceClient,
): StreamSource {
  return streamSource({
    workers: config.workers,
    // Clients connect from the workers themselves.
    dispatch: "kernel",
    tcp: config,
    maxLinkCount: linkCount + SPARE_LINK_COUNT,
    closeTimeoutMs: config.stream.closeTimeoutMs,
    scheduler: host.scheduler,
    report: (error) => client().report(error),
    exhausted: (error) => {
      client().report(error);
      client().abort(CloseCode.ConnectFailed);
    },
  });
}

/**
 * Runs the workers of a client for as long as it lives.
 *
 * @param source Its source.
 * @param closed Settles when the client is closed.
 * @returns When the workers are gone, too; never rejects.
 */
export function runSource(source: StreamSource, closed: Promise<void>): Promise<void> {
  // A source that cannot start has told the client: its attempt to connect has failed.
  source.start().catch(() => {});
  return closed.then(() => source.stop());
}
