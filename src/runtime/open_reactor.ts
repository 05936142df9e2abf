/**
 * Makes what stands behind a reactor: one runtime on this thread, with sockets of its own or of workers, or one in each
 * worker.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { ClosedError } from "../error/transport_error.ts";
import type { SendStatus } from "../error/send_status.ts";
import type { Address } from "../transport/address.ts";
import type { Connection } from "./connection.ts";
import type { ReactorCore } from "./reactor_core.ts";
import type { ReactorConfig, ReactorHandlers } from "./reactor_options.ts";
import { ReactorRuntime } from "./reactor_runtime.ts";
import { RemoteReactor } from "./remote_reactor.ts";
import type { ReactorStatistics } from "./statistics.ts";
import { checkPortIsFree } from "./worker_team.ts";
import { type StreamSource, streamSource } from "./stream_source.ts";
import type { RuntimeHost } from "./system_host.ts";

/** Room for links that are closed here and not yet gone in a worker, or still write what they were given. */
const SPARE_LINK_COUNT = 4096;

/**
 * Makes what stands behind a reactor.
 *
 * @param config The checked options.
 * @param host Time and randomness.
 * @returns The core, not started.
 */
export function openReactor(config: ReactorConfig, host: RuntimeHost): ReactorCore {
  const { handler } = config;
  return handler === undefined ? new SourcedReactor(config, host) : new RemoteReactor(config, handler, host);
}

/** A runtime on this thread and where its links come from. */
class SourcedReactor implements ReactorCore {
  readonly #config: ReactorConfig;
  readonly #source: StreamSource;
  readonly #runtime: ReactorRuntime;
  readonly #stopped: Promise<void>;

  constructor(config: ReactorConfig, host: RuntimeHost) {
    this.#config = config;
    this.#source = streamSource({
      workers: config.workers,
      dispatch: config.dispatch,
      tcp: config,
      maxLinkCount: config.maxConnectionCount + SPARE_LINK_COUNT,
      closeTimeoutMs: config.stream.closeTimeoutMs,
      scheduler: host.scheduler,
      report: (error) => this.#runtime.report(error),
      exhausted: (error) => {
        this.#runtime.report(error);
        void this.#runtime.stop(CloseCode.GoingAway);
      },
    });
    this.#runtime = new ReactorRuntime(config, this.#source.fabric, host);
    // The signal stops the runtime, too: whoever did, the workers follow.
    this.#stopped = this.#runtime.whenStopped.then(() => this.#source.stop());
  }

  get address(): Address | undefined {
    return this.#runtime.address;
  }

  get connections(): Connection[] {
    return this.#runtime.connections;
  }

  start(handlers: Readonly<ReactorHandlers>): Promise<void> {
    this.#runtime.start(handlers);
    return this.#listen();
  }

  async stop(): Promise<void> {
    await this.#runtime.stop();
    await this.#stopped;
  }

  send(peerId: string, payload: Uint8Array): Promise<void> {
    return this.#runtime.send(peerId, payload);
  }

  trySend(peerId: string, payload: Uint8Array): SendStatus {
    return this.#runtime.trySend(peerId, payload);
  }

  peer(peerId: string): Connection | undefined {
    return this.#runtime.peer(peerId);
  }

  statistics(): ReactorStatistics {
    return this.#runtime.statistics();
  }

  async #listen(): Promise<void> {
    const { workers, dispatch } = this.#config;
    try {
      if (workers > 0 && dispatch === "kernel") await checkPortIsFree(this.#config);
      await this.#source.start();
      await this.#runtime.listening;
    } catch (error) {
      const wasStopped = this.#runtime.isStopping;
      await this.stop();
      throw wasStopped ? stopError(this.#config, error) : error;
    }
  }
}

function stopError({ signal }: ReactorConfig, cause: unknown): unknown {
  return signal?.aborted ? signal.reason : new ClosedError(CloseCode.GoingAway, "local", { cause });
}
