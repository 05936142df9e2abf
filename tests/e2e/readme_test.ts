/**
 * Runs every complete program of the README as it stands there, but for the port, with the permissions that its first
 * line names, or that for the network alone.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";

const root = new URL("../../", import.meta.url);
const readme = await Deno.readTextFile(new URL("README.md", root));
const config = new URL("deno.json", root).pathname;
const programs = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);

Deno.test("The README has programs to run", () => {
  assertEquals(programs.length, shown.length);
});

/** What each program shows. */
const shown: readonly (readonly string[])[] = [
  ["New client 1", "Echo: Hello Reactor!", "Disconnected: Normal (local)"],
  ["received: 100000, unsentCount: 0, droppedCount: 0", "Burst disconnected: Normal (local)"],
  ["client oui", "server says quoi"],
  ["Peer 1 connected", "Received: Hello, server!", "Peer 1 disconnected: Normal (remote)"],
  ["1048640"],
  ["delivered: 1"],
  ["Using UDP (optimal)"],
  ["New connection:", "Echo: What time is it?"],
  ["alice: hi"],
  ["New user: Groot", "Pong: hello"],
  ["cat by worker", "worker true"],
  [],
  ["bytes on the wire"],
  ["100"],
  [],
  ["64"],
];

Deno.test("The programs of the README have no type error", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const files = programs.map((_, index) => `${folder}/program_${index + 1}.ts`);
    await Promise.all(programs.map((program, index) => Deno.writeTextFile(files[index]!, program)));
    const check = new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--config", config, ...files],
      stdout: "piped",
      stderr: "piped",
    });
    const { code, stderr } = await check.output();
    assertEquals({ code, errors: new TextDecoder().decode(stderr) }, { code: 0, errors: "" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (const [index, program] of programs.entries()) {
  const title = program.split("\n").find((line) => line.includes("new "))?.trim() ?? "";
  Deno.test(`README program ${index + 1} runs and ends: ${title}`, async () => {
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    try {
      await Deno.writeTextFile(file, program.replaceAll("5555", String(freePort())));
      const permissions = /^\/\/ run with (--.*)$/m.exec(program)?.[1]?.split(" ") ?? ["--allow-net"];
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-check", "--no-prompt", ...permissions, "--config", config, file],
        stdout: "piped",
        stderr: "piped",
        signal: AbortSignal.timeout(20_000),
      });
      const { code, stderr, stdout } = await child.output();
      assertEquals({ code, errors: new TextDecoder().decode(stderr) }, {
        code: 0,
        errors: "",
      });
      const output = new TextDecoder().decode(stdout);
      for (const line of shown[index]!) assertStringIncludes(output, line);
    } finally {
      await Deno.remove(file);
    }
  });
}

/** A port that nobody listened on a moment ago. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}
