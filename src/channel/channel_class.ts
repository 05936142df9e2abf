/**
 * The four classes of channels and the four lanes, by name for users and by number for machines.
 *
 * @module
 */

/**
 * What a channel promises. All classes deliver a message at most once and unchanged.
 *
 * - `reliableOrdered`: every message, in the order of sending.
 * - `unreliable`: whatever arrives, in the order of arrival.
 * - `reliableUnordered`: every message, in the order of arrival.
 * - `sequenced`: whatever is newer than all that was delivered before.
 */
export type Delivery = "reliableOrdered" | "unreliable" | "reliableUnordered" | "sequenced";

/** All classes; the place is the number of the default channel of the class. */
export const DELIVERIES: readonly Delivery[] = Object.freeze(
  [
    "reliableOrdered",
    "unreliable",
    "reliableUnordered",
    "sequenced",
  ] as const,
);

/** A priority class inside a connection. */
export type LaneName = "critical" | "high" | "normal" | "low";

/** All lanes, from the most urgent on; the place is the lane's number. */
export const LANES: readonly LaneName[] = Object.freeze(["critical", "high", "normal", "low"] as const);
