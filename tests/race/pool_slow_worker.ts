/**
 * A worker whose modules take as long to load as the file exists that its name begins with.
 *
 * @module
 */
import { runWorker } from "../../src/pool/worker_scope.ts";
import { build } from "./pool_test_agent.ts";

const gate = self.name.replace(/ \d+$/, "");
const pause = new Int32Array(new SharedArrayBuffer(4));
while (isThere(gate)) Atomics.wait(pause, 0, 0, 2);

runWorker(build);

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
