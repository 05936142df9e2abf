/**
 * What a browser loads: everything that `./transport/browser` reaches is free of Deno, Node and packages that are not
 * pure; and the check catches each way around that.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import ts from "typescript";
import { referencesOf } from "./imports.ts";
import { lineOf, type Module, parseModule, readProject, walk } from "./project.ts";
import { PURE_PACKAGES } from "./rooms.ts";

const ENTRY = "src/api/transport_browser_mod.ts";
const FOREIGN_NAMES: ReadonlySet<string> = new Set(["Deno", "Buffer", "process", "require"]);

/** What a browser could not load or run, of all that an entry reaches; and how much that is. */
function checkBrowserGraph(project: readonly Module[], entry: string): { faults: string[]; count: number } {
  const modules = new Map(project.map((module) => [module.path, module]));
  const faults: string[] = [];
  const seen = new Set([entry]);
  // A set that grows while it is walked: each module comes once.
  for (const path of seen) {
    const module = modules.get(path);
    if (module === undefined) {
      faults.push(`${path} is reached and is not there`);
      continue;
    }
    for (const { kind, specifier, target, line } of referencesOf(module)) {
      if (kind === "type") continue;
      if (kind === "computed") faults.push(`${path}:${line}: an import whose target only shows at run time`);
      else if (target !== undefined) seen.add(target);
      else if (!PURE_PACKAGES.includes(specifier)) {
        faults.push(`${path}:${line}: ${specifier} is no package of a browser`);
      }
    }
    faults.push(...foreignNames(module));
  }
  return { faults, count: seen.size };
}

/** Names of other platforms that are used as values; properties and keys of that name are none. */
function foreignNames({ path, ast }: Module): string[] {
  const faults: string[] = [];
  walk(ast, (node) => {
    if (!ts.isIdentifier(node) || !FOREIGN_NAMES.has(node.text)) return;
    const { parent } = node;
    if (ts.isPropertyAccessExpression(parent) && parent.name === node && !isGlobalThis(parent.expression)) return;
    if ((ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent)) && parent.name === node) return;
    if (ts.isQualifiedName(parent) || ts.isTypeReferenceNode(parent)) return;
    faults.push(`${path}:${lineOf(node)}: ${node.text} is not there in a browser`);
  });
  return faults;
}

function isGlobalThis(node: ts.Node): boolean {
  return ts.isIdentifier(node) && ["globalThis", "self", "window"].includes(node.text);
}

Deno.test("the browser's half of the transport needs neither Deno nor Node", () => {
  const { faults, count } = checkBrowserGraph(readProject(), ENTRY);
  assertEquals(faults, []);
  assert(count > 30, `only ${count} modules were looked at`);
});

Deno.test("the server's half does: the check sees what it is for", () => {
  const { faults } = checkBrowserGraph(readProject(), "src/api/transport_mod.ts");
  for (const name of ["node:", "Deno is not there", "ws is no package"]) {
    assert(faults.some((fault) => fault.includes(name)), `${name} was not noticed`);
  }
});

const bad: readonly (readonly [string, string, string])[] = [
  ["a module of Node", `import { a } from "node:net"; a;`, "node:net"],
  ["a package", `export { a } from "ws";`, "ws is no package"],
  ["a late import", `export const f = () => import("node:tls");`, "node:tls"],
  ["a computed import", `export const f = (name: string) => import(name);`, "only shows at run time"],
  ["Deno", `export const f = () => Deno.cwd();`, "Deno is not there"],
  ["Deno behind globalThis", `export const f = () => globalThis.Deno;`, "Deno is not there"],
  ["a Buffer", `export const b = Buffer.from("");`, "Buffer is not there"],
  ["a module that is missing", `import "./gone.ts";`, "src/api/gone.ts is reached"],
];

for (const [name, text, expected] of bad) {
  Deno.test(`checkBrowserGraph() catches ${name}, one import away`, () => {
    const project = [parseModule("src/api/a.ts", `import "./b.ts";`), parseModule("src/api/b.ts", text)];
    const { faults } = checkBrowserGraph(project, "src/api/a.ts");
    assertEquals(faults.length, 1, faults.join("\n"));
    assertStringIncludes(faults[0]!, expected);
  });
}

Deno.test("checkBrowserGraph() lets types of other platforms pass: they are gone at run time", () => {
  const text = `import type { Socket } from "node:net"; export type A = Socket | Deno.Conn | { Deno: 1 };`;
  assertEquals(checkBrowserGraph([parseModule("src/api/a.ts", text)], "src/api/a.ts").faults, []);
});
