/**
 * The billing: one bill for each order, and a word about every order that is through.
 *
 * @module
 */
import type { MessageBus } from "@ringwire/ringwire/bus";
import { Charge, OrderPlaced } from "./messages.ts";
import { type RoleOptions, untilEnded } from "./role.ts";

/**
 * Runs the billing until it is ended.
 *
 * @param bus Its node.
 * @param options How it runs.
 */
export async function runBilling(bus: MessageBus, { signal }: RoleOptions): Promise<void> {
  const bills = new Map<string, string>();
  bus.commandDispatcher.handle(Charge, ({ orderId, product, quantity }) => {
    const billId = bills.get(orderId) ?? `B-${orderId}`;
    if (!bills.has(orderId)) console.log(`bill ${billId}: ${quantity} x ${product}`);
    bills.set(orderId, billId);
    return { billId };
  });
  bus.eventDispatcher.subscribe(
    OrderPlaced,
    ({ orderId, billId }) => console.log(`${orderId} is through with ${billId}`),
  );
  await untilEnded(signal);
}
