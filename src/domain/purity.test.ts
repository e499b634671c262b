// The domain logic is synchronous and has no side effects: this checks in the source text what the import rules cannot detect.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && !/[.]test[.]ts$|^testing[.]ts$/.test(name),
);

it.each(files)('%s uses no clock, no random numbers, no asynchronous code and no process', (name) => {
  const code = readFileSync(join(import.meta.dirname, name), 'utf8').replace(/\/\/[^\n]*|\/\*.*?\*\//gs, '');
  for (const word of [
    /\basync\b/,
    /\bawait\b/,
    /\bDate\b/,
    /\bMath\.random\b/,
    /\bprocess\b/,
    /\bfetch\(/,
    /\bsetTimeout\b/,
    /\bperformance\b/,
  ]) {
    expect(code).not.toMatch(word);
  }
});

it('checks files', () => expect(files.length).toBeGreaterThan(30));
