/**
 * The worker of `pool.scale`: opens every packet of its ring, and seals what was in it again.
 *
 * @module
 */
import { AEAD_TAG_BYTES } from "../../src/crypto/aead.ts";
import { runWorker } from "../../src/pool/worker_scope.ts";
import { SpscRecordConsumer } from "../../src/ring/spsc_records.ts";
import { HEADER_BYTES, PACKET_BYTES, PACKET_NUMBER, packetKey, type SealerInit } from "./pool_scale_packet.ts";

/** Packets between two looks at the time: about a quarter of a millisecond. */
const PORTION = 32;

runWorker((init) => {
  const { ring, done, index } = init as SealerInit;
  const consumer = new SpscRecordConsumer(ring);
  const counts = new Float64Array(done);
  const opener = packetKey();
  const sealer = packetKey();
  const packet = new Uint8Array(PACKET_BYTES);
  return {
    doWork: () => {
      let count = 0;
      for (; count < PORTION && consumer.next(); count++) {
        packet.set(new Uint8Array(ring, consumer.data.byteOffset + consumer.offset, PACKET_BYTES));
        if (!opener.open(packet, 0, HEADER_BYTES, PACKET_BYTES, PACKET_NUMBER)) {
          throw new Error("A packet does not open");
        }
        sealer.seal(packet, 0, HEADER_BYTES, PACKET_BYTES - AEAD_TAG_BYTES, PACKET_NUMBER);
      }
      consumer.release();
      counts[index]! += count;
      return count;
    },
  };
});
