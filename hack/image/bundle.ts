// Bundles the operator into the single JavaScript file that the image runs. The same sources must always give the same bytes.
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { repositoryRoot } from '../toolchain/repository.ts';
import { leanClient } from './lean-client.ts';

/**
 * Bundles src/main.ts with all it imports.
 * @param outputDirectory made when it is missing; main.mjs in it is replaced
 * @param observers plugins that look at the build and leave the bytes as they are
 * @returns the path of main.mjs
 * @throws esbuild's BuildFailure, which names file and line
 */
export async function bundleOperator(outputDirectory: string, observers: readonly Plugin[] = []): Promise<string> {
  const outfile = join(outputDirectory, 'main.mjs');
  await build({
    absWorkingDir: repositoryRoot,
    entryPoints: ['src/main.ts'],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // CommonJS dependencies call require, which a module does not have.
    banner: {
      js: "import { createRequire as bundleCreateRequire } from 'node:module';\nconst require = bundleCreateRequire(import.meta.url);",
    },
    plugins: [leanClient(), ...observers],
    // Shorter text is less memory, but names stay: they are what a stack trace is read by.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'eof',
    logLevel: 'silent',
  });
  return outfile;
}
