/**
 * The shop: takes an order every now and then and sees it through, whoever is killed meanwhile.
 *
 * A step whose node is lost, or that nobody handles now, is asked for again until it is done: the other side knows by
 * the number of the order what it has done already.
 *
 * @module
 */
import {
  ClosedError,
  type CommandDefinition,
  CommandError,
  ConnectError,
  type MessageBus,
  NoHandlerError,
  TimeoutError,
} from "@ringwire/ringwire/bus";
import { Charge, type Order, OrderPlaced, Reserve } from "./messages.ts";
import { pause, type RoleOptions } from "./role.ts";

const PRODUCTS = ["apples", "pears", "plums"];
const RETRY_MS = 100;

/**
 * Runs a shop until it has taken its orders, or is ended.
 *
 * @param bus Its node.
 * @param options How it runs.
 */
export async function runShop(bus: MessageBus, options: RoleOptions): Promise<void> {
  const { orderCount, everyMs, signal } = options;
  const running: Promise<void>[] = [];
  let placedCount = 0;
  for (let i = 0; i < orderCount && !signal.aborted; i++) {
    const orderId = `${Deno.pid}-${i}`;
    const order = { orderId, product: PRODUCTS[i % PRODUCTS.length]!, quantity: 1 + i % 5 };
    running.push(
      place(bus, order, options).then((isPlaced) => {
        if (isPlaced) console.log(`order ${orderId} is through, ${++placedCount} so far`);
      }),
    );
    await pause(everyMs);
  }
  await Promise.all(running);
  console.log(`${placedCount} orders are through`);
}

async function place(bus: MessageBus, order: Order, options: RoleOptions): Promise<boolean> {
  try {
    await persist(bus, Reserve, order, options);
    const { billId } = await persist(bus, Charge, order, options);
    await bus.eventDispatcher.publish(OrderPlaced({ ...order, billId }));
    return true;
  } catch (error) {
    if (options.signal.aborted) return false;
    throw error;
  }
}

/** Asks until there is an answer. Orders of one product always go to the same warehouse, while there are the same. */
async function persist<Out>(
  bus: MessageBus,
  command: CommandDefinition<Order, Out>,
  order: Order,
  { scope, signal }: RoleOptions,
): Promise<Out> {
  for (let attempt = 1;; attempt++) {
    signal.throwIfAborted();
    try {
      return await bus.commandDispatcher[scope].send(command, order, { timeoutMs: 2000, key: order.product, signal });
    } catch (error) {
      if (!mayHelpToAskAgain(error)) throw error;
      if (attempt % 20 === 1) console.log(`order ${order.orderId} waits: ${(error as Error).message}`);
      await pause(RETRY_MS);
    }
  }
}

function mayHelpToAskAgain(error: unknown): boolean {
  return error instanceof NoHandlerError || error instanceof ClosedError || error instanceof ConnectError ||
    error instanceof TimeoutError || error instanceof CommandError && error.errorName === "OutOfStock";
}
