/**
 * Seeded fuzzing of the message machine: two ends that talk at random, whose packets arrive late and, in one of two cases,
 * damaged somewhere; and the cursors of both framings over the same bytes.
 *
 * What must hold: nothing throws; every own request ends in exactly one way; a request of the peer is open until it is
 * answered, refused, cancelled or unwanted; without damage no fault is ever said, and with it at most one.
 *
 * @module
 */
import { SendStatus } from "../../src/error/send_status.ts";
import { SeededRandom } from "../../src/random/seeded_random.ts";
import { encodeFrame, MESSAGE_HEADER_FRAMING, UINT32_FRAMING } from "../../src/stream/framing.ts";
import { parseMessages, parseUint32 } from "../unit/stream/reference_message_parser.ts";
import { type MessageEnd, MessagePair } from "../unit/message/message_pair.ts";

const STEPS = 60;
const LIMITS = { minBytes: 16, maxBytes: 700, prefixBytes: 0 };
const ENDS = /^(Response|Refused|Expired|Abandoned)/;

/** Fuzzes messages. */
export class MessageFuzz {
  readonly name = "message";
  readonly shortCount = 600;

  /**
   * Runs one case.
   *
   * @param seed All that the case depends on.
   * @throws When an invariant does not hold.
   */
  run(seed: number): void {
    const random = new SeededRandom(seed);
    const isDamaging = random.nextInt(2) === 0;
    const compression = (["none", "zlib", "none"] as const)[random.nextInt(3)]!;
    const options = { maxPayloadBytes: 600, compression, compressFromBytes: 100, maxUnansweredRequestCount: 5 };
    const pair = new MessagePair({ ...options, control: random.nextInt(4) > 0 }, options);
    const asked = [0, 0];
    const cancelled = [0, 0];
    const captured: Uint8Array[] = [];
    for (let step = 0; step < STEPS; step++) {
      const side = random.nextInt(2);
      const from = side === 0 ? pair.a : pair.b;
      const payload = new Uint8Array(random.nextInt(610)).fill(step);
      const extension = new Uint8Array(random.nextInt(3) === 0 ? random.nextInt(20) : 0);
      switch (random.nextInt(8)) {
        case 0:
        case 1:
          from.machine.send(payload, { extension });
          break;
        case 2:
        case 3:
          if (from.machine.request(payload, 1 + random.nextInt(200), { extension }) >= 0) asked[side]!++;
          break;
        case 4:
          this.#answer(from, random, payload);
          break;
        case 5:
          if (from.machine.cancel(random.nextInt(8))) cancelled[side]!++;
          break;
        case 6:
          pair.pass(random.nextInt(60));
          break;
        default:
          this.#carry(pair, random, isDamaging, captured);
      }
    }
    for (const end of [pair.a, pair.b]) {
      end.machine.handleClosed();
      end.poll();
    }
    [pair.a, pair.b].forEach((end, side) => {
      const told = end.take();
      check(told.filter((one) => ENDS.test(one)).length === asked[side]! - cancelled[side]!, "a request ends once");
      check(told.filter((one) => one.startsWith("Fault")).length <= (isDamaging ? 1 : 0), "at most one fault");
      check(end.machine.pendingCount === 0 && end.machine.unansweredCount === 0, "nothing is left");
    });
    this.#parse(captured, random);
  }

  #answer(end: MessageEnd, random: SeededRandom, payload: Uint8Array): void {
    const slot = random.nextInt(6);
    const status = random.nextInt(3) === 0 ? end.machine.refuse(slot, 300, "no") : end.machine.respond(slot, payload);
    if (status === SendStatus.Queued) check(end.machine.respond(slot, payload) === SendStatus.Closed, "answered once");
  }

  #carry(pair: MessagePair, random: SeededRandom, isDamaging: boolean, captured: Uint8Array[]): void {
    for (const [from, to] of [[pair.a, pair.b], [pair.b, pair.a]] as const) {
      for (const packet of from.queue.splice(0, 1 + random.nextInt(6))) {
        if (isDamaging && random.nextInt(40) === 0) packet[random.nextInt(packet.length)]! ^= 1 << random.nextInt(8);
        captured.push(packet);
        to.bring(packet);
      }
    }
  }

  /** The cursors find in what was sent, damaged and cut, what the reference parsers find. */
  #parse(packets: readonly Uint8Array[], random: SeededRandom): void {
    for (const [framing, parse] of [[MESSAGE_HEADER_FRAMING, parseMessages], [UINT32_FRAMING, parseUint32]] as const) {
      const frames = packets.map((packet) => encodeFrame(framing, packet));
      const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length, 0));
      let at = 0;
      for (const frame of frames) {
        bytes.set(frame, at);
        at += frame.length;
      }
      const cut = bytes.subarray(0, random.nextInt(bytes.length + 1));
      const cursor = framing.parser(LIMITS);
      let [count, position] = [0, 0];
      for (let end = 0; end < cut.length && cursor.fault === undefined;) {
        end = Math.min(cut.length, end + 1 + random.nextInt(900));
        cursor.load(cut, position, end);
        while (cursor.next()) count++;
        position = cursor.position;
      }
      const expected = parse(cut, LIMITS);
      check(count === expected.payloads.length && cursor.fault === expected.fault, "the cursor agrees");
    }
  }
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`Does not hold: ${what}`);
}
