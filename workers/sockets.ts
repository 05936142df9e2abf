/**
 * The script of a worker whose sockets serve machines on the main thread: it waits for its one message and runs.
 *
 * @module
 */
import { runWorker } from "../src/pool/worker_scope.ts";
import { socketAgent, type SocketAgentInit } from "../src/runtime/socket_agent.ts";
import { systemHost } from "../src/runtime/system_host.ts";

runWorker((init) => socketAgent(init as SocketAgentInit, systemHost().scheduler));
