/**
 * An abort signal that knows its listeners.
 *
 * @module
 */

/** A signal and what listens to it. */
export interface WatchedSignal {
  /** Fires the signal. */
  readonly controller: AbortController;
  /** Who was added and not taken away. A listener that has been called stays here until it is taken away. */
  readonly listeners: ReadonlySet<EventListener>;
}

/** Makes one. */
export function watchedSignal(): WatchedSignal {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<EventListener>();
  Object.assign(signal, {
    addEventListener(type: string, listener: EventListener, options?: AddEventListenerOptions): void {
      listeners.add(listener);
      EventTarget.prototype.addEventListener.call(signal, type, listener, options);
    },
    removeEventListener(type: string, listener: EventListener): void {
      listeners.delete(listener);
      EventTarget.prototype.removeEventListener.call(signal, type, listener);
    },
  });
  return { controller, listeners };
}
