/**
 * The workers of one endpoint as the main thread sees them: the pool, the one loop that drains their rings (one wake-up
 * for whatever has arrived from all of them), and in ring dispatch the sockets that they are fed from.
 *
 * Invariant: the loss of a worker is the loss of its links and of nothing else; the listener of ring dispatch and the
 * other listeners of kernel dispatch stay.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { ClosedError, ResourceError } from "../error/transport_error.ts";
import { tcpFabric, type TcpFabricOptions } from "../io/tcp/tcp_fabric.ts";
import { AcceptDispatcher } from "../pool/ferry/accept_dispatcher.ts";
import { createFerryMemory, openSocketSide } from "../pool/ferry/ferry_memory.ts";
import type { SocketSide } from "../pool/ferry/socket_side.ts";
import { EventLoopDuty } from "../pool/event_loop_duty.ts";
import type { WorkerFailure } from "../pool/worker_failure.ts";
import { type PoolOwner, WorkerPool } from "../pool/worker_pool.ts";
import { Doorbell, DOORBELL_BYTES } from "../ring/doorbell.ts";
import type { Scheduler } from "../time/scheduler.ts";
import { formatAddress } from "../transport/address.ts";
import type { LinkSource } from "./socket_agent.ts";
import type { Dispatch } from "./worker_options.ts";

/** How long a worker may take to start, in ms: where modules are type-checked first, that takes a while. */
const START_TIMEOUT_MS = 30_000;
/** How long nobody may answer on a port that counts as free, in ms; on one's own host a refusal comes at once. */
const PROBE_MS = 1000;
/** Where those are reached that listen on all addresses. */
const ANY_HOST: ReadonlyMap<string, string> = new Map([["0.0.0.0", "127.0.0.1"], ["::", "::1"]]);

/** One incarnation of a worker, as whoever uses the team made it. */
export interface TeamMember {
  /** What the worker is told; posted once. */
  readonly init: unknown;
  /** Takes in what the worker sent, and returns how much that was. */
  drain(): number;
  /** The worker runs. */
  started(): void;
  /** The worker is gone; called once. */
  lost(error: Error): void;
}

/** What a team is made of. */
export interface WorkerTeamSetup {
  /** The script that the workers run. */
  readonly entry: URL;
  /** How many workers there are. */
  readonly count: number;
  /** How links reach them; `kernel` for clients, too. */
  readonly dispatch: Dispatch;
  /** The address, and how the kernel treats connections. */
  readonly tcp: TcpFabricOptions;
  /** How many links one worker may have. */
  readonly maxLinkCount: number;
  /** How long a closed link may take to write what it was given before, in ms. */
  readonly lingerMs: number;
  /** How long workers may take to stop, in ms. */
  readonly stopTimeoutMs: number;
  /** Time and turns. */
  readonly scheduler: Scheduler;
  /** Makes one incarnation of a worker. */
  readonly open: (index: number, workerBell: Doorbell, source: LinkSource) => TeamMember;
  /** Something failed that closes nothing but the links of a worker. */
  readonly report: (error: Error) => void;
  /** The last worker is given up on. */
  readonly exhausted: (error: ResourceError) => void;
}

/**
 * Makes sure that nobody listens on a port that workers are about to share: sharing sockets would join whoever is there
 * without a word, another reactor or another process of the same user.
 *
 * Why by connecting: a listener of its own for a moment would let clients in.
 *
 * @param tcp The address.
 * @returns When that is known. Rejects with `ResourceError` when somebody answers, or leaves the attempt waiting.
 */
export async function checkPortIsFree(tcp: TcpFabricOptions): Promise<void> {
  if (tcp.port === 0) return;
  const hostname = ANY_HOST.get(tcp.hostname) ?? tcp.hostname;
  const signal = AbortSignal.timeout(PROBE_MS);
  try {
    const link = await tcpFabric({ hostname, port: tcp.port }).connect(signal);
    const isSelf = formatAddress(link.local) === formatAddress(link.remote);
    link.close();
    if (isSelf) return;
  } catch {
    if (!signal.aborted) return;
  }
  const target = formatAddress({ transport: "tcp", hostname: tcp.hostname, port: tcp.port });
  const cause = new Error(signal.aborted ? "An attempt to connect there waits" : "Somebody answers there");
  throw new ResourceError(`Cannot listen on ${target}: address already in use`, { cause });
}

/** The workers of one endpoint. */
export class WorkerTeam implements PoolOwner {
  readonly #setup: WorkerTeamSetup;
  readonly #pool: WorkerPool;
  readonly #doorbellMemory = new SharedArrayBuffer(DOORBELL_BYTES);
  readonly #doorbell: Doorbell = new Doorbell(this.#doorbellMemory);
  readonly #duty: EventLoopDuty;
  #closed = false;
  readonly #members: (TeamMember | undefined)[] = [];
  readonly #socketSides: (SocketSide | undefined)[] = [];
  readonly #dispatcher: AcceptDispatcher;
  #starting: Promise<void> | undefined = undefined;
  #stopping: Promise<void> | undefined = undefined;

  /** @param setup What it is made of. */
  constructor(setup: WorkerTeamSetup) {
    const { entry, count, tcp, scheduler, stopTimeoutMs } = setup;
    this.#setup = setup;
    this.#dispatcher = new AcceptDispatcher(tcpFabric(tcp));
    const owner = {
      isStopping: false,
      mayContinue: () => !this.#closed,
      handleFailure: (cause: unknown) => setup.exhausted(new ResourceError("Cannot go on: draining failed", { cause })),
    };
    this.#duty = new EventLoopDuty({ doWork: () => this.#drain() }, this.#doorbell, owner, scheduler);
    this.#pool = new WorkerPool(
      { entry, count, stopTimeoutMs, startTimeoutMs: START_TIMEOUT_MS, name: "ringwire" },
      this,
      scheduler,
    );
  }

  /**
   * Starts the workers.
   *
   * @returns When all run. Rejects when one cannot; then none is left.
   */
  start(): Promise<void> {
    if (this.#starting === undefined) this.#duty.start();
    return this.#starting ??= this.#pool.start().catch(async (error) => {
      await this.stop();
      throw error;
    });
  }

  /** Closes the façade's listener, where it has one: no client is let in by the time the workers hear of the end. */
  unlisten(): void {
    this.#dispatcher.close();
  }

  /**
   * Stops the workers; links that are still open are closed.
   *
   * @returns When they are gone; bounded.
   */
  stop(): Promise<void> {
    return this.#stopping ??= this.#stop();
  }

  init(index: number): unknown {
    const { dispatch, tcp, maxLinkCount, lingerMs, scheduler, open } = this.#setup;
    const workerBell = this.#pool.doorbell(index);
    const source = { tcp, facadeBell: this.#doorbellMemory, ferry: undefined };
    if (dispatch === "kernel") return (this.#members[index] = open(index, workerBell, source)).init;
    const ferry = createFerryMemory(maxLinkCount);
    const shared = this.#dispatcher.fabricOf(() => this.#socketSides[index]?.linkCount ?? 0);
    this.#socketSides[index] = openSocketSide(ferry, workerBell, () => shared, lingerMs, scheduler);
    return (this.#members[index] = open(index, workerBell, { ...source, ferry })).init;
  }

  started(index: number): void {
    this.#members[index]?.started();
  }

  failed(index: number, failure: WorkerFailure): void {
    this.#lose(index, failure.error);
    this.#setup.report(failure.error);
  }

  exhausted(_index: number, error: ResourceError, remainingCount: number): void {
    if (remainingCount === 0) this.#setup.exhausted(error);
    else this.#setup.report(error);
  }

  #lose(index: number, error: Error): void {
    const member = this.#members[index];
    this.#members[index] = undefined;
    // What it had sent before still counts.
    while (member !== undefined && this.#drained(member) > 0);
    member?.lost(error);
    this.#socketSides[index]?.close();
    this.#socketSides[index] = undefined;
  }

  #drain(): number {
    let count = 0;
    for (const member of this.#members) count += this.#drained(member);
    for (const side of this.#socketSides) count += this.#drained(side);
    return count;
  }

  /** Drains one ring; a record that cannot be taken in is reported and costs no other worker anything. */
  #drained(ring: { drain(): number } | undefined): number {
    try {
      return ring?.drain() ?? 0;
    } catch (error) {
      this.#setup.report(error instanceof Error ? error : new Error("A record of a worker cannot be taken in"));
      return 1;
    }
  }

  async #stop(): Promise<void> {
    await this.#pool.stop();
    this.#dispatcher.close();
    await Promise.all(this.#socketSides.map((side) => side?.finish()));
    const error = new ClosedError(CloseCode.GoingAway, "local");
    for (let index = 0; index < this.#setup.count; index++) this.#lose(index, error);
    this.#closed = true;
    this.#doorbell.ring();
  }
}
