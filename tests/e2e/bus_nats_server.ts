/**
 * A NATS server for tests: that of the machine, or Debian's package where it may be installed.
 *
 * @module
 */

const START_LIMIT_MS = 10_000;
const PATHS = ["nats-server", "/usr/sbin/nats-server", "/usr/local/bin/nats-server"];

/** A running server. */
export interface NatsTestServer {
  /** Its port. */
  readonly port: number;
  /** Ends it. */
  stop(): Promise<void>;
}

/**
 * Starts a server on a free port of the loopback.
 *
 * @returns The server; a text that says why there is none.
 */
export async function startNatsServer(): Promise<NatsTestServer | string> {
  const program = await findProgram();
  if (program === undefined) return "there is no nats-server, and it cannot be installed";
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const args = ["-a", "127.0.0.1", "-p", String(port)];
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.status;
  };
  for (const end = performance.now() + START_LIMIT_MS; performance.now() < end;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return { port, stop };
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  await stop();
  return "nats-server does not start";
}

async function findProgram(): Promise<string | undefined> {
  const found = await present();
  if (found !== undefined || Deno.build.os !== "linux") return found;
  await succeeds("apt-get", ["install", "-y", "-q", "nats-server"]);
  return await present();
}

async function present(): Promise<string | undefined> {
  for (const path of PATHS) if (await succeeds(path, ["--version"])) return path;
  return undefined;
}

async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  try {
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    const { success } = await new Deno.Command(program, { args: [...args], env, stdout: "null", stderr: "null" })
      .output();
    return success;
  } catch {
    return false;
  }
}
