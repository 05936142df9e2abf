/**
 * Which names a module takes from the global scope, and whether its floor allows them.
 *
 * Floors 0 to 2 have an allow-list: the language's own names, without those that know the time, draw at random or
 * wait. `ring/` has `Atomics` besides, and the type `Promise` for what `waitAsync` returns. The rooms above that are
 * not drivers have a short ban-list instead. The compiler resolves the names, with no library loaded, so that a local
 * variable called `performance` is no fault and a hidden global is.
 *
 * @module
 */
import ts from "typescript";
import { lineOf, type Module, walk } from "./project.ts";
import { FACE, roomOf, ROOMS, touchesOutside } from "./rooms.ts";

/** Names that floors 0 to 2 may use as values and as types. */
const LANGUAGE: ReadonlySet<string> = words(`
  undefined NaN Infinity Object Array String Number Boolean Symbol BigInt Math JSON RegExp Map Set WeakMap WeakSet
  Error TypeError RangeError SyntaxError AggregateError
  ArrayBuffer SharedArrayBuffer DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array
  Uint32Array Float16Array Float32Array Float64Array BigInt64Array BigUint64Array TextEncoder TextDecoder
`);

/** Names that floors 0 to 2 may use as types only: they are erased. */
const LANGUAGE_TYPES: ReadonlySet<string> = words(`
  Readonly Partial Required Pick Omit Record Exclude Extract NonNullable NoInfer ReturnType Parameters InstanceType
  ReadonlyArray ReadonlyMap ReadonlySet PropertyKey ArrayLike ArrayBufferLike ArrayBufferView ErrorOptions Disposable
  Iterable Iterator IterableIterator IteratorResult IteratorObject Generator
`);

/** Names by which the rooms that are not drivers would reach the outside world. */
const OUTSIDE: ReadonlySet<string> = words(`
  Deno process Worker Date performance crypto fetch WebSocket setTimeout setInterval globalThis
`);

/**
 * Checks the global names of all modules in `src/` against their floor.
 *
 * @param modules All modules of the project.
 * @returns One sentence for each fault.
 */
export function checkGlobals(modules: readonly Module[]): string[] {
  const judged = modules.filter((module) => module.path.startsWith("src/"));
  const checker = checkerFor(judged);
  const faults: string[] = [];
  for (const module of judged) {
    const name = roomOf(module.path);
    const room = name === undefined ? undefined : ROOMS.get(name);
    if (name === undefined || room === undefined || touchesOutside(name) || name === FACE) continue;
    const isPure = room.floor <= 2;
    walk(module.ast, (node) => {
      const fault = ts.isIdentifier(node)
        ? nameFault(node, name, isPure, checker)
        : isPure
        ? syntaxFault(node)
        : undefined;
      if (fault !== undefined) faults.push(`${module.path}:${lineOf(node)}: ${fault}`);
    });
  }
  return faults;
}

function nameFault(node: ts.Identifier, room: string, isPure: boolean, checker: ts.TypeChecker): string | undefined {
  if (!isReference(node) || isDeclared(node, checker)) return undefined;
  const name = node.text;
  if (!isPure) return OUTSIDE.has(name) ? `${room} may not use ${name}: only drivers and runtimes may` : undefined;
  if (name === "Math") {
    const use = node.parent;
    const isMember = ts.isPropertyAccessExpression(use) && use.expression === node;
    if (!isMember) return "Math is used other than as Math.name";
    return use.name.text === "random" ? "Math.random is used; randomness is a port" : undefined;
  }
  if (LANGUAGE.has(name)) return undefined;
  if (room === "ring" && name === "Atomics") return undefined;
  if (ts.isPartOfTypeNode(node) && (LANGUAGE_TYPES.has(name) || room === "ring" && name === "Promise")) {
    return undefined;
  }
  return `${name} is not on the list of names that floors 0 to 2 may use (tests/arch/globals.ts)`;
}

function syntaxFault(node: ts.Node): string | undefined {
  if (node.kind === ts.SyntaxKind.AsyncKeyword) return "async";
  if (ts.isAwaitExpression(node) || ts.isForOfStatement(node) && node.awaitModifier !== undefined) return "await";
  if (ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.AwaitUsing) === ts.NodeFlags.AwaitUsing) {
    return "await using";
  }
  if (node.kind === ts.SyntaxKind.ImportKeyword && ts.isCallExpression(node.parent)) return "a dynamic import";
  if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) return "import.meta";
  const isAmbient = node.kind === ts.SyntaxKind.DeclareKeyword && !ts.isPropertyDeclaration(node.parent);
  return isAmbient ? "declare: a name that nothing here defines" : undefined;
}

/** Whether an identifier stands for what some scope declares, rather than being a declaration, a key or a label. */
function isReference(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  if (ts.isQualifiedName(parent)) return parent.left === node;
  if (ts.isImportTypeNode(parent)) return false;
  if (ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent)) return false;
  if (ts.isTypeReferenceNode(parent) && node.text === "const") return false;
  const slots = parent as { readonly name?: ts.Node; readonly propertyName?: ts.Node };
  return slots.name !== node && slots.propertyName !== node;
}

function isDeclared(node: ts.Identifier, checker: ts.TypeChecker): boolean {
  const symbol = ts.isShorthandPropertyAssignment(node.parent)
    ? checker.getShorthandAssignmentValueSymbol(node.parent)
    : checker.getSymbolAtLocation(node);
  return (symbol?.declarations?.length ?? 0) > 0;
}

/** A checker that knows these modules and nothing else: no library and no package. */
function checkerFor(modules: readonly Module[]): ts.TypeChecker {
  const asts = new Map(modules.map((module) => [module.ast.fileName, module.ast]));
  const options: ts.CompilerOptions = { noLib: true, noResolve: true, types: [], target: ts.ScriptTarget.ESNext };
  return ts.createProgram([...asts.keys()], options, {
    getSourceFile: (name) => asts.get(name),
    fileExists: (name) => asts.has(name),
    readFile: (name) => asts.get(name)?.text,
    writeFile: () => {},
    getDefaultLibFileName: () => "",
    getCurrentDirectory: () => "/",
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
  }).getTypeChecker();
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
