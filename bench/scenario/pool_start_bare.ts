/**
 * The worker of `pool.start` without a pool: it answers its first message and waits.
 *
 * @module
 */

const scope = globalThis as unknown as {
  onmessage: () => void;
  postMessage(message: string): void;
};
scope.onmessage = () => scope.postMessage("ready");
