/**
 * The script of a worker that hashes files of asset transfer: it waits for its one message and runs.
 *
 * @module
 */
import { runWorker } from "../src/pool/worker_scope.ts";
import { hashAgent, type HashAgentInit } from "../src/runtime/asset_hash_agent.ts";

runWorker((init) => hashAgent(init as HashAgentInit));
