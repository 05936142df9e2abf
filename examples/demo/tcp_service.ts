/**
 * What the serving halves over framed TCP have in common: a reactor that knows when all its clients are done.
 *
 * @module
 */
import { CloseCode, type Connection, Reactor, type ReactorOptions } from "@ringwire/ringwire";
import type { Account } from "./account.ts";
import type { Service, Setting } from "./scenario.ts";

/** How long the ends of connections may take once the clients say that they are done. */
const END_LIMIT_MS = 5000;

/** When messages came, and what else the service noticed. */
export class Arrivals {
  /** What was wrong. */
  readonly faults: string[] = [];
  #firstMs = 0;
  #lastMs = 0;

  /** Notes that one message came, or several at once. */
  note(): void {
    this.#lastMs = performance.now();
    if (this.#firstMs === 0) this.#firstMs = this.#lastMs;
  }

  /** From the first to the last in seconds. */
  get seconds(): number {
    return (this.#lastMs - this.#firstMs) / 1000;
  }
}

/** How a service is made. */
export interface ServicePlan {
  /** How many connections all clients make. */
  readonly connectionCount: number;
  /** The options and handlers of the reactor; its ends and errors are seen to. */
  readonly options: Omit<ReactorOptions, "onDisconnected" | "onError">;
  /** Sets handlers that need the reactor itself. */
  readonly attach?: (reactor: Reactor) => void;
  /** When messages came. */
  readonly arrivals: Arrivals;
  /** What was received: asked for when all connections have ended. */
  readonly account: () => Pick<Account, "streams" | "faults"> & Partial<Account>;
  /** Told of each connection that ended. */
  readonly onEnd?: (connection: Connection) => void;
}

/**
 * Starts a reactor for one scenario.
 *
 * @param setting Where to listen.
 * @param plan What to do.
 * @returns The running service.
 */
export async function serveTcp(setting: Setting, plan: ServicePlan): Promise<Service> {
  const { connectionCount, arrivals } = plan;
  const allEnded = Promise.withResolvers<void>();
  let ended = 0;
  const reactor = new Reactor({
    ...plan.options,
    hostname: setting.hostname,
    port: setting.port,
    onDisconnected: (connection, { code, message }) => {
      if (code !== CloseCode.Normal) arrivals.faults.push(`a connection ended with ${message}`);
      plan.onEnd?.(connection);
      if (++ended === connectionCount) allEnded.resolve();
    },
    onError: (error) => void arrivals.faults.push(`the server failed: ${error}`),
  });
  plan.attach?.(reactor);
  await reactor.start();
  return {
    port: reactor.port,
    async finish(): Promise<Account> {
      const timer = setTimeout(allEnded.resolve, END_LIMIT_MS);
      await allEnded.promise;
      clearTimeout(timer);
      await reactor.stop();
      if (ended !== connectionCount) arrivals.faults.push(`${ended} of ${connectionCount} connections came and ended`);
      const account = plan.account();
      return { seconds: arrivals.seconds, drops: 0, ...account, faults: [...arrivals.faults, ...account.faults] };
    },
  };
}
