/**
 * Handshakes of secure sockets, a few chains side by side: in each one client after the other connects, says something,
 * hears the answer and closes.
 *
 * @module
 */

import { developmentCertificate, SecureSocket } from "../../src/api/secure_mod.ts";
import { report, type Settings } from "../harness/role.ts";

const CHANNEL = 1;

/** The server: answers every message, for as long as the process lives. */
export async function secureGreeter(): Promise<void> {
  const { cert, key } = developmentCertificate();
  const socket = await SecureSocket.bindServer({
    hostname: "127.0.0.1",
    cert,
    key,
    // All clients have one address here.
    connectionsPerSecond: Infinity,
    firstFlightsPerSecond: 1e6,
    firstFlightsBurst: 1e6,
  });
  report("listening", { port: socket.tcpPort });
  for await (const event of socket) {
    if (event.type === "data") socket.send(event.peerId, CHANNEL, event.data);
  }
}

/**
 * The clients, which resume with tickets where `resumes` is 1.
 *
 * @param settings Numbers `port`, `chains`, `warmCount`, `count`, `resumes`.
 */
export async function secureGuests(settings: Settings): Promise<void> {
  const [chains, resumes] = [settings.of("chains"), settings.of("resumes") === 1];
  const tickets: (Uint8Array | undefined)[] = [];
  const run = (count: number): Promise<void[]> =>
    Promise.all(Array.from({ length: chains }, async (_, chain) => {
      for (let n = 0; n < count / chains; n++) {
        tickets[chain] = await visit(settings.of("port"), resumes ? tickets[chain] : undefined);
      }
    }));
  await run(settings.of("warmCount"));
  const start = performance.now();
  await run(settings.of("count"));
  report("measured", { rate: settings.of("count") / (performance.now() - start) * 1000 });
}

/** Connects, sends, hears the answer, closes; returns the ticket for the next time. */
async function visit(port: number, ticket: Uint8Array | undefined): Promise<Uint8Array | undefined> {
  const message = new Uint8Array(64);
  const socket = await SecureSocket.connect({
    hostname: "127.0.0.1",
    port,
    dangerouslyAcceptAnyCertificate: true,
    earlyData: [message],
    closeTimeoutMs: 0,
    ...ticket === undefined ? {} : { ticket },
  });
  const isResumed = socket.peerStatistics(1)?.isResumed;
  if (isResumed !== (ticket !== undefined)) throw new Error("The server did not take the ticket");
  let [isAnswered, hasTicket] = [false, false];
  for await (const event of socket) {
    isAnswered ||= event.type === "data";
    hasTicket ||= event.type === "ticket";
    if (isAnswered && hasTicket) break;
  }
  const next = socket.ticket;
  await socket.close();
  return next;
}
