/**
 * The command: one process serves a folder, others get a file and the whole folder.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { formatBytes, formatTime } from "../../examples/asset/progress_bar.ts";
import { AssetPlace, randomBytes } from "./asset_place.ts";

const program = new URL("../../examples/asset/main.ts", import.meta.url).href;

function command(args: readonly string[], folder: string): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-net", "--allow-read", "--allow-write", program, ...args],
    cwd: folder,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs a command to its end: its code and what it printed. */
async function run(args: readonly string[], folder: string): Promise<[number, string]> {
  const { code, stdout, stderr } = await command(args, folder).output();
  return [code, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)];
}

Deno.test("deno task asset serves a folder, and gets a file and all of it", async () => {
  await using place = new AssetPlace();
  const bytes = randomBytes(300_000, 1);
  place.write("shared/big", bytes);
  place.write("shared/sub/small", "small");
  const server = command(["serve", "shared", "--port", "0"], place.folder).spawn();
  const lines = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const port = /:(\d+), root/.exec((await lines.read()).value ?? "")?.[1] ?? "";
    const [code, text] = await run(["get", "sub/small", "--port", port], place.folder);
    assertEquals([code, new TextDecoder().decode(place.read("small"))], [0, "small"], text);
    const [all, printed] = await run(["get", ".", "--port", port, "--to", "copy"], place.folder);
    assertEquals([all, place.read("copy/big")], [0, bytes], printed);
    const [missing, why] = await run(["get", "nothing", "--port", port], place.folder);
    assertEquals(missing, 1);
    assertStringIncludes(why, "no such asset");
  } finally {
    server.kill("SIGTERM");
    await lines.cancel();
    await server.stderr.cancel();
    await server.status;
  }
});

Deno.test("a command line that makes no sense is explained", async () => {
  const [code, text] = await run(["fetch"], ".");
  assertEquals(code, 2);
  assertStringIncludes(text, "deno task asset serve DIR");
});

Deno.test("amounts and times are written as people read them", () => {
  assertEquals([formatBytes(0), formatBytes(1536), formatBytes(5 * 2 ** 30)], ["0 B", "1.5 KiB", "5.0 GiB"]);
  assertEquals([formatTime(3.21), formatTime(307), formatTime(3723)], ["3.2 s", "5:07", "1:02:03"]);
});
