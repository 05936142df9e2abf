/**
 * One more cycle of the soak: transports and encrypted UDP come up, clients come, ask, are cut off or leave, and all of
 * it goes again.
 *
 * Every answer must be that of its question; what a client that is cut off had asked is refused, never answered wrongly.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { developmentCertificate, SecureSocket } from "../../src/api/secure_mod.ts";
import { tcp, TransportClient, TransportServer, webSocket } from "../../src/api/transport_mod.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { inTime } from "./patience.ts";

const CLIENTS = 12;
const QUESTIONS = 40;

/**
 * Runs one cycle.
 *
 * @param seed What it depends on.
 * @returns How many answers and echoes came. Rejects when one was wrong, or something did not end.
 */
export async function runSessionCycle(seed: number): Promise<{ readonly answers: number; readonly echoes: number }> {
  const random = new SeededRandom(seed);
  const [answers, echoes] = [await askTransports(random), await echoSecurely(random)];
  return { answers, echoes };
}

async function askTransports(random: SeededRandom): Promise<number> {
  const server = await TransportServer.listen({
    protocols: [tcp("127.0.0.1:0"), webSocket({ hostname: "127.0.0.1", port: 0, path: "/soak" })],
    request: (message) => message.data.slice(),
  });
  const [tcpPort, webPort] = [server.port("tcp"), server.port("websocket")];
  let answers = 0;
  const clients = Array.from({ length: CLIENTS }, async (_, index) => {
    const protocol = index % 2 === 0
      ? tcp(`127.0.0.1:${tcpPort}`)
      : webSocket({ hostname: "127.0.0.1", port: webPort, path: "/soak" });
    const client = await TransportClient.connect({ protocol });
    const questions = Array.from({ length: QUESTIONS }, (_, number) => Uint8Array.of(index, number));
    const asked = questions.map(async (question) => {
      const { data } = await client.request(question);
      assertEquals(data, question);
      answers++;
    });
    // Every third client leaves with questions that are not answered yet.
    if (index % 3 === 2) asked.forEach((one) => one.catch(() => {}));
    else await Promise.all(asked);
    await client.close();
  });
  await inTime("the clients of the transports", Promise.all(clients));
  await inTime("the end of the transports", server.shutdown(random.nextUint32() % 500));
  return answers;
}

async function echoSecurely(random: SeededRandom): Promise<number> {
  const { cert, key } = developmentCertificate();
  const server = await SecureSocket.bindServer({ hostname: "127.0.0.1", udp: 0, tcp: 0, cert, key });
  const serving = (async () => {
    for await (const event of server) {
      if (event.type === "data") server.trySend(event.peerId, event.channel, event.data);
    }
  })();
  let echoes = 0;
  const clients = Array.from({ length: CLIENTS }, async (_, index) => {
    const client = await SecureSocket.connect({ hostname: "127.0.0.1", port: server.tcpPort, caCerts: [cert] });
    const size = 1 + random.nextUint32() % 20_000;
    await client.send(1, index % 2 === 0 ? 0 : 2, new Uint8Array(size).fill(index));
    for await (const event of client) {
      if (event.type !== "data") continue;
      assertEquals([event.data.length, event.data[0]], [size, index]);
      echoes++;
      break;
    }
    await client.close();
  });
  await inTime("the clients by UDP", Promise.all(clients));
  await inTime("the end of the server", server.close());
  await serving;
  return echoes;
}
