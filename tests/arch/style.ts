/**
 * The rules of form: names of files and functions, lengths, headers, and words that do not belong in the sources.
 *
 * @module
 */
import ts from "typescript";
import { lineOf, type Module, walk } from "./project.ts";

const LONG_FILE_LINES = 400;
const MAX_FILE_LINES = 600;
const MAX_FUNCTION_LINES = 70;
const MAX_WORKER_LINES = 60;

const forbiddenNames = new Set(["util", "utils", "helper", "helpers", "types", "common", "index"]);

/** Unfinished work, wherever it is admitted outside a string. */
const unfinished = /\b(TODO|FIXME|XXX|HACK)\b/;

/** Paths of one machine, and hosts of package registries. */
const machineWords = [
  /(^|[\s"'`(=:]|file:\/\/)\/(home|root|Users)\/[\w.-]/,
  /\b(registry|npm)\.[a-z0-9-]+\.[a-z]+\b/,
];

/**
 * Checks that files and folders are in snake_case and that their names say something.
 *
 * @param modules The modules to check.
 * @returns One sentence for each fault.
 */
export function checkFileNames(modules: readonly Module[]): string[] {
  return each(modules, ({ path }) => {
    const parts = path.replace(/\.ts$/, "").split("/");
    const bad = parts.find((part) => !/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(part) || forbiddenNames.has(part));
    return bad === undefined ? [] : [`${path}: "${bad}" is no name for a file: snake_case that says what it decides`];
  });
}

/**
 * Checks the lengths of files, entry scripts and functions.
 *
 * @param modules The modules to check.
 * @returns One sentence for each fault.
 */
export function checkLengths(modules: readonly Module[]): string[] {
  return each(modules, (module) => {
    const faults: string[] = [];
    const length = module.text.trimEnd().split("\n").length;
    if (length > MAX_FILE_LINES) faults.push(`${module.path}: ${length} lines; ${MAX_FILE_LINES} is the most`);
    else if (length > LONG_FILE_LINES && !headerOf(module).includes("Why:")) {
      faults.push(`${module.path}: ${length} lines; above ${LONG_FILE_LINES} its header gives a reason after "Why:"`);
    }
    if (module.path.startsWith("workers/") && length > MAX_WORKER_LINES) {
      faults.push(`${module.path}: ${length} lines; an entry script has at most ${MAX_WORKER_LINES}`);
    }
    walk(module.ast, (node) => {
      if (!ts.isFunctionLike(node)) return;
      const lines = module.ast.getLineAndCharacterOfPosition(node.getEnd()).line + 2 - lineOf(node);
      if (lines > MAX_FUNCTION_LINES) {
        faults.push(`${module.path}:${lineOf(node)}: a function of ${lines} lines; ${MAX_FUNCTION_LINES} is the most`);
      }
    });
    return faults;
  });
}

/**
 * Checks that each file opens with a module doc. A unit test needs none: it mirrors a source whose header speaks for
 * both.
 *
 * @param modules The modules to check.
 * @returns One sentence for each fault.
 */
export function checkHeaders(modules: readonly Module[]): string[] {
  return each(modules, (module) => {
    if (module.path.startsWith("tests/unit/")) return [];
    const header = headerOf(module);
    if (header === "") return [`${module.path}: does not open with a module doc`];
    return /[\s*]@module\b/.test(header) ? [] : [`${module.path}: its first comment has no @module`];
  });
}

/**
 * Checks that no exported function and no method of an exported class or interface is called `get…`.
 *
 * @param modules The modules to check; those outside `src/` are passed over.
 * @returns One sentence for each fault.
 */
export function checkGetPrefix(modules: readonly Module[]): string[] {
  return each(modules, (module) => {
    if (!module.path.startsWith("src/")) return [];
    const faults: string[] = [];
    const judge = (name: ts.Node | undefined): void => {
      if (name === undefined || !ts.isIdentifier(name) || !/^get([A-Z]|$)/.test(name.text)) return;
      faults.push(
        `${module.path}:${lineOf(name)}: ${name.text} says nothing with its "get"; use a noun or an accessor`,
      );
    };
    const listed = exportedByList(module);
    for (const statement of module.ast.statements) {
      if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)) {
        for (const element of statement.exportClause.elements) judge(element.name);
      }
      for (const declared of declarationsOf(statement)) {
        if (!isExported(statement, declared.name, listed)) continue;
        judge(declared.name);
        for (const member of declared.members ?? []) {
          if (ts.isMethodDeclaration(member) || ts.isMethodSignature(member)) judge(member.name);
        }
      }
    }
    return faults;
  });
}

/**
 * Checks that nothing admits to be unfinished; strings are passed over.
 *
 * @param modules The modules to check.
 * @returns One sentence for each fault.
 */
export function checkUnfinished(modules: readonly Module[]): string[] {
  return each(modules, (module) => findLines(module.path, withoutStrings(module), [unfinished]));
}

/**
 * Checks that no source names a path of somebody's machine or the host of a registry.
 *
 * @param modules The modules to check; those that are not shipped are passed over.
 * @returns One sentence for each fault.
 */
export function checkMachineWords(modules: readonly Module[]): string[] {
  const shipped = modules.filter((module) => /^(src\/|workers\/|mod\.ts$)/.test(module.path));
  return each(shipped, (module) => findLines(module.path, module.text, machineWords));
}

function each(modules: readonly Module[], check: (module: Module) => string[]): string[] {
  return modules.flatMap(check);
}

/** The doc comment that a file opens with; line comments (lint directives) may stand before it. */
function headerOf(module: Module): string {
  return /^(?:\s*\/\/.*\n)*\s*(\/\*\*[\s\S]*?\*\/)/.exec(module.text)?.[1] ?? "";
}

interface Declared {
  readonly name: ts.Node | undefined;
  readonly members?: readonly ts.Node[];
}

function declarationsOf(statement: ts.Statement): Declared[] {
  if (ts.isFunctionDeclaration(statement)) return [{ name: statement.name }];
  if (ts.isClassDeclaration(statement) || ts.isInterfaceDeclaration(statement)) {
    return [{ name: statement.name, members: statement.members }];
  }
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations
    .filter((one) => one.initializer !== undefined && ts.isFunctionLike(one.initializer))
    .map((one) => ({ name: one.name }));
}

function isExported(statement: ts.Statement, name: ts.Node | undefined, listed: ReadonlySet<string>): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) ?? [] : [];
  const isMarked = modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword);
  return isMarked || name !== undefined && ts.isIdentifier(name) && listed.has(name.text);
}

function exportedByList(module: Module): ReadonlySet<string> {
  const names = new Set<string>();
  for (const statement of module.ast.statements) {
    if (!ts.isExportDeclaration(statement) || statement.moduleSpecifier !== undefined) continue;
    const clause = statement.exportClause;
    if (clause === undefined || !ts.isNamedExports(clause)) continue;
    for (const element of clause.elements) names.add((element.propertyName ?? element.name).text);
  }
  return names;
}

/** The text with the content of strings, templates and patterns blanked out; lines stay where they are. */
function withoutStrings(module: Module): string {
  const pieces: string[] = [];
  let at = 0;
  walk(module.ast, (node) => {
    const isString = ts.isStringLiteralLike(node) || ts.isRegularExpressionLiteral(node) ||
      ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
    if (!isString) return;
    const start = node.getStart();
    pieces.push(module.text.slice(at, start), module.text.slice(start, node.getEnd()).replace(/[^\n]/g, " "));
    at = node.getEnd();
  });
  return pieces.join("") + module.text.slice(at);
}

function findLines(path: string, text: string, patterns: readonly RegExp[]): string[] {
  return text.split("\n").flatMap((line, index) => {
    const hit = patterns.map((pattern) => pattern.exec(line)).find((match) => match !== null);
    return hit ? [`${path}:${index + 1}: contains "${hit[0].trim()}"`] : [];
  });
}
