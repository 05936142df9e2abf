/**
 * What a worker does whose sockets serve machines on the main thread: it listens, accepts, connects, reads and writes.
 *
 * In kernel dispatch, and for clients, the sockets are the worker's own; in ring dispatch they come over a second ferry
 * from the façade.
 *
 * @module
 */
import { tcpFabric, type TcpFabricOptions } from "../io/tcp/tcp_fabric.ts";
import type { Agent } from "../pool/agent.ts";
import { FerryFabric } from "../pool/ferry/ferry_fabric.ts";
import { type FerryMemory, openMachineSide, openSocketSide } from "../pool/ferry/ferry_memory.ts";
import { Doorbell } from "../ring/doorbell.ts";
import type { StreamFabric } from "../transport/stream_link.ts";
import type { Scheduler } from "../time/scheduler.ts";

/** Where the links of a worker come from. */
export interface LinkSource {
  /** The address, and how the kernel treats connections. */
  readonly tcp: TcpFabricOptions;
  /** The ferry from the façade's sockets, in ring dispatch. */
  readonly ferry: FerryMemory | undefined;
  /** The façade's doorbell. */
  readonly facadeBell: SharedArrayBuffer;
}

/** What a worker with sockets is told; posted once. */
export interface SocketAgentInit {
  /** Where its links come from. */
  readonly source: LinkSource;
  /** The ferry to the machines on the main thread. */
  readonly toMachines: FerryMemory;
  /** How long a closed link may take to write what it was given before, in ms. */
  readonly lingerMs: number;
}

/** The links of a worker, and what has to be done for them to move. */
export interface OpenSource {
  /** The fabric for a port that is to be listened on. */
  readonly fabric: (port: number) => StreamFabric;
  /** Takes in what the façade sent, and returns how much that was. */
  readonly drain: () => number;
}

/**
 * Opens the links of a worker.
 *
 * @param source Where they come from.
 * @returns The fabric.
 */
export function openLinkSource(source: LinkSource): OpenSource {
  const { tcp, ferry, facadeBell } = source;
  if (ferry === undefined) {
    return { fabric: (port) => tcpFabric(port === 0 ? tcp : { ...tcp, port }), drain: () => 0 };
  }
  const fabric = new FerryFabric({ transport: "tcp", hostname: tcp.hostname, port: tcp.port });
  const side = openMachineSide(ferry, new Doorbell(facadeBell), fabric.ownerOf(0));
  fabric.attach(0, side);
  return { fabric: () => fabric, drain: () => side.drain() };
}

/**
 * Builds the agent of a worker with sockets.
 *
 * @param init What it was told.
 * @param scheduler Time and turns of its thread.
 * @returns The agent.
 */
export function socketAgent(init: SocketAgentInit, scheduler: Scheduler): Agent {
  const source = openLinkSource(init.source);
  const { toMachines, lingerMs } = init;
  const bell = new Doorbell(init.source.facadeBell);
  const side = openSocketSide(toMachines, bell, source.fabric, lingerMs, scheduler);
  return {
    doWork: () => source.drain() + side.drain(),
    onClose: () => side.finish(),
  };
}
