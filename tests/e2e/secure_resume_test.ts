/**
 * Resumption on real sockets: by ticket without TLS, with early data, and what becomes of a ticket that is used twice.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { bytesOf } from "./payloads.ts";
import { openClient, openEcho, openServer, type Told } from "./secure_ends.ts";
import { within } from "./waiting.ts";

async function ticketFrom(server: Told): Promise<Uint8Array> {
  await using client = await openClient(server.socket.tcpPort);
  await client.event("ticket");
  return client.socket.ticket!;
}

function isResumed({ events }: Told): boolean {
  const [first] = events;
  assert(first?.type === "connected");
  return first.isResumed;
}

Deno.test("a ticket makes a session without TLS, and early data arrives first", async () => {
  await using server = await openEcho();
  const ticket = await ticketFrom(server);
  const { established } = server.socket.statistics().handshakes;
  await using client = await openClient(server.socket.tcpPort, { ticket, earlyData: [bytesOf("one"), bytesOf("two")] });
  await client.socket.send(1, 1, bytesOf("three"));
  await client.messages(3);
  assertEquals([isResumed(client), server.socket.statistics().handshakes.established], [true, established]);
  assertEquals(server.texts.slice(0, 2), ["one", "two"]);
  const early = server.events.flatMap((event) => event.type === "data" ? [event.isEarly] : []);
  assertEquals(early, [true, true, false]);
  const { endpoint } = server.socket.statistics();
  assertEquals([endpoint.earlyAccepted, endpoint.retriesSent], [1, 0]);
});

Deno.test("every session brings a ticket for the next one", async () => {
  await using server = await openEcho();
  let ticket = await ticketFrom(server);
  for (let n = 0; n < 5; n++) {
    await using client = await openClient(server.socket.tcpPort, { ticket, earlyData: [bytesOf(`${n}`)] });
    await client.messages(1);
    await client.event("ticket");
    assertEquals([isResumed(client), client.texts], [true, [`${n}`]]);
    assert(client.socket.ticket!.join() !== ticket.join());
    ticket = client.socket.ticket!;
  }
  assertEquals(server.socket.statistics().handshakes.hellosAccepted, 1);
});

Deno.test("a ticket that is used twice makes a full handshake the second time, and its early data comes once", async () => {
  await using server = await openEcho();
  const ticket = await ticketFrom(server);
  await using first = await openClient(server.socket.tcpPort, { ticket, earlyData: [bytesOf("first")] });
  await using second = await openClient(server.socket.tcpPort, { ticket, earlyData: [bytesOf("second")] });
  await Promise.all([first.messages(1), second.messages(1)]);
  assertEquals([isResumed(first), isResumed(second)], [true, false]);
  assertEquals(server.texts, ["first", "second"]);
  assertEquals(server.socket.statistics().endpoint.earlyAccepted, 1);
});

Deno.test("a server that takes no early data gets it after the handshake, once", async () => {
  await using server = await openEcho({ acceptEarlyData: false });
  const ticket = await ticketFrom(server);
  await using client = await openClient(server.socket.tcpPort, { ticket, earlyData: [bytesOf("patience")] });
  await client.messages(1);
  const { endpoint } = server.socket.statistics();
  assertEquals([isResumed(client), server.texts, endpoint.earlyRefused], [true, ["patience"], 1]);
});

Deno.test("a ticket of another server leads to a full handshake", async () => {
  await using other = await openServer();
  const ticket = await ticketFrom(other);
  await using server = await openEcho({ udp: 0 });
  // The server of the ticket refuses it here: it is not the one that is connected to.
  await other.socket.close();
  await using client = await openClient(server.socket.tcpPort, {
    ticket,
    handshakeTimeoutMs: 300,
    earlyData: [bytesOf("to whom")],
  });
  await client.messages(1);
  assertEquals([isResumed(client), server.texts], [false, ["to whom"]]);
});

Deno.test("a resumption goes to the address of the session before, whatever the name says by now", async () => {
  await using server = await openEcho();
  const ticket = await ticketFrom(server);
  // Nobody answers for this name, and nobody is asked.
  await using client = await openClient(server.socket.tcpPort, { hostname: "moved.invalid", ticket });
  assertEquals(isResumed(client), true);
  const { hostname, port } = client.socket.peerStatistics(1)!.address;
  assertEquals([hostname, port], ["127.0.0.1", server.socket.udpPort]);
});

Deno.test("authorize is asked about a client that resumes, and may refuse it", async () => {
  const asked: string[] = [];
  await using server = await openEcho({
    authorize: (token, { transport }) => {
      asked.push(`${new TextDecoder().decode(token)} by ${transport}`);
      return Promise.resolve(asked.length < 3);
    },
  });
  const { tcpPort } = server.socket;
  const token = bytesOf("me");
  let ticket: Uint8Array;
  {
    await using first = await openClient(tcpPort, { token });
    await first.event("ticket");
    ticket = first.socket.ticket!;
  }
  {
    await using second = await openClient(tcpPort, { ticket, earlyData: [bytesOf("early")] });
    await second.messages(1);
    await second.event("ticket");
    ticket = second.socket.ticket!;
  }
  await using third = await openClient(tcpPort, { ticket, earlyData: [bytesOf("unheard")] });
  await within("the client's end", third.whenDone);
  assertEquals(third.ends, ["NotAuthorized remote"]);
  assertEquals([asked, server.texts], [["me by tcp", "me by udp", "me by udp"], ["early"]]);
});
