/**
 * The script of a worker that has the handlers of a reactor: it waits for its one message and runs.
 *
 * @module
 */
import { runWorker } from "../src/pool/worker_scope.ts";
import { reactorAgent, type ReactorAgentInit } from "../src/runtime/reactor_agent.ts";
import { systemHost } from "../src/runtime/system_host.ts";

runWorker((init, control) => reactorAgent(init as ReactorAgentInit, control, systemHost()));
