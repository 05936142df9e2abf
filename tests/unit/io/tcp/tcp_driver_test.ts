/**
 * What the TCP driver makes of sockets and their errors, with sockets that the test plays.
 *
 * @module
 */
import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { ClosedError, MisuseError, ResourceError } from "../../../../src/error/transport_error.ts";
import { failureReason, tcpAddress } from "../../../../src/io/tcp/tcp_address.ts";
import { tcpFabric } from "../../../../src/io/tcp/tcp_fabric.ts";
import { TcpLink } from "../../../../src/io/tcp/tcp_link.ts";
import { TcpListener } from "../../../../src/io/tcp/tcp_listener.ts";

const quick = { noDelay: true, keepAlive: false };

/** Notes what is asked of it. */
class FakeConn {
  readonly calls: string[] = [];
  readonly pending = new Promise<number>(() => {});
  readonly ended = Promise.resolve();
  refusesOptions = false;
  #closed = false;

  get localAddr(): Deno.NetAddr {
    this.calls.push("localAddr");
    return { transport: "tcp", hostname: "::ffff:127.0.0.1", port: 1 };
  }

  get remoteAddr(): Deno.NetAddr {
    this.calls.push("remoteAddr");
    return { transport: "tcp", hostname: "::ffff:192.0.2.7", port: 2 };
  }

  setNoDelay(noDelay: boolean): void {
    this.calls.push(`noDelay ${noDelay}`);
    if (this.refusesOptions) throw new TypeError("Invalid argument (os error 22)");
  }

  setKeepAlive(keepAlive: boolean): void {
    this.calls.push(`keepAlive ${keepAlive}`);
  }

  read(): Promise<number> {
    return this.pending;
  }

  write(): Promise<number> {
    return this.pending;
  }

  closeWrite(): Promise<void> {
    return this.ended;
  }

  close(): void {
    if (this.#closed) throw new Deno.errors.BadResource("Bad resource ID");
    this.#closed = true;
    this.calls.push("close");
  }
}

function linkOver(conn: FakeConn, options = quick): TcpLink {
  return new TcpLink(conn as unknown as Deno.TcpConn, options);
}

function listenerOver(accept: () => Promise<unknown>): TcpListener {
  const addr = { transport: "tcp", hostname: "127.0.0.1", port: 5_555 };
  return new TcpListener({ addr, accept, close: () => {} } as unknown as Deno.TcpListener, quick);
}

Deno.test("tcpAddress() takes IPv4-mapped IPv6 addresses back to IPv4", () => {
  const cases = [
    ["::ffff:127.0.0.1", "127.0.0.1"],
    ["::FFFF:192.0.2.1", "192.0.2.1"],
    ["10.1.2.3", "10.1.2.3"],
    ["::1", "::1"],
    ["2001:db8::ffff:1", "2001:db8::ffff:1"],
    ["::ffff:0:127.0.0.1", "::ffff:0:127.0.0.1"],
  ] as const;
  for (const [hostname, plain] of cases) {
    assertEquals(tcpAddress({ hostname, port: 7 }), { transport: "tcp", hostname: plain, port: 7 });
  }
});

Deno.test("failureReason() leaves out the error number and the capital letter", () => {
  assertEquals(failureReason(new Error("Connection refused (os error 111)")), "connection refused");
  assertEquals(failureReason(new Error("Broken pipe (os error -32)")), "broken pipe");
  assertEquals(failureReason(new Error("TLS failed")), "TLS failed");
  assertEquals(failureReason(new Error("")), "");
  assertEquals(failureReason("Odd"), "odd");
});

Deno.test("tcpFabric() refuses ports, backlogs and host names that cannot be", () => {
  for (const port of [-1, 65_536, 1.5, NaN, Infinity, "80" as unknown as number]) {
    assertThrows(() => tcpFabric({ hostname: "127.0.0.1", port }), RangeError, "port");
  }
  for (const backlogCount of [0, -1, 1.5, 65_536, NaN]) {
    assertThrows(() => tcpFabric({ hostname: "127.0.0.1", port: 1, backlogCount }), RangeError, "backlogCount");
  }
  assertThrows(() => tcpFabric({ hostname: "", port: 1 }), TypeError, "host name");
});

Deno.test("tcpFabric().connect() refuses port 0", async () => {
  const fabric = tcpFabric({ hostname: "127.0.0.1", port: 0 });
  assertEquals(fabric.target, { transport: "tcp", hostname: "127.0.0.1", port: 0 });
  await assertRejects(() => fabric.connect(new AbortController().signal), RangeError, "port 0");
});

Deno.test("tcpFabric().connect() closes a connection that came too late", async () => {
  const conn = new FakeConn();
  const controller = new AbortController();
  const reason = new Error("no longer wanted");
  const { connect } = Deno;
  Deno.connect = (() => {
    controller.abort(reason);
    return Promise.resolve(conn);
  }) as unknown as typeof Deno.connect;
  try {
    const connecting = tcpFabric({ hostname: "127.0.0.1", port: 1 }).connect(controller.signal);
    assertStrictEquals(await connecting.catch((error: unknown) => error), reason);
  } finally {
    Deno.connect = connect;
  }
  assertEquals(conn.calls, ["close"]);
});

Deno.test("TcpLink sets the options of its connection", () => {
  const cases = [
    [{ noDelay: true, keepAlive: true }, ["noDelay true", "keepAlive true"]],
    [{ noDelay: false, keepAlive: false }, ["noDelay false"]],
  ] as const;
  for (const [options, calls] of cases) {
    const conn = new FakeConn();
    linkOver(conn, options);
    assertEquals(conn.calls, [...calls]);
  }
});

Deno.test("TcpLink stands a connection that takes no options any more", () => {
  const conn = new FakeConn();
  conn.refusesOptions = true;
  linkOver(conn).close();
  assertEquals(conn.calls, ["noDelay true", "close"]);
});

Deno.test("TcpLink hands on the promises of its connection", () => {
  const conn = new FakeConn();
  const link = linkOver(conn);
  assertStrictEquals(link.read(new Uint8Array(1)), conn.pending);
  assertStrictEquals(link.write(new Uint8Array(1)), conn.pending);
  assertStrictEquals(link.closeWrite(), conn.ended);
});

Deno.test("TcpLink asks for addresses when somebody wants them, and once", () => {
  const conn = new FakeConn();
  const link = linkOver(conn);
  assertEquals(conn.calls, ["noDelay true"]);
  assertEquals(link.remote, { transport: "tcp", hostname: "192.0.2.7", port: 2 });
  assertEquals(link.local, { transport: "tcp", hostname: "127.0.0.1", port: 1 });
  assertStrictEquals(link.remote, link.remote);
  assertStrictEquals(link.local, link.local);
  assertEquals(conn.calls, ["noDelay true", "remoteAddr", "localAddr"]);
});

Deno.test("TcpLink.close() does nothing the second time", () => {
  const conn = new FakeConn();
  const link = linkOver(conn);
  link.close();
  link.close();
  assertEquals(conn.calls, ["noDelay true", "close"]);
});

Deno.test("TcpListener.accept() goes on after a failure of the system", async () => {
  const cause = new Error("Too many open files (os error 24)");
  let calls = 0;
  const listener = listenerOver(() => calls++ === 0 ? Promise.reject(cause) : Promise.resolve(new FakeConn()));
  const error = await assertRejects(() => listener.accept(), ResourceError);
  assertEquals(error.message, "Cannot accept on 127.0.0.1:5555: too many open files");
  assertStrictEquals(error.cause, cause);
  assertEquals(listener.closed, false);
  assertInstanceOf(await listener.accept(), TcpLink);
});

Deno.test("TcpListener.accept() tells a second call from a closed listener", async () => {
  const listener = listenerOver(() => Promise.reject(new Deno.errors.Busy("Another accept task is ongoing")));
  await assertRejects(() => listener.accept(), MisuseError);
  listener.close();
  await assertRejects(() => listener.accept(), ClosedError, "GoingAway");
});
