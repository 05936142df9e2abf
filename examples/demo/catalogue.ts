/**
 * All scenarios in the order of the table.
 *
 * @module
 */
import type { Scenario } from "./scenario.ts";
import { assetFile } from "./scenario/asset_file.ts";
import { busMesh } from "./scenario/bus_mesh.ts";
import { secureEcho } from "./scenario/secure_echo.ts";
import { secureLanes } from "./scenario/secure_lanes.ts";
import { tcpBurst } from "./scenario/tcp_burst.ts";
import { tcpConflate } from "./scenario/tcp_conflate.ts";
import { tcpEcho } from "./scenario/tcp_echo.ts";
import { tcpFiles } from "./scenario/tcp_files.ts";
import { tcpFlux } from "./scenario/tcp_flux.ts";
import { tcpPeerId } from "./scenario/tcp_peer_id.ts";
import { tcpStream } from "./scenario/tcp_stream.ts";
import { tcpWorkersKernel, tcpWorkersRing } from "./scenario/tcp_workers.ts";
import { transportMixed } from "./scenario/transport_mixed.ts";

/** The scenarios. */
export const SCENARIOS: readonly Scenario[] = [
  tcpEcho,
  tcpFiles,
  tcpStream,
  tcpBurst,
  tcpFlux,
  tcpPeerId,
  tcpConflate,
  ...Deno.build.os === "linux" ? [tcpWorkersKernel] : [],
  tcpWorkersRing,
  secureEcho,
  secureLanes,
  transportMixed,
  busMesh,
  assetFile,
];

/**
 * Finds a scenario.
 *
 * @param name Its name.
 * @returns The scenario, or `undefined`.
 */
export function scenarioNamed(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}
