import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { ChaCha20Poly1305 } from "../../../src/crypto/chacha20_poly1305.ts";
import { NobleKeyExchange } from "../../../src/crypto/noble_key_exchange.ts";
import { NOISE_MAX_MESSAGE_BYTES, NoiseNnpsk0, type NoiseSetup } from "../../../src/crypto/noise_nnpsk0.ts";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { referenceHandshake } from "./reference_noise.ts";

const common = {
  prologue: new TextEncoder().encode("John Galt"),
  psk: new Uint8Array(32).fill(0x54),
  aead: new ChaCha20Poly1305(),
  keyExchange: new NobleKeyExchange(),
};

function end(isInitiator: boolean, seed = 1, more: Partial<NoiseSetup> = {}): NoiseNnpsk0 {
  return new NoiseNnpsk0({ ...common, isInitiator, random: new SeededRandom(seed), ...more });
}

/** The private key that a seed gives. */
function privateKeyOf(seed: number): Uint8Array {
  const key = new Uint8Array(32);
  new SeededRandom(seed).fillSecret(key);
  return key;
}

Deno.test("NoiseNnpsk0 says and ends in what the reference does, for payloads of all kinds", () => {
  for (const [seed, lengths] of [[1, [0, 0]], [2, [1, 48]], [3, [300, 15]]] as [number, [number, number]][]) {
    const payloads = lengths.map((length) => privateKeyOf(seed).slice(0, length)) as [Uint8Array, Uint8Array];
    const [psk, prologue] = [privateKeyOf(seed + 50), privateKeyOf(seed + 60).slice(0, seed)];
    const model = referenceHandshake(prologue, psk, privateKeyOf(seed), privateKeyOf(seed + 10), payloads);
    const initiator = end(true, seed, { psk, prologue });
    const responder = end(false, seed + 10, { psk, prologue });
    const first = initiator.writeMessage(payloads[0]);
    assertEquals(first, model.first);
    assertEquals(responder.readMessage(first), payloads[0]);
    const second = responder.writeMessage(payloads[1]);
    assertEquals(second, model.second);
    assertEquals(initiator.readMessage(second), payloads[1]);
    const [ours, theirs] = [initiator.split(), responder.split()];
    assertEquals(ours, { send: model.toResponder, receive: model.toInitiator, handshakeHash: model.handshakeHash });
    assertEquals(theirs, { send: ours.receive, receive: ours.send, handshakeHash: ours.handshakeHash });
  }
});

Deno.test("NoiseNnpsk0.readMessage() refuses another key, another prologue, and every flipped or missing byte", () => {
  const first = end(true).writeMessage(Uint8Array.of(1, 2, 3));
  assertEquals(end(false, 2, { psk: new Uint8Array(32) }).readMessage(first), undefined);
  assertEquals(end(false, 2, { prologue: new Uint8Array(9) }).readMessage(first), undefined);
  for (let i = 0; i < first.length; i++) {
    assertEquals(
      end(false, 2).readMessage(first.map((byte, at) => at === i ? byte ^ 0x80 : byte)),
      undefined,
      `byte ${i}`,
    );
    assertEquals(end(false, 2).readMessage(first.subarray(0, i)), undefined, `${i} bytes`);
  }
  assertEquals(end(false, 2).readMessage(new Uint8Array(NOISE_MAX_MESSAGE_BYTES + 1)), undefined);
});

Deno.test("NoiseNnpsk0.readMessage() refuses an answer to another message, and every flipped byte of one", () => {
  const responder = end(false, 2);
  responder.readMessage(end(true, 3).writeMessage(new Uint8Array(0)));
  const answer = responder.writeMessage(new Uint8Array(2));
  const asked = (): NoiseNnpsk0 => {
    const initiator = end(true, 3);
    initiator.writeMessage(new Uint8Array(0));
    return initiator;
  };
  const other = end(true, 4);
  other.writeMessage(new Uint8Array(0));
  assertEquals(other.readMessage(answer), undefined);
  for (let i = 0; i < answer.length; i += 3) {
    assertEquals(asked().readMessage(answer.map((byte, at) => at === i ? byte ^ 1 : byte)), undefined, `byte ${i}`);
  }
  assertEquals(asked().readMessage(answer), new Uint8Array(2));
});

Deno.test("NoiseNnpsk0.readMessage() refuses a point that would make the secret zeros, from whoever has the key", () => {
  const low = { name: "low", keyPair: () => ({ publicKey: new Uint8Array(32), privateKey: new Uint8Array(32) }) };
  const keyExchange = { ...low, sharedSecret: () => new Uint8Array(32) };
  const first = end(true, 1, { keyExchange }).writeMessage(new Uint8Array(0));
  assertEquals(end(false, 2).readMessage(first), undefined);
  const initiator = end(true, 5);
  const responder = end(false, 2, { keyExchange });
  responder.readMessage(initiator.writeMessage(new Uint8Array(0)));
  assertEquals(initiator.readMessage(responder.writeMessage(new Uint8Array(0))), undefined);
});

Deno.test("NoiseNnpsk0 gives fresh secrets each time under the same key", () => {
  const hashes = [1, 2].map((seed) => {
    const [initiator, responder] = [end(true, seed), end(false, seed + 10)];
    responder.readMessage(initiator.writeMessage(new Uint8Array(0)));
    responder.writeMessage(new Uint8Array(0));
    return responder.split();
  });
  assertNotEquals(hashes[0], hashes[1]);
});

Deno.test("NoiseNnpsk0 insists on its order", () => {
  const empty = new Uint8Array(0);
  assertThrows(() => end(true).readMessage(empty), MisuseError);
  assertThrows(() => end(false).writeMessage(empty), MisuseError);
  assertThrows(() => end(true).split(), MisuseError);
  const spoilt = end(false);
  assertEquals(spoilt.readMessage(new Uint8Array(60)), undefined);
  assertThrows(() => spoilt.writeMessage(empty), MisuseError);
  assertThrows(() => spoilt.readMessage(empty), MisuseError);
  const twice = end(true);
  twice.writeMessage(empty);
  assertThrows(() => twice.writeMessage(empty), MisuseError);
  assertThrows(() => end(true, 1, { psk: new Uint8Array(31) }), RangeError);
  assertThrows(() => end(true).writeMessage(new Uint8Array(NOISE_MAX_MESSAGE_BYTES - 47)), RangeError);
  assertEquals(end(true).writeMessage(new Uint8Array(NOISE_MAX_MESSAGE_BYTES - 48)).length, NOISE_MAX_MESSAGE_BYTES);
});
