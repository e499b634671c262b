// What a coming release of CloudNativePG changes, and what belongs to the plugin that another one is to succeed, is known in one place each.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter(
  (file) =>
    file.endsWith('.ts') && !file.endsWith('.test.ts') && !/(^|\/)(testing[^/]*|generated)(\/|\.ts$)/.test(file),
);
/** The sources without what is only said of them. */
const sources = files.map((file) => {
  const text = readFileSync(join(import.meta.dirname, file), 'utf8');
  return [file, text.replace(/^\s*(\/\/|\/?\*).*$/gm, '')] as const;
});

/** Jobs of the operator itself: the one that redacts a restored database. */
const own = ['api/job.ts', 'domain/redaction/job.ts', 'domain/redaction/redaction.ts'];

it.each<readonly [string, RegExp, string, readonly string[]]>([
  ['Jobs of CNPG', /'Job'|\bjob\/|batch\/v1/, 'domain/diagnosis/preparation.ts', own],
  ['their names', /-initdb\b|-join\b|full-recovery|major-upgrade/, 'domain/diagnosis/preparation.ts', []],
  ['the name of the plugin', /barman-cloud\.cloudnative-pg\.io/, 'api/barman.ts', []],
  ['its API', /barmancloud\.cnpg\.io/, 'api/barman.ts', []],
  ['its kind', /(['"`])ObjectStore\1/, 'api/barman.ts', []],
  ['its container', /plugin-barman-cloud/, 'api/barman.ts', []],
  ['its parameters', /barmanObjectName/, 'api/barman.ts', []],
])('%s', (_, pattern, place, others) => {
  const knowing = sources.filter(([, text]) => pattern.test(text)).map(([file]) => file);
  expect(knowing.toSorted()).toEqual([place, ...others].toSorted());
});
