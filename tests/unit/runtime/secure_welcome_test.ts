import { assert, assertEquals } from "@std/assert";
import type { SecureServerOptions } from "../../../src/runtime/secure_server_options.ts";
import type { SecureServer } from "../../../src/runtime/secure_server.ts";
import type { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";
import { bytes, drained, type SecureEnd, SecureWorld, shortly, text } from "./secure_ends.ts";

const HOST = "10.0.0.9";

/** A server, and a client that comes back with a ticket and an early message. */
async function comeBack(
  authorize: NonNullable<SecureServerOptions["authorize"]>,
  handshakeTimeoutMs = 500,
  prepare: (scheduler: ManualScheduler) => void = () => {},
): Promise<{ readonly world: SecureWorld; readonly server: SecureServer; readonly end: SecureEnd }> {
  const world = new SecureWorld();
  let isFirst = true;
  const { server } = world.serve({
    handshakeTimeoutMs,
    authorize: (...question) => {
      if (!isFirst) return authorize(...question);
      isFirst = false;
      return true;
    },
  });
  const first = world.client({ token: bytes("letter") }, HOST);
  await world.scheduler.settle(100);
  const ticket = first.client.ticket!;
  void first.client.core.close(0);
  await world.scheduler.settle(2000);
  drained(server.core.events);
  prepare(world.scheduler);
  const end = world.client({ ticket, earlyData: [bytes("early")] }, HOST);
  return { world, server, end };
}

Deno.test("authorize is asked again about a client that resumes, with its first token and its UDP address", async () => {
  const asked: unknown[] = [];
  const { world, server, end } = await comeBack((token, address, certificate) => {
    asked.push([text(token), address, certificate]);
    return true;
  });
  await world.scheduler.settle(100);
  await end.connecting;
  assertEquals(asked, [["letter", { transport: "udp", hostname: HOST, port: 4000 }, undefined]]);
  assertEquals(shortly(drained(server.core.events)), ["connected", "early early"]);
});

Deno.test("a client that resumes and is refused is told so, and the application sees nothing of it", async () => {
  const { world, server, end } = await comeBack(() => false);
  await world.scheduler.settle(2000);
  assertEquals(shortly(drained(server.core.events)), []);
  const last = drained(end.client.core.events).at(-1);
  assert(last?.type === "disconnected");
  assertEquals([last.reason.name, last.reason.origin], ["NotAuthorized", "remote"]);
  assertEquals([server.core.endpoint.sessionCount, server.handshakes().resumptionsRefused], [0, 1]);
  assertEquals(server.core.statistics().droppedMessages, 1, "its early message");
});

Deno.test("authorize may send, disconnect and close in its answer about a client that resumes", async () => {
  let act = (): void => {};
  const { world, server, end } = await comeBack(() => {
    act();
    return true;
  });
  const { core } = server;
  act = () => {
    for (const id of core.peers.keys()) void core.send(id, 1, bytes("somebody comes"));
  };
  await world.scheduler.settle(100);
  act();
  const ticket = end.client.ticket!;
  act = () => {
    for (const id of core.peers.keys()) {
      for (let n = 0; n < 3; n++) core.trySend(id, 1, bytes(`${n}`));
      core.disconnect(id, 40_000, "make room");
    }
  };
  const third = world.client({ ticket, earlyData: [bytes("third")] });
  await world.scheduler.settle(100);
  await third.connecting;
  assertEquals(shortly(drained(end.client.core.events)).slice(2), [
    "data somebody comes",
    "data 0",
    "disconnected Application remote",
  ]);
  assertEquals([core.isClosing, core.peers.size], [false, 1]);
  act = () => void core.close(1, 0);
  world.client({ ticket: third.client.ticket! });
  await world.scheduler.settle(100);
  await core.whenClosed;
  assertEquals(shortly(drained(core.events)).at(-1), "disconnected Replaced remote", "the socket did not break");
  assertEquals((await core.events.next()).done, true);
});

Deno.test("what authorize does to the token it is shown changes nothing that others are shown", async () => {
  const { world, server } = await comeBack((token) => {
    token.fill(0x7a);
    return true;
  });
  await world.scheduler.settle(100);
  const [first] = drained(server.core.events);
  assert(first?.type === "connected");
  assertEquals(text(first.token), "letter");
  first.token.fill(0x79);
  assertEquals(text(server.core.peers.get(first.peerId)!.token!), "letter");
});

Deno.test("an answer about a client that resumes leaves nothing behind to be stopped at the end", async () => {
  const stopped: number[] = [];
  const { world, server } = await comeBack(() => true, 500, (scheduler) => {
    const alarm = scheduler.alarm.bind(scheduler);
    scheduler.alarm = (onDue) => {
      const made = alarm(onDue);
      const disarm = made.disarm.bind(made);
      const place = stopped.push(0) - 1;
      made.disarm = () => {
        stopped[place]!++;
        disarm();
      };
      return made;
    };
  });
  await world.scheduler.settle(100);
  assertEquals(server.core.peers.size, 1);
  const before = stopped.slice();
  server.handleClosing();
  assertEquals(stopped.slice(0, before.length), before);
});

Deno.test("what a client says while its resumption is judged is delivered behind connected, in order", async () => {
  const answer = Promise.withResolvers<boolean>();
  const { world, server, end } = await comeBack(() => answer.promise);
  await world.scheduler.settle(50);
  await end.connecting;
  for (const word of ["one", "two"]) await end.client.core.send(1, 1, bytes(word));
  await world.scheduler.settle(50);
  assertEquals([drained(server.core.events), server.core.peers.size], [[], 0]);
  answer.resolve(true);
  await world.scheduler.settle(50);
  await end.client.core.send(1, 1, bytes("three"));
  await world.scheduler.settle(50);
  assertEquals(shortly(drained(server.core.events)), [
    "connected",
    "early early",
    "data one",
    "data two",
    "data three",
  ]);
  assertEquals(server.handshakes().resumptionsRefused, 0);
});

Deno.test("a resumption is refused when the answer takes longer than a handshake may, or is none", async () => {
  const { world, server } = await comeBack(() => new Promise(() => {}));
  await world.scheduler.settle(499);
  assertEquals(server.core.endpoint.sessionCount, 1);
  await world.scheduler.settle(2000);
  assertEquals([server.core.endpoint.sessionCount, server.handshakes().resumptionsRefused], [0, 1]);
  const other = await comeBack(() => Promise.resolve(1 as unknown as boolean));
  await other.world.scheduler.settle(2000);
  assertEquals([other.server.core.endpoint.sessionCount, other.server.handshakes().resumptionsRefused], [0, 1]);
});

Deno.test("a client that leaves while its resumption is judged was never there", async () => {
  const answer = Promise.withResolvers<boolean>();
  const { world, server, end } = await comeBack(() => answer.promise);
  await world.scheduler.settle(50);
  void end.client.core.close(0);
  await world.scheduler.settle(100);
  answer.resolve(true);
  await world.scheduler.settle(2000);
  assertEquals([drained(server.core.events), server.core.peers.size, server.core.endpoint.sessionCount], [[], 0, 0]);
  assertEquals(server.core.statistics().droppedMessages, 1, "its early message");
});

Deno.test("a server that closes while a resumption is judged, or after that, leaves no alarm", async () => {
  for (const answer of [new Promise<boolean>(() => {}), Promise.resolve(true)]) await closeInBetween(answer);
});

async function closeInBetween(answer: Promise<boolean>): Promise<void> {
  const { world, server, end } = await comeBack(() => answer, 60_000);
  await world.scheduler.settle(50);
  const closing = server.core.close(1);
  await world.scheduler.settle(3000);
  await closing;
  await end.client.core.whenClosed;
  assertEquals(world.scheduler.pendingAlarms, 0);
}

Deno.test("a server that asks for certificates gives tickets only where that is asked for", async () => {
  const { resolveSecureServerOptions } = await import("../../../src/runtime/secure_server_options.ts");
  const { certificate: { cert, key } } = await import("./secure_ends.ts");
  const lifetimes = [{}, { clientCaCerts: [cert] }, { clientCaCerts: [cert], ticketLifetimeMs: 5000 }].map((one) =>
    resolveSecureServerOptions({ cert, key, ...one }).endpoint.ticketLifetimeMs
  );
  assertEquals(lifetimes, [3_600_000, 0, 5000]);
});

Deno.test("reliable messages of a client whose resumption is judged wait, all of them, and hold it back until read", async () => {
  const answer = Promise.withResolvers<boolean>();
  const { world, server, end } = await comeBack(() => answer.promise, 5000);
  await world.scheduler.settle(100);
  const count = 150;
  for (let n = 0; n < count; n++) void end.client.core.send(1, 0, bytes(`${n}`.padEnd(60_000)));
  await world.scheduler.settle(1000);
  assertEquals(server.core.events.count, 0);
  answer.resolve(true);
  const numbers: number[] = [];
  for (let round = 0; round < 20; round++) {
    await world.scheduler.settle(200);
    for (const event of drained(server.core.events)) {
      if (event.type === "data" && !event.isEarly) numbers.push(Number(text(event.data.subarray(0, 5))));
    }
  }
  assertEquals(numbers, Array.from({ length: count }, (_, n) => n));
  assertEquals(server.core.statistics().droppedMessages, 0);
});
