/**
 * All scenarios in the order in which they run.
 *
 * @module
 */

import type { Scenario } from "../harness/scenario.ts";
import { tcpAlloc } from "./tcp_alloc.ts";
import { tcpBurst64, tcpBurst64View, tcpBurst8192, tcpBurst8192Cached } from "./tcp_burst.ts";
import { tcpFlux64 } from "./tcp_flux.ts";
import { tcpIdle } from "./tcp_idle.ts";
import { tcpParticle64 } from "./tcp_particle.ts";
import { tcpRtt64 } from "./tcp_rtt.ts";

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
];
