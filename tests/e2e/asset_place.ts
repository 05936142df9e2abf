/**
 * What tests of assets need: a folder that goes with the test, files, a server and clients on loopback.
 *
 * @module
 */
import { AssetClient, type AssetClientOptions, AssetServer, type AssetServerOptions } from "../../src/api/asset_mod.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";

export const CHUNK = 65_536;

/** Random bytes. */
export function randomBytes(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new SeededRandom(seed).fillSecret(bytes);
  return bytes;
}

/** A folder, a server and clients; all go with it. */
export class AssetPlace implements AsyncDisposable {
  readonly folder: string = Deno.makeTempDirSync({ prefix: "ringwire-asset-" });
  readonly server: AssetServer;
  readonly #clients: AssetClient[] = [];

  constructor(options: AssetServerOptions = {}) {
    this.server = new AssetServer({ sync: false, ...options });
  }

  /** Starts the server. */
  async start(): Promise<this> {
    await this.server.start();
    return this;
  }

  /** A client of the server. */
  client(options: AssetClientOptions = {}): AssetClient {
    const where = options.servers === undefined ? { port: this.server.port } : {};
    const client = new AssetClient({ ...where, sync: false, ...options });
    this.#clients.push(client);
    return client;
  }

  path(name: string): string {
    return `${this.folder}/${name}`;
  }

  /** Writes a file, and the folders around it. */
  write(name: string, bytes: Uint8Array | string): string {
    const path = this.path(name);
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.writeFileSync(path, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    return path;
  }

  read(name: string): Uint8Array {
    return Deno.readFileSync(this.path(name));
  }

  /** The names in a folder. */
  names(name = "."): string[] {
    return [...Deno.readDirSync(this.path(name))].map((entry) => entry.name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.server.stop();
    await Deno.remove(this.folder, { recursive: true });
  }
}
