import { assertEquals, assertThrows } from "@std/assert";
import { Doorbell, DOORBELL_BYTES } from "../../../src/ring/doorbell.ts";
import { createSpscRing } from "../../../src/ring/spsc_ring.ts";
import { SecureWorkerPort } from "../../../src/runtime/secure_worker_port.ts";

/** Two ends over rings of 4 KiB. */
class Ends {
  readonly there: SecureWorkerPort;
  readonly here: SecureWorkerPort;
  rooms = 0;
  readonly seen: string[] = [];

  constructor() {
    const [a, b] = [createSpscRing(4096), createSpscRing(4096)];
    const bell = new Doorbell(new SharedArrayBuffer(DOORBELL_BYTES));
    this.here = new SecureWorkerPort(a, b, bell, () => this.rooms++);
    this.there = new SecureWorkerPort(b, a, bell, () => {});
  }

  drain(): number {
    return this.there.drain({
      handleRecord: (kind, session, a, b, buffer, start, end) => {
        this.seen.push([kind, session, a, b, ...buffer.slice(start, end).slice(0, 3)].join(" "));
        if (kind === 99) throw new Error("refused");
      },
    });
  }
}

/** Lets what waits on shared memory go on. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

Deno.test("send() carries numbers of both signs and bytes, in order", () => {
  const ends = new Ends();
  ends.here.send(1, 7, -1, 2 ** 31 - 1, Uint8Array.of(1, 2, 3));
  ends.here.send(2, 8);
  assertEquals([ends.drain(), ends.seen], [2, ["1 7 -1 2147483647 1 2 3", "2 8 0 0"]]);
  assertEquals(ends.drain(), 0);
});

Deno.test("send() keeps what finds no room, copied and in order, and tells when nothing waits any more", async () => {
  const ends = new Ends();
  const bytes = new Uint8Array(1000);
  for (let n = 0; n < 10; n++) {
    bytes[0] = n;
    ends.here.send(1, n, 0, 0, bytes);
  }
  bytes[0] = 77;
  assertEquals([ends.here.isBacked, ends.rooms], [true, 0]);
  while (ends.seen.length < 10) {
    ends.drain();
    await turn();
  }
  assertEquals(ends.seen, Array.from({ length: 10 }, (_, n) => `1 ${n} 0 0 ${n} 0 0`));
  await turn();
  assertEquals([ends.here.isBacked, ends.rooms], [false, 1]);
});

Deno.test("a short record does not overtake a long one that waits", async () => {
  const ends = new Ends();
  for (let n = 0; n < 4; n++) ends.here.send(1, n, 0, 0, new Uint8Array(1500));
  ends.here.send(2, 9);
  while (ends.seen.length < 5) {
    ends.drain();
    await turn();
  }
  assertEquals(ends.seen.at(-1), "2 9 0 0");
});

Deno.test("drain() does not show a record again whose handler threw", () => {
  const ends = new Ends();
  ends.here.send(99, 1);
  ends.here.send(1, 2);
  assertThrows(() => ends.drain(), Error, "refused");
  ends.drain();
  assertEquals(ends.seen, ["99 1 0 0", "1 2 0 0"]);
});

Deno.test("close() drops what waits; sending and draining do nothing then", () => {
  const ends = new Ends();
  for (let n = 0; n < 6; n++) ends.here.send(1, n, 0, 0, new Uint8Array(1000));
  ends.here.close();
  ends.here.send(1, 9);
  ends.there.send(3, 3);
  assertEquals([ends.here.isBacked, ends.here.drain({ handleRecord: () => ends.rooms = 100 })], [false, 0]);
  ends.drain();
  assertEquals([ends.seen.includes("1 9 0 0"), ends.rooms], [false, 0]);
});
