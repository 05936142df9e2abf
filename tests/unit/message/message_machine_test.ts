import { assertEquals, assertThrows } from "@std/assert";
import { CloseCode } from "../../../src/error/close_code.ts";
import { SendStatus } from "../../../src/error/send_status.ts";
import { MisuseError } from "../../../src/error/transport_error.ts";
import { MessageCounter } from "../../../src/message/message_counters.ts";
import { RequestErrorCode } from "../../../src/message/message_event.ts";
import { SeededRandom } from "../../../src/random/seeded_random.ts";
import { type ForeignPacket, readForeign, writeForeign } from "../../interop/foreign_message_codec.ts";
import { bytesOf, MessageEnd, MessagePair } from "./message_pair.ts";

const OURS = 1 << 15;
const CONTROL = OURS | 1 << 14;

function sent(end: MessageEnd): ForeignPacket {
  return readForeign(end.queue.at(-1)!)!.packet;
}

Deno.test("send() writes a one-way message that a foreign end reads", () => {
  const { a } = new MessagePair();
  assertEquals(a.machine.send(bytesOf("hi"), { businessType: 9, extension: bytesOf("ext") }), SendStatus.Queued);
  const { version, type, businessType, messageId, compression, flags, extension, payload } = sent(a);
  assertEquals([version, type, businessType, messageId, compression, flags], [1, 0, 9, 1, 0, OURS]);
  assertEquals([extension, payload], [bytesOf("ext"), bytesOf("hi")]);
});

Deno.test("send() sets the flags of the application beside ours", () => {
  const { a } = new MessagePair({ control: false });
  a.machine.send(bytesOf(""), { highPriority: true, routeTag: true });
  assertEquals(sent(a).flags, 6);
  a.machine.send(bytesOf(""));
  assertEquals([sent(a).flags, sent(a).messageId], [0, 2]);
});

Deno.test("a message arrives with everything that was added to it", () => {
  const { a, b } = new MessagePair();
  a.machine.send(bytesOf("hi"), { businessType: 255, extension: bytesOf("x"), highPriority: true });
  b.machine.handlePacket(a.queue[0]!, 0, a.queue[0]!.length);
  b.machine.pollEvent();
  const { packet } = b.machine;
  assertEquals([packet.header.businessType, packet.header.flags & 7], [255, 2]);
  assertEquals([packet.payload(), packet.extension()], [bytesOf("hi"), bytesOf("x")]);
});

Deno.test("a request is answered under its id, from either side", () => {
  const pair = new MessagePair();
  for (const [from, to] of [[pair.a, pair.b], [pair.b, pair.a]] as const) {
    from.machine.send(bytesOf("first"));
    const slot = from.machine.request(bytesOf("?"), 100);
    pair.carry();
    assertEquals(to.take().slice(-2), ["OneWay 1 first", "Request 2 ?"]);
    assertEquals(to.machine.respond(to.slots.at(-1)!, bytesOf("!")), SendStatus.Queued);
    pair.carry();
    assertEquals([from.take(), from.slots.at(-1)], [["Response 2 !"], slot]);
    assertEquals([from.machine.pendingCount, to.machine.unansweredCount], [0, 0]);
  }
});

Deno.test("an end that is heard first shows at once that it understands control, and a foreign peer nothing", () => {
  const pair = new MessagePair();
  pair.a.machine.send(bytesOf("first"));
  pair.carry();
  assertEquals([pair.a.machine.peerUnderstands, pair.a.take()], [true, []]);
  const { a } = new MessagePair();
  a.bring(writeForeign({}));
  assertEquals(a.queue.length, 0);
});

Deno.test("a request can be answered once only", () => {
  const pair = new MessagePair();
  pair.a.machine.request(bytesOf("?"), 100);
  pair.carry();
  const slot = pair.b.slots[0]!;
  pair.b.machine.respond(slot, bytesOf("1"));
  assertEquals(pair.b.machine.respond(slot, bytesOf("2")), SendStatus.Closed);
  assertEquals(pair.b.machine.refuse(slot, 1, ""), SendStatus.Closed);
});

Deno.test("a foreign peer never sees more of us than flag bit 15", () => {
  const { a, clock } = new MessagePair();
  a.bring(writeForeign({ type: 1, messageId: 5, payload: bytesOf("?") }));
  a.machine.refuse(a.slots[0]!, RequestErrorCode.NoHandler, "no");
  const slot = a.machine.request(bytesOf("?"), 50, { extension: bytesOf("e") });
  assertEquals([a.queue.length, sent(a).flags, sent(a).extension], [1, OURS, bytesOf("e")]);
  a.machine.cancel(slot);
  assertEquals(a.machine.announceClose(5), false);
  clock.advance(1e6);
  a.machine.handleTimeout();
  a.poll();
  assertEquals([a.queue.length, a.machine.pollTimeout()], [1, Infinity]);
});

Deno.test("bits 14 and 15 mean nothing where control is off", () => {
  const { a } = new MessagePair({ control: false });
  a.bring(writeForeign({ flags: CONTROL, extension: bytesOf("anything"), payload: bytesOf("m"), messageId: 3 }));
  assertEquals([a.take(), a.machine.peerUnderstands], [["OneWay 3 m"], false]);
});

Deno.test("bit 14 without bit 15 means nothing", () => {
  const { a } = new MessagePair();
  a.bring(writeForeign({ flags: 1 << 14, extension: bytesOf("anything"), payload: bytesOf("m") }));
  assertEquals([a.take(), a.machine.packet.extension()], [["OneWay 1 m"], bytesOf("anything")]);
});

Deno.test("unknown flags are ignored", () => {
  const { a } = new MessagePair();
  a.bring(writeForeign({ flags: 0x3ff8, payload: bytesOf("m") }));
  assertEquals(a.take(), ["OneWay 1 m"]);
});

Deno.test("a request expires at its deadline, and its answer is late", () => {
  const pair = new MessagePair();
  const slot = pair.a.machine.request(bytesOf("?"), 100);
  pair.carry();
  pair.pass(99);
  assertEquals(pair.a.take(), []);
  pair.pass(1);
  assertEquals([pair.a.take(), pair.a.slots.at(-1)], [["Expired"], slot]);
  pair.carry();
  assertEquals(pair.b.take(), ["Request 1 ?", "Cancelled"]);
  pair.a.bring(writeForeign({ type: 2, messageId: 1 }));
  assertEquals([pair.a.take(), pair.a.count(MessageCounter.LateResponses)], [[], 1]);
});

Deno.test("a deadline is carried to a peer that understands, beside the application's own header", () => {
  const pair = MessagePair.acquainted();
  pair.a.machine.request(bytesOf("?"), 250, { extension: bytesOf("mine") });
  assertEquals(sent(pair.a).flags, CONTROL);
  pair.b.bring(pair.a.queue.pop()!);
  assertEquals(pair.b.machine.deadlineMs, pair.clock.now + 250);
  assertEquals(pair.b.machine.packet.extension(), bytesOf("mine"));
  pair.pass(250);
  assertEquals([pair.b.take(), pair.b.machine.unansweredCount], [["Request 2 ?", "Unwanted"], 0]);
  assertEquals(pair.b.machine.respond(pair.b.slots[0]!, bytesOf("!")), SendStatus.Closed);
});

Deno.test("a request without a deadline of its own is bounded by handlerTimeoutMs", () => {
  const pair = new MessagePair({}, { handlerTimeoutMs: 500 });
  pair.b.bring(writeForeign({ type: 1, messageId: 9 }));
  pair.pass(500);
  assertEquals([pair.b.take(), pair.b.count(MessageCounter.ExpiredIn)], [["Request 9 ", "Unwanted"], 1]);
});

Deno.test("cancel() reaches a peer that understands it", () => {
  const pair = MessagePair.acquainted();
  const slot = pair.a.machine.request(bytesOf("?"), 1000);
  pair.carry();
  assertEquals([pair.a.machine.cancel(slot), pair.a.machine.cancel(slot)], [true, false]);
  pair.carry();
  assertEquals([pair.b.take(), pair.b.machine.unansweredCount], [["Request 2 ?", "Cancelled"], 0]);
  assertEquals([pair.b.slots.at(-1), pair.b.count(MessageCounter.CancelsIn)], [pair.b.slots.at(-2), 1]);
});

Deno.test("a cancel of an unknown request is of no account", () => {
  const pair = MessagePair.acquainted();
  pair.a.bring(writeForeign({ flags: CONTROL, messageId: 77, extension: Uint8Array.of(3, 0, 0) }));
  assertEquals([pair.a.take(), pair.a.count(MessageCounter.CancelsIn)], [[], 0]);
});

Deno.test("refuse() is a typed answer", () => {
  const pair = MessagePair.acquainted();
  pair.a.machine.request(bytesOf("?"), 1000);
  pair.carry();
  pair.b.machine.refuse(pair.b.slots.at(-1)!, 300, "not today ✗");
  pair.carry();
  assertEquals([pair.a.take(), pair.a.machine.pendingCount], [["Refused 300 not today ✗"], 0]);
});

Deno.test("an error text is cut at 1024 bytes between characters", () => {
  const pair = MessagePair.acquainted();
  pair.a.machine.request(bytesOf("?"), 1000);
  pair.carry();
  pair.b.machine.refuse(pair.b.slots.at(-1)!, 2, "é".repeat(600) + "x");
  pair.carry();
  assertEquals(pair.a.take(), [`Refused 2 ${"é".repeat(512)}`]);
});

Deno.test("the end of the connection abandons every request, and nobody wants an answer", () => {
  const pair = new MessagePair();
  pair.a.machine.request(bytesOf("1"), Infinity);
  pair.a.machine.request(bytesOf("2"), 10);
  pair.carry();
  for (const end of [pair.a, pair.b]) {
    end.take();
    end.machine.handleClosed();
    end.poll();
  }
  assertEquals([pair.a.take(), pair.b.take()], [["Abandoned", "Abandoned"], ["Unwanted", "Unwanted"]]);
  assertEquals(pair.a.machine.send(bytesOf("x")), SendStatus.Closed);
  assertEquals(pair.a.machine.request(bytesOf("x"), 1), -1 - SendStatus.Closed);
});

Deno.test("a full queue leaves no trace of a message or request", () => {
  const { a } = new MessagePair();
  a.room = 0;
  assertEquals(a.machine.send(bytesOf("x")), SendStatus.BackPressured);
  assertEquals(a.machine.request(bytesOf("x"), 10), -1 - SendStatus.BackPressured);
  assertEquals([a.machine.pendingCount, a.machine.lastId, a.machine.pollTimeout()], [0, 0, Infinity]);
  a.room = 1;
  a.machine.send(bytesOf("x"));
  assertEquals([a.machine.lastId, sent(a).messageId], [1, 1]);
});

Deno.test("a field out of its bounds takes no id", () => {
  const { a } = new MessagePair();
  assertThrows(() => a.machine.send(bytesOf("x"), { businessType: 256 }), RangeError);
  assertThrows(() => a.machine.request(bytesOf("x"), 1, { extension: new Uint8Array(65_536) }), RangeError);
  assertThrows(() => a.machine.send("x" as unknown as Uint8Array), TypeError);
  a.machine.send(bytesOf("x"));
  assertEquals([a.machine.lastId, a.machine.pendingCount], [1, 0]);
});

Deno.test("maxPendingRequestCount bounds own requests, maxUnansweredRequestCount the peer's", () => {
  const pair = new MessagePair({ maxPendingRequestCount: 2 }, { maxUnansweredRequestCount: 1 });
  const slots = [1, 2, 3].map(() => pair.a.machine.request(bytesOf("?"), 10));
  assertEquals([slots[2], pair.a.machine.hasPendingRoom], [-1 - SendStatus.BackPressured, false]);
  pair.carry();
  assertEquals([pair.b.take(), pair.b.machine.hasRequestRoom], [["Request 1 ?"], false]);
  assertEquals(pair.b.count(MessageCounter.CrowdedRequests), 1);
});

Deno.test("answers that nobody waits for are counted apart and never shown", () => {
  const pair = new MessagePair();
  pair.a.machine.request(bytesOf("?"), 100);
  const answer = writeForeign({ type: 2, messageId: 1 });
  for (const packet of [answer, answer, writeForeign({ type: 2, messageId: 99 })]) pair.a.bring(packet);
  assertEquals(pair.a.take(), ["Response 1 "]);
  const { DuplicateResponses, UnknownResponses, LateResponses } = MessageCounter;
  assertEquals([DuplicateResponses, UnknownResponses, LateResponses].map((c) => pair.a.count(c)), [1, 1, 0]);
});

Deno.test("an answer before the first own request is unknown", () => {
  const { a } = new MessagePair();
  a.bring(writeForeign({ type: 2, messageId: 1 }));
  assertEquals([a.take(), a.count(MessageCounter.UnknownResponses)], [[], 1]);
});

Deno.test("a second request with the id of an unanswered one is counted and not shown", () => {
  const { a } = new MessagePair();
  a.bring(writeForeign({ type: 1, messageId: 4, payload: bytesOf("1") }));
  a.bring(writeForeign({ type: 1, messageId: 4, payload: bytesOf("2") }));
  assertEquals([a.take(), a.count(MessageCounter.DuplicateRequests)], [["Request 4 1"], 1]);
});

for (const compression of ["zstd", "zlib"] as const) {
  Deno.test(`payloads are compressed with ${compression} from the threshold on, and unpacked`, () => {
    const pair = new MessagePair({ compression, compressFromBytes: 100 });
    const code = compression === "zstd" ? 1 : 2;
    const cases: [string, number][] = [["x".repeat(99), 0], ["x".repeat(100), code]];
    for (const [text, expected] of cases) {
      pair.a.machine.send(bytesOf(text), { extension: bytesOf("e".repeat(200)) });
      assertEquals([sent(pair.a).compression, sent(pair.a).extension.length], [expected, 200]);
      pair.carry();
      assertEquals(pair.b.take().at(-1)!.split(" ")[2], text);
    }
    pair.a.machine.send(bytesOf("x".repeat(500)), { compress: false });
    assertEquals(sent(pair.a).compression, 0);
    assertEquals([pair.a.count(MessageCounter.CompressedOut), pair.b.count(MessageCounter.CompressedIn)], [1, 1]);
  });
}

Deno.test("a payload that does not become smaller goes out as it is", () => {
  const { a } = new MessagePair({ compression: "zstd", compressFromBytes: 0 });
  const noise = new Uint8Array(2000);
  new SeededRandom(3).fillSecret(noise);
  a.machine.send(noise);
  assertEquals([sent(a).compression, sent(a).payload.length], [0, 2000]);
});

Deno.test("what breaks the format is one fault with its own counter, and nothing behind it is looked at", () => {
  const bomb = new MessageEnd(new MessagePair().clock, { compression: "zlib", maxPayloadBytes: 1 << 20 });
  bomb.machine.send(new Uint8Array(1 << 20));
  const cases: [Uint8Array, MessageCounter, CloseCode?][] = [
    [writeForeign({ version: 2 }), MessageCounter.BadVersion],
    [writeForeign({ compression: 3 }), MessageCounter.BadCompression],
    [writeForeign({ type: 3 }), MessageCounter.BadType],
    [writeForeign({ type: 1, messageId: 0 }), MessageCounter.BadType],
    [new Uint8Array(15), MessageCounter.BadLength],
    [writeForeign({ payload: bytesOf("ab") }).subarray(0, 17), MessageCounter.BadLength],
    [writeForeign({ payload: new Uint8Array(1501) }), MessageCounter.TooLarge, CloseCode.FrameTooLarge],
    [writeForeign({ compression: 1, payload: bytesOf("nonsense") }), MessageCounter.BadPayload],
    [bomb.queue[0]!, MessageCounter.BadPayload],
    [writeForeign({ flags: CONTROL, extension: Uint8Array.of(1, 0) }), MessageCounter.BadControl],
  ];
  for (const [packet, counter, code = CloseCode.ProtocolViolation] of cases) {
    const { a } = new MessagePair({ maxPayloadBytes: 1500 });
    a.bring(packet);
    assertEquals([a.take(), a.count(counter)], [[`Fault ${code}`], 1], `counter ${counter}`);
    a.bring(writeForeign({}));
    assertEquals([a.take(), a.machine.send(bytesOf("x"))], [[], SendStatus.Closed]);
  }
});

Deno.test("a compressed answer that nobody waits for is not unpacked", () => {
  const { a } = new MessagePair();
  a.bring(writeForeign({ type: 2, messageId: 3, compression: 1, payload: bytesOf("nonsense") }));
  assertEquals([a.take(), a.count(MessageCounter.UnknownResponses)], [[], 1]);
});

Deno.test("a payload of exactly maxPayloadBytes passes both ways, one byte more is TooLarge", () => {
  const pair = new MessagePair({ maxPayloadBytes: 100 }, { maxPayloadBytes: 100 });
  assertEquals(pair.a.machine.send(new Uint8Array(101)), SendStatus.TooLarge);
  pair.a.machine.send(bytesOf("y".repeat(100)));
  pair.carry();
  assertEquals(pair.b.take(), [`OneWay 1 ${"y".repeat(100)}`]);
});

Deno.test("a silent peer is asked, and its answer keeps the connection", () => {
  const pair = MessagePair.acquainted({ keepAliveMs: 1000, keepAliveTimeoutMs: 500 }, { keepAliveMs: 0 });
  pair.pass(10_000);
  assertEquals([pair.a.take(), pair.b.take()], [[], []]);
});

Deno.test("a peer that does not answer within keepAliveTimeoutMs is given up", () => {
  const pair = MessagePair.acquainted({ keepAliveMs: 1000, keepAliveTimeoutMs: 500 });
  const { a, clock } = pair;
  clock.advance(1000);
  a.machine.handleTimeout();
  assertEquals([a.queue.length, sent(a).flags, a.machine.pollTimeout()], [1, CONTROL, 1500]);
  clock.advance(1499);
  a.machine.handleTimeout();
  a.poll();
  assertEquals(a.take(), []);
  clock.advance(1500);
  a.machine.handleTimeout();
  a.poll();
  assertEquals(a.take(), ["Silent"]);
});

Deno.test("bytes of any kind and a held reading put off the question", () => {
  const pair = MessagePair.acquainted({ keepAliveMs: 1000 });
  const { machine } = pair.a;
  pair.clock.advance(900);
  machine.heard();
  assertEquals(machine.pollTimeout(), 1900);
  machine.holdReading();
  assertEquals(machine.pollTimeout(), Infinity);
  pair.clock.advance(5000);
  machine.handleTimeout();
  machine.resumeReading();
  assertEquals([pair.a.queue.length, machine.pollTimeout()], [0, 6000]);
});

Deno.test("announceClose() tells a peer that understands it", () => {
  const pair = MessagePair.acquainted();
  assertEquals(pair.a.machine.announceClose(1234), true);
  pair.carry();
  assertEquals(pair.b.take(), ["GoingAway 1234"]);
});

Deno.test("handlePacket() insists that events are polled", () => {
  const { a } = new MessagePair();
  const packet = writeForeign({});
  a.machine.handlePacket(packet, 0, packet.length);
  assertThrows(() => a.machine.handlePacket(packet, 0, packet.length), MisuseError);
});

Deno.test("whatever bytes come, the machine does not throw and says at most one fault", () => {
  for (let seed = 1; seed <= 500; seed++) {
    const random = new SeededRandom(seed);
    const pair = MessagePair.acquainted({ maxPayloadBytes: 500, maxUnansweredRequestCount: 3 });
    pair.a.machine.request(bytesOf("?"), 100);
    for (let i = 0; i < 12; i++) {
      const extension = new Uint8Array(random.nextInt(12));
      random.fillSecret(extension);
      if (random.nextInt(2) === 0) extension.forEach((byte, at) => extension[at] = byte & 7);
      const packet = writeForeign({
        type: random.nextInt(3),
        messageId: random.nextInt(5),
        compression: random.nextInt(8) === 0 ? 1 : 0,
        flags: random.nextInt(3) === 0 ? CONTROL : OURS,
        extension,
        payload: new Uint8Array(random.nextInt(20)),
      });
      if (random.nextInt(10) === 0) packet[random.nextInt(packet.length)]! ^= 1 << random.nextInt(8);
      pair.a.bring(packet);
      pair.clock.advance(pair.clock.now + random.nextInt(40));
      pair.a.machine.handleTimeout();
      pair.a.poll();
    }
    pair.a.machine.handleClosed();
    pair.a.poll();
    const told = pair.a.take();
    assertEquals(told.filter((one) => one.startsWith("Fault")).length <= 1, true, `seed ${seed}`);
    const ends = told.filter((one) => /^(Response|Refused|Expired|Abandoned)/.test(one));
    assertEquals(ends.length, 1, `seed ${seed}: ${told.join(", ")}`);
    assertEquals([pair.a.machine.pendingCount, pair.a.machine.unansweredCount], [0, 0], `seed ${seed}`);
  }
});
