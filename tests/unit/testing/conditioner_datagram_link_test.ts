import { assertEquals, assertThrows } from "@std/assert";
import { SendStatus } from "../../../src/error/send_status.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { conditionDatagramLink } from "../../../src/testing/conditioner_datagram_link.ts";
import { ManualScheduler } from "../../../src/testing/manual_scheduler.ts";
import type { DatagramLink, DatagramReceiver } from "../../../src/transport/datagram_link.ts";

function setup(lossShare = 0) {
  const log: string[] = [];
  const started: DatagramReceiver[] = [];
  const inner: DatagramLink = {
    local: { transport: "udp", hostname: "127.0.0.1", port: 9 },
    maxDatagramBytes: 100,
    dontFragment: true,
    hasRoom: true,
    start: (receiver) => void started.push(receiver),
    send(buffer, start, end, to) {
      log.push(`${scheduler.clock.now}: ${[...buffer.subarray(start, end)]} to ${[...to.words]}`);
      return SendStatus.Queued;
    },
    counters: () => ({ sent: log.length }),
    close: () => void log.push("closed"),
    whenClosed: Promise.resolve(),
  };
  const scheduler = new ManualScheduler();
  const link = conditionDatagramLink(inner, { scheduler, random: new SeededRandom(1), delayMs: 20, lossShare });
  return { link, inner, scheduler, log, started };
}

Deno.test("conditionDatagramLink() sends later what was given, to where it was to go then", () => {
  const { link, scheduler, log } = setup();
  const bytes = Uint8Array.of(9, 1, 2, 9);
  const words = Int32Array.of(0, 0, 0xffff, 5, 80, 0);
  assertEquals(link.send(bytes, 1, 3, { words }), SendStatus.Queued);
  bytes.fill(0);
  words.fill(0);
  scheduler.advance(19);
  assertEquals(log, []);
  scheduler.advance(1);
  assertEquals([log, link.counters()["sent"], link.counters()["line delivered"]], [
    ["20: 1,2 to 0,0,65535,5,80,0"],
    1,
    1,
  ]);
});

Deno.test("conditionDatagramLink() receives and describes itself as the link does", () => {
  const { link, inner, started } = setup();
  const receiver: DatagramReceiver = { source: { words: new Int32Array(6) }, handleDatagram: () => {} };
  link.start(receiver);
  assertEquals(started[0], receiver);
  assertEquals([link.local, link.maxDatagramBytes, link.dontFragment, link.hasRoom], [
    inner.local,
    100,
    true,
    true,
  ]);
});

Deno.test("conditionDatagramLink() refuses what is too long, and sends nothing after the close", () => {
  const { link, scheduler, log } = setup();
  const to = { words: new Int32Array(6) };
  assertEquals(link.send(new Uint8Array(101), 0, 101, to), SendStatus.TooLarge);
  link.send(new Uint8Array(1), 0, 1, to);
  link.close();
  assertEquals(link.send(new Uint8Array(1), 0, 1, to), SendStatus.Closed);
  scheduler.advance(100);
  assertEquals(log, ["closed"]);
});

Deno.test("conditionDatagramLink() refuses options that are out of range", () => {
  assertThrows(() => setup(2), RangeError, "lossShare");
});
