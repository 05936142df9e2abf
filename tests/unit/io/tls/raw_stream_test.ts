import { assert, assertEquals } from "@std/assert";
import { Duplex } from "node:stream";
import { memoryPair } from "../../../../src/io/memory/memory_link.ts";
import { type RawLink, RawStream } from "../../../../src/io/tls/raw_stream.ts";

const MARK_BYTES = 65_536;
const MAX_RECORD_BYTES = 16_645;

/** A raw link whose peer is the test. */
class FakeLink implements RawLink {
  readonly calls: string[] = [];
  /** How much each read asks for. */
  readonly asked: number[] = [];
  /** How many bytes a write takes. */
  takes = Infinity;
  /** Whether writes wait. */
  holds = false;
  #read: PromiseWithResolvers<number | null> | undefined;
  #into: Uint8Array | undefined;
  #write: (() => void) | undefined;

  read(into: Uint8Array): Promise<number | null> {
    this.asked.push(into.length);
    this.#into = into;
    this.#read = Promise.withResolvers();
    return this.#read.promise;
  }

  async write(from: Uint8Array): Promise<number> {
    if (this.holds) await new Promise<void>((resolve) => this.#write = resolve);
    const count = Math.min(from.length, this.takes);
    this.calls.push(`write ${[...from.subarray(0, count)]}`);
    return count;
  }

  closeWrite(): Promise<void> {
    this.calls.push("closeWrite");
    return Promise.resolve();
  }

  close(): void {
    this.calls.push("close");
    this.#read?.reject(new Error("closed"));
  }

  /** Answers the pending read. */
  answer(bytes: number | null | Error): void {
    if (bytes instanceof Error) this.#read!.reject(bytes);
    else {
      if (bytes !== null) this.#into!.fill(7, 0, bytes);
      this.#read!.resolve(bytes);
    }
  }

  release(): void {
    this.#write?.();
  }
}

async function turns(count = 5): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

function rig(): { link: FakeLink; raw: RawStream; received: () => number; events: string[] } {
  const link = new FakeLink();
  const raw = new RawStream(Duplex, link);
  const events: string[] = [];
  let bytes = 0;
  raw.stream.on("data", (chunk: Uint8Array) => bytes += chunk.length);
  raw.stream.on("end", () => void events.push("end"));
  raw.stream.on("close", () => void events.push("close"));
  raw.stream.on("error", (error: Error) => void events.push(error.message));
  return { link, raw, received: () => bytes, events };
}

Deno.test("RawStream lets in little at a time before the handshake is done, and one read at a time", async () => {
  const { link, raw, received } = rig();
  await turns();
  assertEquals(link.asked, [4_096]);
  raw.turn();
  assertEquals(link.asked.length, 1);
  link.answer(4_096);
  await turns();
  assertEquals(link.asked, [4_096, 4_096]);
  assertEquals(received(), 4_096);
  raw.cut();
});

Deno.test("RawStream lets nothing in while it is held, and more at a time once it is open", async () => {
  const { link, raw, received } = rig();
  await turns();
  raw.hold();
  link.answer(100);
  await turns();
  assertEquals([link.asked.length, received()], [1, 100]);
  raw.open(() => 0);
  await turns();
  assertEquals(link.asked, [4_096, 16_384]);
  raw.cut();
});

Deno.test("RawStream lets in only what stays below the mark with what waits, whatever a record becomes", async () => {
  const { link, raw } = rig();
  await turns();
  raw.hold();
  link.answer(1);
  await turns();
  let waiting = 0;
  raw.open(() => waiting);
  let most = 0;
  for (const level of [0, 10_000, 32_000, 33_000, 40_000, 65_535]) {
    waiting = level;
    const before = link.asked.length;
    link.answer(1);
    await turns(2);
    raw.turn();
    if (link.asked.length > before) most = level;
  }
  assert(most >= 32_000, `nothing is let in while ${most} bytes wait`);
  assert(most + MAX_RECORD_BYTES + 16_384 < MARK_BYTES, `more is let in while ${most} bytes wait`);
  waiting = 0;
  raw.turn();
  await turns();
  const asked = link.asked.at(-1)!;
  assert(asked > 8_192 && asked <= 16_384, `${asked} bytes are let in at a time`);
  raw.cut();
});

Deno.test("RawStream keeps what it has handed on apart from what it reads next", async () => {
  const { link, raw } = rig();
  const chunks: Uint8Array[] = [];
  raw.stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  raw.open(() => 0);
  await turns();
  for (const count of [100, 4_000, 9_000, 16_384]) {
    link.answer(Math.min(count, link.asked.at(-1)!));
    await turns();
    for (const chunk of chunks) assert(chunk.every((byte) => byte === 7), "a chunk was changed");
    chunks.at(-1)!.fill(9);
    for (const chunk of chunks.slice(0, -1)) assert(chunk.every((byte) => byte === 7), "two chunks overlap");
    chunks.at(-1)!.fill(7);
  }
  assertEquals(chunks.length, 4);
  raw.cut();
});

Deno.test("RawStream is closed when the raw stream ends in the middle of the handshake", async () => {
  const { link, events } = rig();
  await turns();
  link.answer(null);
  await turns();
  assertEquals(events, ["close"]);
  assertEquals(link.calls, ["close"]);
});

Deno.test("RawStream passes the end on after the handshake, and reads no more", async () => {
  const { link, raw, events } = rig();
  await turns();
  raw.hold();
  link.answer(3);
  await turns();
  raw.open(() => 0);
  await turns();
  link.answer(null);
  await turns();
  raw.turn();
  assertEquals([events, link.asked.length], [["end"], 2]);
  raw.cut();
});

Deno.test("RawStream fails with the raw link", async () => {
  const { link, events } = rig();
  await turns();
  link.answer(new Error("broken"));
  await turns();
  assertEquals(events, ["broken", "close"]);
  assertEquals(link.calls, ["close"]);
});

Deno.test("RawStream writes all of it, however little is taken at a time", async () => {
  const { link, raw } = rig();
  link.takes = 2;
  await new Promise((resolve) => raw.stream.write(Uint8Array.of(1, 2, 3, 4, 5), resolve));
  assertEquals(link.calls, ["write 1,2", "write 3,4", "write 5"]);
  raw.cut();
});

Deno.test("RawStream that is destroyed without an error writes what it has and what comes late, then ends", async () => {
  const { link, raw, events } = rig();
  link.holds = true;
  raw.stream.write(Uint8Array.of(1));
  raw.stream.destroy();
  raw.stream.destroy();
  raw.stream.write(Uint8Array.of(2));
  await turns();
  assertEquals(link.calls, []);
  link.holds = false;
  link.release();
  await turns(10);
  assertEquals(link.calls, ["write 1", "write 2", "closeWrite", "close"]);
  assertEquals(events, ["close"]);
});

Deno.test("RawStream that lingers is cut in the end", async () => {
  const { link, raw, events } = rig();
  link.holds = true;
  raw.stream.write(Uint8Array.of(1));
  raw.stream.destroy();
  for (let turn = 0; turn < 5_000 && events.length === 0; turn++) await turns(1);
  assertEquals(link.calls, ["close"]);
  assertEquals(events, ["close"]);
  link.release();
});

Deno.test("RawStream that is destroyed with an error, or cut, closes at once and leaves no timer", async () => {
  for (const end of ["destroy", "cut"] as const) {
    const { link, raw, events } = rig();
    await turns();
    link.holds = true;
    raw.stream.write(Uint8Array.of(1));
    raw.stream.destroy();
    if (end === "cut") raw.cut();
    else raw.stream.destroy(new Error("why"));
    raw.cut();
    await turns();
    assertEquals(link.calls, ["close"]);
    assertEquals(events.at(-1), "close");
    raw.stream.destroy();
    link.release();
  }
});

Deno.test("RawStream works over an in-memory link", async () => {
  const [here, there] = memoryPair();
  const raw = new RawStream(Duplex, here);
  const echoed: number[] = [];
  raw.stream.on("data", (chunk: Uint8Array) => void echoed.push(...chunk));
  await there.write(Uint8Array.of(1, 2, 3));
  await turns();
  assertEquals(echoed, [1, 2, 3]);
  raw.stream.write(Uint8Array.of(4));
  const into = new Uint8Array(4);
  assertEquals([await there.read(into), into[0]], [1, 4]);
  raw.cut();
  assertEquals(await there.read(into), null);
});
