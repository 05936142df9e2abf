/**
 * What the three processes of the shop say to each other: the one file that all of them share.
 *
 * @module
 */
import { defineCommand, defineEvent } from "@ringwire/ringwire/bus";

/** One order. */
export interface Order {
  /** Its number; the warehouse and the billing know by it what they have done already. */
  readonly orderId: string;
  /** What is ordered. */
  readonly product: string;
  /** How many. */
  readonly quantity: number;
}

/** Takes goods from the shelf; fails with `OutOfStock`. Doing it twice for one order does it once. */
export const Reserve = defineCommand<Order, { readonly left: number }>("stock.reserve");

/** Writes a bill; doing it twice for one order does it once. */
export const Charge = defineCommand<Order, { readonly billId: string }>("billing.charge");

/** An order is through. */
export const OrderPlaced = defineEvent<Order & { readonly billId: string }>("order.placed");

/** New goods are on the shelf. */
export const Restocked = defineEvent<{ readonly product: string; readonly left: number }>("stock.restocked");
