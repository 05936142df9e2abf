/**
 * One server, three protocols, one stream of events; and a client of each that sends, asks and listens.
 *
 *     deno run --allow-net --allow-env=WS_NO_BUFFER_UTIL,WS_NO_UTF_8_VALIDATE examples/transport_echo.ts
 *
 * @module
 */
import {
  developmentCertificate,
  tcp,
  tls,
  TransportClientBuilder,
  TransportServerBuilder,
  webSocket,
} from "@ringwire/ringwire/transport";

const encoder = new TextEncoder();
const hostname = "127.0.0.1";
const { cert, key, pin } = developmentCertificate();

const server = await new TransportServerBuilder()
  .maxConnections(10_000)
  .withProtocol(tcp({ hostname, port: 0 }))
  .withProtocol(webSocket({ hostname, port: 0, path: "/ws" }))
  .withProtocol(tls({ hostname, port: 0, listen: { cert, key } }))
  .build();

const serving = (async () => {
  for await (const event of server.events()) {
    switch (event.type) {
      case "connectionEstablished":
        console.log(`New connection: ${event.sessionId} by ${event.info.protocol}`);
        break;
      case "messageReceived": {
        const echo = encoder.encode(`Echo: ${event.message.text}`);
        // The same code for every protocol: a request is answered, a message is sent back.
        if (event.message.isRequest) await event.message.respond(echo);
        else await server.send(event.sessionId, echo);
        break;
      }
      case "connectionClosed":
        console.log(`Connection closed: ${event.sessionId} (${event.reason.name})`);
    }
  }
})();

const protocols = [
  tcp({ hostname, port: server.port("tcp") }),
  webSocket({ hostname, port: server.port("websocket"), path: "/ws" }),
  tls({ hostname, port: server.port("tls"), connect: { pin } }),
];
for (const protocol of protocols) {
  const client = new TransportClientBuilder().withProtocol(protocol).withTimeout(30_000).build();
  const events = client.events();
  await client.connect();

  const messageId = await client.send(encoder.encode("Hello!"));
  console.log(`Message sent (ID: ${messageId})`);
  for await (const event of events) {
    if (event.type !== "messageReceived") continue;
    console.log(`Received message: ${event.message.text}`);
    break;
  }

  const { data } = await client.request(encoder.encode("What time is it?"), { timeoutMs: 5_000 });
  console.log(`Received response: ${new TextDecoder().decode(data)}`);
  await client.close();
}

const { totalMessages, averageLatencyMs } = server.statistics();
console.log(`Total messages: ${totalMessages}, average latency: ${averageLatencyMs.toFixed(3)} ms`);
const report = await server.shutdown();
console.log(`Unfinished sessions: ${report.unfinished.length}`);
await serving;
