/**
 * The worker of `pool.start` on this package: an agent that has nothing to do.
 *
 * @module
 */

import { runWorker } from "../../src/pool/worker_scope.ts";

runWorker(() => ({ doWork: () => 0 }));
