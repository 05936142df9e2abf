/**
 * A player comes back without a handshake: the ticket of the last session lets the first datagram carry a message, and a
 * new address does not end the session.
 *
 *     deno run --allow-net examples/secure_resume.ts
 *
 * @module
 */
import { developmentCertificate, type SecureEvent, SecureSocket } from "@ringwire/ringwire/secure";

const { cert, key, pin } = developmentCertificate();
const server = await SecureSocket.bindServer({
  hostname: "127.0.0.1",
  cert,
  key,
  // Asked before there is a session; a player who comes back is not asked again, but shown with his first token.
  authorize: (token) => new TextDecoder().decode(token) === "player one",
});
const heard: string[] = [];
const serving = (async () => {
  for await (const event of server) {
    if (event.type === "connected") {
      const token = new TextDecoder().decode(event.token);
      console.log(`${token} is here, ${event.isResumed ? "resumed" : "by a full handshake"}`);
    } else if (event.type === "data") {
      const text = new TextDecoder().decode(event.data);
      heard.push(text);
      console.log(`heard${event.isEarly ? " early" : ""}: ${text}`);
      await server.send(event.peerId, 1, event.data);
    }
  }
})();

async function next<T extends SecureEvent["type"]>(socket: SecureSocket, type: T): Promise<void> {
  for await (const event of socket) if (event.type === type) return;
}

const to = { hostname: "127.0.0.1", port: server.tcpPort, pin } as const;
const first = await SecureSocket.connect({ ...to, token: new TextEncoder().encode("player one") });
await next(first, "ticket");
const ticket = first.ticket!;
await first.close();

const again = await SecureSocket.connect({ ...to, ticket, earlyData: [new TextEncoder().encode("I am back")] });
await next(again, "data");

// Another network: the same session by another socket.
await again.rebind();
await again.send(1, 1, new TextEncoder().encode("and somewhere else"));
await next(again, "data");

const stranger = await SecureSocket.connect({ ...to, token: new TextEncoder().encode("stranger") }).catch((error) =>
  error
);
console.log(`a stranger gets: ${stranger.name}`);

await again.close();
await server.close();
await serving;
if (heard.join() !== "I am back,and somewhere else") throw new Error("Not what was sent");
