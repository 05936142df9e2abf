import { assertEquals, assertThrows } from "@std/assert";
import { AEAD_TAG_BYTES, type AeadProvider, type PacketKey } from "../../../src/crypto/aead.ts";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { LONG_TEXT_BYTES, pickingAead } from "../../../src/crypto/picking_aead.ts";

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);
const IV = Uint8Array.from({ length: 12 }, (_, i) => 100 + i);

/** A provider that writes down what its keys are made of and asked for. */
class Recorder implements AeadProvider {
  readonly name: string;
  readonly calls: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  packetKey(key: Uint8Array, iv: Uint8Array): PacketKey {
    this.calls.push(`key ${key.join()} ${iv.join()}`);
    return {
      seal: (_buffer, aadStart, start, end, number) =>
        void this.calls.push(`seal ${aadStart} ${start} ${end} ${number}`),
      open: (_buffer, aadStart, start, end, number) => {
        this.calls.push(`open ${aadStart} ${start} ${end} ${number}`);
        return number === 1;
      },
      destroy: () => void this.calls.push("destroy"),
    };
  }
}

function pair(longBytes?: number): { short: Recorder; long: Recorder; key: PacketKey } {
  const short = new Recorder("short");
  const long = new Recorder("long");
  return { short, long, key: pickingAead(short, long, longBytes).packetKey(KEY, IV) };
}

Deno.test("pickingAead() leaves texts below the length to the first provider and all others to the second", () => {
  const { short, long, key } = pair(100);
  const buffer = new Uint8Array(300);
  key.seal(buffer, 1, 7, 7 + 99, 1);
  key.seal(buffer, 2, 7, 7 + 100, 2);
  assertEquals(key.open(buffer, 3, 7, 7 + 99 + AEAD_TAG_BYTES, 1), true);
  assertEquals(key.open(buffer, 4, 7, 7 + 100 + AEAD_TAG_BYTES, 2), false);
  const material = `key ${KEY.join()} ${IV.join()}`;
  assertEquals(short.calls, [material, "seal 1 7 106 1", "open 3 7 122 1"]);
  assertEquals(long.calls, [material, "seal 2 7 107 2", "open 4 7 123 2"]);
});

Deno.test("pickingAead() changes over where the measured crossover is, by default", () => {
  const { short, long, key } = pair();
  key.seal(new Uint8Array(4000), 0, 0, LONG_TEXT_BYTES - 1, 1);
  assertEquals([short.calls.length, long.calls.length], [2, 0]);
  key.seal(new Uint8Array(4000), 0, 0, LONG_TEXT_BYTES, 1);
  assertEquals([short.calls.length, long.calls.length], [2, 2]);
});

Deno.test("pickingAead() makes the second key once, and only when a long text comes", () => {
  const { long, key } = pair(10);
  key.seal(new Uint8Array(30), 0, 0, 9, 1);
  assertEquals(long.calls, []);
  for (let turn = 0; turn < 3; turn++) key.seal(new Uint8Array(30), 0, 0, 10, turn);
  assertEquals(long.calls.filter((call) => call.startsWith("key")).length, 1);
});

Deno.test("pickingAead() leaves everything to one provider at the extremes", () => {
  const second = pair(0);
  second.key.seal(new Uint8Array(20), 0, 0, 0, 1);
  assertEquals([second.short.calls.length, second.long.calls.length], [1, 2]);
  const first = pair(Infinity);
  first.key.seal(new Uint8Array(20), 0, 0, 2 ** 40, 1);
  assertEquals([first.short.calls.length, first.long.calls.length], [2, 0]);
});

Deno.test("pickingAead() destroys both keys", () => {
  const { short, long, key } = pair(10);
  key.seal(new Uint8Array(30), 0, 0, 10, 1);
  key.destroy();
  assertEquals([short.calls.at(-1), long.calls.at(-1)], ["destroy", "destroy"]);
});

Deno.test("pickingAead() makes no second key after the end", () => {
  const { long, key } = pair(10);
  key.destroy();
  assertThrows(() => key.seal(new Uint8Array(40), 0, 0, 20, 1), MisuseError);
  assertThrows(() => key.open(new Uint8Array(40), 0, 0, 36, 1), MisuseError);
  assertEquals(long.calls, []);
});

Deno.test("pickingAead() takes no length that is none", () => {
  const { short, long } = pair();
  for (const length of [-1, 0.5, NaN, -Infinity]) {
    assertThrows(() => pickingAead(short, long, length), RangeError, "no length", `${length}`);
  }
});

Deno.test("pickingAead() is named after both", () => {
  const { short, long } = pair();
  assertEquals(pickingAead(short, long, 7).name, "short below 7 bytes, then long");
});
