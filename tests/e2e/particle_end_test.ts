/**
 * Every way in which a particle ends: nobody there, signals, closes, half-closed streams and failing handlers.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { CloseCode, ClosedError, ConnectError, type DisconnectReason, SendStatus, TimeoutError } from "../../mod.ts";
import { frames, PlainServer } from "../interop/plain_socket.ts";
import { openParticle, openReactor } from "./framed_tcp.ts";
import { QuietConsole, UnhandledRejections } from "./leaks.ts";
import { numbered, numberOf, upTo } from "./payloads.ts";
import { standstill, within } from "./waiting.ts";

Deno.test("Without anybody there connected rejects, closed settles, sends reject, and the end is told once", async () => {
  using escaped = new UnhandledRejections();
  const port = await unusedPort();
  const reasons: DisconnectReason[] = [];
  const particle = openParticle({ port, onDisconnected: (reason) => void reasons.push(reason) });
  assertEquals(particle.trySend(numbered(1)), SendStatus.Queued);
  await particle.send(numbered(2));
  const error = await assertRejects(() => within("the failure", particle.connected), ConnectError);
  assert(error.cause instanceof Error);
  await within("its end", particle.closed);
  assertEquals(reasons.map(({ code, origin, unsentCount, cause }) => ({ code, origin, unsentCount, cause })), [
    { code: CloseCode.ConnectFailed, origin: "link", unsentCount: 2, cause: error },
  ]);
  const refused = await assertRejects(() => particle.send(numbered(3)), ClosedError);
  assertEquals(refused.closeCode, CloseCode.ConnectFailed);
  assertEquals(particle.trySend(numbered(3)), SendStatus.Closed);
  await particle.close();
  assertEquals(reasons.length, 1);
  await standstill(() => escaped.reasons.length);
  assertEquals(escaped.reasons, []);
});

Deno.test("Sends that wait for room reject when the link fails", async () => {
  await using server = await PlainServer.listen();
  const particle = openParticle({ port: server.port, maxQueuedBytes: 1024 });
  const sends = upTo(50).map((i) => particle.send(numbered(i, 900)));
  const large = particle.send(new Uint8Array(8 << 20));
  large.catch(() => {});
  for (const send of sends) send.catch(() => {});
  const socket = await server.accept();
  socket.ignore();
  socket.reset();
  await within("its end", particle.closed);
  const outcomes = await Promise.allSettled([...sends, large]);
  const failed = outcomes.filter((one) => one.status === "rejected");
  assert(failed.length > 0);
  for (const one of failed) assertInstanceOf(one.reason, ClosedError);
  assertEquals(particle.queuedBytes, 0);
});

Deno.test("A name that cannot be resolved is a ConnectError", async () => {
  const particle = openParticle({ hostname: "no.such.host.invalid", port: 1 });
  await assertRejects(() => particle.connected, ConnectError);
  await particle.closed;
});

Deno.test("connectTimeoutMs bounds an attempt that nobody answers", async () => {
  // The kernel completes as many connections as the backlog holds; the one after that waits.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const particles = upTo(6).map(() => openParticle({ port: listener.addr.port, connectTimeoutMs: 100 }));
  const outcomes = await within("all attempts", Promise.allSettled(particles.map((particle) => particle.connected)));
  const failures = outcomes.filter((one) => one.status === "rejected").map((one) => one.reason);
  assert(failures.length > 0);
  for (const failure of failures) assertInstanceOf(failure, TimeoutError);
  for (const particle of particles) particle.abort();
  await Promise.all(particles.map((particle) => particle.closed));
  listener.close();
});

Deno.test("A signal that has fired closes a particle before it connects", async () => {
  const reasons: DisconnectReason[] = [];
  await using server = await PlainServer.listen();
  const particle = openParticle({
    port: server.port,
    signal: AbortSignal.abort(),
    onDisconnected: (reason) => void reasons.push(reason),
  });
  await within("its end", particle.closed);
  const error = await assertRejects(() => particle.connected, ClosedError);
  assertEquals(error.closeCode, CloseCode.Aborted);
  assertEquals(reasons.map(({ code }) => code), [CloseCode.Aborted]);
  assertEquals(particle.trySend(numbered(1)), SendStatus.Closed);
  assertEquals(server.accepted, 0);
});

Deno.test("A signal ends an attempt to connect, and a link", async () => {
  await using server = await PlainServer.listen();
  for (const isLinked of [false, true]) {
    const controller = new AbortController();
    const reasons: DisconnectReason[] = [];
    const particle = openParticle({
      port: server.port,
      signal: controller.signal,
      onDisconnected: (reason) => void reasons.push(reason),
    });
    if (isLinked) await particle.connected;
    for (let i = 0; i < 3; i++) particle.trySend(numbered(i));
    controller.abort();
    await within("its end", particle.closed);
    assertEquals(reasons.map(({ code, origin }) => ({ code, origin })), [{ code: CloseCode.Aborted, origin: "local" }]);
    const { messagesOut, unsent } = particle.statistics();
    assertEquals(messagesOut + unsent, 3);
    assertEquals(reasons[0]!.unsentCount, unsent);
  }
});

Deno.test("close() before the link stands ends at once, and connected rejects", async () => {
  await using server = await PlainServer.listen();
  const particle = openParticle({ port: server.port });
  await within("the close", particle.close());
  await assertRejects(() => particle.connected, ClosedError);
  assertEquals(particle.isConnected, false);
});

Deno.test("close() twice and await using are one close, reported once", async () => {
  await using reactor = await openReactor();
  const reasons: DisconnectReason[] = [];
  {
    await using particle = openParticle({
      port: reactor.port,
      onDisconnected: (reason) => void reasons.push(reason),
    });
    await particle.connected;
    await Promise.all([particle.close(), particle.close()]);
    await particle.closed;
  }
  assertEquals(reasons.map(({ code, origin, unsentCount }) => ({ code, origin, unsentCount })), [
    { code: CloseCode.Normal, origin: "local", unsentCount: 0 },
  ]);
});

Deno.test("close() rejects sends that wait for room and writes what was accepted", async () => {
  await using server = await PlainServer.listen();
  const particle = openParticle({ port: server.port, maxQueuedBytes: 1024 });
  await particle.connected;
  const sends = upTo(10).map((i) => particle.send(numbered(i, 500)));
  for (const send of sends) send.catch(() => {});
  const closing = particle.close();
  assertEquals(particle.trySend(numbered(0)), SendStatus.Closed);
  const socket = await server.accept();
  const bytes = await socket.readToEnd();
  socket.end();
  await within("the close", closing);
  const outcomes = await Promise.allSettled(sends);
  const accepted = outcomes.filter((one) => one.status === "fulfilled").length;
  assert(accepted < 10);
  assertEquals(bytes, frames(upTo(accepted).map((i) => numbered(i, 500))));
});

Deno.test("The server's end closes a particle in order: what was accepted is written first", async () => {
  await using server = await PlainServer.listen();
  const reasons: DisconnectReason[] = [];
  const particle = openParticle({
    port: server.port,
    maxQueuedBytes: 64 << 20,
    onDisconnected: (reason) => void reasons.push(reason),
  });
  const socket = await server.accept();
  socket.ignore();
  for (let i = 0; i < 200; i++) assertEquals(particle.trySend(numbered(i, 64 << 10)), SendStatus.Queued);
  socket.end();
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.listen();
  for (let i = 0; i < 200; i++) assertEquals(numberOf(await socket.readFrame()), i);
  await within("its end", particle.closed);
  assertEquals(reasons.map(({ code, origin, unsentCount }) => ({ code, origin, unsentCount })), [
    { code: CloseCode.Normal, origin: "remote", unsentCount: 0 },
  ]);
});

Deno.test("With allowHalfOpen a particle goes on sending after the server's end", async () => {
  await using server = await PlainServer.listen();
  const particle = openParticle({ port: server.port, allowHalfOpen: true });
  const socket = await server.accept();
  await particle.connected;
  socket.end();
  for (let i = 0; i < 10; i++) {
    await particle.send(numbered(i));
    assertEquals(numberOf(await socket.readFrame()), i);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await within("the close", particle.close());
  assertEquals(await socket.readToEnd(), new Uint8Array(0));
});

for (const way of ["throws", "rejects"] as const) {
  Deno.test(`A handler of a particle that ${way} closes its link and is reported`, async () => {
    const fault = new Error("on purpose");
    for (const isReported of [true, false]) {
      using silenced = new QuietConsole();
      await using server = await PlainServer.listen();
      const errors: unknown[] = [];
      const codes: number[] = [];
      const particle = openParticle({
        port: server.port,
        onReceived: () => {
          if (way === "throws") throw fault;
          return Promise.reject(fault);
        },
        onDisconnected: (reason) => void codes.push(reason.code),
        ...(isReported ? { onError: (error: unknown) => void errors.push(error) } : {}),
      });
      const socket = await server.accept();
      await socket.write(frames(["one", "two"]));
      await within("its end", particle.closed);
      assertEquals(codes, [CloseCode.HandlerFailed]);
      assertEquals(errors, isReported ? [fault] : []);
      assertEquals(silenced.calls.flat().includes(fault), !isReported);
    }
  });
}

Deno.test("flush() rejects after the particle was closed with messages that were lost", async () => {
  await using server = await PlainServer.listen();
  const particle = openParticle({ port: server.port });
  particle.trySend(numbered(1));
  particle.abort();
  assertEquals(particle.statistics().unsent, 1);
  await assertRejects(() => particle.flush(), ClosedError);
});

for (const when of ["on its link", "before there is a link"] as const) {
  Deno.test(`A particle with the policy close is closed by a queue that is full ${when}`, async () => {
    await using server = await PlainServer.listen();
    const codes: number[] = [];
    const particle = openParticle({
      port: server.port,
      sendPolicy: "close",
      maxQueuedBytes: 1024,
      onDisconnected: (reason) => void codes.push(reason.code),
    });
    if (when === "on its link") await particle.connected;
    assertEquals(particle.trySend(numbered(0, 1000)), SendStatus.Queued);
    assertEquals(particle.trySend(numbered(1, 1000)), SendStatus.Closed);
    await within("its end", particle.closed, 2000).finally(() => particle.abort());
    assertEquals(codes, [CloseCode.SendQueueFull]);
    assertEquals(particle.trySend(numbered(2)), SendStatus.Closed);
  });
}

/** A port that was free a moment ago. */
async function unusedPort(): Promise<number> {
  const server = await PlainServer.listen();
  await server[Symbol.asyncDispose]();
  return server.port;
}
