/**
 * Nodes in networks of their own: three namespaces of Linux behind one bridge find each other by broadcast, lose one
 * another when its cable is cut, and find back together. Where namespaces cannot be made (no root, no `ip`) the test is
 * skipped and says so.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { BusChild, isAnswer } from "./bus_child.ts";

const name = `rb${Deno.pid}`;
const obstacle = await findObstacle();
if (obstacle !== undefined) console.log(`bus_namespaces_test.ts is skipped: ${obstacle}`);

const membership = {
  gossipIntervalMs: 20,
  probeIntervalMs: 100,
  suspicionMinMs: 300,
  reconnectIntervalMs: 200,
  announceIntervalMs: 200,
} as const;

Deno.test({
  name: "nodes of three networks find each other by broadcast, part with a cut cable, and merge again",
  ignore: obstacle !== undefined,
  fn: async () => {
    try {
      await makeNetworks();
      const options = (node: string) => ({
        name: node,
        machine: false,
        key: `the key of the namespaces of ${Deno.pid}`,
        heartbeatMs: 200,
        membership,
      });
      const within = (end: number): string[] => ["ip", "netns", "exec", `${name}${end}`];
      await using a = await BusChild.start({ ...options("a"), silent: true }, within(1));
      await using _b = await BusChild.start(options("b"), within(2));
      await using _c = await BusChild.start(options("c"), within(3));
      await a.ask({ wait: true, to: 2 }, ({ ready }) => ready === true);
      for (const node of ["b", "c"]) {
        assertEquals(await a.ask({ send: 1, node }, isAnswer), { answer: [node, 1] });
      }
      await ip("-n", `${name}0`, "link", "set", `${name}h3`, "down");
      await a.line("c failed", (line) => line.change === "failed" && line.name === "c");
      assertEquals(await a.ask({ send: 2 }, isAnswer), { answer: ["b", 2] });
      const before = a.lines.length;
      await ip("-n", `${name}0`, "link", "set", `${name}h3`, "up");
      await a.line("c is back", (line) => line.change === "joined" && line.name === "c", before);
      await a.ask({ wait: true, to: 2 }, ({ ready }) => ready === true);
      assertEquals(await a.ask({ send: 3, node: "c" }, isAnswer), { answer: ["c", 3] });
    } finally {
      for (const end of [0, 1, 2, 3]) await new Deno.Command("ip", { args: ["netns", "del", name + end] }).output();
    }
  },
});

/** A bridge in a namespace of its own, and three more with a cable to it each. */
async function makeNetworks(): Promise<void> {
  for (const end of [0, 1, 2, 3]) await ip("netns", "add", name + end);
  await ip("-n", `${name}0`, "link", "add", "bridge0", "type", "bridge", "forward_delay", "0");
  await ip("-n", `${name}0`, "link", "set", "bridge0", "up");
  for (const end of [1, 2, 3]) {
    const cable = ["link", "add", `${name}h${end}`, "netns", `${name}0`, "type", "veth"];
    await ip(...cable, "peer", "name", "eth0", "netns", `${name}${end}`);
    await ip("-n", `${name}0`, "link", "set", `${name}h${end}`, "master", "bridge0", "up");
    const inside = ["-n", `${name}${end}`];
    await ip(...inside, "addr", "add", `10.214.0.${end}/24`, "broadcast", "+", "dev", "eth0");
    await ip(...inside, "link", "set", "lo", "up");
    await ip(...inside, "link", "set", "eth0", "up");
    await ip(...inside, "route", "add", "default", "dev", "eth0");
  }
}

async function findObstacle(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "namespaces are Linux's";
  try {
    await ip("netns", "add", `${name}p`);
    await ip("-n", `${name}p`, "link", "add", "bridge0", "type", "bridge");
    await ip("netns", "del", `${name}p`);
    return undefined;
  } catch (error) {
    await new Deno.Command("ip", { args: ["netns", "del", `${name}p`] }).output().catch(() => {});
    return error instanceof Error ? error.message : String(error);
  }
}

async function ip(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args, stdout: "null", stderr: "piped" }).output();
  if (!success) throw new Error(`ip ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
}
