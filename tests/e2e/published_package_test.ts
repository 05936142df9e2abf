/**
 * The package as a stranger gets it: the files that would be published, served over HTTP, used by a program elsewhere.
 *
 * Workers start from the package's remote URL, with permission for the network alone, and the handler module is the
 * program's own file.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { within } from "./waiting.ts";

const root = new URL("../../", import.meta.url);
const PROGRAM = `
import { Particle, Reactor } from "ringwire";
for (const dispatch of ["kernel", "ring"]) {
  for (const handler of [undefined, new URL("./handler.ts", import.meta.url)]) {
    const onReceived = (connection, payload) => connection.return(payload);
    const options = handler === undefined ? { onReceived } : { handler };
    const reactor = new Reactor({ hostname: "127.0.0.1", workers: 2, dispatch, ...options });
    await reactor.start();
    const echo = Promise.withResolvers();
    const particle = new Particle({ port: reactor.port, workers: 1, onReceived: (data) => echo.resolve(data.slice()) });
    await particle.send(new Uint8Array([1, 2, 3]));
    console.log(dispatch, handler === undefined ? "main" : "worker", [...await echo.promise].join(" "));
    await particle.close();
    await reactor.stop();
  }
}
`;
const HANDLER = `export const onReceived = (connection, payload) => connection.return(payload);\n`;

Deno.test("Workers start from the remote URL of a published package", async () => {
  const files = await publishedFiles();
  assert(files.has("mod.ts") && files.has("workers/sockets.ts") && files.has("workers/reactor.ts"));
  const asked = new Set<string>();
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    const path = new URL(url).pathname.slice(1);
    if (!files.has(path)) return new Response(`${path} is not published`, { status: 404 });
    asked.add(path);
    const headers = { "content-type": "application/typescript" };
    return new Response(await Deno.readFile(new URL(path, root)), { headers });
  });
  const folder = await Deno.makeTempDir({ prefix: "ringwire-" });
  try {
    const host = `127.0.0.1:${server.addr.port}`;
    const imports = { ...await packageNames(), ringwire: `http://${host}/mod.ts` };
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports, lock: false }));
    await Deno.writeTextFile(`${folder}/main.ts`, PROGRAM);
    await Deno.writeTextFile(`${folder}/handler.ts`, HANDLER);
    const output = await run(folder, ["--allow-net=127.0.0.1", `--allow-import=${host}`, `--allow-read=${folder}`]);
    assertEquals(output.trim().split("\n"), [
      "kernel main 1 2 3",
      "kernel worker 1 2 3",
      "ring main 1 2 3",
      "ring worker 1 2 3",
    ]);
    assert(asked.has("workers/sockets.ts") && asked.has("workers/reactor.ts"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** What a registry does when it publishes: names become whole specifiers. Here they name what lies in the cache. */
async function packageNames(): Promise<Record<string, string>> {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const packages = Object.entries<string>(imports).filter(([, specifier]) => specifier.startsWith("npm:"));
  const folders = packages.map(([name, specifier]) => [`${name}/`, `${specifier.replace("npm:", "npm:/")}/`]);
  return { ...Object.fromEntries([...packages, ...folders]), "@std/bytes": "npm:deno-std@1.4.0/bytes/mod.js" };
}

/** The paths that a publication would hold. */
async function publishedFiles(): Promise<Set<string>> {
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty", "--no-check"],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stderr);
  return new Set([...text.matchAll(/^\s*file:\/\/(\S+) \(/gm)].map(([, path]) => path!.slice(root.pathname.length)));
}

/** Runs the program with a cache of its own, but for npm packages. */
async function run(folder: string, permissions: readonly string[]): Promise<string> {
  const info = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"], stdin: "null" }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(info.stdout)) as { npmCache: string };
  await Deno.mkdir(`${folder}/cache`);
  await Deno.symlink(npmCache, `${folder}/cache/npm`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", ...permissions, "main.ts"],
    cwd: folder,
    env: { NO_COLOR: "1", DENO_DIR: `${folder}/cache` },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { code, stdout, stderr } = await within("the program", child.output(), 60_000);
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
