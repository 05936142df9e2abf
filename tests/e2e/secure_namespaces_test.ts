/**
 * A client in a network of its own whose address is taken away and replaced: two namespaces of Linux with a cable between
 * them. Where they cannot be made (no root, no `ip`) the test is skipped and says so.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { type Line, says, SecureChild } from "./secure_child.ts";
import { certificate } from "./secure_ends.ts";

const { cert, key, pin } = certificate;
const name = `rw${Deno.pid}`;
const obstacle = await findObstacle();
if (obstacle !== undefined) console.log(`secure_namespaces_test.ts is skipped: ${obstacle}`);

Deno.test({
  name: "a session survives that the client's address is replaced, between two networks",
  ignore: obstacle !== undefined,
  fn: async () => {
    try {
      await makeNetworks();
      const inServer = ["ip", "netns", "exec", `${name}s`];
      const inClient = ["ip", "netns", "exec", `${name}c`];
      await using server = await SecureChild.start("server", { hostname: "0.0.0.0", cert, key }, [], inServer);
      const { tcp: port } = await server.line("its ports", (line: Line) => typeof line.tcp === "number");
      await using client = await SecureChild.start("client", { hostname: "10.213.0.1", port, pin }, [], inClient);
      await client.write("from the first address");
      await client.line("the echo", says("from the first address"));
      await ip("netns", "exec", `${name}c`, "ip", "addr", "del", "10.213.0.2/24", "dev", `${name}b`);
      await ip("netns", "exec", `${name}c`, "ip", "addr", "add", "10.213.0.3/24", "dev", `${name}b`);
      for (const word of ["from the second address", "and once more"]) {
        await client.write(word);
        await client.line("the echo", says(word));
      }
      assertEquals(server.lines.filter(({ event }) => event === "disconnected"), []);
      const [connected] = server.lines.filter(({ event }) => event === "connected");
      assertEquals((connected!.address as { hostname: string }).hostname, "10.213.0.2");
    } finally {
      for (const end of ["s", "c"]) await new Deno.Command("ip", { args: ["netns", "del", name + end] }).output();
    }
  },
});

async function makeNetworks(): Promise<void> {
  for (const end of ["s", "c"]) await ip("netns", "add", name + end);
  await ip(
    "link",
    "add",
    `${name}a`,
    "netns",
    `${name}s`,
    "type",
    "veth",
    "peer",
    "name",
    `${name}b`,
    "netns",
    `${name}c`,
  );
  for (const [end, link, address] of [["s", "a", "10.213.0.1/24"], ["c", "b", "10.213.0.2/24"]]) {
    await ip("-n", name + end, "addr", "add", address!, "dev", name + link);
    await ip("-n", name + end, "link", "set", name + link, "up");
  }
}

async function findObstacle(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "namespaces are Linux's";
  try {
    await ip("netns", "add", `${name}p`);
    await ip("netns", "del", `${name}p`);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function ip(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args, stdout: "null", stderr: "piped" }).output();
  if (!success) throw new Error(`ip ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
}
