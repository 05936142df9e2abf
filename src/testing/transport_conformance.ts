/**
 * What every transport has to do, as a suite that any adapter runs: those of this package, and a program's own.
 *
 * It looks at links alone, streams and links of whole messages, and knows nothing of the packets that they carry: a stream
 * gets a `uint32` length before each message. It waits for conditions, never for a time that is hoped to be enough.
 *
 * @module
 */
import { ResourceError } from "../error/transport_error.ts";
import type { MessageLink, MessageListener } from "../transport/message_link.ts";
import type { StreamLink, StreamListener } from "../transport/stream_link.ts";
import { messageWire, streamWire, type Wire } from "./conformance_wire.ts";

/** An open transport, and how to reach it. */
export type ConformancePlace =
  | {
    readonly kind: "stream";
    readonly listener: StreamListener;
    /** Opens a link to the listener. */
    readonly connect: (signal: AbortSignal) => Promise<StreamLink>;
  }
  | {
    readonly kind: "message";
    readonly listener: MessageListener;
    /** Opens a link to the listener. */
    readonly connect: (signal: AbortSignal) => Promise<MessageLink>;
  };

/** What the suite is run over. */
export interface ConformanceSubject {
  /** Its name, for the names of the cases. */
  readonly name: string;
  /** Listens at a place of its own. */
  readonly open: () => Promise<ConformancePlace>;
  /** The largest message to try, in bytes. */
  readonly maxMessageBytes: number;
  /** Whether one end may go on sending after the other one has ended. @default true for streams */
  readonly halfCloses?: boolean;
  /** Whether the accepting end can send before the connecting end has. @default true */
  readonly acceptedSpeaksFirst?: boolean;
  /** Whether the connecting end can stop reading. @default true */
  readonly connectingPauses?: boolean;
  /** How many connections to open at the same time. @default 50 */
  readonly connectionCount?: number;
}

/** One thing that a transport has to do. */
export interface ConformanceCase {
  /** A sentence that names the transport. */
  readonly name: string;
  /** Tries it; rejects when it is not done. */
  readonly run: () => Promise<void>;
}

interface Ends {
  readonly connecting: Wire;
  readonly accepted: Wire;
}

type Trial = (subject: ConformanceSubject, ends: Ends) => Promise<void>;

const TRIALS: readonly (readonly [string, Trial])[] = [
  ["keeps the order of many small messages, both ways", keepsOrder],
  ["keeps boundaries and sizes, from none to the largest", keepsSizes],
  ["holds a sender up whose peer does not read, and loses nothing", holdsUp],
  ["delivers everything to a slow reader", servesSlowly],
  ["delivers what was sent before an end in order", endsInOrder],
  ["tells the other end of an abrupt loss", tellsLoss],
  ["settles everything when it is closed while sending", settlesAll],
];

/**
 * The cases for a transport.
 *
 * @param subject The transport.
 * @returns The cases; each opens and closes what it needs.
 * @example
 * ```ts ignore
 * for (const { name, run } of transportConformance(mySubject)) Deno.test(name, run);
 * ```
 */
export function transportConformance(subject: ConformanceSubject): readonly ConformanceCase[] {
  const cases = TRIALS.map(([what, trial]) => ({
    name: `${subject.name} ${what}`,
    run: () => withPlace(subject, (place) => withEnds(subject, place, (ends) => trial(subject, ends))),
  }));
  const places:
    readonly (readonly [string, (subject: ConformanceSubject, place: ConformancePlace) => Promise<void>])[] = [
      ["serves many connections side by side", servesMany],
      ["lets nobody in any more once its listener is closed", refusesAfterClose],
      ["gives up connecting when the signal fires", honoursSignal],
    ];
  for (const [what, trial] of places) {
    cases.push({ name: `${subject.name} ${what}`, run: () => withPlace(subject, (place) => trial(subject, place)) });
  }
  return cases;
}

async function withPlace(
  subject: ConformanceSubject,
  use: (place: ConformancePlace) => Promise<void>,
): Promise<void> {
  const place = await subject.open();
  try {
    await place.listener.listening;
    await use(place);
  } finally {
    place.listener.close();
    await place.listener.whenClosed;
  }
}

async function withEnds(
  subject: ConformanceSubject,
  place: ConformancePlace,
  use: (ends: Ends) => Promise<void>,
): Promise<void> {
  const ends = await openEnds(subject, place);
  try {
    await use(ends);
  } finally {
    ends.connecting.close();
    ends.accepted.close();
    await Promise.all([ends.connecting.whenOver, ends.accepted.whenOver]);
  }
}

async function openEnds(subject: ConformanceSubject, place: ConformancePlace): Promise<Ends> {
  const signal = new AbortController().signal;
  const ends = place.kind === "stream"
    ? await Promise.all([place.connect(signal), place.listener.accept()]).then((
      [a, b],
    ) => [streamWire(a), streamWire(b)])
    : await Promise.all([place.connect(signal), place.listener.accept()]).then(([a, b]) => [
      messageWire(a),
      messageWire(b),
    ]);
  const [connecting, accepted] = ends as [Wire, Wire];
  if (subject.acceptedSpeaksFirst === false) {
    await connecting.send(numbered(0, 4));
    check(await accepted.receive() !== null, "The first message did not come");
  }
  return { connecting, accepted };
}

async function keepsOrder(_subject: ConformanceSubject, { connecting, accepted }: Ends): Promise<void> {
  const count = 2000;
  await Promise.all([[connecting, accepted], [accepted, connecting]].map(async ([from, to]) => {
    const sending = (async () => {
      for (let i = 0; i < count; i++) await from!.send(numbered(i, 4 + i % 60));
    })();
    for (let i = 0; i < count; i++) checkNumbered(await to!.receive(), i, 4 + i % 60);
    await sending;
  }));
}

async function keepsSizes({ maxMessageBytes: max }: ConformanceSubject, { connecting, accepted }: Ends): Promise<void> {
  const edges = [0, 1, 2, 3, 125, 126, 127, 128, 65_535, 65_536, 65_537, max - 1, max];
  for (const size of edges.filter((one) => one <= max)) {
    for (const [from, to] of [[connecting, accepted], [accepted, connecting]] as const) {
      const message = numbered(size, size);
      const [received] = await Promise.all([to.receive(), from.send(message)]);
      checkNumbered(received, size, size);
    }
  }
}

async function holdsUp(subject: ConformanceSubject, { connecting, accepted }: Ends): Promise<void> {
  const size = Math.min(32 << 10, subject.maxMessageBytes);
  const most = Math.ceil((256 << 20) / size);
  accepted.pause();
  let sent = 0;
  let isHeldUp = false;
  while (sent < most && !isHeldUp) {
    const sending = connecting.send(numbered(sent, size));
    isHeldUp = await isStandingStill(sending, () => connecting.progress);
    sent++;
    if (!isHeldUp) continue;
    accepted.resume();
    for (let i = 0; i < sent; i++) checkNumbered(await accepted.receive(), i, size);
    await sending;
  }
  check(isHeldUp, `A peer that reads nothing was sent ${sent * size} bytes`);
}

async function servesSlowly(subject: ConformanceSubject, { connecting, accepted }: Ends): Promise<void> {
  const size = Math.min(4096, subject.maxMessageBytes);
  const count = 300;
  // Who cannot stop reading is sent no more than it may keep.
  const [from, to] = subject.connectingPauses === false ? [connecting, accepted] : [accepted, connecting];
  const sending = (async () => {
    for (let i = 0; i < count; i++) await from.send(numbered(i, size));
  })();
  for (let i = 0; i < count; i++) {
    await turn();
    checkNumbered(await to.receive(), i, size);
  }
  await sending;
}

async function endsInOrder(subject: ConformanceSubject, { connecting, accepted }: Ends): Promise<void> {
  const count = 100;
  const size = Math.min(1000, subject.maxMessageBytes);
  const sending = (async () => {
    for (let i = 0; i < count; i++) await connecting.send(numbered(i, size));
    await connecting.end();
  })();
  for (let i = 0; i < count; i++) checkNumbered(await accepted.receive(), i, size);
  check(await accepted.receive() === null, "An end in order did not come as one");
  await sending;
  if (subject.halfCloses === false) return;
  await accepted.send(numbered(7, 100));
  checkNumbered(await connecting.receive(), 7, 100);
  await accepted.end();
  check(await connecting.receive() === null, "The answer to an end did not come as one");
}

async function tellsLoss(_subject: ConformanceSubject, { connecting, accepted }: Ends): Promise<void> {
  const waiting = accepted.receive();
  connecting.close();
  check(await settled(waiting) !== "message", "A message came that nobody sent");
  for (let i = 0; i < 10_000; i++) {
    if (await accepted.send(new Uint8Array(1)).then(() => false, () => true)) return;
    await turn();
  }
  throw new Error("An end whose peer is gone goes on sending");
}

async function settlesAll(subject: ConformanceSubject, { connecting, accepted }: Ends): Promise<void> {
  accepted.pause();
  const size = Math.min(16 << 10, subject.maxMessageBytes);
  const sends = Array.from({ length: 200 }, (_, i) => settled(connecting.send(numbered(i, size))));
  const receiving = settled(connecting.receive());
  await turn();
  connecting.close();
  await Promise.all(sends);
  check(await receiving !== "message", "A message came that nobody sent");
  check(await settled(connecting.send(new Uint8Array(1))) === "error", "A closed end took a message");
}

async function servesMany(subject: ConformanceSubject, place: ConformancePlace): Promise<void> {
  const count = subject.connectionCount ?? 50;
  const ends: Ends[] = [];
  for (let i = 0; i < count; i++) ends.push(await openEnds(subject, place));
  try {
    await Promise.all(ends.map(async ({ connecting, accepted }, i) => {
      await connecting.send(numbered(i, 32));
      checkNumbered(await accepted.receive(), i, 32);
      await accepted.send(numbered(i + 1, 32));
      checkNumbered(await connecting.receive(), i + 1, 32);
    }));
  } finally {
    for (const { connecting, accepted } of ends) {
      connecting.close();
      accepted.close();
    }
    await Promise.all(ends.flatMap(({ connecting, accepted }) => [connecting.whenOver, accepted.whenOver]));
  }
}

async function refusesAfterClose(_subject: ConformanceSubject, place: ConformancePlace): Promise<void> {
  const accepting = settled(place.listener.accept());
  place.listener.close();
  place.listener.close();
  check(await accepting === "error" && place.listener.closed, "A closed listener goes on accepting");
  check(await settled(place.listener.accept()) === "error", "A closed listener accepts again");
}

async function honoursSignal(_subject: ConformanceSubject, place: ConformancePlace): Promise<void> {
  const reason = new ResourceError("enough");
  const error = await place.connect(AbortSignal.abort(reason)).then(() => undefined, (error) => error);
  check(error === reason, "A signal that has fired does not end the attempt with its reason");
}

/** Whether a send waits and nothing moves any more; false when it settles. */
async function isStandingStill(sending: Promise<void>, progress: () => number): Promise<boolean> {
  let isDone = false;
  sending.then(() => isDone = true, () => isDone = true);
  let [last, still] = [progress(), 0];
  // Many turns without any progress: neither the peer's buffers nor the system's take more.
  while (!isDone && still < 200) {
    await turn();
    const now = progress();
    still = now === last ? still + 1 : 0;
    last = now;
  }
  return !isDone;
}

function settled(promise: Promise<unknown>): Promise<"message" | "end" | "error"> {
  return promise.then((value) => value === null ? "end" : "message", () => "error");
}

/** Lets the event loop turn; a macrotask that takes no longer than it must. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      port2.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

function numbered(number: number, size: number): Uint8Array {
  const message = new Uint8Array(size);
  for (let i = 0; i < size; i++) message[i] = (number + i * 7) & 255;
  if (size >= 4) new DataView(message.buffer).setUint32(0, number);
  return message;
}

function checkNumbered(message: Uint8Array | null, number: number, size: number): void {
  check(message !== null, `Message ${number} did not come`);
  check(message!.length === size, `Message ${number} has ${message!.length} bytes and not ${size}`);
  const expected = numbered(number, size);
  const wrong = expected.findIndex((byte, i) => byte !== message![i]);
  check(wrong < 0, `Message ${number} differs at byte ${wrong}`);
}

function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
