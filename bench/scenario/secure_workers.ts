/**
 * `secure.pps.1200.workers`: encrypted packets of 1200 bytes one way, server to client, each sealed in a worker of the
 * server while the thread that owns the socket sends what others sealed.
 *
 * The baseline is the same flow of a server without workers, in the same run; what there is to win is the seal's share,
 * less what it costs to cross threads twice, and only where there are cores for all.
 *
 * @module
 */

import { developmentCertificate, SecureSocket } from "../../src/api/secure_mod.ts";
import { sendFlow } from "../harness/flow.ts";
import { cast } from "../harness/role_process.ts";
import { play, report, type Settings } from "../harness/role.ts";
import type { RunContext, Sample, Scenario } from "../harness/scenario.ts";

/** What a packet of 1200 bytes leaves to one message. */
const MESSAGE_BYTES = 1159;
const CHANNEL = 1;
/** How many messages may be under way: less than a socket's buffer holds. */
const WINDOW = 48;
/** After how many of them the client gives credit. */
const CREDIT = 16;
const FLAGS = ["--unstable-net"];
const HOSTNAME = "127.0.0.1";

/** One client and one server, whose session is in a worker. */
export const securePps1200Workers: Scenario = {
  name: "secure.pps.1200.workers",
  metric: "rate",
  unit: "/s",
  target: undefined,
  rounds: 3,
  lessBaseline: false,
  baseline: async (context) => ({ value: await flow(0, context) }),
  product: async (context): Promise<Sample> => ({ value: await flow(1, context) }),
};

/** Runs one flow; thrown away unless the receiver got every message. */
function flow(workers: number, { quick }: RunContext): Promise<number> {
  const load = { warmCount: 16_000, count: quick ? 32_000 : 96_000, payloadBytes: MESSAGE_BYTES };
  return cast(import.meta.url, async (spawn) => {
    const sender = spawn("sender", { ...load, workers }, FLAGS);
    const { port } = await sender.expect("listening");
    const receiver = spawn("receiver", { ...load, port: Number(port) }, FLAGS);
    await sender.expect("warmed");
    await receiver.expect("warm");
    await sender.go();
    const started = await sender.expect("started");
    const done = await receiver.expect("done");
    await sender.expect("sent");
    const closed = await receiver.expect("closed");
    if (closed.messages !== load.warmCount + load.count) throw new Error(`${closed.messages} messages arrived`);
    await Promise.all([sender.ended(), receiver.ended()]);
    return load.count / (Number(done.at) - Number(started.at)) * 1000;
  });
}

async function send(settings: Settings): Promise<void> {
  const { cert, key } = developmentCertificate();
  const socket = await SecureSocket.bindServer({ hostname: HOSTNAME, cert, key, workers: settings.of("workers") });
  report("listening", { port: socket.tcpPort });
  const payload = new Uint8Array(settings.of("payloadBytes")).fill(7);
  const connected = Promise.withResolvers<number>();
  let room = WINDOW;
  let wake = (): void => {};
  const reading = (async () => {
    for await (const event of socket) {
      if (event.type === "connected") connected.resolve(event.peerId);
      if (event.type !== "data") continue;
      room += CREDIT;
      wake();
    }
  })();
  const credit = (): Promise<void> => new Promise((resolve) => wake = resolve);
  const peerId = await connected.promise;
  await sendFlow(settings, async (count) => {
    for (let sent = 0; sent < count;) {
      while (room > 0 && sent < count) {
        room--;
        sent++;
        socket.send(peerId, CHANNEL, payload);
      }
      if (sent < count) await credit();
    }
    while (room < WINDOW) await credit();
  });
  await socket.close();
  await reading;
}

async function receive(settings: Settings): Promise<void> {
  const { Arrivals } = await import("../harness/arrivals.ts");
  const arrivals = new Arrivals(settings);
  const port = settings.of("port");
  const socket = await SecureSocket.connect({ hostname: HOSTNAME, port, dangerouslyAcceptAnyCertificate: true });
  const bytes = new Uint8Array(1);
  let owed = 0;
  for await (const event of socket) {
    if (event.type !== "data") continue;
    arrivals.add(1, event.data.length);
    if (++owed < CREDIT) continue;
    owed = 0;
    socket.send(1, CHANNEL, bytes);
  }
  arrivals.close();
}

if (import.meta.main) await play({ sender: send, receiver: receive });
