/**
 * A chat over WebSocket with rooms: middleware asks for a name before the first message, groups are the rooms.
 *
 *     deno run --allow-net --allow-env=WS_NO_BUFFER_UTIL,WS_NO_UTF_8_VALIDATE examples/transport_chat.ts
 *
 * @module
 */
import { type PendingSession, TransportClient, TransportServer, webSocket } from "@ringwire/ringwire/transport";

const encoder = new TextEncoder();
const place = { hostname: "127.0.0.1", path: "/chat" } as const;

async function askForName(session: PendingSession): Promise<void> {
  const hello = await session.receive();
  if (!/^[a-z]{1,16}$/.test(hello.text)) throw new Error("That is no name");
  session.data.set("name", hello.text);
  await hello.respond(encoder.encode("welcome"));
}

const server = await TransportServer.listen({
  protocols: [webSocket({ ...place, port: 0 })],
  maxConnectionCount: 1000,
  middleware: [askForName],
  messageReceived: ({ sessionId, message }) => {
    const { groups, data } = server.session(sessionId)!;
    if (message.text.startsWith("/join ")) {
      for (const room of groups) server.leaveGroup(sessionId, room);
      server.joinGroup(sessionId, message.text.slice("/join ".length));
      return message.respond(encoder.encode("joined"));
    }
    for (const room of groups) {
      server.broadcast(encoder.encode(`[${room}] ${data.get("name")}: ${message.text}`), { group: room });
    }
    return undefined;
  },
});

const heard = Promise.withResolvers<void>();
let count = 0;
async function guest(name: string, room: string): Promise<TransportClient> {
  const client = await TransportClient.connect({
    protocol: webSocket({ ...place, port: server.port("websocket") }),
    messageReceived: ({ message }) => {
      console.log(`${name} hears ${message.text}`);
      if (++count === 3) heard.resolve();
    },
  });
  await client.request(encoder.encode(name));
  await client.request(encoder.encode(`/join ${room}`));
  return client;
}

const guests = [await guest("ada", "tea"), await guest("bob", "tea"), await guest("eve", "cake")];
await guests[0]!.send(encoder.encode("who is here?"));
await guests[2]!.send(encoder.encode("only me"));
await heard.promise;
await Promise.all(guests.map((one) => one.close()));
await server.shutdown();
