/**
 * The server feeds order books of 64 instruments to a client that reads slowly: the policy `conflate` keeps the newest
 * book of each, and the replaced ones are the drops of the table.
 *
 * The client generates all books anew, passes over those that were replaced, and compares the others byte by byte;
 * none may be older than the one before it, and the last one of every instrument must arrive. An empty message ends
 * the feed.
 *
 * @module
 */
import { type Connection, Particle } from "@ringwire/ringwire";
import type { Account } from "../account.ts";
import type { ClientSetting, Fault, Scenario, Service, Setting } from "../scenario.ts";
import { Arrivals, serveTcp } from "../tcp_service.ts";
import { tickAccount } from "../tick_check.ts";
import { TickFeed } from "../tick_feed.ts";

const BOOK_BYTES = 1024;
const INSTRUMENTS = 64;
const ROUNDS_PER_TURN = 4;
const BOOKS_PER_PAUSE = 32;

/** The scenario. */
export const tcpConflate: Scenario = {
  name: "tcp.conflate",
  transport: "TCP conflated feed, slow reader",
  clientCount: 1,
  serve,
  drive,
};

function serve(setting: Setting): Promise<Service> {
  const arrivals = new Arrivals();
  let offered = 0;
  let replaced = 0;
  return serveTcp(setting, {
    connectionCount: 1,
    arrivals,
    options: {
      sendPolicy: "conflate",
      onConnected: (connection) => {
        feedAll(connection, setting).then((count) => offered = count, (error) => arrivals.faults.push(String(error)));
      },
    },
    onEnd: (connection) => replaced = connection.statistics().conflated,
    account: () => ({
      streams: { feed: tickAccount(offered - replaced, BOOK_BYTES) },
      drops: replaced,
      faults: [],
    }),
  });
}

/** Feeds for as long as the setting says; returns how many books were offered. */
async function feedAll(connection: Connection, { seed, runMs, fault }: Setting): Promise<number> {
  const books = Array.from({ length: INSTRUMENTS }, (_, number) => new TickFeed(seed, number, BOOK_BYTES));
  const endMs = performance.now() + runMs;
  let rounds = 0;
  while (performance.now() < endMs && connection.open) {
    for (let i = 0; i < ROUNDS_PER_TURN; i++, rounds++) {
      books.forEach((book, number) => connection.trySend(book.next(), number));
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  books.forEach((book, number) => offerLast(connection, book.next(), number, number === 0 ? fault : "none"));
  await connection.send(new Uint8Array(0));
  return (rounds + 1) * INSTRUMENTS;
}

/** The last book cannot be replaced any more: what is wrong with it must be noticed. */
function offerLast(connection: Connection, book: Uint8Array, number: number, fault: Fault): void {
  if (fault === "corrupt") book[BOOK_BYTES >> 1]! ^= 1;
  if (fault !== "lose") connection.trySend(book, number);
}

async function drive(setting: ClientSetting, watch: (count: () => number) => void): Promise<Account> {
  const { hostname, port, seed } = setting;
  const ended = Promise.withResolvers<void>();
  const arrivals = new Arrivals();
  const check = new BookCheck(seed);
  const particle = new Particle({
    hostname,
    port,
    onReceived: (book) => {
      if (book.length === 0) return ended.resolve();
      arrivals.note();
      check.take(book);
      // This promise holds back the reading: the client is slow.
      if (check.count % BOOKS_PER_PAUSE === 0) return new Promise((resolve) => setTimeout(resolve, 1));
    },
    onDisconnected: ({ message }) => ended.reject(new Error(`The link ended with ${message}`)),
  });
  watch(() => check.count);
  await ended.promise;
  await particle.close();
  return {
    streams: { feed: tickAccount(check.count, BOOK_BYTES) },
    seconds: arrivals.seconds,
    drops: 0,
    faults: [...arrivals.faults, ...check.verdict()],
  };
}

/** Compares books of which many are missing. */
class BookCheck {
  /** How many books came. */
  count = 0;
  readonly #books: readonly TickFeed[];
  readonly #faults = new Map<number, string>();

  constructor(seed: number) {
    this.#books = Array.from({ length: INSTRUMENTS }, (_, number) => new TickFeed(seed, number, BOOK_BYTES));
  }

  take(bytes: Uint8Array): void {
    this.count++;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const number = bytes.length === BOOK_BYTES ? view.getUint32(0, true) : -1;
    const book = this.#books[number];
    if (book === undefined) return void this.#faults.set(-1, `a message of ${bytes.length} bytes is no book`);
    const sequence = view.getUint32(4, true);
    if (sequence < book.count) return void this.#faults.set(number, `book ${number}: ${sequence} came late`);
    while (book.count <= sequence) book.next();
    const at = book.difference(bytes, 0, bytes.length);
    if (at >= 0) this.#faults.set(number, `book ${number}: number ${sequence} differs at byte ${at}`);
  }

  /** All books have the same number of versions, so the last ones have the same sequence. */
  verdict(): string[] {
    const last = Math.max(...this.#books.map((book) => book.count));
    const late = this.#books.flatMap((book, number) =>
      book.count < last ? [`book ${number}: the last one did not arrive`] : []
    );
    return [...this.#faults.values(), ...late];
  }
}
