/**
 * A NATS server for a measurement: started on a free port, ended by its process id.
 *
 * @module
 */

import { developmentCertificate } from "../../src/io/tls/development_certificate.ts";
import { certificatePath } from "../product/bus_nodes.ts";

const START_LIMIT_MS = 10_000;

/** A running server. */
export interface NatsServer extends AsyncDisposable {
  /** Its port. */
  readonly port: number;
}

/**
 * Starts a server.
 *
 * @param isEncrypted Whether it speaks TLS; its certificate lies at `certificatePath` of its port then.
 * @returns The server, listening.
 * @throws {Error} When there is no `nats-server` on this machine, or it does not start.
 */
export async function startNatsServer(isEncrypted: boolean): Promise<NatsServer> {
  const port = freePort();
  const files: string[] = [];
  const args = ["-a", "127.0.0.1", "-p", String(port)];
  if (isEncrypted) {
    const { cert, key } = developmentCertificate();
    const [certFile, keyFile] = [certificatePath(port), `${certificatePath(port)}.key`];
    await Deno.writeTextFile(certFile, cert);
    await Deno.writeTextFile(keyFile, key, { mode: 0o600 });
    files.push(certFile, keyFile);
    args.push("--tls", "--tlscert", certFile, "--tlskey", keyFile);
  }
  const child = new Deno.Command("nats-server", { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  await listening(port);
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      for (const file of files) await Deno.remove(file);
    },
  };
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

async function listening(port: number): Promise<void> {
  for (const end = performance.now() + START_LIMIT_MS; performance.now() < end;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  throw new Error("The NATS server does not start");
}
