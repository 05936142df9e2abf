import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { ConnectionIdScheme } from "../../../src/session/connection_id_scheme.ts";

const key = Uint8Array.from({ length: 8 }, (_, i) => i * 31);

Deno.test("ConnectionIdScheme.ownerOf() tells the owner of every id, on every worker", () => {
  const random = new SeededRandom(1);
  const facade = new ConnectionIdScheme(key, 0);
  for (const owner of [0, 1, 7, 255, 256, 65535]) {
    const worker = new ConnectionIdScheme(key, owner);
    for (let i = 0; i < 100; i++) {
      worker.draw(random);
      assertEquals(facade.ownerOf(worker.high, worker.low), owner);
    }
  }
});

Deno.test("ConnectionIdScheme.draw() shows the owner in no bit of an id", () => {
  const random = new SeededRandom(2);
  const worker = new ConnectionIdScheme(key, 5);
  const ones = new Array<number>(64).fill(0);
  for (let i = 0; i < 4000; i++) {
    worker.draw(random);
    for (let bit = 0; bit < 64; bit++) {
      const word = bit < 32 ? worker.high : worker.low;
      ones[bit]! += (word >>> (31 - bit % 32)) & 1;
    }
  }
  ones.forEach((count, bit) => assert(count > 1800 && count < 2200, `bit ${bit} is set in ${count} of 4000`));
});

Deno.test("ConnectionIdScheme.ownerOf() needs the key", () => {
  const random = new SeededRandom(3);
  const worker = new ConnectionIdScheme(key, 5);
  for (let byte = 0; byte < 8; byte++) {
    const other = key.slice();
    other[byte]! ^= 1;
    const stranger = new ConnectionIdScheme(other, 5);
    let same = 0;
    for (let i = 0; i < 200; i++) {
      worker.draw(random);
      if (stranger.ownerOf(worker.high, worker.low) === 5) same++;
    }
    assert(same < 5, `byte ${byte} of the key`);
  }
});

Deno.test("ConnectionIdScheme refuses keys and owners that are none", () => {
  assertThrows(() => new ConnectionIdScheme(new Uint8Array(7), 0), RangeError, "7 bytes");
  for (const owner of [-1, 65536, 1.5, NaN]) {
    assertThrows(() => new ConnectionIdScheme(key, owner), RangeError, "owner");
  }
});
