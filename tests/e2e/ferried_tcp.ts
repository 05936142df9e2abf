/**
 * TCP through a ferry whose two sides live in one thread: what workers do, without the workers.
 *
 * @module
 */
import { SystemScheduler } from "../../src/io/system/system_scheduler.ts";
import { tcpFabric } from "../../src/io/tcp/tcp_fabric.ts";
import { EventLoopDuty } from "../../src/pool/event_loop_duty.ts";
import { FerryFabric } from "../../src/pool/ferry/ferry_fabric.ts";
import { createFerryMemory, openMachineSide, openSocketSide } from "../../src/pool/ferry/ferry_memory.ts";
import type { MachineSide } from "../../src/pool/ferry/machine_side.ts";
import type { SocketSide } from "../../src/pool/ferry/socket_side.ts";
import { Doorbell, DOORBELL_BYTES } from "../../src/ring/doorbell.ts";

/** A ferry and both its sides. */
export interface Ferry {
  /** What machines use. */
  readonly fabric: FerryFabric;
  /** The side with the sockets. */
  readonly socketSide: SocketSide;
  /** The side with the machines. */
  readonly machineSide: MachineSide;
  /** Ends both sides. */
  close(): void;
}

/**
 * Opens a ferry.
 *
 * @param port The port to connect to or to listen on.
 * @param backlogCount How many connections may wait to be accepted.
 * @param maxLinkCount How many links it carries.
 * @returns The ferry, moving.
 */
export function ferriedTcp(port: number, backlogCount = 511, maxLinkCount = 256): Ferry {
  const hostname = "127.0.0.1";
  const memory = createFerryMemory(maxLinkCount);
  const scheduler = new SystemScheduler();
  const [socketBell, machineBell] = [openBell(), openBell()];
  const tcp = (asked: number) => tcpFabric({ hostname, port: asked === 0 ? port : asked, backlogCount });
  const socketSide = openSocketSide(memory, machineBell, tcp, 1000, scheduler);
  const fabric = new FerryFabric({ transport: "tcp", hostname, port });
  const machineSide = openMachineSide(memory, socketBell, fabric.ownerOf(0));
  fabric.attach(0, machineSide);
  let closed = false;
  const move = (doWork: () => number, bell: Doorbell): void => {
    const owner = { isStopping: false, mayContinue: () => !closed, handleFailure: reportError };
    new EventLoopDuty({ doWork }, bell, owner, scheduler).start();
  };
  move(() => socketSide.drain(), socketBell);
  move(() => machineSide.drain(), machineBell);
  // Waiting for a doorbell does not keep a process alive; where there are workers, they do.
  const alive = setInterval(() => {}, 1000);
  return {
    fabric,
    socketSide,
    machineSide,
    close: () => {
      clearInterval(alive);
      socketSide.close();
      closed = true;
      socketBell.ring();
      machineBell.ring();
    },
  };
}

function openBell(): Doorbell {
  return new Doorbell(new SharedArrayBuffer(DOORBELL_BYTES));
}
