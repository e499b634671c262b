// The files of examples/argo-cd, for the git repository of a test.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../../../hack/toolchain/repository.ts';

/** The files of a folder of the example, by their paths in the repository. */
export async function filesOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const directory = join(repositoryRoot, 'examples/argo-cd', folder);
  const files = (await readdir(directory)).map(async (name) => {
    return [`${folder}/${name}`, await readFile(join(directory, name), 'utf8')] as const;
  });
  return Object.fromEntries(await Promise.all(files));
}
