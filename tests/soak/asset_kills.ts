/**
 * Kills an end of a transfer at random moments and checks that what comes after is right: the file, and that nothing
 * that was verified and on disk is fetched again.
 *
 * Invariant: where and when it kills depends on the seed and on the speed of the machine alone.
 *
 * @module
 */
import { AssetClient } from "../../src/api/asset_mod.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";

const CHUNK = 65_536;
const CHUNKS = 160;
const LIMIT_MS = 60_000;

/** What the kills did. */
export interface KillReport {
  /** How many clients were killed in the middle. */
  readonly clients: number;
  /** How many servers were. */
  readonly servers: number;
  /** How many bytes were fetched again, over all kills. */
  readonly bytesAgain: number;
}

/** A process and its lines. */
class End {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #rest = "";

  constructor(role: string, port: number, path: string) {
    const program = new URL("./asset_end.ts", import.meta.url).href;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", program, role, `${port}`, path],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Lets it begin. */
  async begin(): Promise<this> {
    await this.#input.write(new Uint8Array(1));
    return this;
  }

  /** The next line, `undefined` at the end. */
  async line(): Promise<string[] | undefined> {
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        return line.split(" ");
      }
      const { value, done } = await this.#lines.read();
      if (done) return undefined;
      this.#rest += value;
    }
  }

  /** Kills it without a warning; what it had printed before can still be read. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch { /* It has ended already. */ }
    await this.#child.status;
  }

  async drop(): Promise<void> {
    await this.kill();
    await this.#lines.cancel();
    await this.#input.abort().catch(() => {});
  }
}

/** Processes of one role, one after another; the next one gets ready while one runs. */
class Ends {
  readonly #make: () => End;
  #spare: End;

  constructor(make: () => End) {
    this.#make = make;
    this.#spare = make();
  }

  async next(): Promise<End> {
    const end = this.#spare;
    this.#spare = this.#make();
    return await end.begin();
  }

  drop(): Promise<void> {
    return this.#spare.drop();
  }
}

/**
 * Kills clients, then servers.
 *
 * @param seed What the moments and the file depend on.
 * @param count How many of each are killed.
 * @returns What that did.
 * @throws {Error} When a file is not right, or something was fetched again.
 */
export async function killAndResume(seed: number, count: number): Promise<KillReport> {
  const folder = await Deno.makeTempDir({ prefix: "ringwire-kills-" });
  try {
    const random = new SeededRandom(seed);
    const bytes = new Uint8Array(CHUNKS * CHUNK + 1 + random.nextUint32() % CHUNK);
    random.fillSecret(bytes);
    await Deno.writeFile(`${folder}/file`, bytes);
    const clients = await killClients(folder, bytes, random, count);
    const servers = await killServers(folder, bytes, random, count);
    return { clients: clients.kills, servers, bytesAgain: clients.bytesAgain };
  } catch (cause) {
    throw new Error(`seed ${seed}`, { cause });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function killClients(
  folder: string,
  bytes: Uint8Array,
  random: SeededRandom,
  count: number,
): Promise<{ kills: number; bytesAgain: number }> {
  const server = await new End("server", 0, `${folder}/file`).begin();
  let [kills, bytesAgain, round] = [0, 0, 0];
  try {
    const port = Number((await server.line())?.[1]);
    while (kills < count) {
      const path = `${folder}/copy${round++}`;
      const done = await killedDownload(port, path, bytes.length, random, count - kills);
      kills += done.kills;
      bytesAgain += done.bytesAgain;
      await compare(path, bytes);
    }
  } finally {
    await server.drop();
  }
  return { kills, bytesAgain };
}

/** One download whose client is killed again and again. */
async function killedDownload(
  port: number,
  path: string,
  length: number,
  random: SeededRandom,
  most: number,
): Promise<{ kills: number; bytesAgain: number }> {
  let [kills, onDisk, bytesAgain] = [0, 0, 0];
  const clients = new Ends(() => new End("client", port, path));
  for (;;) {
    const client = await clients.next();
    const step = Math.floor(random.visibleFraction() * length / 4);
    const until = kills < most ? onDisk + 1 + step : Infinity;
    let [isFirst, isKilled] = [true, false];
    for (let line = await client.line(); line !== undefined; line = await client.line()) {
      const [what, figure, , reusedText] = line;
      const reused = Number(reusedText);
      if (isFirst && reused < onDisk) bytesAgain += onDisk - reused;
      if (isFirst && reused < onDisk) throw new Error(`${onDisk} bytes were on disk, and only ${reused} were reused`);
      isFirst = false;
      if (what === "done") {
        await Promise.all([client.drop(), clients.drop()]);
        return { kills, bytesAgain };
      }
      onDisk = Number(figure);
      if (onDisk < until || isKilled) continue;
      isKilled = true;
      kills++;
      await client.kill();
    }
    await client.drop();
    if (!isKilled) throw new Error("The client ended by itself");
  }
}

/** Downloads of this process whose server is killed and started anew. */
async function killServers(folder: string, bytes: Uint8Array, random: SeededRandom, count: number): Promise<number> {
  let server = await new End("server", 0, `${folder}/file`).begin();
  const port = Number((await server.line())?.[1]);
  const servers = new Ends(() => new End("server", port, `${folder}/file`));
  let kills = 0;
  try {
    await using client = new AssetClient({ port, windowCount: 2, sync: false, sourceTimeoutMs: LIMIT_MS });
    for (let round = 0; kills < count; round++) {
      let next = random.visibleFraction() * bytes.length / 3;
      let restarting: Promise<void> | undefined;
      const restart = async (): Promise<void> => {
        await server.drop();
        server = await servers.next();
        await server.line();
        restarting = undefined;
      };
      const { statistics } = await client.download("asset", `${folder}/serverless${round}`, {
        onProgress: (received) => {
          if (received < next || restarting !== undefined || kills === count || received === bytes.length) return;
          next = received + random.visibleFraction() * bytes.length / 3;
          kills++;
          restarting = restart();
        },
      });
      await restarting;
      if (statistics.badChunks > 0) throw new Error("A chunk did not hold up");
      await compare(`${folder}/serverless${round}`, bytes);
    }
  } finally {
    await Promise.all([server.drop(), servers.drop()]);
  }
  return kills;
}

async function compare(path: string, bytes: Uint8Array): Promise<void> {
  const copy = await Deno.readFile(path);
  if (copy.length !== bytes.length || copy.some((byte, i) => byte !== bytes[i])) {
    throw new Error(`${path} is not right`);
  }
  await Deno.remove(path);
}
