/**
 * What a module refers to: imports, re-exports, import types, dynamic imports and worker references
 * (`new URL("…", import.meta.url)`), read from the syntax tree so that comments and strings cannot mislead.
 *
 * @module
 */
import ts from "typescript";
import { lineOf, type Module, walk } from "./project.ts";

/**
 * How a module refers to another: `value` is loaded, `type` is erased, `dynamic` is loaded on demand, `url` is a file
 * that runs as a worker, `computed` is an import whose target only shows at run time.
 */
export type ReferenceKind = "value" | "type" | "dynamic" | "url" | "computed";

/** One reference from a module. */
export interface Reference {
  /** How it refers. */
  readonly kind: ReferenceKind;
  /** The specifier as written; empty where it is computed. */
  readonly specifier: string;
  /** The path from the project's root where the specifier is relative, `undefined` for a package. */
  readonly target: string | undefined;
  /** The line that it stands on. */
  readonly line: number;
}

/**
 * Lists what a module refers to.
 *
 * @param module The module.
 * @returns Its references, in order.
 */
export function referencesOf(module: Module): Reference[] {
  const found: Reference[] = [];
  const add = (kind: ReferenceKind, specifier: ts.Node | undefined): void => {
    if (specifier === undefined) return;
    const text = ts.isStringLiteralLike(specifier) ? specifier.text : "";
    const how = text === "" ? "computed" : kind;
    found.push({ kind: how, specifier: text, target: resolve(module.path, text, how), line: lineOf(specifier) });
  };
  walk(module.ast, (node) => {
    if (ts.isImportDeclaration(node)) add(isTypeImport(node) ? "type" : "value", node.moduleSpecifier);
    else if (ts.isExportDeclaration(node)) add(isTypeExport(node) ? "type" : "value", node.moduleSpecifier);
    else if (ts.isExternalModuleReference(node)) add("value", node.expression);
    else if (ts.isImportTypeNode(node)) add("type", ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node);
    else if (ts.isCallExpression(node)) {
      if (node.expression.kind === ts.SyntaxKind.ImportKeyword) add("dynamic", node.arguments[0]);
      else if (isMetaResolve(node.expression)) addUrl(node.arguments[0], add);
    } else if (ts.isNewExpression(node) && isUrlOfThisModule(node)) addUrl(node.arguments?.[0], add);
  });
  for (const file of module.ast.referencedFiles) {
    const target = resolve(module.path, `./${file.fileName}`, "type");
    const line = module.ast.getLineAndCharacterOfPosition(file.pos).line + 1;
    found.push({ kind: "type", specifier: file.fileName, target, line });
  }
  return found;
}

/** A URL counts when it names a script; one that is computed or names a text is no reference to code. */
function addUrl(node: ts.Node | undefined, add: (kind: ReferenceKind, node: ts.Node) => void): void {
  if (node !== undefined && ts.isStringLiteralLike(node) && node.text.endsWith(".ts")) add("url", node);
}

function isTypeImport(node: ts.ImportDeclaration): boolean {
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const names = clause.namedBindings;
  if (clause.name !== undefined || names === undefined || !ts.isNamedImports(names)) return false;
  return names.elements.length > 0 && names.elements.every((element) => element.isTypeOnly);
}

function isTypeExport(node: ts.ExportDeclaration): boolean {
  if (node.isTypeOnly) return true;
  const names = node.exportClause;
  if (names === undefined || !ts.isNamedExports(names)) return false;
  return names.elements.length > 0 && names.elements.every((element) => element.isTypeOnly);
}

function isUrlOfThisModule(node: ts.NewExpression): boolean {
  const base = node.arguments?.[1];
  return ts.isIdentifier(node.expression) && node.expression.text === "URL" && base !== undefined &&
    ts.isPropertyAccessExpression(base) && ts.isMetaProperty(base.expression);
}

function isMetaResolve(node: ts.Node): boolean {
  return ts.isPropertyAccessExpression(node) && ts.isMetaProperty(node.expression) && node.name.text === "resolve";
}

/** A URL is relative even without a leading dot; an import is not. */
function resolve(from: string, specifier: string, kind: ReferenceKind): string | undefined {
  if (kind === "computed") return undefined;
  const isRelative = kind === "url" ? !specifier.includes(":") : /^\.{0,2}\//.test(specifier);
  if (!isRelative) return undefined;
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") {
      if (parts.pop() === undefined) parts.push("(outside)");
    } else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}
