/**
 * WebSocket under the port of message links: the server by `ws`, the client by the platform's own.
 *
 * @module
 */
import { ResourceError } from "../../error/transport_error.ts";
import type { MessageFabric } from "../../transport/message_link.ts";
import { nativeWebSocketFabric } from "./native_web_socket.ts";
import { WebSocketListener } from "./web_socket_listener.ts";
import {
  resolveWebSocketListen,
  type WebSocketConnectOptions,
  type WebSocketListenOptions,
} from "./web_socket_options.ts";

/** The options of {@linkcode webSocketFabric}: those of both sides. */
export interface WebSocketFabricOptions extends WebSocketListenOptions, WebSocketConnectOptions {}

/**
 * A fabric for one WebSocket address.
 *
 * @param options The address, and the limits of both sides.
 * @returns The fabric; it holds no socket itself.
 * @throws {TypeError} When an option has the wrong type, or nobody knows it.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function webSocketFabric(options: WebSocketFabricOptions): MessageFabric {
  const { origins, cert, key, handshakeTimeoutMs, maxWaitingLinksCount, secure, headers, ...common } = options;
  const listening = resolveWebSocketListen({
    ...common,
    ...given({ origins, cert, key, handshakeTimeoutMs, maxWaitingLinksCount }),
  });
  const client = nativeWebSocketFabric({ ...common, ...given({ secure, headers }) });
  return {
    target: client.target,
    connect: client.connect,
    listen: () => {
      if (secure === true && listening.identity === undefined) {
        throw new ResourceError("Cannot listen for wss: there is no certificate to listen with");
      }
      return new WebSocketListener(listening);
    },
  };
}

/** The fields that were given. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
