/**
 * The child process of secure tests: a server that sends every message back, or a client that sends what it is told. It
 * reads JSON lines on its input and prints JSON lines.
 *
 * ```text
 * server: {"udp","tcp","cert","key", …}          prints {"udp","tcp","backend"}, then {"event", …} for each event
 * client: {"port","pin","hostname", …}           prints {"event", …}; each further input line is sent as a message
 * ```
 *
 * @module
 */
import { type SecureClientOptions, type SecureServerOptions, SecureSocket } from "../../src/api/secure_mod.ts";

const [role = ""] = Deno.args;
const lines = linesOfInput();
const { value: first = "{}" } = await lines.next();
const options = JSON.parse(first, (name, value) => /Key$/.test(name) ? Uint8Array.fromHex(value) : value);
const socket = role === "server" ? await serve(options) : await SecureSocket.connect(options as SecureClientOptions);
const reading = read();
for await (const line of lines) await socket.send(1, 1, new TextEncoder().encode(line));
await socket.close();
await reading;

async function serve(options: SecureServerOptions): Promise<SecureSocket> {
  const server = await SecureSocket.bindServer(options);
  const backend = typeof Deno.listenDatagram === "function" ? "deno" : "node";
  console.log(JSON.stringify({ udp: server.udpPort, tcp: server.tcpPort, backend }));
  return server;
}

async function read(): Promise<void> {
  for await (const event of socket) {
    if (event.type === "data") {
      const text = new TextDecoder().decode(event.data);
      console.log(JSON.stringify({ event: "data", text, isEarly: event.isEarly }));
      if (role === "server") await socket.send(event.peerId, event.channel, event.data);
    } else if (event.type === "disconnected") {
      console.log(JSON.stringify({ event: "disconnected", name: event.reason.name }));
    } else if (event.type === "connected") {
      console.log(JSON.stringify({ event: "connected", address: event.address, isResumed: event.isResumed }));
    }
  }
}

async function* linesOfInput(): AsyncGenerator<string, void> {
  let text = "";
  for await (const piece of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const whole = text.split("\n");
    text = whole.pop()!;
    yield* whole;
  }
}
