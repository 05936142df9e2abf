/**
 * Networks as far as a jitter buffer feels them: seeded generators of transit times, none with more parts than what it
 * is named after.
 *
 * Why they change over time: so do real ones, on scales from a second (a burst) to minutes (a route); what does not
 * change at all is {@linkcode stationary}, on which no buffer can be better than the best fixed one.
 *
 * @module
 */
import type { SeededRandom } from "../../../../src/random/seeded_random.ts";
import { exponential, inOrder, type Network, normal, uniform } from "./lateness_trace.ts";

/**
 * Every frame late on its own, and always alike.
 *
 * @param random The source.
 * @param meanMs The mean of the exponential lateness.
 * @returns The network.
 */
export function stationary(random: SeededRandom, meanMs: number): Network {
  return () => 2 + exponential(random, meanMs);
}

/**
 * Wi-Fi with little traffic: jitter of a millisecond or two that follows the load of the channel over some 15 s, and a
 * retransmission for every fiftieth frame.
 *
 * @param random The source.
 * @returns The network.
 */
export function stableWifi(random: SeededRandom): Network {
  let load = 0;
  let beforeMs = 0;
  return (sentMs) => {
    const step = (sentMs - beforeMs) / 15_000;
    beforeMs = sentMs;
    load += -load * Math.min(1, step) + Math.sqrt(2 * step) * 0.45 * normal(random);
    const retransmitted = random.visibleFraction() < 0.02 ? uniform(random, 3, 10) : 0;
    return 2 + exponential(random, 1.5 * Math.exp(load)) + retransmitted;
  };
}

/**
 * Wi-Fi among neighbours: as above, but for a second or two in every ten it is crowded, and now and then it holds all
 * frames back for up to 120 ms while it scans or sleeps.
 *
 * @param random The source.
 * @returns The network.
 */
export function burstyWifi(random: SeededRandom): Network {
  const calm = stableWifi(random);
  let crowded = true;
  let untilMs = 0;
  let heldMs = -1;
  return inOrder((sentMs) => {
    if (sentMs >= untilMs) {
      crowded = !crowded;
      untilMs = sentMs + (crowded ? Math.max(300, exponential(random, 1800)) : exponential(random, 9000));
    }
    if (sentMs > heldMs && random.visibleFraction() < 0.0005) heldMs = sentMs + uniform(random, 40, 120);
    const transit = calm(sentMs) + (crowded ? exponential(random, 18) : 0);
    return Math.max(transit, heldMs - sentMs + 2);
  });
}

/**
 * LTE on the move: grants and retransmissions of 8 ms, and a handover every 20 s or so, which holds all frames back for
 * 40 to 260 ms and ends in a cell with another delay and another load.
 *
 * @param random The source.
 * @returns The network.
 */
export function lteHandover(random: SeededRandom): Network {
  let baseMs = 20;
  let load = 1;
  let handoverMs = exponential(random, 20_000);
  let heldMs = -1;
  return inOrder((sentMs) => {
    if (sentMs >= handoverMs) {
      heldMs = sentMs + uniform(random, 40, 260);
      baseMs = uniform(random, 14, 40);
      load = uniform(random, 0.5, 3);
      handoverMs = sentMs + 4000 + exponential(random, 18_000);
    }
    let transit = baseMs + uniform(random, 0, 5) * load;
    while (random.visibleFraction() < 0.08) transit += 8;
    return Math.max(transit, sentMs < heldMs ? heldMs - sentMs + baseMs : 0);
  });
}

/**
 * A bloated queue: for 6 to 20 s at a time a download fills it at 10 to 40 ms a second up to a limit, backs off and
 * fills it again; then it drains.
 *
 * @param random The source.
 * @returns The network.
 */
export function bufferbloat(random: SeededRandom): Network {
  let isBusy = false;
  let untilMs = exponential(random, 6000);
  let queueMs = 0;
  let rampMs = 0;
  let limitMs = 0;
  let beforeMs = 0;
  return inOrder((sentMs) => {
    const passedMs = sentMs - beforeMs;
    beforeMs = sentMs;
    if (sentMs >= untilMs) {
      isBusy = !isBusy;
      untilMs = sentMs + (isBusy ? uniform(random, 6000, 20_000) : uniform(random, 5000, 25_000));
      rampMs = uniform(random, 10, 40);
      limitMs = uniform(random, 70, 180);
    }
    if (isBusy) queueMs += rampMs * passedMs / 1000;
    else queueMs = Math.max(0, queueMs - passedMs * 0.15);
    if (queueMs > limitMs) queueMs *= 0.6;
    return 8 + queueMs + exponential(random, isBusy ? 5 : 2);
  });
}

/**
 * A constellation of low satellites that assigns paths anew every 15 s, a short one of 25 ms or a long one of 62 ms.
 *
 * @param random The source.
 * @returns The network.
 */
export function satellite(random: SeededRandom): Network {
  let baseMs = 25;
  let untilMs = 0;
  return (sentMs) => {
    if (sentMs >= untilMs) {
      untilMs = sentMs + 15_000;
      baseMs = random.visibleFraction() < 0.55 ? 25 : 62;
    }
    const retransmitted = random.visibleFraction() < 0.01 ? uniform(random, 5, 25) : 0;
    return baseMs + exponential(random, 4) + retransmitted;
  };
}

/**
 * Two paths of which the second is longer by 8 to 45 ms: for 5 to 20 s at a time it is taken by hardly any frame or by
 * up to a tenth of them, which are overtaken.
 *
 * @param random The source.
 * @returns The network.
 */
export function reordering(random: SeededRandom): Network {
  let untilMs = 0;
  let share = 0;
  let detourMs = 0;
  return (sentMs) => {
    if (sentMs >= untilMs) {
      untilMs = sentMs + uniform(random, 5000, 20_000);
      share = random.visibleFraction() < 0.5 ? 0.002 : uniform(random, 0.02, 0.1);
      detourMs = uniform(random, 8, 45);
    }
    const isOvertaken = random.visibleFraction() < share;
    return 10 + exponential(random, 1.5) + (isOvertaken ? detourMs * uniform(random, 0.6, 1.2) : 0);
  };
}

/**
 * Wi-Fi that loses frames in bursts (Gilbert and Elliott).
 *
 * @param random The source.
 * @param share The share of frames that is lost, below 1.
 * @param burst The mean length of a burst, above 1.
 * @returns The network.
 */
export function lossyWifi(random: SeededRandom, share: number, burst: number): Network {
  const wifi = stableWifi(random);
  let isLosing = false;
  return (sentMs) => {
    const chance = isLosing ? 1 - 1 / burst : share / (burst * (1 - share));
    isLosing = random.visibleFraction() < chance;
    const transit = 1.8 * wifi(sentMs);
    return isLosing ? Infinity : transit;
  };
}
