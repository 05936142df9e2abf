/**
 * Fuzzes what asset transfer reads from peers: messages, manifests, names, and both machines under hostile messages.
 *
 * Invariants: nothing throws; a message that decodes is the one that was encoded where nothing was changed; whatever a
 * hostile source sends, nothing is handed out for writing that is not the asset's, and no slot is lost; whatever a
 * hostile sink sends, answers and jobs stay within the asset.
 *
 * @module
 */
import { assetNameFault } from "../../src/asset/asset_name.ts";
import { AssetKind, AssetMessage, AssetWriter, MAX_ASSET_MESSAGE_BYTES } from "../../src/asset/asset_wire.ts";
import { ChunkSlots } from "../../src/asset/chunk_slots.ts";
import { DownloadMachine } from "../../src/asset/download_machine.ts";
import { resolveDownloadOptions } from "../../src/asset/download_options.ts";
import { decodeManifest, encodeManifest } from "../../src/asset/manifest.ts";
import { ServeMachine } from "../../src/asset/serve_machine.ts";
import { SimdHasher } from "../../src/io/file/simd_hasher.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { ClockCell } from "../../src/time/clock.ts";
import { treeOf } from "../unit/asset/tree_hash.ts";

const CHUNK = 65_536;
const hasher = new SimdHasher();
const bytes = new Uint8Array(3 * CHUNK + 100);
for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7) ^ (i >> 8);
const asset = { kind: AssetKind.File, tree: treeOf(bytes, hasher) };

/** Fuzzes asset transfer. */
export class AssetFuzz {
  readonly #slots = new ChunkSlots(4, hasher);
  readonly #buffer = new Uint8Array(MAX_ASSET_MESSAGE_BYTES);
  readonly #message = new AssetMessage();
  readonly #writer = new AssetWriter();

  /** Runs one case. */
  run(seed: number): void {
    const random = new SeededRandom(seed);
    this.#names(random);
    this.#manifests(random);
    if (seed % 2 === 0) this.#hostileSource(random);
    else this.#hostileSink(random);
  }

  #names(random: SeededRandom): void {
    const alphabet = "ab./\\:\0 \u0301\u202e\ud800CON1éß";
    const length = random.nextUint32() % 12;
    let name = "";
    for (let i = 0; i < length; i++) name += alphabet[random.nextUint32() % alphabet.length];
    if (assetNameFault(name) !== undefined) return;
    if (/(^|\/)\.{0,2}(\/|$)|[\\:\0]/.test(name)) throw new Error(`${JSON.stringify(name)} passes`);
  }

  #manifests(random: SeededRandom): void {
    const entries = Array.from({ length: random.nextUint32() % 4 }, (_, i) => ({
      name: `f${i}/${random.nextUint32() % 9}`,
      length: random.nextUint32(),
      root: new Uint8Array(32).fill(i),
    }));
    const encoded = encodeManifest(entries);
    if (typeof decodeManifest(encoded, 4) === "string") throw new Error("a manifest does not decode");
    const mangled = this.#mangled(encoded, random);
    const result = decodeManifest(mangled, 4);
    if (typeof result === "string") return;
    if (result.some(({ name }) => assetNameFault(name) !== undefined)) throw new Error("a bad name came through");
    if (!same(encodeManifest(result), mangled) && mangled.length === encodeManifest(result).length) {
      throw new Error("two encodings of one manifest");
    }
  }

  /** A download whose source sends changed, repeated, reordered and invented messages. */
  #hostileSource(random: SeededRandom): void {
    const clock = new ClockCell();
    const slots = this.#slots;
    const config = resolveDownloadOptions({
      maxBadCount: 1000,
      maxRetriesCount: 3,
      windowCount: 4,
      chunkTimeoutMs: 10,
    });
    const root = random.nextUint32() % 2 === 0 ? asset.tree.root : undefined;
    const download = new DownloadMachine({ id: 1, name: "a", root, config, clock, hasher, slots });
    const serving = new ServeMachine<typeof asset>({ clock, maxTransferCount: 4, idleTimeoutMs: 1e9, compress: true });
    download.addSource(0);
    for (let step = 0; step < 40 && !download.over; step++) {
      for (let length = download.pollMessage(this.#buffer); length > 0; length = download.pollMessage(this.#buffer)) {
        if (this.#message.decode(this.#buffer.slice(0, length))) serving.handleMessage(this.#message, this.#buffer);
      }
      for (let r = serving.pollRequest(); r !== undefined; r = serving.pollRequest()) serving.grant(r.id, asset);
      for (const message of this.#answers(serving)) {
        for (let copies = random.nextUint32() % 3; copies >= 0; copies--) this.#bring(download, message, random);
      }
      if (random.nextUint32() % 4 === 0) download.fetchLeaves();
      download.begin();
      for (; download.pollEvent() !== undefined;);
      this.#takeBlocks(download, random);
      clock.advance(clock.now + random.nextUint32() % 8);
      download.handleTimeout();
    }
    if (!download.over) download.fail(7);
    if (slots.free !== slots.count) throw new Error(`${slots.free} of ${slots.count} slots are free at the end`);
  }

  *#answers(serving: ServeMachine<typeof asset>): Generator<Uint8Array> {
    for (let length = serving.pollMessage(this.#buffer); length > 0; length = serving.pollMessage(this.#buffer)) {
      yield this.#buffer.slice(0, length);
    }
    while (serving.pollJob(2)) {
      const { id, first, count } = serving.job;
      for (let i = first; i < first + count; i++) {
        const end = Math.min(bytes.length, (i + 1) * CHUNK);
        yield this.#buffer.slice(0, serving.encodeChunk(id, asset.tree, i, bytes, i * CHUNK, end, this.#buffer));
      }
    }
  }

  #bring(download: DownloadMachine, message: Uint8Array, random: SeededRandom): void {
    const bytes = random.nextUint32() % 3 === 0 ? this.#mangled(message, random) : message;
    if (this.#message.decode(bytes)) {
      download.handleMessage(random.nextUint32() % 8 === 0 ? 1 : 0, this.#message, bytes);
    }
  }

  #takeBlocks(download: DownloadMachine, random: SeededRandom): void {
    while (download.pollBlock(2)) {
      const { slot, index, count } = download.block;
      for (let i = 0; i < count; i++) {
        const start = (index + i) * CHUNK;
        const chunk = bytes.subarray(start, start + CHUNK);
        const written = this.#slots.bytes.subarray((slot + i) * CHUNK, (slot + i) * CHUNK + chunk.length);
        if (same(download.root!, asset.tree.root) && !same(written, chunk)) throw new Error("wrong bytes came through");
      }
      if (random.nextUint32() % 50 === 0) download.handleStoreFailed(slot, count);
      else download.handleStored(slot, index, count);
    }
  }

  /** A serving side whose peer sends random messages, most of them well formed. */
  #hostileSink(random: SeededRandom): void {
    const clock = new ClockCell();
    const serving = new ServeMachine<typeof asset>({ clock, maxTransferCount: 4, idleTimeoutMs: 50, compress: true });
    for (let step = 0; step < 40; step++) {
      let message: Uint8Array = this.#buffer.slice(0, this.#randomMessage(random));
      if (random.nextUint32() % 4 === 0) message = this.#mangled(message, random);
      if (this.#message.decode(message)) serving.handleMessage(this.#message, message);
      for (let request = serving.pollRequest(); request !== undefined; request = serving.pollRequest()) {
        if (random.nextUint32() % 3 === 0) serving.refuse(request.id, 1);
        else serving.grant(request.id, asset);
      }
      if (serving.transferCount > 4) throw new Error("more transfers than allowed");
      for (let polls = 0; polls < 20 && serving.pollMessage(this.#buffer) > 0; polls++);
      if (serving.pollJob(4)) {
        const { first, count } = serving.job;
        if (first < 0 || count < 1 || first + count > asset.tree.chunkCount) throw new Error("a job leaves the asset");
      }
      clock.advance(clock.now + random.nextUint32() % 20);
      serving.handleTimeout();
    }
  }

  #randomMessage(random: SeededRandom): number {
    const [writer, into, id] = [this.#writer, this.#buffer, random.nextUint32() % 6];
    const [first, count] = [random.nextUint32() % 6, random.nextUint32() % 5];
    switch (random.nextUint32() % 6) {
      case 0:
        return writer.open(into, id, "a", undefined);
      case 1:
        return writer.open(into, id, "b", asset.tree.root);
      case 2:
        return writer.want(into, id, first, count, random.nextUint32() % 2 === 0);
      case 3:
        return writer.wantLeaves(into, id, first, count);
      case 4:
        return writer.end(into, 9, id, 0);
      default:
        return writer.chunk(into, id, first, true);
    }
  }

  #mangled(message: Uint8Array, random: SeededRandom): Uint8Array {
    const mangled = message.slice(
      0,
      random.nextUint32() % 5 === 0 ? random.nextUint32() % (message.length + 1) : undefined,
    );
    for (let flips = random.nextUint32() % 3; flips >= 0 && mangled.length > 0; flips--) {
      // Heads are where most of the meaning is.
      const range = random.nextUint32() % 2 === 0 ? Math.min(mangled.length, 12) : mangled.length;
      mangled[random.nextUint32() % range] = random.nextUint32();
    }
    return mangled;
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
