/**
 * How much of a link the payload of a transfer fills, over links of many kinds.
 *
 * @module
 */
import { assert } from "@std/assert";
import type { ControllerName } from "../../src/reliability/reliability_options.ts";
import { goodput, type PathOptions, STANDARD_PATH } from "./reliability_bench.ts";

const MIB = 1024 * 1024;

function check(name: string, path: PathOptions, least: number, bytes = 20 * MIB, by: ControllerName = "delay-bounded") {
  Deno.test(`reliability: ${name} fills at least ${least} of the link with payload`, () => {
    for (const seed of [1, 2]) {
      const share = goodput(path, { congestionControl: by }, bytes, seed);
      assert(share >= least && share < 1, `seed ${seed}: ${share.toFixed(3)}`);
    }
  });
}

function losing(share: number): PathOptions {
  return { ...STANDARD_PATH, lossShare: () => share };
}

check("a transfer without loss", STANDARD_PATH, 0.94);
check("a transfer at 1 % random loss", losing(0.01), 0.93);
check("a transfer at 5 % random loss", losing(0.05), 0.87);
check("a transfer at 9 % random loss", losing(0.09), 0.78, 10 * MIB);
check("a transfer over a link whose delay varies by 10 ms", { ...STANDARD_PATH, jitterMs: 10 }, 0.85, 10 * MIB);
check("a transfer over a queue of six packets", { ...STANDARD_PATH, queueBytes: 7500 }, 0.85, 10 * MIB);
check("a transfer over a queue of a second", { ...STANDARD_PATH, queueBytes: 1_250_000 }, 0.9, 10 * MIB);
check("a transfer by modem", { bytesPerSecond: 16_000, delayMs: 50, queueBytes: 8000 }, 0.85, MIB / 2);
check("a transfer over a local network", { bytesPerSecond: 125e6, delayMs: 0.2, queueBytes: 500_000 }, 0.9);
check("a transfer by CUBIC without loss", STANDARD_PATH, 0.9, 20 * MIB, "cubic");
