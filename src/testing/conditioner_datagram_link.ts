/**
 * A datagram link whose way out is conditioned: what it sends goes over a `DatagramConditioner` first.
 *
 * Wrap both ends to condition both ways; any link will do, a real socket as well. Invariants: refusals of the wrapped
 * link that depend on its state are given at once; of what the line holds nothing is sent after the close.
 *
 * @module
 */
import { SendStatus } from "../error/send_status.ts";
import type { DatagramLink, NumericAddress } from "../transport/datagram_link.ts";
import type { DatagramConditionerOptions } from "./conditioner_datagram_options.ts";
import { DatagramConditioner } from "./datagram_conditioner.ts";

/** How many words a numeric address has. */
const ADDRESS_WORDS = 6;

/**
 * Wraps a link.
 *
 * @param link The link; from here on it belongs to the wrapper, which closes it.
 * @param options What is done to every datagram that is sent.
 * @returns A link with the same address that receives as before.
 * @throws {RangeError} When an option is out of range.
 */
export function conditionDatagramLink(link: DatagramLink, options: DatagramConditionerOptions): DatagramLink {
  const line = new DatagramConditioner(options);
  let isClosed = false;
  const sendNow = (bytes: Uint8Array, to: NumericAddress): void => {
    if (!isClosed) link.send(bytes, 0, bytes.length, to);
  };
  return {
    get local() {
      return link.local;
    },
    get maxDatagramBytes() {
      return link.maxDatagramBytes;
    },
    get dontFragment() {
      return link.dontFragment;
    },
    get hasRoom() {
      return link.hasRoom;
    },
    start: (receiver) => link.start(receiver),
    send(buffer, start, end, to) {
      if (isClosed) return SendStatus.Closed;
      if (end - start > link.maxDatagramBytes) return SendStatus.TooLarge;
      const words = Int32Array.from({ length: ADDRESS_WORDS }, (_, i) => to.words[i]!);
      line.send(buffer.subarray(start, end), (bytes) => sendNow(bytes, { words }));
      return SendStatus.Queued;
    },
    counters: () => ({ ...link.counters(), ...prefixed(line.tally) }),
    close() {
      isClosed = true;
      link.close();
    },
    whenClosed: link.whenClosed,
  };
}

function prefixed(tally: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(tally).map(([name, count]): [string, number] => [`line ${name}`, Number(count)]),
  );
}
