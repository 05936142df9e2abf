/**
 * The files of the page: what lies in `page/`, and every module that its script imports, with the types taken out.
 *
 * The browser runs the sources of this project themselves, at the paths that they have here: the import graph is walked
 * once at the start, and nothing outside of it is served. Names of the package are resolved by an import map in the
 * page, as Deno resolves them. Why taking types out is enough: the sources hold nothing that types are compiled to.
 *
 * @module
 */
import { stripTypeScriptTypes } from "node:module";

const ROOT = new URL("../../../", import.meta.url);
const PAGE = new URL("../page/", import.meta.url);
const ENTRY = new URL("main.ts", PAGE);

/** What the modules of the page call the package's entries. */
const PACKAGE: Readonly<Record<string, string>> = {
  "@ringwire/ringwire/realtime": new URL("src/realtime/mod.ts", ROOT).href,
};

const IMPORT = /^(?:import|export)\s+(?:[\w$*\s{},]+?\s*from\s+)?"([^"]+)";$/gm;

/** A file as it is served. */
export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Reads everything that the page consists of.
 *
 * @param nonce What marks the inline script of the page as the server's own.
 * @returns The files by path.
 */
export async function readPageFiles(nonce: string): Promise<ReadonlyMap<string, PageFile>> {
  const modules = await readModules();
  const files = new Map<string, PageFile>();
  for (const [path, code] of modules) files.set(path, file("text/javascript", code));
  const html = await Deno.readTextFile(new URL("index.html", PAGE));
  files.set("/", file("text/html", html.replace("<!-- modules -->", head([...modules.keys()], nonce))));
  files.set("/style.css", file("text/css", await Deno.readTextFile(new URL("style.css", PAGE))));
  files.set("/icon.svg", file("image/svg+xml", await Deno.readTextFile(new URL("icon.svg", PAGE))));
  return files;
}

/** Walks the imports, from the page's script. */
async function readModules(): Promise<ReadonlyMap<string, string>> {
  const modules = new Map<string, string>();
  const queue = [ENTRY.href];
  for (const url of queue) {
    const path = pathOf(url);
    if (modules.has(path)) continue;
    const code = stripTypeScriptTypes(await Deno.readTextFile(new URL(url)), { mode: "strip" });
    modules.set(path, code);
    for (const [, name = ""] of code.matchAll(IMPORT)) queue.push(PACKAGE[name] ?? new URL(name, url).href);
  }
  return modules;
}

/** The import map, and all modules at once: a browser would otherwise find them one level at a time. */
function head(paths: readonly string[], nonce: string): string {
  const imports = Object.fromEntries(Object.entries(PACKAGE).map(([name, url]) => [name, pathOf(url)]));
  const map = `<script type="importmap" nonce="${nonce}">${JSON.stringify({ imports })}</script>`;
  const preloads = paths.map((path) => `<link rel="modulepreload" href="${path}">`);
  return [map, ...preloads, `<script type="module" src="${pathOf(ENTRY.href)}"></script>`].join("\n    ");
}

function pathOf(url: string): string {
  if (!url.startsWith(ROOT.href)) throw new Error(`The page imports ${url}, which is not part of the project`);
  return `/${url.slice(ROOT.href.length)}`;
}

function file(type: string, text: string): PageFile {
  return { type: `${type}; charset=utf-8`, bytes: new TextEncoder().encode(text) };
}
