/**
 * What a browser needs of this project to join: the modules of the browser's entry, with the types taken out, served at
 * the paths that they have here.
 *
 * @module
 */
import { stripTypeScriptTypes } from "node:module";

const ROOT = new URL("../../", import.meta.url);
const ENTRY = new URL("src/api/transport_browser_mod.ts", ROOT);
const IMPORT = /^(?:import|export)\s+(?:[\w$*\s{},]+?\s*from\s+)?"([^"]+)";$/gm;

/**
 * Walks the graph of the browser's entry as a browser does: what is only a type is gone.
 *
 * @returns The code by path, from the project's root.
 */
export async function browserModules(): Promise<ReadonlyMap<string, string>> {
  const modules = new Map<string, string>();
  const queue = [ENTRY.href];
  for (const url of queue) {
    const path = `/${url.slice(ROOT.href.length)}`;
    if (modules.has(path)) continue;
    const code = stripTypeScriptTypes(await Deno.readTextFile(new URL(url)), { mode: "strip" });
    modules.set(path, code);
    for (const [, name = ""] of code.matchAll(IMPORT)) queue.push(new URL(name, url).href);
  }
  return modules;
}

/**
 * Serves the modules, and an empty page that has them as `globalThis.ringwire`.
 *
 * @returns The server and the page's URL.
 */
export async function serveBrowserPage(): Promise<{ readonly server: Deno.HttpServer; readonly url: string }> {
  const modules = await browserModules();
  const entry = `/${ENTRY.href.slice(ROOT.href.length)}`;
  const page = `<!doctype html><link rel="icon" href="data:,"><script type="module">
    globalThis.ringwire = await import("${entry}");
  </script>`;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return new Response(page, { headers: { "content-type": "text/html" } });
    const code = modules.get(pathname);
    return new Response(code ?? "", {
      status: code === undefined ? 404 : 200,
      headers: { "content-type": "text/javascript" },
    });
  });
  return { server, url: `http://127.0.0.1:${server.addr.port}/` };
}
