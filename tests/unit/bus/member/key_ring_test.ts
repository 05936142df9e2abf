import { assertEquals, assertThrows } from "@std/assert";
import { KeyRing } from "../../../../src/bus/member/key_ring.ts";
import { MachineTime } from "../../../../src/bus/member/machine_time.ts";
import { ChaCha20Poly1305 } from "../../../../src/crypto/chacha20_poly1305.ts";
import { MisuseError, ResourceError } from "../../../../src/error/transport_error.ts";
import { ClockCell } from "../../../../src/time/clock.ts";

const key = (fill: number): Uint8Array => new Uint8Array(16).fill(fill);

function ring(clock = new ClockCell()): KeyRing {
  return new KeyRing(new ChaCha20Poly1305(), new MachineTime(clock), new Uint8Array(16), 1000, [key(1)]);
}

Deno.test("KeyRing.use() seals with an installed key and drops the one before after the overlap", () => {
  const clock = new ClockCell();
  const keys = ring(clock);
  const former = keys.keys[0]!;
  assertThrows(() => keys.use(key(2)), MisuseError);
  keys.install(key(2));
  assertEquals(keys.keys[0], former);
  keys.use(key(2));
  keys.use(key(2));
  assertEquals([keys.keys.length, keys.keys[1]], [2, former]);
  clock.advance(999);
  keys.prune();
  assertEquals(keys.keys.length, 2);
  clock.advance(1000);
  keys.prune();
  assertEquals(keys.keys.length, 1);
  assertThrows(() => former.own.seal(new Uint8Array(64), 0, 1, 2, 0), MisuseError);
});

Deno.test("KeyRing.install() takes four keys, each once, and a replaced one back", () => {
  const clock = new ClockCell();
  const keys = ring(clock);
  for (const fill of [1, 2, 3, 4, 2]) keys.install(key(fill));
  assertEquals(keys.keys.length, 4);
  assertThrows(() => keys.install(key(5)), ResourceError);
  assertThrows(() => keys.install(new Uint8Array(15)), RangeError);
  keys.use(key(2));
  keys.install(key(1));
  clock.advance(5000);
  keys.prune();
  assertEquals(keys.keys.length, 4);
});

Deno.test("KeyRing.remove() takes any key but the one that seals", () => {
  const keys = ring();
  keys.install(key(2));
  assertThrows(() => keys.remove(key(1)), MisuseError);
  keys.remove(key(2));
  keys.remove(key(2));
  assertEquals(keys.keys.length, 1);
});
