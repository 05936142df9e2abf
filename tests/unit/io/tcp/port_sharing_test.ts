/**
 * By which means a port is shared, on systems and runtimes that the test plays, and what becomes of a listener that
 * may not listen. Tests of this folder have no permissions.
 *
 * @module
 */
import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { ClosedError, MisuseError, ResourceError } from "../../../../src/error/transport_error.ts";
import { NodeTcpListener } from "../../../../src/io/tcp/node_tcp_listener.ts";
import { portSharing } from "../../../../src/io/tcp/port_sharing.ts";
import { failureReason } from "../../../../src/io/tcp/tcp_address.ts";
import { tcpFabric } from "../../../../src/io/tcp/tcp_fabric.ts";

const address = { hostname: "127.0.0.1", port: 5_555 };
const options = { ...address, backlogCount: 7, noDelay: true, keepAlive: true };

/** What the system and the runtime are while a test runs, and what was asked of the runtime's listener. */
class Platform implements Disposable {
  readonly asked: unknown[] = [];
  readonly #deno = Deno as unknown as Record<"build" | "listen" | "listenDatagram", unknown>;
  readonly #real = { ...this.#deno };

  constructor(os: string, isUnstable: boolean) {
    this.#deno.build = { os };
    this.#deno.listenDatagram = isUnstable ? () => {} : undefined;
    this.#deno.listen = (asked: unknown) => {
      this.asked.push(asked);
      return { addr: { transport: "tcp", ...address }, close: () => {} };
    };
  }

  [Symbol.dispose](): void {
    const { build, listen, listenDatagram } = this.#real;
    Object.assign(this.#deno, { build, listen, listenDatagram });
  }
}

Deno.test("portSharing() tells by which means a port can be shared", () => {
  const cases = [
    ["linux", true, "deno"],
    ["linux", false, "node"],
    ["darwin", true, undefined],
    ["darwin", false, undefined],
    ["windows", true, undefined],
    ["freebsd", false, undefined],
  ] as const;
  for (const [os, isUnstable, means] of cases) {
    using _platform = new Platform(os, isUnstable);
    assertEquals(portSharing(), means, `${os} ${isUnstable}`);
  }
});

Deno.test("tcpFabric().listen() has the runtime share the port where it can", () => {
  using platform = new Platform("linux", true);
  const listener = tcpFabric({ ...address, backlogCount: 7, sharePort: true }).listen();
  assertEquals(platform.asked, [{ ...address, tcpBacklog: 7, reusePort: true }]);
  assertEquals(listener.address, { transport: "tcp", ...address });
  assertEquals(listener.listening, undefined);
  listener.close();
});

Deno.test("tcpFabric().listen() never asks the runtime to share a port where that would end the process", async () => {
  using platform = new Platform("linux", false);
  const listener = tcpFabric({ ...address, sharePort: true }).listen();
  assertInstanceOf(listener, NodeTcpListener);
  await assertRejects(async () => await listener.listening, ResourceError);
  assertEquals(platform.asked, []);
});

Deno.test("tcpFabric().listen() refuses to share a port where the system cannot", () => {
  using platform = new Platform("darwin", true);
  const error = assertThrows(() => tcpFabric({ ...address, sharePort: true }).listen(), ResourceError);
  assertEquals(
    error.message,
    "Cannot listen on 127.0.0.1:5555: this system does not spread connections over listeners",
  );
  assertEquals(platform.asked, []);
});

Deno.test("tcpFabric().listen() shares nothing unless it is told to", () => {
  for (const isUnstable of [true, false]) {
    using platform = new Platform("linux", isUnstable);
    tcpFabric({ ...address, backlogCount: 7 }).listen().close();
    assertEquals(platform.asked, [{ ...address, tcpBacklog: 7 }]);
  }
});

Deno.test("failureReason() leaves out the name and the address of an error of node:net", () => {
  const cases = [
    ["listen EADDRINUSE: address already in use 127.0.0.1:5555", "address already in use"],
    ["listen EADDRINUSE: address already in use ::1:5555", "address already in use"],
    ["listen EINVAL: invalid argument 10.99.99.99", "invalid argument"],
    ["getaddrinfo ENOTFOUND nowhere.invalid", "getaddrinfo ENOTFOUND nowhere.invalid"],
    ["read ECONNRESET", "read ECONNRESET"],
  ] as const;
  for (const [message, reason] of cases) assertEquals(failureReason(new Error(message)), reason);
});

Deno.test("NodeTcpListener that may not listen says why, and is closed", async () => {
  const listener = new NodeTcpListener(options);
  assertEquals(listener.address, { transport: "tcp", ...address });
  assertEquals(listener.closed, false);
  const accepting = listener.accept();
  const error = await assertRejects(() => listener.listening, ResourceError);
  assertEquals(
    error.message,
    "Cannot listen on 127.0.0.1:5555: requires net access to 127.0.0.1:5555 (--allow-net)",
  );
  assertInstanceOf(error.cause, Deno.errors.NotCapable);
  assertStrictEquals(await accepting.catch((reason) => reason), error);
  assertEquals(listener.closed, true);
  assertStrictEquals(await listener.accept().catch((reason) => reason), error);
  listener.close();
  assertStrictEquals(await listener.accept().catch((reason) => reason), error);
});

Deno.test("NodeTcpListener writes IPv6 addresses as permissions do", async () => {
  const listener = new NodeTcpListener({ ...options, hostname: "::1" });
  await assertRejects(() => listener.listening, ResourceError, "requires net access to [::1]:5555");
});

Deno.test("NodeTcpListener that nobody waits for leaves no rejection behind", async () => {
  const listener = new NodeTcpListener(options);
  while (!listener.closed) await new Promise((resolve) => setTimeout(resolve, 1));
});

Deno.test("NodeTcpListener that is closed before it listens says so", async () => {
  const listener = new NodeTcpListener(options);
  const accepting = listener.accept();
  listener.close();
  listener.close();
  assertEquals(listener.closed, true);
  for (const call of [listener.listening, accepting, listener.accept()]) {
    await assertRejects(() => call, ClosedError, "GoingAway");
  }
});

Deno.test("NodeTcpListener refuses a second accept also before it listens", async () => {
  const listener = new NodeTcpListener(options);
  const accepting = listener.accept();
  await assertRejects(() => listener.accept(), MisuseError);
  listener.close();
  await assertRejects(() => accepting, ClosedError);
});
