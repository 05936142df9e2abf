/**
 * The connecting side of WebSocket, by the platform's own: in Deno and in every browser.
 *
 * Invariant: nothing here, or below here, names Deno or Node.
 *
 * @module
 */
import { ConnectError, ResourceError } from "../../error/transport_error.ts";
import type { TcpAddress } from "../../transport/address.ts";
import type { MessageFabric, MessageListener } from "../../transport/message_link.ts";
import { NativeWebSocketLink } from "./native_web_socket_link.ts";
import {
  resolveWebSocketConnect,
  type WebSocketConnectConfig,
  type WebSocketConnectOptions,
  webSocketUrl,
} from "./web_socket_options.ts";

/** A platform that takes headers with the handshake, as Deno does and browsers do not. */
type WebSocketWithHeaders = new (
  url: string,
  options: { readonly headers: Record<string, string>; readonly protocols?: string[] },
) => WebSocket;

/**
 * A fabric that connects by the platform's WebSocket and cannot listen.
 *
 * @param options Where to, and the limits.
 * @returns The fabric.
 * @throws {TypeError} When an option has the wrong type, or nobody knows it.
 * @throws {RangeError} When an option is out of its bounds.
 */
export function nativeWebSocketFabric(options: WebSocketConnectOptions): MessageFabric {
  const config = resolveWebSocketConnect(options);
  const { hostname, port } = config;
  const target: TcpAddress = Object.freeze({ transport: "tcp", hostname, port });
  return {
    target,
    listen: (): MessageListener => {
      throw new ResourceError(`Cannot listen on ${webSocketUrl(config, config.secure)}: this fabric only connects`);
    },
    connect: (signal) => connect(config, target, signal),
  };
}

function connect(
  config: WebSocketConnectConfig,
  remote: TcpAddress,
  signal: AbortSignal,
): Promise<NativeWebSocketLink> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const url = webSocketUrl(config, config.secure);
    if (config.port === 0) {
      throw new RangeError("Cannot connect to port 0: it only stands for a free port to listen on");
    }
    const socket = openSocket(url, config);
    socket.binaryType = "arraybuffer";
    const leave = (): void => {
      signal.removeEventListener("abort", stop);
      socket.onopen = socket.onerror = socket.onclose = null;
    };
    const stop = (): void => {
      leave();
      socket.close();
      reject(signal.reason);
    };
    const fail = (cause: unknown): void => {
      leave();
      // A browser tells no reason, on purpose.
      const reason = cause instanceof Error ? cause.message : typeof cause === "string" ? cause : "";
      reject(new ConnectError(`Cannot connect to ${url}${reason === "" ? "" : `: ${reason}`}`, { cause }));
    };
    signal.addEventListener("abort", stop);
    socket.onerror = (event) => {
      event.preventDefault?.();
      fail((event as Partial<ErrorEvent>).error ?? (event as Partial<ErrorEvent>).message);
    };
    socket.onclose = (event) => fail(new Error(`The WebSocket was closed with the code ${event.code}`));
    socket.onopen = () => {
      leave();
      resolve(new NativeWebSocketLink({ socket, remote, maxQueuedBytes: config.maxQueuedBytes }));
    };
  });
}

function openSocket(url: string, { subprotocols, headers }: WebSocketConnectConfig): WebSocket {
  if (Object.keys(headers).length === 0) return new WebSocket(url, [...subprotocols]);
  const WithHeaders = WebSocket as unknown as WebSocketWithHeaders;
  return new WithHeaders(url, { headers: { ...headers }, protocols: [...subprotocols] });
}
