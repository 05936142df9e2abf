/**
 * Reads what another program prints, line by line.
 *
 * @module
 */

/**
 * Splits a stream of text.
 *
 * @param stream What the program prints.
 * @returns Its lines as they come, without their ends.
 */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  let text = "";
  for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const lines = text.split("\n");
    text = lines.pop()!;
    yield* lines;
  }
}
