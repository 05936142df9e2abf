/**
 * The warehouse: reserves goods, and fills its shelves when they run low.
 *
 * @module
 */
import { CommandError, type MessageBus } from "@ringwire/ringwire/bus";
import { Reserve, Restocked } from "./messages.ts";
import { type RoleOptions, untilEnded } from "./role.ts";

const FULL_COUNT = 40;

/**
 * Runs a warehouse until it is ended.
 *
 * @param bus Its node.
 * @param options How it runs.
 */
export async function runWarehouse(bus: MessageBus, { signal }: RoleOptions): Promise<void> {
  const shelves = new Map<string, number>();
  const reserved = new Map<string, number>();
  bus.commandDispatcher.handle(Reserve, async ({ orderId, product, quantity }) => {
    const before = shelves.get(product) ?? FULL_COUNT;
    // The shop asks again when it does not know how far a lost warehouse came.
    if (reserved.has(orderId)) return { left: before };
    if (quantity > before) {
      shelves.set(product, FULL_COUNT);
      await bus.eventDispatcher.publish(Restocked({ product, left: FULL_COUNT }));
      throw new CommandError("OutOfStock", `Only ${before} of ${product} were left`, { left: before });
    }
    reserved.set(orderId, quantity);
    shelves.set(product, before - quantity);
    console.log(`reserved ${quantity} x ${product} for ${orderId}`);
    return { left: before - quantity };
  });
  await untilEnded(signal);
}
