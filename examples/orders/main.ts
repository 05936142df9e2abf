/**
 * A shop in three processes that anyone can start, kill and start again, in any order, while it keeps working: `shop`
 * takes orders, `warehouse` has the goods, `billing` writes the bills. Start any number of each, in terminals of their
 * own; on several hosts of a subnet with a key that they share.
 *
 *     deno run --allow-net --allow-read --allow-write examples/orders/main.ts shop
 *     deno run --allow-net --allow-read --allow-write examples/orders/main.ts warehouse
 *     deno run --allow-net --allow-read --allow-write examples/orders/main.ts billing
 *
 *     … examples/orders/main.ts shop --key "a secret of sixteen bytes or more"
 *
 * @module
 */
import { parseArgs } from "node:util";
import { MessageBus, type MessageBusOptions } from "@ringwire/ringwire/bus";
import { runBilling } from "./billing.ts";
import { runShop } from "./shop.ts";
import { runWarehouse } from "./warehouse.ts";

const { values, positionals } = parseArgs({
  options: {
    key: { type: "string" },
    machine: { type: "string" },
    orders: { type: "string", default: "Infinity" },
    "every-ms": { type: "string", default: "250" },
  },
  allowPositionals: true,
});
const [role = ""] = positionals;
const roles = { shop: runShop, warehouse: runWarehouse, billing: runBilling };
if (!(role in roles)) {
  console.error("Say who this is: shop, warehouse or billing");
  Deno.exit(2);
}

const scope = values.key === undefined ? "machine" : "network";
const where: MessageBusOptions = values.key === undefined
  ? { machine: values.machine ?? true }
  : { machine: false, key: values.key };
await using bus = await MessageBus.start({
  ...where,
  name: `${role}-${Deno.pid}`,
  onNode: (change, node) => console.log(`${node.name} ${change}`),
});
console.log(`${bus.self.name} is open; end it with Ctrl-C, or kill it`);

const ended = new AbortController();
const end = (): void => ended.abort();
Deno.addSignalListener("SIGINT", end);
await roles[role as keyof typeof roles](bus, {
  scope,
  orderCount: Number(values.orders),
  everyMs: Number(values["every-ms"]),
  signal: ended.signal,
});
Deno.removeSignalListener("SIGINT", end);
