// Jest transformer: erases TypeScript's types with Node's own stripper, so that tests run exactly what Node runs.
import { createHash } from 'node:crypto';
import { stripTypeScriptTypes } from 'node:module';

const transformer = {
  process: (source) => ({ code: stripTypeScriptTypes(source, { mode: 'strip' }) }),
  getCacheKey: (source, path) => createHash('sha256').update(process.version).update(path).update(source).digest('hex'),
};
export default transformer;
