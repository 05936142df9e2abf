/**
 * A client written from the standard alone talks to a secure server.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { openEcho } from "../e2e/secure_ends.ts";
import { eventually } from "../e2e/waiting.ts";
import { PlainSecureClient } from "./secure_plain_client.ts";

const encoder = new TextEncoder();

Deno.test("a client written from the standard exchanges messages and closes", async () => {
  await using server = await openEcho();
  await using client = await PlainSecureClient.connect(server.socket.tcpPort, encoder.encode("plain"));
  await eventually("the server has confirmed", () => client.frames.some(({ type }) => type === 0x08));
  for (const word of ["one", "two", "three"]) client.send(word);
  await eventually("all came back", () => client.messages.length === 3);
  assertEquals(client.messages.toSorted(), ["one", "three", "two"]);
  const [connected] = server.events;
  assert(connected?.type === "connected");
  assertEquals(new TextDecoder().decode(connected.token), "plain");
  // Two more connection ids, and a challenge of the path; the ticket stands in the hello (its flags are at 40).
  for (const [type, count] of [[0x05, 2], [0x03, 1]]) {
    await eventually(
      `${count} of type ${type}`,
      () => client.frames.filter((one) => one.type === type).length >= count!,
    );
  }
  assertEquals(client.hello[40], 2);
  client.sendFrames([0x07, 0x80, 0x01, 3, ...encoder.encode("bye")], false);
  await server.event("disconnected");
  const last = server.events.at(-1);
  assert(last?.type === "disconnected");
  assertEquals([last.reason.code, last.reason.text, last.reason.origin], [0x8001, "bye", "remote"]);
  await eventually("the close was answered", () => client.frames.some(({ type }) => type === 0x07));
});

Deno.test("a client written from the standard uses reliable channels, whole messages and fragments", async () => {
  await using server = await openEcho();
  await using client = await PlainSecureClient.connect(server.socket.tcpPort, new Uint8Array(0));
  await server.event("connected");
  client.sendMessage(0, 1, "second");
  client.sendMessage(2, 1, "unordered");
  await eventually("channel 2 does not wait", () => client.messagesOn(2).size === 1);
  client.sendMessage(0, 0, "first");
  client.sendMessage(0, 0, "first");
  await eventually("channel 0 came back", () => client.messagesOn(0).size === 2);
  assertEquals([client.messagesOn(0).get(0), client.messagesOn(0).get(1)], ["first", "second"]);
  const long = Uint8Array.from({ length: 5000 }, (_, i) => i * 7);
  for (const start of [4000, 1008, 0, 2000, 3008]) {
    client.sendFragment(0, 2, long, start, Math.min(start + 1008, long.length));
  }
  await eventually("the long one came back", () => client.fragmentsOf(0, 2) !== undefined);
  assertEquals(client.fragmentsOf(0, 2), long);
  assertEquals(server.texts.slice(0, 3), ["unordered", "first", "second"]);
  // Credit beyond what holds before the first of it, for the channel and for the session.
  for (const [channel, initial] of [[0, 65_536], [255, 262_144]]) {
    const limits = client.frames.filter(({ type, fields }) => type === 0x14 && fields[0] === channel);
    assert(limits.some(({ fields }) => new DataView(fields.buffer).getBigUint64(1) > initial!));
  }
});

Deno.test("what breaks the standard inside an authentic packet ends the session with ProtocolViolation", async () => {
  await using server = await openEcho({ closeTimeoutMs: 50 });
  await using client = await PlainSecureClient.connect(server.socket.tcpPort, new Uint8Array(0));
  await server.event("connected");
  client.sendFrames([0x0f], false);
  await server.event("disconnected");
  assertEquals(server.ends, ["ProtocolViolation remote"]);
  await eventually("the client was told", () => client.frames.some(({ type }) => type === 0x07));
  const close = client.frames.find(({ type }) => type === 0x07)!;
  assertEquals([...close.fields.subarray(0, 2)], [0, 64]);
});

Deno.test("TLS 1.2 is refused", async () => {
  await using server = await openEcho();
  const { connect } = await import("node:tls");
  const attempt = (version: "TLSv1.2" | "TLSv1.3"): Promise<string | null> =>
    new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port: server.socket.tcpPort, rejectUnauthorized: false };
      const socket = connect({ ...options, minVersion: version, maxVersion: version });
      socket.once("close", () => reject(new Error("closed"))).once("error", reject);
      socket.once("secureConnect", () => {
        resolve(socket.getProtocol());
        socket.destroy();
      });
    });
  assertEquals(await attempt("TLSv1.3"), "TLSv1.3");
  await assertRejects(() => attempt("TLSv1.2"));
  await eventually("it was counted", () => server.socket.statistics().handshakes.failed === 1);
});
