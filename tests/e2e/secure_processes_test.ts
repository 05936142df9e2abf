/**
 * Encrypted UDP between processes: both kinds of datagram sockets, a server that crashes and comes back.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { bytesOf } from "./payloads.ts";
import { type Line, says, SecureChild } from "./secure_child.ts";
import { certificate, openClient } from "./secure_ends.ts";
import { within } from "./waiting.ts";

const { cert, key, pin } = certificate;
const hostname = "127.0.0.1";
const hasPorts = (line: Line): boolean => typeof line.tcp === "number";

Deno.test("two processes talk, one on the runtime's own datagram sockets and one on those of node:dgram", async () => {
  await using server = await SecureChild.start("server", { hostname, cert, key }, ["--unstable-net"]);
  const { tcp: port, backend } = await server.line("its ports", hasPorts);
  assertEquals(backend, "deno");
  const clientFlags = [[], ["--unstable-net"]];
  for (const [n, flags] of clientFlags.entries()) {
    await using client = await SecureChild.start("client", { hostname, port, pin }, flags);
    await client.line("it is connected", ({ event }) => event === "connected");
    for (let i = 0; i < 20; i++) await client.write(`message ${n}.${i}`);
    for (let i = 0; i < 20; i++) await client.line(`echo ${i}`, says(`message ${n}.${i}`));
    assertEquals(client.lines.filter(({ event }) => event === "data").length, 20);
  }
  await server.line("both are gone", () => server.lines.filter(({ name }) => name === "Normal").length === 2);
});

Deno.test("a server that crashed and came back with its reset key is noticed at once", async () => {
  const resetKey = "77".repeat(32);
  const options = { hostname, cert, key, resetKey };
  const first = await SecureChild.start("server", options);
  const { udp, tcp } = await first.line("its ports", hasPorts);
  // Only the reset can end this session: nothing asks, and silence is no reason.
  await using client = await openClient(Number(tcp), { idleTimeoutMs: 0, keepAliveMs: 0 });
  await client.socket.send(1, 1, bytesOf("before"));
  await client.messages(1);
  await first.kill();
  await using second = await SecureChild.start("server", { ...options, udp, tcp });
  await second.line("its ports", hasPorts);
  await client.socket.send(1, 1, bytesOf("after"));
  await within("the client's end", client.whenDone);
  assertEquals(client.ends, ["StatelessReset remote"]);
});

Deno.test("a server that crashed and came back with its ticket key resumes sessions without early data", async () => {
  const ticketKey = "99".repeat(32);
  const options = { hostname, cert, key, ticketKey };
  const first = await SecureChild.start("server", options);
  const { udp, tcp } = await first.line("its ports", hasPorts);
  await using before = await openClient(Number(tcp));
  await before.event("ticket");
  const ticket = before.socket.ticket!;
  await first.kill();
  await using second = await SecureChild.start("server", { ...options, udp, tcp });
  await second.line("its ports", hasPorts);
  await using after = await openClient(Number(tcp), { ticket, earlyData: [bytesOf("once")] });
  await after.messages(1);
  const [connected] = after.events;
  assert(connected?.type === "connected" && connected.isResumed);
  await second.line("the message", says("once"));
  assertEquals(second.lines.filter(says("once")).length, 1);
});

Deno.test("a server that crashed without a reset key is missed after the idle timeout", async () => {
  const server = await SecureChild.start("server", { hostname, cert, key });
  const { tcp } = await server.line("its ports", hasPorts);
  await using client = await openClient(Number(tcp), { idleTimeoutMs: 300, keepAliveMs: 100 });
  await server.kill();
  await within("the client's end", client.whenDone);
  assertEquals(client.ends, ["IdleTimeout link"]);
});
