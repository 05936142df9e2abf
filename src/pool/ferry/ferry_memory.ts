/**
 * The shared memory of one ferry, as it is made once and handed to the other thread with its init message.
 *
 * @module
 */
import type { Doorbell } from "../../ring/doorbell.ts";
import { SpscRecordConsumer, SpscRecordProducer } from "../../ring/spsc_records.ts";
import { createSpscRing } from "../../ring/spsc_ring.ts";
import type { Scheduler } from "../../time/scheduler.ts";
import type { StreamFabric } from "../../transport/stream_link.ts";
import { RecordPort } from "../record_port.ts";
import { arenaBytes, LinkArena, type LinkArenaShape } from "./link_arena.ts";
import { MachineSide, type MachineSideOwner } from "./machine_side.ts";
import { SocketSide } from "./socket_side.ts";

/** Large enough for all records that thousands of busy links have outstanding. */
const RING_BYTES = 1 << 18;

/** The memory of one ferry; it can be posted to another thread. */
export interface FerryMemory {
  /** Records of the socket side. */
  readonly toMachine: SharedArrayBuffer;
  /** Records of the machine side. */
  readonly toSocket: SharedArrayBuffer;
  /** What the socket side reads into. */
  readonly received: SharedArrayBuffer;
  /** The sizes of the blocks in `received`. */
  readonly receivedShape: LinkArenaShape;
  /** What the machine side writes into. */
  readonly sent: SharedArrayBuffer;
  /** The sizes of the blocks in `sent`. */
  readonly sentShape: LinkArenaShape;
}

/**
 * Makes the memory of a ferry. It is resident only as far as it is used.
 *
 * @param maxLinkCount How many links it can carry.
 * @returns The memory.
 */
export function createFerryMemory(maxLinkCount: number): FerryMemory {
  // Why these sizes: reads of 64 KiB are the fastest, and so are writes that come as one after the other from
  // 128 KiB blocks; 512 bytes is what idle links hold.
  const receivedShape = { smallBytes: 512, maxLinkCount, largeBytes: 64 << 10, largeCount: 1024, largePerLinkCount: 4 };
  const sentShape = { smallBytes: 2048, maxLinkCount, largeBytes: 128 << 10, largeCount: 512, largePerLinkCount: 4 };
  return {
    toMachine: createSpscRing(RING_BYTES),
    toSocket: createSpscRing(RING_BYTES),
    received: new SharedArrayBuffer(arenaBytes(receivedShape)),
    receivedShape,
    sent: new SharedArrayBuffer(arenaBytes(sentShape)),
    sentShape,
  };
}

/**
 * Opens the socket side of a ferry; once in its life.
 *
 * @param memory The ferry's memory.
 * @param peerBell Wakes the machine side.
 * @param fabric The fabric for a port that is to be listened on; for port 0 also for connecting.
 * @param lingerMs How long a closed link may take to write what was lent before.
 * @param scheduler Pauses after failures, and the bound on lingering.
 * @returns The socket side.
 */
export function openSocketSide(
  memory: FerryMemory,
  peerBell: Doorbell,
  fabric: (port: number) => StreamFabric,
  lingerMs: number,
  scheduler: Scheduler,
): SocketSide {
  const port = portOf(memory.toMachine, memory.toSocket, peerBell);
  const arena = new LinkArena(memory.received, memory.receivedShape);
  return new SocketSide({ port, arena, machineMemory: memory.sent, fabric, lingerMs, scheduler });
}

/**
 * Opens the machine side of a ferry; once in its life.
 *
 * @param memory The ferry's memory.
 * @param peerBell Wakes the socket side.
 * @param owner Gets what is not about one link.
 * @returns The machine side.
 */
export function openMachineSide(memory: FerryMemory, peerBell: Doorbell, owner: MachineSideOwner): MachineSide {
  const port = portOf(memory.toSocket, memory.toMachine, peerBell);
  const arena = new LinkArena(memory.sent, memory.sentShape);
  return new MachineSide({ port, arena, socketMemory: memory.received, owner });
}

function portOf(out: SharedArrayBuffer, incoming: SharedArrayBuffer, peerBell: Doorbell): RecordPort {
  return new RecordPort(new SpscRecordProducer(out), new SpscRecordConsumer(incoming), peerBell);
}
