/**
 * A file of 64 MiB goes to the client in chunks that are held to one root before they are written, and is read again.
 *
 * Both halves make the file from the seed, so that the client knows root and bytes and need not believe the server. A
 * chunk that is damaged or lost on the way would be fetched again, which is no fault; what goes wrong on purpose is
 * therefore the served file: a bit of it is flipped, or a chunk of it left out.
 *
 * @module
 */
import { AssetClient, AssetError, AssetServer } from "@ringwire/ringwire/asset";
import type { Account } from "../account.ts";
import type { ClientSetting, Fault, Scenario, Service, Setting } from "../scenario.ts";

const NAME = "file";
const CHUNK_BYTES = 65_536;
const CHUNKS = 1024;
/** With `--quick`. */
const QUICK_CHUNKS = 256;
const FAULT_AT = 7;

/** The scenario. */
export const assetFile: Scenario = {
  name: "asset.file",
  transport: "Assets over TCP, 64 MiB, by root",
  clientCount: 1,
  serve,
  drive,
};

async function serve(setting: Setting): Promise<Service> {
  const { hostname, port } = setting;
  const folder = await Deno.makeTempDir({ prefix: "ringwire-demo-" });
  const server = new AssetServer({ hostname, port });
  await makeFile(`${folder}/${NAME}`, setting);
  await server.register(NAME, `${folder}/${NAME}`);
  await server.start();
  return {
    port: server.port,
    async finish(): Promise<Account> {
      await server.stop();
      await Deno.remove(folder, { recursive: true });
      const messages = chunksOf(setting);
      return { streams: { [NAME]: { messages, bytes: messages * CHUNK_BYTES } }, seconds: 0, drops: 0, faults: [] };
    },
  };
}

async function drive(setting: ClientSetting, watch: (count: () => number) => void): Promise<Account> {
  const { hostname, port } = setting;
  const folder = await Deno.makeTempDir({ prefix: "ringwire-demo-" });
  const [expected, copy] = [`${folder}/expected`, `${folder}/copy`];
  await using own = new AssetServer();
  await using client = new AssetClient({ hostname, port });
  try {
    await makeFile(expected, { ...setting, fault: "none" });
    const { root } = await own.register(NAME, expected);
    let received = 0;
    watch(() => Math.floor(received / CHUNK_BYTES));
    const startMs = performance.now();
    await client.download(NAME, copy, { root, onProgress: (bytes) => received = bytes });
    const seconds = (performance.now() - startMs) / 1000;
    const faults = await differences(copy, setting);
    const { size } = await Deno.stat(copy);
    return {
      streams: { [NAME]: { messages: Math.ceil(size / CHUNK_BYTES), bytes: size } },
      seconds,
      drops: 0,
      faults,
    };
  } catch (error) {
    if (!(error instanceof AssetError)) throw error;
    return { streams: {}, seconds: 0, drops: 0, faults: [error.message] };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function chunksOf({ runMs }: Setting): number {
  return runMs < 1000 ? QUICK_CHUNKS : CHUNKS;
}

async function makeFile(path: string, setting: Setting): Promise<void> {
  using file = await Deno.create(path);
  for (let index = 0; index < chunksOf(setting); index++) {
    const chunk = chunkOf(setting.seed, index);
    if (index === FAULT_AT && isLeftOut(chunk, setting.fault)) continue;
    for (let done = 0; done < chunk.length;) done += await file.write(chunk.subarray(done));
  }
}

/** Does wrong to a chunk on purpose; whether it is left out. */
function isLeftOut(chunk: Uint8Array, fault: Fault): boolean {
  if (fault === "corrupt") chunk[chunk.length >> 1]! ^= 1;
  return fault === "lose";
}

/** Reads what was written, and compares every byte with what it must be. */
async function differences(path: string, setting: Setting): Promise<string[]> {
  using file = await Deno.open(path);
  const read = new Uint32Array(CHUNK_BYTES / 4);
  const bytes = new Uint8Array(read.buffer);
  for (let index = 0; index < chunksOf(setting); index++) {
    let done = 0;
    for (let count: number | null = 0; count !== null && done < CHUNK_BYTES; done += count ?? 0) {
      count = await file.read(bytes.subarray(done));
    }
    const words = new Uint32Array(chunkOf(setting.seed, index).buffer);
    if (done !== CHUNK_BYTES || words.some((word, i) => word !== read[i])) return [`chunk ${index} is not what it was`];
  }
  return [];
}

/** The bytes of a chunk follow from the seed and its number alone. */
function chunkOf(seed: number, index: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(CHUNK_BYTES / 4);
  let state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35)) | 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer);
}
