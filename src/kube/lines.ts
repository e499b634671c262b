// Cuts a byte stream into lines of text; it must never give out an unfinished line.
import { ApiError } from './errors.ts';

const newline = 0x0a;

/**
 * The complete, non-empty lines of a stream; what follows the last newline is dropped.
 * @param mostBytes the longest line allowed
 * @throws ApiError code 0 reason 'Network' when a line is longer; whatever the stream throws
 */
export async function* splitLines(chunks: AsyncIterable<Buffer>, mostBytes: number): AsyncIterable<string> {
  let unfinished: Buffer[] = [];
  let unfinishedBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      const tail = chunk.subarray(start, end);
      start = end + 1;
      const line = unfinishedBytes === 0 ? tail : Buffer.concat([...unfinished, tail]);
      unfinished = [];
      unfinishedBytes = 0;
      if (line.length > mostBytes) throw tooLong(mostBytes);
      if (line.length > 0) yield line.toString('utf8');
    }
    if (start === chunk.length) continue;
    unfinished.push(chunk.subarray(start));
    unfinishedBytes += chunk.length - start;
    if (unfinishedBytes > mostBytes) throw tooLong(mostBytes);
  }
}

function tooLong(mostBytes: number): ApiError {
  return new ApiError({
    code: 0,
    reason: 'Network',
    message: `a line of the stream is longer than ${mostBytes} bytes`,
  });
}
