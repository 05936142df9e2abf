/**
 * Links whose sockets are in workers, for machines on this thread.
 *
 * The machine runs where the handlers run; what crosses is the bytes of links, so that the same runtimes serve with
 * workers and without. Why not the messages: finding frames costs less than a record a message would, and system calls,
 * which do cost, are what the workers take over.
 *
 * @module
 */
import { CloseCode } from "../error/close_code.ts";
import { ClosedError } from "../error/transport_error.ts";
import { FerryFabric } from "../pool/ferry/ferry_fabric.ts";
import { createFerryMemory, openMachineSide } from "../pool/ferry/ferry_memory.ts";
import type { Doorbell } from "../ring/doorbell.ts";
import type { LinkSource, SocketAgentInit } from "./socket_agent.ts";
import type { Address } from "../transport/address.ts";
import { type TeamMember, WorkerTeam, type WorkerTeamSetup } from "./worker_team.ts";

/** Workers that own the sockets of an endpoint. */
export class LinkWorkers {
  /** Where the endpoint's links come from; it may be used before the workers have started. */
  readonly fabric: FerryFabric;
  readonly #maxLinkCount: number;
  readonly #lingerMs: number;
  readonly #team: WorkerTeam;

  /** @param setup What the team is made of. */
  constructor(setup: Omit<WorkerTeamSetup, "entry" | "open">) {
    const { tcp, maxLinkCount, lingerMs, exhausted } = setup;
    const target: Address = { transport: "tcp", hostname: tcp.hostname, port: tcp.port };
    this.fabric = new FerryFabric(target, () => this.#team.unlisten());
    this.#maxLinkCount = maxLinkCount;
    this.#lingerMs = lingerMs;
    this.#team = new WorkerTeam({
      ...setup,
      entry: new URL("../../workers/sockets.ts", import.meta.url),
      open: (index, workerBell, source) => this.#open(index, workerBell, source),
      exhausted: (error) => {
        this.fabric.abandon(error);
        exhausted(error);
      },
    });
  }

  /**
   * Starts the workers.
   *
   * @returns When all run. Rejects when one cannot.
   */
  async start(): Promise<void> {
    try {
      await this.#team.start();
    } catch (error) {
      this.fabric.abandon(error);
      throw error;
    }
  }

  /**
   * Stops the workers; links that are still open are closed.
   *
   * @returns When they are gone; bounded.
   */
  stop(): Promise<void> {
    this.fabric.abandon(new ClosedError(CloseCode.GoingAway, "local"));
    return this.#team.stop();
  }

  #open(index: number, workerBell: Doorbell, source: LinkSource): TeamMember {
    const toMachines = createFerryMemory(this.#maxLinkCount);
    const side = openMachineSide(toMachines, workerBell, this.fabric.ownerOf(index));
    const init: SocketAgentInit = { source, toMachines, lingerMs: this.#lingerMs };
    return {
      init,
      drain: () => side.drain(),
      started: () => this.fabric.attach(index, side),
      lost: (error) => this.fabric.detach(index, side, error),
    };
  }
}
