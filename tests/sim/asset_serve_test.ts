/**
 * A serving side keeps its limits, takes turns, and ends what makes no sense, and nothing else.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { AssetCode } from "../../src/asset/asset_code.ts";
import { AssetMessage, AssetWriter, MAX_ASSET_MESSAGE_BYTES } from "../../src/asset/asset_wire.ts";
import { ServeMachine } from "../../src/asset/serve_machine.ts";
import { ClockCell } from "../../src/time/clock.ts";
import { CHUNK, type Served, served } from "./asset_pair.ts";

const file = served(new Uint8Array(20 * CHUNK));
const writer = new AssetWriter();

class Peer {
  readonly clock = new ClockCell();
  readonly machine = new ServeMachine<Served>({
    clock: this.clock,
    maxTransferCount: 2,
    idleTimeoutMs: 100,
    compress: false,
  });
  readonly #into = new Uint8Array(MAX_ASSET_MESSAGE_BYTES);

  bring(write: (into: Uint8Array) => number): boolean {
    const message = new AssetMessage();
    assertEquals(message.decode(this.#into.subarray(0, write(this.#into))), true);
    return this.machine.handleMessage(message, this.#into);
  }

  open(id: number, name = "a"): void {
    this.bring((into) => writer.open(into, id, name, undefined));
    for (let r = this.machine.pollRequest(); r !== undefined; r = this.machine.pollRequest()) {
      this.machine.grant(r.id, file);
    }
  }

  want(id: number, first: number, count: number): void {
    this.bring((into) => writer.want(into, id, first, count, false));
  }

  /** The types, numbers and codes of what it says. */
  said(): number[][] {
    const said: number[][] = [];
    const message = new AssetMessage();
    for (let n = this.machine.pollMessage(this.#into); n > 0; n = this.machine.pollMessage(this.#into)) {
      message.decode(this.#into.subarray(0, n));
      said.push(message.type === 2 ? [2, message.id] : [message.type, message.id, message.code]);
    }
    return said;
  }
}

Deno.test("more transfers than allowed are refused as busy", () => {
  const peer = new Peer();
  for (const id of [1, 2, 3]) peer.open(id);
  assertEquals(peer.said(), [[3, 3, AssetCode.Busy], [2, 1], [2, 2]]);
});

Deno.test("the same question is answered again, another one under its number ends the transfer", () => {
  const peer = new Peer();
  peer.open(1);
  peer.open(1);
  assertEquals(peer.said(), [[2, 1], [2, 1]]);
  assertEquals(peer.machine.transferCount, 1);
  peer.open(1, "b");
  assertEquals(peer.said(), [[9, 1, AssetCode.Malformed]]);
});

Deno.test("chunks beyond the asset end the transfer, and no other one", () => {
  const peer = new Peer();
  peer.open(1);
  peer.open(2);
  peer.said();
  peer.want(1, 19, 2);
  peer.want(2, 19, 1);
  assertEquals(peer.said(), [[9, 1, AssetCode.Malformed]]);
  assertEquals(peer.machine.pollJob(4), true);
  assertEquals(peer.machine.job.id, 2);
});

Deno.test("a peer that wants more ranges than may wait loses its transfer", () => {
  const peer = new Peer();
  peer.open(1);
  peer.said();
  for (let i = 0; i < 256; i++) peer.want(1, 0, 1);
  assertEquals(peer.said(), []);
  peer.want(1, 0, 1);
  assertEquals(peer.said(), [[9, 1, AssetCode.Malformed]]);
  for (let i = 0; i < 257; i++) peer.bring((into) => writer.wantLeaves(into, 1, 0, 1));
  assertEquals(peer.said().every(([type, , code]) => type === 9 && code === AssetCode.Cancelled), true);
});

Deno.test("a peer that takes no answers is told to stop", () => {
  const peer = new Peer();
  let mayGoOn = true;
  for (let i = 0; i < 5000 && mayGoOn; i++) mayGoOn = peer.bring((into) => writer.want(into, 9, 0, 1, false));
  assertEquals(mayGoOn, false);
  assertEquals(peer.said().length, 1024);
});

Deno.test("transfers take turns", () => {
  const peer = new Peer();
  peer.open(1);
  peer.open(2);
  peer.want(1, 0, 8);
  peer.want(2, 0, 8);
  const turns: number[] = [];
  while (peer.machine.pollJob(4)) turns.push(peer.machine.job.id);
  assertEquals(turns, [1, 2, 1, 2, 1, 2, 1, 2]);
});

Deno.test("a transfer that wants nothing for too long is closed, one that waits for its chunks is not", () => {
  const peer = new Peer();
  peer.open(1);
  peer.open(2);
  peer.want(2, 0, 1);
  peer.said();
  assertEquals(peer.machine.pollTimeout(), 100);
  peer.clock.advance(100);
  peer.machine.handleTimeout();
  assertEquals(peer.said(), [[9, 1, AssetCode.Cancelled]]);
  assertEquals([peer.machine.has(1), peer.machine.has(2)], [false, true]);
});

Deno.test("what the peer ends is told to the driver once", () => {
  const peer = new Peer();
  peer.open(1);
  for (let i = 0; i < 2; i++) peer.bring((into) => writer.end(into, 9, 1, AssetCode.Done));
  assertEquals(peer.machine.pollEnd(), { id: 1, code: AssetCode.Done });
  assertEquals(peer.machine.pollEnd(), undefined);
});
