/**
 * The script of a worker that has sessions of a secure server: it waits for its one message and runs.
 *
 * @module
 */
import { runWorker } from "../src/pool/worker_scope.ts";
import { type SecureAgentInit, SecureWorkerAgent } from "../src/runtime/secure_worker_agent.ts";
import { secureSystemHost } from "../src/runtime/secure_host.ts";

runWorker((init, control) =>
  new SecureWorkerAgent(init as SecureAgentInit, secureSystemHost(), () => control.requestTurn())
);
