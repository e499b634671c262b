// Splits a byte stream into lines of text. It must never return an incomplete line.
import { ApiError } from './errors.ts';

const newline = 0x0a;

/**
 * The complete, non-empty lines of a stream. Data after the last newline is dropped.
 * @param mostBytes the maximum length of a line
 * @throws ApiError code 0 reason 'Network' if a line is longer; any error of the stream
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
