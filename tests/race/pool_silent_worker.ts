/**
 * A worker that knows nothing of pools and waits for ever.
 *
 * @module
 */
self.addEventListener("message", () => {});
