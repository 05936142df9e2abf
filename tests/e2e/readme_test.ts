/**
 * Runs every complete program of the README as it stands there, with the permission that the README names.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";

const root = new URL("../../", import.meta.url);
const readme = await Deno.readTextFile(new URL("README.md", root));
const programs = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);

Deno.test("The README has programs to run", () => {
  assert(programs.length >= 4);
});

for (const [index, program] of programs.entries()) {
  const title = program.split("\n").find((line) => line.includes("new "))?.trim() ?? "";
  Deno.test(`README program ${index + 1} runs and ends: ${title}`, async () => {
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    try {
      await Deno.writeTextFile(file, program);
      const config = new URL("deno.json", root).pathname;
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--check", "--no-prompt", "--allow-net", "--config", config, file],
        stdout: "piped",
        stderr: "piped",
        signal: AbortSignal.timeout(20_000),
      });
      const { code, stderr } = await child.output();
      assertEquals({ code, errors: new TextDecoder().decode(stderr).replace(/^.*Check.*\n/gm, "") }, {
        code: 0,
        errors: "",
      });
    } finally {
      await Deno.remove(file);
    }
  });
}
