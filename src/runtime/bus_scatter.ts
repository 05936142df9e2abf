/**
 * Answers in the order in which they come.
 *
 * @module
 */
import type { BusNode } from "./bus_handlers.ts";
import type { Asked } from "./bus_backend.ts";

/** What one node answered, or why it did not. */
export type ScatterAnswer<Out> =
  | { readonly node: BusNode; readonly isOk: true; readonly value: Out }
  | { readonly node: BusNode; readonly isOk: false; readonly error: unknown };

/**
 * Hands on answers as they come.
 *
 * @param asked Who was asked; every answer settles in the end.
 * @returns All answers, each once.
 */
export async function* answersAsTheyCome<Out>(asked: AsyncIterable<Asked>): AsyncGenerator<ScatterAnswer<Out>, void> {
  const ready: ScatterAnswer<Out>[] = [];
  let pendingCount = 0;
  let wake = (): void => {};
  const settle = (answer: ScatterAnswer<Out>): void => {
    ready.push(answer);
    pendingCount--;
    wake();
  };
  for await (const { node, answer } of asked) {
    pendingCount++;
    answer.then(
      (value) => settle({ node, isOk: true, value: value as Out }),
      (error) => settle({ node, isOk: false, error }),
    );
  }
  while (ready.length > 0 || pendingCount > 0) {
    if (ready.length === 0) await new Promise<void>((resolve) => wake = resolve);
    yield ready.shift()!;
  }
}
