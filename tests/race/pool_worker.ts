/**
 * The entry script of the pool's tests.
 *
 * @module
 */
import { runWorker } from "../../src/pool/worker_scope.ts";
import { build } from "./pool_test_agent.ts";

runWorker(build);
