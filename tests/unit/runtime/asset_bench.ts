/**
 * A server and a client of assets over a link in memory, on files in memory, in virtual time.
 *
 * @module
 */
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { AssetClientRuntime } from "../../../src/runtime/asset_client_runtime.ts";
import type { AssetAttachment } from "../../../src/runtime/asset_link.ts";
import {
  type AssetClientOptions,
  type AssetServerOptions,
  resolveAssetClientOptions,
  resolveAssetServerOptions,
} from "../../../src/runtime/asset_options.ts";
import { AssetServerRuntime } from "../../../src/runtime/asset_server_runtime.ts";
import type { TransferRequest } from "../../../src/runtime/asset_transfers.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";
import { MemoryStore } from "./asset_memory_store.ts";

const SEED = 20261120;

/** Random bytes, always the same. */
export function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new SeededRandom(SEED).fillSecret(bytes);
  return bytes;
}

/** What a test does with what the server sends: change it, or lose it. */
export type Fate = (message: Uint8Array) => Uint8Array | undefined;

/** A server and a client over a link in memory, on files in memory, in virtual time. */
export class Bench {
  readonly scheduler = new ManualScheduler();
  readonly host = { scheduler: this.scheduler, random: new SeededRandom(SEED) };
  readonly there = new MemoryStore();
  readonly here = new MemoryStore();
  readonly server: AssetServerRuntime;
  readonly client: AssetClientRuntime;
  fate: Fate = (message) => message;
  asked: Fate = (message) => message;
  toServer: AssetAttachment | undefined;
  toClient: AssetAttachment | undefined;

  constructor(options: AssetClientOptions = {}, server: AssetServerOptions = {}) {
    this.server = new AssetServerRuntime(resolveAssetServerOptions(server), this.host, { store: this.there });
    this.client = new AssetClientRuntime(resolveAssetClientOptions(options), this.host, { store: this.here });
  }

  join(): this {
    this.toServer = this.server.attach({
      send: async (message) => {
        const arrived = this.fate(message.slice());
        await Promise.resolve();
        if (arrived !== undefined) await this.toClient?.receive(arrived);
      },
    }, "client");
    this.toClient = this.client.attach({
      send: async (message) => {
        const copy = this.asked(message.slice());
        await Promise.resolve();
        if (copy !== undefined) await this.toServer?.receive(copy);
      },
    }, "server");
    return this;
  }

  async file(name: string, bytes: Uint8Array): Promise<Uint8Array> {
    this.there.files.set(name, bytes);
    return (await this.server.catalog.addFile(name, name)).root;
  }

  fetch(name: string, request: Partial<TransferRequest> = {}): Promise<unknown> {
    return this.client.transfers.run(this.client.endpoint.nextTransferId(), {
      name,
      destination: "copy",
      root: undefined,
      range: undefined,
      resume: true,
      signal: undefined,
      onProgress: undefined,
      ...request,
    });
  }

  /** Lets virtual time pass until something has settled. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    promise.then(() => isDone = true, () => isDone = true);
    for (let i = 0; i < 2000 && !isDone; i++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (!isDone) this.scheduler.advance(50);
    }
    return await promise;
  }
}
