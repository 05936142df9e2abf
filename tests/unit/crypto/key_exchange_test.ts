import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { type KeyExchange, nonZero } from "../../../src/crypto/key_exchange.ts";
import { NobleKeyExchange } from "../../../src/crypto/noble_key_exchange.ts";
import { NodeKeyExchange } from "../../../src/io/system/node_key_exchange.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { hex } from "./hex.ts";

const providers: readonly KeyExchange[] = [new NobleKeyExchange(), new NodeKeyExchange()];

/** Points of low order, canonical and not, with the top bit clear and set: the result is zero for any private key. */
const LOW_ORDER = [
  "00".repeat(32),
  "01" + "00".repeat(31),
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ec" + "ff".repeat(30) + "7f",
  "ed" + "ff".repeat(30) + "7f",
  "ee" + "ff".repeat(30) + "7f",
  "00".repeat(31) + "80",
];

for (const provider of providers) {
  const name = `KeyExchange (${provider.name})`;

  Deno.test(`${name}.sharedSecret() multiplies as in RFC 7748 5.2`, () => {
    const cases = [
      [
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
      ],
      [
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
      ],
    ] as const;
    for (const [scalar, point, product] of cases) {
      assertEquals(provider.sharedSecret(hex(scalar), hex(point)), hex(product));
    }
  });

  Deno.test(`${name} agrees as in RFC 7748 6.1`, () => {
    const alice = hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    const bob = hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    const pair = (privateKey: Uint8Array): Uint8Array =>
      provider.keyPair({ visibleFraction: () => 0, fillSecret: (into) => into.set(privateKey) }).publicKey;
    assertEquals(pair(alice), hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"));
    assertEquals(pair(bob), hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"));
    const secret = hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    assertEquals(provider.sharedSecret(alice, pair(bob)), secret);
    assertEquals(provider.sharedSecret(bob, pair(alice)), secret);
  });

  Deno.test(`${name}.keyPair() draws a fresh secret and gives back what it drew`, () => {
    const random = new SeededRandom(3);
    const expected = new Uint8Array(32);
    new SeededRandom(3).fillSecret(expected);
    const first = provider.keyPair(random);
    const second = provider.keyPair(random);
    assertEquals(first.privateKey, expected);
    assertNotEquals(second.privateKey, first.privateKey);
    assertNotEquals(second.publicKey, first.publicKey);
    assertEquals([first.publicKey.length, first.privateKey.length], [32, 32]);
  });

  Deno.test(`${name}.sharedSecret() gives nothing for a point of low order`, () => {
    const { privateKey } = provider.keyPair(new SeededRandom(4));
    for (const point of LOW_ORDER) assertEquals(provider.sharedSecret(privateKey, hex(point)), undefined, point);
  });

  Deno.test(`${name}.sharedSecret() takes keys of 32 bytes and leaves them as they are`, () => {
    const { publicKey, privateKey } = provider.keyPair(new SeededRandom(5));
    const before = [publicKey.slice(), privateKey.slice()];
    assertEquals(provider.sharedSecret(privateKey, publicKey)?.length, 32);
    assertEquals([publicKey, privateKey], before);
    for (const length of [0, 31, 33]) {
      assertThrows(() => provider.sharedSecret(privateKey, new Uint8Array(length)), RangeError, "32 bytes");
      assertThrows(() => provider.sharedSecret(new Uint8Array(length), publicKey), RangeError, "32 bytes");
    }
  });
}

Deno.test("KeyExchange providers agree with each other", () => {
  const random = new SeededRandom(6);
  for (let turn = 0; turn < 20; turn++) {
    const [noble, node] = providers.map((provider) => provider.keyPair(random));
    const secrets = providers.flatMap((provider) => [
      provider.sharedSecret(noble!.privateKey, node!.publicKey),
      provider.sharedSecret(node!.privateKey, noble!.publicKey),
    ]);
    for (const secret of secrets) assertEquals(secret, secrets[0], `turn ${turn}`);
  }
});

Deno.test("nonZero() passes on what has any bit", () => {
  assertEquals(nonZero(new Uint8Array(32)), undefined);
  for (const at of [0, 17, 31]) {
    const secret = new Uint8Array(32);
    secret[at] = 0x80;
    assertEquals(nonZero(secret), secret);
  }
});
