/**
 * Registers handlers that say themselves what they handle.
 *
 * @module
 */
import { checkHandles } from "../bus/dispatch/definition.ts";
import type { BusBackend } from "./bus_backend.ts";
import type { RegisteredHandler } from "./bus_handlers.ts";

/**
 * Registers all of them, or none.
 *
 * @param backend The bus.
 * @param handlers The handlers.
 * @returns Takes all of them away.
 * @throws {TypeError} When one of them is no such object.
 */
export function registerHandlers(backend: BusBackend, handlers: readonly RegisteredHandler[]): () => void {
  const ends: (() => void)[] = [];
  const endAll = (): void => ends.forEach((end) => end());
  try {
    for (const handler of handlers) ends.push(registerOne(backend, handler));
  } catch (error) {
    endAll();
    throw error;
  }
  return endAll;
}

function registerOne(backend: BusBackend, handler: RegisteredHandler): () => void {
  const definition = checkHandles(handler);
  const handle = (value: unknown, context: unknown): unknown => handler.handle(value, context);
  return definition.kind === "event"
    ? backend.subscribe(definition.topic, definition.schema, handle)
    : backend.handle(definition, handle);
}
