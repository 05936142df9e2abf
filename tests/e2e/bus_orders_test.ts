/**
 * The shop of `examples/orders` goes on while its processes are killed and started again, and loses no order.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { linesOf } from "../interop/lines_of.ts";
import { eventually, within } from "./waiting.ts";

const PROGRAM = new URL("../../examples/orders/main.ts", import.meta.url).pathname;
const ORDER_COUNT = 30;

class Role {
  readonly lines: string[] = [];
  readonly status: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;

  constructor(role: string, machine: string) {
    const flags = ["--quiet", "--no-prompt", "--allow-net", "--allow-read", "--allow-write"];
    const orders = ["--orders", String(ORDER_COUNT), "--every-ms", "30"];
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", ...flags, PROGRAM, role, "--machine", machine, ...orders],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.status = this.#child.status;
    this.#reading = this.#read();
  }

  async end(signal: Deno.Signal): Promise<number> {
    this.#child.kill(signal);
    const { code } = await within("the end of a process", this.status);
    await this.#reading;
    return code;
  }

  async #read(): Promise<void> {
    for await (const line of linesOf(this.#child.stdout)) this.lines.push(line);
  }
}

Deno.test("examples/orders keeps working while its processes are killed and started again", async () => {
  const machine = `${await Deno.makeTempDir({ prefix: "rwbus" })}/bus`;
  const through = (role: Role): number => role.lines.filter((line) => / is through, /.test(line)).length;
  const shop = new Role("shop", machine);
  let warehouse = new Role("warehouse", machine);
  let billing = new Role("billing", machine);
  await eventually("the first orders are through", () => through(shop) > 3);
  await warehouse.end("SIGKILL");
  await eventually("an order waits", () => shop.lines.some((line) => line.includes(" waits: ")));
  warehouse = new Role("warehouse", machine);
  const before = through(shop);
  await eventually("orders go on", () => through(shop) > before);
  await billing.end("SIGKILL");
  billing = new Role("billing", machine);
  const { code } = await within("all orders", shop.status, 20_000);
  assertEquals([code, through(shop)], [0, ORDER_COUNT]);
  assertEquals([await warehouse.end("SIGINT"), await billing.end("SIGINT")], [0, 0]);
});
