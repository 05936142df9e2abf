/**
 * The project's sources as data: each check takes a list of modules, so that a test can hand it one that is bad on
 * purpose.
 *
 * Paths are relative to the project and use `/`. `vendor/` is left out: it is not ours to judge.
 *
 * @module
 */
import ts from "typescript";

/** One TypeScript file with its syntax tree. */
export interface Module {
  /** Where it is, from the project's root: `src/wire/frame.ts`. */
  readonly path: string;
  /** Its text. */
  readonly text: string;
  /** Its syntax tree, with parents set. */
  readonly ast: ts.SourceFile;
}

/**
 * Parses one file.
 *
 * @param path Where it is, from the project's root.
 * @param text Its text.
 * @returns The module.
 */
export function parseModule(path: string, text: string): Module {
  return { path, text, ast: ts.createSourceFile(`/${path}`, text, ts.ScriptTarget.ESNext, true) };
}

let project: readonly Module[] | undefined;

/**
 * Every TypeScript file of the project, read and parsed once: with more than a thousand of them that takes seconds.
 *
 * @returns The modules, sorted by path.
 */
export function readProject(): readonly Module[] {
  return project ??= parseProject();
}

function parseProject(): Module[] {
  const root = new URL("../../", import.meta.url);
  const paths: string[] = [];
  for (const entry of Deno.readDirSync(root)) {
    if (entry.isFile && entry.name.endsWith(".ts")) paths.push(entry.name);
  }
  for (const folder of ["src", "workers", "tests", "bench", "examples"]) collect(root, folder, paths);
  return paths.sort().map((path) => parseModule(path, Deno.readTextFileSync(new URL(path, root))));
}

/**
 * The line of a node, as editors count.
 *
 * @param node Any node of a parsed module.
 * @returns The number of its first line, from 1.
 */
export function lineOf(node: ts.Node): number {
  return node.getSourceFile().getLineAndCharacterOfPosition(node.getStart()).line + 1;
}

/**
 * Visits a node and everything below it.
 *
 * @param node Where to begin.
 * @param visit Called for each node, parents first.
 */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

function collect(root: URL, folder: string, into: string[]): void {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(new URL(folder, root))];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  for (const entry of entries) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) collect(root, path, into);
    else if (entry.name.endsWith(".ts")) into.push(path);
  }
}
