/**
 * What happens to messages for which there is no room is a choice: one slow reader, five policies.
 *
 * 4096 messages of 4 KiB under 64 keys go, without waiting, to a client that is not reading yet; then it reads what it
 * was left. With `wait` a refused message is offered again after the drain event.
 *
 *     deno run --allow-net examples/backpressure.ts
 *
 * @module
 */
import {
  CloseCode,
  closeCodeName,
  type Connection,
  type DisconnectReason,
  Particle,
  Reactor,
  type SendPolicy,
  SendStatus,
} from "@ringwire/ringwire";

const COUNT = 4096;
const KEYS = 64;

interface Outcome {
  readonly received: readonly number[];
  readonly dropped: number;
  readonly end: DisconnectReason;
}

const wait = await play("wait");
const dropNewest = await play("dropNewest");
const dropOldest = await play("dropOldest");
const conflate = await play("conflate");
const close = await play("close");

const last = COUNT - 1;
expect(wait.received.length === COUNT, "wait: everything arrives");
expect(dropNewest.received[0] === 0 && !dropNewest.received.includes(last), "dropNewest: the old ones arrive");
expect(dropOldest.received.length < COUNT && dropOldest.received.at(-1) === last, "dropOldest: the new ones arrive");
const newest = Array.from({ length: KEYS }, (_, key) => COUNT - KEYS + key);
expect(newest.every((n) => conflate.received.includes(n)), "conflate: the newest of every key arrives");
expect(close.end.code === CloseCode.SendQueueFull, "close: the connection is closed");
for (const one of [wait, dropNewest, dropOldest, conflate]) {
  expect(one.received.length + one.dropped === COUNT, "what did not arrive was counted");
}

/** Sends to a reader that starts late, and tells what became of it. */
async function play(sendPolicy: SendPolicy): Promise<Outcome> {
  const ended = Promise.withResolvers<DisconnectReason>();
  const reading = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<void>();
  let drained: () => void = () => {};
  let dropped = 0;

  const reactor = new Reactor({
    hostname: "127.0.0.1",
    sendPolicy,
    maxQueuedBytes: 512 << 10,
    onConnected: (connection) => void sendAll(connection).then(finished.resolve, finished.reject),
    onDrain: () => drained(),
    onDisconnected: (connection, reason) => {
      const { droppedNewest, droppedOldest, conflated } = connection.statistics();
      dropped = droppedNewest + droppedOldest + conflated;
      ended.resolve(reason);
    },
  });
  await reactor.start();

  async function sendAll(connection: Connection): Promise<void> {
    const message = new Uint8Array(4096);
    for (let i = 0; i < COUNT; i++) {
      new DataView(message.buffer).setUint32(0, i, true);
      while (connection.trySend(message, i % KEYS) === SendStatus.BackPressured) {
        const room = new Promise<void>((resolve) => drained = resolve);
        reading.resolve();
        await room;
      }
      // A turn of the event loop now and then, so that what is queued goes out until the reader's side is full.
      if (i % KEYS === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    reading.resolve();
  }

  const received: number[] = [];
  const particle = new Particle({
    port: reactor.port,
    onConnected: () => reading.promise,
    onReceived: (data) => void received.push(new DataView(data.buffer, data.byteOffset).getUint32(0, true)),
  });
  await finished.promise;
  await reactor.stop();
  await particle.closed;
  const end = await ended.promise;
  console.log(
    `${sendPolicy.padEnd(10)} ${String(received.length).padStart(4)} received, ${
      String(dropped).padStart(4)
    } dropped, ` +
      `closed with ${closeCodeName(end.code)}`,
  );
  return { received, dropped, end };
}

function expect(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`This did not happen: ${what}`);
}
