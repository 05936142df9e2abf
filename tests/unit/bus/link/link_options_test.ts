import { assertEquals, assertThrows } from "@std/assert";
import { LinkCloseCode, linkCloseCodeName, receivedCloseCode } from "../../../../src/bus/link/link_close_code.ts";
import { LINK_COUNTER_NAMES, LinkCounter } from "../../../../src/bus/link/link_counters.ts";
import { clusterProof, LinkKey, linkPsk } from "../../../../src/bus/link/link_key.ts";
import { LINK_OPTION_NAMES, type LinkOptions, resolveLinkOptions } from "../../../../src/bus/link/link_options.ts";
import { ChaCha20Poly1305 } from "../../../../src/crypto/chacha20_poly1305.ts";
import { hkdfExpandLabel } from "../../../../src/crypto/kdf.ts";
import { MisuseError } from "../../../../src/error/transport_error.ts";

Deno.test("resolveLinkOptions() fills in what is missing, and is frozen", () => {
  const config = resolveLinkOptions({ maxQueuedBytes: 10_000 });
  assertEquals([config.highWaterBytes, config.lowWaterBytes], [10_000, 5000]);
  assertEquals(Object.isFrozen(config), true);
  assertEquals(new Set(Object.keys(config)), LINK_OPTION_NAMES);
});

const wrong: LinkOptions[] = [
  { maxMessageBytes: 63 },
  { maxQueuedBytes: 4095 },
  { highWaterBytes: 5 << 20 },
  { lowWaterBytes: -1 },
  { compressFromBytes: -1 },
  { handshakeTimeoutMs: -1 },
  { closeTimeoutMs: NaN },
  { heartbeatIntervalMs: 9 },
  { maxMissedHeartbeats: 0 },
  { rekeyAfterBatches: 1 },
  { rekeyAfterBytes: 1023 },
];

for (const options of wrong) {
  const [name] = Object.keys(options);
  Deno.test(`resolveLinkOptions() refuses ${name} out of its bounds`, () => {
    assertThrows(() => resolveLinkOptions(options), RangeError, name);
  });
}

Deno.test("resolveLinkOptions() refuses unknown names and policies", () => {
  assertThrows(() => resolveLinkOptions({ maxMessages: 3 } as LinkOptions), TypeError, "maxMessages");
  assertThrows(
    () => resolveLinkOptions({ queuePolicy: "conflate" } as unknown as LinkOptions),
    TypeError,
    "queuePolicy",
  );
});

Deno.test("linkPsk() follows from the key alone, and refuses short ones", () => {
  const key = new Uint8Array(16).fill(1);
  assertEquals(linkPsk(key), linkPsk(key.slice()));
  assertEquals(linkPsk(key).length, 32);
  assertEquals(linkPsk(key).toString() === linkPsk(new Uint8Array(17).fill(1)).toString(), false);
  assertThrows(() => linkPsk(new Uint8Array(15)), RangeError);
});

Deno.test("clusterProof() depends on key, name, handshake and direction", () => {
  const [key, name, hash] = [Uint8Array.of(1), Uint8Array.of(2), new Uint8Array(32)];
  const proofs = [
    clusterProof(key, name, hash, true),
    clusterProof(key, name, hash, false),
    clusterProof(Uint8Array.of(9), name, hash, true),
    clusterProof(key, Uint8Array.of(9), hash, true),
    clusterProof(key, name, hash.map(() => 9), true),
  ];
  assertEquals(new Set(proofs.map(String)).size, proofs.length);
});

Deno.test("Codes of links have names, and what a peer may not send counts as a bad record", () => {
  assertEquals([linkCloseCodeName(2), linkCloseCodeName(133), linkCloseCodeName(99)], [
    "Superseded",
    "HandshakeFailed",
    "Unknown",
  ]);
  assertEquals([8, 9, 128, 130].map(receivedCloseCode), new Array(4).fill(LinkCloseCode.BadRecord));
  assertEquals(receivedCloseCode(7), LinkCloseCode.MessageTooLarge);
  assertEquals(LINK_COUNTER_NAMES[LinkCounter.Rekeys], "rekeys");
  assertEquals(LINK_COUNTER_NAMES[LinkCounter.MessagesOut], "messagesOut");
});

Deno.test("LinkKey.step() begins anew with number 0 under a key of its own", () => {
  const aead = new ChaCha20Poly1305();
  const secret = new Uint8Array(32).fill(4);
  const next = hkdfExpandLabel(secret, "bus link next", new Uint8Array(0), 32);
  const sealed = (key: LinkKey): Uint8Array => {
    const record = new Uint8Array(30).fill(6, 0, 14);
    key.seal(record, 0, 4, 14);
    return record;
  };
  const stepped = new LinkKey(aead, secret.slice());
  const first = sealed(stepped);
  stepped.step();
  const second = sealed(stepped);
  assertEquals(second, sealed(new LinkKey(aead, next)));
  assertEquals(first, sealed(new LinkKey(aead, secret)));
  assertEquals([stepped.number, first.toString() === second.toString()], [1, false]);
  stepped.destroy();
  assertThrows(() => sealed(stepped), MisuseError);
});
