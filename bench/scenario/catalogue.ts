/**
 * All scenarios in the order in which they run.
 *
 * @module
 */

import type { Scenario } from "../harness/scenario.ts";
import { aead1200, aead64, aeadAlloc, aeadOpen1200 } from "./aead.ts";
import { assetHash, assetHashNoble, assetHashPlain, assetHashWorkers } from "./asset_hash.ts";
import { assetLan, assetMemory, assetText } from "./asset_lan.ts";
import { assetResume } from "./asset_resume.ts";
import { busConverge } from "./bus_converge.ts";
import { busEventsMachine, busEventsPlain, busEventsSecured } from "./bus_events.ts";
import { busLocalCommands, busLocalEvents } from "./bus_local.ts";
import { busRtt, busRttMachine, busRttOpen } from "./bus_rtt.ts";
import { busCodec } from "./codec.ts";
import {
  deltaEncodeAlloc,
  deltaEncodeRate,
  deltaSavingsBusy,
  deltaSavingsBusyPlain,
  deltaSavingsCalm,
  deltaSavingsChaotic,
} from "./delta.ts";
import { fecScenarios } from "./fec.ts";
import { interestDatagrams, interestSavings, interestTick100k, interestTick10k } from "./interest.ts";
import { jitterDelay } from "./jitter.ts";
import { poolDispatchKernel, poolDispatchKernelNet, poolDispatchRing, poolMainKernel } from "./pool_dispatch.ts";
import { poolInline } from "./pool_inline.ts";
import { poolScale } from "./pool_scale.ts";
import { poolStart, poolStartResident } from "./pool_start.ts";
import { hybridFallback } from "./hybrid_fallback.ts";
import { reliableRtt64, reliableThroughput } from "./reliable_loopback.ts";
import { securePps1200Workers } from "./secure_workers.ts";
import {
  fairness,
  reliableGoodput0,
  reliableGoodput1,
  reliableGoodput5,
  reliableInput,
  reliableP99Parity,
  reliableP99Plain,
  reliableP99Redundant,
} from "./reliable_virtual.ts";
import { ringMpsc60, ringSpsc60 } from "./ring_rates.ts";
import { poolWake, ringHandoff } from "./ring_round_trips.ts";
import { secureHandshakesEarly, secureHandshakesFull } from "./secure_handshakes.ts";
import { secureMachine64, secureMachineAlloc } from "./secure_machine.ts";
import { securePps1200 } from "./secure_pps.ts";
import { secureRtt64, secureRtt64Node } from "./secure_rtt.ts";
import { secureSessionsResident, secureSessionsTick, secureSessionsUsed } from "./secure_sessions.ts";
import { tcpAlloc } from "./tcp_alloc.ts";
import { tcpBurst64, tcpBurst64View, tcpBurst8192, tcpBurst8192Cached } from "./tcp_burst.ts";
import { tcpFlux64 } from "./tcp_flux.ts";
import { tcpIdle } from "./tcp_idle.ts";
import { tcpParticle64 } from "./tcp_particle.ts";
import { tcpRtt64 } from "./tcp_rtt.ts";
import { tcpSharePortBytes, tcpSharePortEcho } from "./tcp_share_port.ts";
import { transportConnections } from "./transport_connections.ts";
import { transportRtt } from "./transport_rtt.ts";
import { transportSend } from "./transport_send.ts";
import { udpScenarios } from "./udp_links.ts";

/** The scenarios. */
export const SCENARIOS: readonly Scenario[] = [
  tcpRtt64,
  tcpBurst64,
  tcpBurst64View,
  tcpBurst8192,
  tcpBurst8192Cached,
  tcpFlux64,
  tcpParticle64,
  tcpAlloc,
  tcpIdle,
  tcpSharePortEcho,
  tcpSharePortBytes,
  deltaSavingsCalm,
  deltaSavingsBusy,
  deltaSavingsBusyPlain,
  deltaSavingsChaotic,
  deltaEncodeRate,
  deltaEncodeAlloc,
  interestTick10k,
  interestTick100k,
  interestDatagrams,
  interestSavings,
  ...jitterDelay,
  poolStart,
  poolStartResident,
  ringSpsc60,
  ringMpsc60,
  ringHandoff,
  poolWake,
  poolScale,
  poolInline,
  poolDispatchKernel,
  poolDispatchKernelNet,
  poolDispatchRing,
  poolMainKernel,
  aead64,
  aead1200,
  aeadOpen1200,
  aeadAlloc,
  ...udpScenarios,
  secureRtt64,
  secureRtt64Node,
  securePps1200,
  secureMachine64,
  secureMachineAlloc,
  secureSessionsResident,
  secureSessionsTick,
  secureSessionsUsed,
  secureHandshakesFull,
  secureHandshakesEarly,
  securePps1200Workers,
  hybridFallback,
  reliableP99Plain,
  reliableP99Parity,
  reliableP99Redundant,
  reliableGoodput0,
  reliableGoodput1,
  reliableGoodput5,
  reliableInput,
  fairness,
  reliableRtt64,
  reliableThroughput,
  ...fecScenarios,
  assetLan,
  assetText,
  assetHash,
  assetHashNoble,
  assetHashPlain,
  assetHashWorkers,
  assetResume,
  assetMemory,
  busCodec,
  busLocalCommands,
  busLocalEvents,
  busRtt,
  busRttOpen,
  busRttMachine,
  busEventsPlain,
  busEventsSecured,
  busEventsMachine,
  ...busConverge,
  ...transportRtt,
  ...transportSend,
  ...transportConnections,
];
