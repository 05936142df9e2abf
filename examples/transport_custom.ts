/**
 * A protocol of one's own in one small interface: messages over the ports of a `MessageChannel`.
 *
 *     deno run examples/transport_custom.ts
 *
 * @module
 */
import {
  type Address,
  CloseCode,
  ClosedError,
  type MessageFabric,
  type MessageLink,
  type MessageListener,
  messageProtocol,
  type MessageReceiver,
  SendStatus,
  TransportClient,
  TransportServer,
} from "@ringwire/ringwire/transport";

/** One end: a port; an empty string says goodbye. */
class PortLink implements MessageLink {
  readonly local: Address = { transport: "memory", name: "port" };
  readonly remote: Address = { transport: "memory", name: "port" };
  readonly queuedBytes = 0;
  readonly #port: MessagePort;
  #receiver: MessageReceiver | undefined = undefined;
  #hasEnded = false;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  start(receiver: MessageReceiver): void {
    this.#receiver = receiver;
    this.#port.onmessage = ({ data }) => {
      if (typeof data === "string") {
        if (!this.#hasEnded) this.#port.postMessage("");
        receiver.handleEnd();
      } else receiver.handleMessage(data);
    };
  }

  send(message: Uint8Array): SendStatus {
    if (this.#hasEnded) return SendStatus.Closed;
    this.#port.postMessage(message);
    queueMicrotask(() => this.#receiver?.handleSent());
    return SendStatus.Queued;
  }

  // A port cannot stop reading: what comes is bounded by `maxInboxBytes` of the server and the client.
  pause(): void {}

  resume(): void {}

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#port.postMessage("");
  }

  close(): void {
    this.#port.close();
  }
}

/** Both sides in one program: `connect` hands the other port to who accepts. */
class PortFabric implements MessageFabric {
  readonly target: Address = { transport: "memory", name: "port" };
  readonly #accepting: ((link: PortLink) => void)[] = [];

  listen(): MessageListener {
    const stopped = Promise.withResolvers<never>();
    stopped.promise.catch(() => {});
    const listener = {
      address: this.target,
      closed: false,
      accept: () => Promise.race([new Promise<PortLink>((resolve) => this.#accepting.push(resolve)), stopped.promise]),
      close: () => {
        listener.closed = true;
        stopped.reject(new ClosedError(CloseCode.GoingAway, "local"));
      },
    };
    return listener;
  }

  connect(): Promise<MessageLink> {
    const { port1, port2 } = new MessageChannel();
    this.#accepting.shift()!(new PortLink(port2));
    return Promise.resolve(new PortLink(port1));
  }
}

const protocol = messageProtocol("port", new PortFabric());
const server = await TransportServer.listen({ protocols: [protocol], request: (message) => message.data });
const client = await TransportClient.connect({ protocol });
const { data } = await client.request(new TextEncoder().encode("over a protocol of my own"));
console.log(new TextDecoder().decode(data));
await client.close();
await server.close();
