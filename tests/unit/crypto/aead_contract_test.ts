import { assertEquals, assertThrows } from "@std/assert";
import { AEAD_TAG_BYTES, type PacketKey } from "../../../src/crypto/aead.ts";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { aeadProviders } from "./aead_providers.ts";
import { hex } from "./hex.ts";
import { referenceNonce, referenceSeal } from "./reference_aead.ts";
import { SEALED } from "./rfc8439_vectors.ts";

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i * 7);
const IV = Uint8Array.from({ length: 12 }, (_, i) => 200 - i);

/** A packet of 5 bytes before it, an associated text, a text, room for its tag, and 3 bytes behind. */
function packetOf(random: SeededRandom, aadBytes: number, textBytes: number): Uint8Array {
  const packet = new Uint8Array(5 + aadBytes + textBytes + AEAD_TAG_BYTES + 3);
  random.fillSecret(packet);
  return packet;
}

for (const provider of aeadProviders()) {
  const name = `PacketKey (${provider.name})`;

  Deno.test(`${name} seals and opens the texts of RFC 8439`, () => {
    for (const { section, key, nonce, aad, plaintext, ciphertext, tag } of SEALED) {
      const packet = Uint8Array.of(...aad, ...plaintext, ...new Uint8Array(AEAD_TAG_BYTES));
      const end = aad.length + plaintext.length;
      const packetKey = provider.packetKey(key, nonce);
      packetKey.seal(packet, 0, aad.length, end, 0);
      assertEquals(packet, Uint8Array.of(...aad, ...ciphertext, ...tag), section);
      assertEquals(packetKey.open(packet, 0, aad.length, end + AEAD_TAG_BYTES, 0), true, section);
      assertEquals(packet, Uint8Array.of(...aad, ...plaintext, ...tag), section);
    }
  });

  Deno.test(`${name} seals as the reference does, and writes nothing outside of text and tag`, () => {
    const random = new SeededRandom(1);
    const key = provider.packetKey(KEY, IV);
    for (let turn = 0; turn < 150; turn++) {
      const [aadBytes, textBytes] = [random.nextInt(90), random.nextInt(200)];
      const packet = packetOf(random, aadBytes, textBytes);
      const start = 5 + aadBytes;
      const end = start + textBytes;
      const expected = packet.slice();
      const nonce = referenceNonce(IV, turn);
      expected.set(referenceSeal(KEY, nonce, expected.slice(5, start), expected.slice(start, end)), start);
      const plaintext = packet.slice(start, end);
      key.seal(packet, 5, start, end, turn);
      assertEquals(packet, expected, `turn ${turn}`);
      assertEquals(key.open(packet, 5, start, end + AEAD_TAG_BYTES, turn), true, `turn ${turn}`);
      expected.set(plaintext, start);
      assertEquals(packet, expected, `turn ${turn}`);
    }
  });

  Deno.test(`${name} makes nonces of the IV and all 53 bits of a packet number`, () => {
    const key = provider.packetKey(KEY, IV);
    for (const number of [0, 1, 255, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 0x12_3456_789a_bcde, Number.MAX_SAFE_INTEGER]) {
      const packet = new Uint8Array(20 + AEAD_TAG_BYTES);
      key.seal(packet, 0, 4, 20, number);
      const sealed = referenceSeal(KEY, referenceNonce(IV, number), new Uint8Array(4), new Uint8Array(16));
      assertEquals(packet.subarray(4), sealed, `number ${number}`);
      assertEquals(key.open(packet, 0, 4, 36, number), true, `number ${number}`);
    }
  });

  Deno.test(`${name} refuses a packet with any bit changed, and leaves it as it is`, () => {
    const random = new SeededRandom(2);
    const key = provider.packetKey(KEY, IV);
    for (const textBytes of [0, 1, 63, 64, 130]) {
      const packet = packetOf(random, 21, textBytes);
      const end = 26 + textBytes;
      key.seal(packet, 5, 26, end, 9);
      for (let at = 5; at < end + AEAD_TAG_BYTES; at++) {
        const forged = packet.slice();
        forged[at]! ^= 1 << (at % 8);
        const before = forged.slice();
        assertEquals(key.open(forged, 5, 26, end + AEAD_TAG_BYTES, 9), false, `byte ${at} of ${textBytes}`);
        assertEquals(forged, before, `byte ${at} of ${textBytes}`);
      }
      assertEquals(key.open(packet, 5, 26, end + AEAD_TAG_BYTES, 9), true);
    }
  });

  Deno.test(`${name} refuses a packet under another number, key, IV or cut of its associated text`, () => {
    const packet = new Uint8Array(60 + AEAD_TAG_BYTES);
    const key = provider.packetKey(KEY, IV);
    key.seal(packet, 0, 20, 60, 5);
    const otherKey = provider.packetKey(KEY.toReversed(), IV);
    const otherIv = provider.packetKey(KEY, IV.toReversed());
    assertEquals(key.open(packet, 0, 20, 76, 6), false);
    assertEquals(key.open(packet, 0, 20, 76, 5 + 2 ** 32), false);
    assertEquals(key.open(packet, 1, 20, 76, 5), false);
    assertEquals(key.open(packet, 0, 21, 76, 5), false);
    assertEquals(key.open(packet, 0, 20, 75, 5), false);
    assertEquals(otherKey.open(packet, 0, 20, 76, 5), false);
    assertEquals(otherIv.open(packet, 0, 20, 76, 5), false);
    assertEquals(key.open(packet, 0, 20, 76, 5), true);
  });

  Deno.test(`${name} refuses what is shorter than a tag`, () => {
    const key = provider.packetKey(KEY, IV);
    for (let length = 0; length < AEAD_TAG_BYTES; length++) {
      assertEquals(key.open(new Uint8Array(40), 0, 10, 10 + length, 0), false, `${length} bytes`);
    }
  });

  Deno.test(`${name} works in shared memory, in a part of it, and in a subclass of Uint8Array`, () => {
    const key = provider.packetKey(KEY, IV);
    class Bytes extends Uint8Array {}
    for (const length of [0, 70, 150]) {
      const sealed = referenceSeal(KEY, referenceNonce(IV, 3), new Uint8Array(13), new Uint8Array(length));
      const size = 13 + length + AEAD_TAG_BYTES;
      for (const buffer of [new Uint8Array(new SharedArrayBuffer(size + 9), 7, size), new Bytes(size)]) {
        key.seal(buffer, 0, 13, 13 + length, 3);
        assertEquals(Uint8Array.from(buffer).subarray(13), sealed);
        assertEquals(key.open(buffer, 0, 13, size, 3), true);
        assertEquals(Uint8Array.from(buffer).subarray(0, 13 + length), new Uint8Array(13 + length));
      }
    }
  });

  Deno.test(`${name} keeps a copy of its key and IV`, () => {
    const [given, iv] = [KEY.slice(), IV.slice()];
    const key = provider.packetKey(given, iv);
    given.fill(0);
    iv.fill(0);
    for (const length of [1, 2000]) {
      const packet = new Uint8Array(length + AEAD_TAG_BYTES);
      key.seal(packet, 0, 0, length, 1);
      assertEquals(packet, referenceSeal(KEY, referenceNonce(IV, 1), new Uint8Array(0), new Uint8Array(length)));
    }
  });

  Deno.test(`${name} shares nothing with other keys of its provider, however many, dead or alive`, () => {
    const material = Array.from({ length: 50 }, (_, i) => KEY.map((byte) => byte ^ i));
    const keys = material.map((key) => provider.packetKey(key, IV));
    for (let i = 0; i < keys.length; i += 3) keys[i]!.destroy();
    const late = provider.packetKey(KEY, IV);
    for (let i = 0; i < keys.length; i += 3) keys[i]!.destroy();
    material.forEach((key, i) => {
      if (i % 3 === 0) return;
      const packet = new Uint8Array(150 + AEAD_TAG_BYTES);
      keys[i]!.seal(packet, 0, 3, 150, i);
      const sealed = referenceSeal(key, referenceNonce(IV, i), new Uint8Array(3), new Uint8Array(147));
      assertEquals(packet.subarray(3), sealed, `key ${i}`);
      assertEquals(keys[i]!.open(packet, 0, 3, 166, i), true, `key ${i}`);
    });
    const packet = new Uint8Array(10 + AEAD_TAG_BYTES);
    late.seal(packet, 0, 0, 10, 7);
    assertEquals(packet, referenceSeal(KEY, referenceNonce(IV, 7), new Uint8Array(0), new Uint8Array(10)));
  });

  Deno.test(`${name} takes no offsets out of order or of the buffer`, () => {
    const key = provider.packetKey(KEY, IV);
    const buffer = new Uint8Array(200);
    const outOfBounds: readonly [number, number, number][] = [
      [-1, 4, 40],
      [5, 4, 40],
      [0, 41, 40],
      [0, 4, 201],
      [0.5, 4, 40],
      [0, 4.5, 40],
      [0, 4, 40.5],
      [NaN, 4, 40],
      [0, NaN, 40],
      [0, 4, NaN],
      [0, 4, Infinity],
    ];
    for (const [aadStart, start, end] of outOfBounds) {
      assertThrows(
        () => key.seal(buffer, aadStart, start, end, 0),
        RangeError,
        "seal",
        `${aadStart}, ${start}, ${end}`,
      );
      assertThrows(
        () => key.open(buffer, aadStart, start, end, 0),
        RangeError,
        "open",
        `${aadStart}, ${start}, ${end}`,
      );
    }
    assertThrows(() => key.seal(buffer, 0, 4, 185, 0), RangeError);
    assertEquals(buffer, new Uint8Array(200));
    key.seal(buffer, 0, 4, 184, 0);
    assertEquals(key.open(buffer, 0, 4, 200, 0), true);
  });

  Deno.test(`${name} takes no packet number that is not an integer from 0 to 2^53 - 1`, () => {
    const key = provider.packetKey(KEY, IV);
    const buffer = new Uint8Array(200);
    for (const number of [-1, 0.5, 2 ** 53, NaN, Infinity, -Infinity]) {
      assertThrows(() => key.seal(buffer, 0, 4, 40, number), RangeError, "packet number", `${number}`);
      assertThrows(() => key.open(buffer, 0, 4, 40, number), RangeError, "packet number", `${number}`);
    }
    assertEquals(buffer, new Uint8Array(200));
  });

  Deno.test(`${name} takes no key and no IV of another length`, () => {
    for (const length of [0, 16, 31, 33]) {
      assertThrows(() => provider.packetKey(new Uint8Array(length), IV), RangeError, "32 bytes");
    }
    for (const length of [0, 8, 11, 13, 24]) {
      assertThrows(() => provider.packetKey(KEY, new Uint8Array(length)), RangeError, "12 bytes");
    }
  });

  Deno.test(`${name} throws after its end, which may come twice`, () => {
    const key: PacketKey = provider.packetKey(KEY, IV);
    for (const length of [10, 1900]) key.seal(new Uint8Array(2000), 0, 0, length, 0);
    key.destroy();
    key.destroy();
    for (const length of [10, 1900]) {
      const buffer = new Uint8Array(2000);
      assertThrows(() => key.seal(buffer, 0, 0, length, 1), MisuseError);
      assertThrows(() => key.open(buffer, 0, 0, length + AEAD_TAG_BYTES, 1), MisuseError);
      assertEquals(buffer, new Uint8Array(2000));
    }
  });

  Deno.test(`${name} says no secret in what it throws`, () => {
    const secret = hex("5e".repeat(32));
    const error = assertThrows(() => provider.packetKey(secret, secret), RangeError);
    assertEquals(/5e5e|94,/.test(error.message), false);
  });
}
