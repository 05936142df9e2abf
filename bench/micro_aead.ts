/**
 * `deno run --allow-read bench/micro_aead.ts [--crossover | --parts]`: packet keys by provider, length and direction;
 * with `--crossover` only where ours and the platform's meet; with `--parts` where our time goes, and what lost to it.
 *
 * Every figure is the median of many short runs that take turns, because other work on the machine comes in bursts.
 * Packets lie in two buffers, one of them shared memory, so that both kinds pass through the same code.
 *
 * @module
 */
import { ChaCha20Poly1305 } from "../src/crypto/chacha20_poly1305.ts";
import { xorChaCha20 } from "../src/crypto/chacha20.ts";
import { NobleAead } from "../src/crypto/noble_aead.ts";
import { Poly1305 } from "../src/crypto/poly1305.ts";
import { absorbBlocks, absorbQuads, BLOCK_HIGH_BIT, multiplyRows } from "../src/crypto/poly1305_blocks.ts";
import { NodeAead } from "../src/io/system/node_aead.ts";
import { median } from "./harness/scenario.ts";
import { twoBlocks } from "./variant/chacha20_two_blocks.ts";
import { absorbIntegers } from "./variant/poly1305_integers.ts";

const HEADER_BYTES = 17;
const TAG_BYTES = 16;
const RUNS = 41;
const RUN_NS = 200_000;

/** Something to be measured; `perCall` is how many units of work one call does. */
interface Work {
  readonly name: string;
  readonly perCall: number;
  readonly call: (turn: number) => void;
}

if (import.meta.main) main(Deno.args);

function main(args: readonly string[]): void {
  if (args.includes("--parts")) return show(parts(), "ns for 64 bytes, or for what the name says");
  const lengths = args.includes("--crossover") ? [1024, 1200, 1328, 1456, 1584, 1712, 2048] : [64, 256, 1200, 16_384];
  for (const length of lengths) show(packets(length), `us a packet of ${length} bytes`, 1000);
}

/** Seals and opens of one length by every provider, in shared and unshared memory. */
function packets(length: number): Work[] {
  const works: Work[] = [];
  const end = HEADER_BYTES + length;
  for (const provider of [new ChaCha20Poly1305(), new NobleAead(), new NodeAead()]) {
    const key = provider.packetKey(new Uint8Array(32).fill(1), new Uint8Array(12).fill(2));
    const buffers = [new Uint8Array(end + TAG_BYTES), new Uint8Array(new SharedArrayBuffer(end + TAG_BYTES))];
    const seal = (turn: number): void => key.seal(buffers[turn & 1]!, 0, HEADER_BYTES, end, turn);
    works.push({ name: `${provider.name} seal`, perCall: 1, call: seal });
    works.push({
      name: `${provider.name} seal and open`,
      perCall: 1,
      call: (turn) => {
        seal(turn);
        if (!key.open(buffers[turn & 1]!, 0, HEADER_BYTES, end + TAG_BYTES, turn)) throw new Error("A packet is lost");
      },
    });
  }
  return works;
}

/** The parts of our provider, on 1,216 bytes, which are 19 blocks of the cipher and 76 of the authenticator. */
function parts(): Work[] {
  const state = new Int32Array(16).fill(7);
  const out = new Int32Array(32);
  const view = new DataView(new ArrayBuffer(1216));
  const tag = new DataView(new ArrayBuffer(64));
  const sum = new Float64Array(6);
  const rows = new Float64Array(44).fill(3);
  const limbs = new Int32Array(10);
  const r = new Int32Array(10).fill(3);
  const poly = new Poly1305();
  return [
    { name: "cipher", perCall: 19, call: () => xorChaCha20(state, view, 0, 1216) },
    { name: "cipher, two blocks at once (lost)", perCall: 2, call: () => twoBlocks(state, out) },
    { name: "tag, four blocks at once", perCall: 19, call: () => absorbQuads(sum, rows, view, 0, 1216) },
    { name: "tag, one by one", perCall: 19, call: () => absorbBlocks(sum, rows, view, 0, 1216, BLOCK_HIGH_BIT) },
    { name: "tag, in integers (lost)", perCall: 19, call: () => absorbIntegers(limbs, r, view, 0, 1216) },
    { name: "one power of r", perCall: 1, call: () => multiplyRows(rows, 0, 0, 11) },
    { name: "a tag of nothing", perCall: 1, call: () => (poly.begin(tag), poly.finish(tag)) },
  ];
}

/** Measures all works in turns and prints one line each. */
function show(works: readonly Work[], title: string, divisor = 1): void {
  const counts = works.map((work) => Math.max(1, Math.ceil(RUN_NS / timeNs(work, 2000))));
  const runs = works.map((): number[] => []);
  for (let run = 0; run < RUNS; run++) {
    works.forEach((work, i) => runs[i]!.push(timeNs(work, counts[i]!)));
  }
  print(`\n${title}`);
  works.forEach((work, i) => {
    const [middle, best] = [median(runs[i]!), Math.min(...runs[i]!)].map((ns) => (ns / divisor).toFixed(2));
    print(`  ${work.name.padEnd(36)} ${middle!.padStart(8)}   best ${best!.padStart(8)}`);
  });
}

function timeNs({ call, perCall }: Work, count: number): number {
  const start = performance.now();
  for (let turn = 0; turn < count; turn++) call(turn);
  return (performance.now() - start) * 1e6 / count / perCall;
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
