/**
 * OpenSSL as a client, as a server and as a reader of our certificates. Skipped, with the reason, where it is missing.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { AuthenticationError, ConnectError } from "../../src/error/transport_error.ts";
import { tcpFabric } from "../../src/io/tcp/tcp_fabric.ts";
import { connectTls } from "../../src/io/tls/connect_tls.ts";
import { type DevelopmentCertificate, developmentCertificate } from "../../src/io/tls/development_certificate.ts";
import { NodeTlsLink } from "../../src/io/tls/node_tls_link.ts";
import { listenTls, type TlsListener } from "../../src/io/tls/tls_listener.ts";
import type { TlsListenOptions } from "../../src/io/tls/tls_listen_options.ts";
import type { StreamLink } from "../../src/transport/stream_link.ts";
import { eventually, within } from "../e2e/waiting.ts";
import { issueCertificate } from "../unit/io/tls/issue_certificate.ts";
import { linesOf } from "./lines_of.ts";

const hasOpenssl = await canRun("openssl");
if (!hasOpenssl) console.log("The tests with OpenSSL are skipped: openssl cannot be started");

const hostname = "127.0.0.1";
const own = developmentCertificate({ hostnames: ["game.local", "192.0.2.7", "2001:db8::5"] });

function test(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !hasOpenssl,
    sanitizeOps: true,
    sanitizeResources: true,
    fn: async () => {
      const folder = await Deno.makeTempDir();
      try {
        await fn(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Runs OpenSSL to its end. */
async function openssl(args: readonly string[], input = ""): Promise<Outcome> {
  const child = new Deno.Command("openssl", { args: [...args], stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await within("openssl", child.output());
  return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

async function files(folder: string, contents: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const paths: Record<string, string> = {};
  for (const [name, content] of Object.entries(contents)) {
    paths[name] = `${folder}/${name}.pem`;
    await Deno.writeTextFile(paths[name], content);
  }
  return paths;
}

interface Server {
  readonly listener: TlsListener;
  readonly port: number;
  /** What clients said, one entry for each link. */
  readonly heard: string[];
}

/** A server that hears a greeting, or each client to its end, and says "bye". */
function serve(options: Partial<TlsListenOptions> = {}): Server {
  const { cert, key } = own;
  const listener = listenTls(tcpFabric({ hostname, port: 0 }).listen(), { cert, key, ...options });
  assert(listener.address.transport === "tcp");
  const heard: string[] = [];
  const hear = async (link: StreamLink): Promise<void> => {
    let text = "";
    const into = new Uint8Array(1_000);
    while (text !== "hello") {
      const count = await link.read(into);
      if (count === null) break;
      text += new TextDecoder().decode(into.subarray(0, count));
    }
    await link.write(new TextEncoder().encode("bye"));
    link.close();
    heard.push(text);
  };
  const accept = async (): Promise<void> => {
    for (;;) hear(await listener.accept()).catch(() => {});
  };
  accept().catch(() => {});
  return { listener, port: listener.address.port, heard };
}

for (const algorithm of ["p256", "ed25519"] as const) {
  test(`OpenSSL takes a development certificate for what it says, by ${algorithm}`, async (folder) => {
    const certificate = developmentCertificate({ algorithm, hostnames: ["game.local", "192.0.2.7"] });
    const { cert, key } = await files(folder, { cert: certificate.cert, key: certificate.key });
    const verified = await openssl(["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", cert!, cert!]);
    assertEquals([verified.code, verified.output], [0, `${cert}: OK\n`]);
    for (const name of ["localhost", "game.local"]) {
      assertEquals((await openssl(["verify", "-verify_hostname", name, "-CAfile", cert!, cert!])).code, 0);
    }
    for (const name of ["127.0.0.1", "::1", "192.0.2.7"]) {
      assertEquals((await openssl(["verify", "-verify_ip", name, "-CAfile", cert!, cert!])).code, 0);
    }
    assertNotEquals((await openssl(["verify", "-verify_hostname", "other.local", "-CAfile", cert!, cert!])).code, 0);
    const { output: text } = await openssl(["x509", "-in", cert!, "-noout", "-text", "-fingerprint", "-sha256"]);
    assertMatch(text, /Version: 3 \(0x2\)/);
    assertMatch(text, /CA:FALSE/);
    assertMatch(text, /Digital Signature\n/);
    assertMatch(text, /DNS:localhost, IP Address:127\.0\.0\.1, IP Address:0:0:0:0:0:0:0:1, DNS:game\.local, /);
    assertEquals(/Fingerprint=([0-9A-F:]+)/i.exec(text)![1]!.replaceAll(":", "").toLowerCase(), certificate.pin);
    assertMatch((await openssl(["pkey", "-in", key!, "-check", "-noout"])).output, /Key is valid/);
  });
}

test("OpenSSL talks to a listener by TLS 1.3, and is refused by TLS 1.2", async (folder) => {
  const server = serve({ alpnProtocols: ["ringwire/1"] });
  const { cert } = await files(folder, { cert: own.cert });
  const args = ["s_client", "-connect", `${hostname}:${server.port}`, "-CAfile", cert!, "-verify_return_error"];
  const refused = await openssl([...args, "-tls1_2"]);
  assertNotEquals(refused.code, 0);
  assertMatch(refused.output, /alert protocol version/);
  const talked = await openssl([...args, "-tls1_3", "-alpn", "ringwire/1", "-verify_hostname", "game.local"], "hello");
  assertEquals(talked.code, 0, talked.output);
  assertMatch(talked.output, /ALPN protocol: ringwire\/1/);
  assertMatch(talked.output, /Verification: OK/);
  await eventually("it was heard", () => server.heard.length === 1);
  assertEquals(server.heard, ["hello"]);
  server.listener.close();
});

test("OpenSSL is asked for its certificate, and its session is worth nothing without", async (folder) => {
  const authority = issueCertificate({ name: "authority", isAuthority: true });
  const client = issueCertificate({ name: "client", issuer: authority });
  const stranger = issueCertificate({ name: "client" });
  const paths = await files(folder, {
    cert: client.cert,
    key: client.key,
    strange: stranger.cert,
    strangeKey: stranger.key,
  });
  const session = `${folder}/session.pem`;
  const open = serve();
  const optional = serve({ clientCertificates: "optional", clientCaCerts: [authority.cert] });
  const required = serve({ clientCertificates: "required", clientCaCerts: [authority.cert] });
  const connect = (server: Server, ...args: string[]): Promise<Outcome> =>
    openssl(["s_client", "-connect", `${hostname}:${server.port}`, "-tls1_3", "-ign_eof", ...args], "hello");
  await connect(required, "-cert", paths["cert"]!, "-key", paths["key"]!);
  await eventually("the trusted one was heard", () => required.heard.length === 1);

  // A session of a listener that asks for nothing, and one of a client that was refused.
  await connect(open, "-sess_out", session);
  await eventually("the other listener has heard it", () => open.heard.length === 1);
  assertMatch((await connect(open, "-sess_in", session)).output, /^Reused, TLSv1.3/m);
  for (const server of [optional, required]) await connect(server, "-sess_in", session);
  await connect(optional, "-cert", paths["strange"]!, "-key", paths["strangeKey"]!, "-sess_out", session);
  for (const server of [optional, required]) {
    await connect(server, "-cert", paths["strange"]!, "-key", paths["strangeKey"]!, "-sess_in", session);
  }
  await connect(required, "-cert", paths["strange"]!, "-key", paths["strangeKey"]!);
  await connect(required);
  for (const { listener } of [optional, required]) {
    await eventually("all handshakes are over", () => listener.handshakesCount === 0);
  }
  assertEquals([required.heard.length, optional.heard.length], [1, 0]);
  assertEquals(required.listener.counters()["established"], 1);
  for (const { listener } of [open, optional, required]) listener.close();
});

test("connectTls() talks to a server of OpenSSL, known by its certificate or by its pin", async (folder) => {
  await withOpensslServer(folder, own, ["-tls1_3"], async (port) => {
    for (const known of [{ caCerts: [own.cert] }, { pin: own.pin }]) {
      const link = await connectTls({ hostname, port, ...known });
      await link.write(new TextEncoder().encode("olleh\n"));
      const into = new Uint8Array(100);
      const count = (await link.read(into))!;
      assertEquals(new TextDecoder().decode(into.subarray(0, count)).trim(), "hello");
      link.close();
      if (link instanceof NodeTlsLink) await link.whenClosed;
    }
    const { pin } = developmentCertificate();
    await assertRejects(() => connectTls({ hostname, port, pin }), AuthenticationError);
  });
});

test("connectTls() by pin speaks no TLS 1.2 to OpenSSL", async (folder) => {
  await withOpensslServer(folder, own, ["-tls1_2"], async (port) => {
    await assertRejects(() => connectTls({ hostname, port, pin: own.pin }), ConnectError);
  });
});

/** Runs a server that returns each line backwards. */
async function withOpensslServer(
  folder: string,
  certificate: DevelopmentCertificate,
  args: readonly string[],
  use: (port: number) => Promise<void>,
): Promise<void> {
  const paths = await files(folder, { server: certificate.cert, serverKey: certificate.key });
  const child = new Deno.Command("openssl", {
    args: [
      "s_server",
      "-accept",
      `${hostname}:0`,
      "-cert",
      paths["server"]!,
      "-key",
      paths["serverKey"]!,
      "-rev",
      ...args,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    for await (const line of linesOf(child.stdout)) {
      const port = /^ACCEPT .*:(\d+)$/.exec(line)?.[1];
      if (port === undefined) continue;
      await use(Number(port));
      break;
    }
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

async function canRun(program: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, { args: ["version"], stdout: "null", stderr: "null" }).output();
    return success;
  } catch {
    return false;
  }
}
