// The rules between the images of PostgreSQL that a change of version depends on.
import { describe, expect, it } from '@jest/globals';
import { type ImageName, imageRecipe, imageReferences } from './image-recipes.ts';

const postgres: readonly ImageName[] = ['postgres-15', 'postgres'];

describe.each(postgres)('the image %s', (name) => {
  const major = /:(\d+)-/.exec(imageReferences[name])?.[1];
  const { debian, versionOf, config } = imageRecipe(name);

  it('holds the major version that its tag promises, found first on the path', () => {
    expect(versionOf).toBe(`postgresql-${major}`);
    expect(debian?.packages).toContain(versionOf);
    expect(config.Env?.find((text) => text.startsWith('PATH='))).toMatch(`PATH=/usr/lib/postgresql/${major}/bin:`);
  });

  it('leaves just-in-time compilation out', () => {
    expect(debian?.leaveOut).toContain(`/usr/lib/postgresql/${major}/lib/llvmjit.so`);
  });

  it('runs as the user that CloudNativePG gives the files to', () => {
    expect(config.User).toBe('26');
    expect(debian?.after).toContain('usermod -u 26');
  });
});

describe('a major upgrade', () => {
  it("finds the old programs' libraries in the new image, from the Debian that the old one is made of", () => {
    const [from, to] = postgres.map((name) => imageRecipe(name).debian);
    expect(to?.furtherSuite).toBe(from?.suite);
    expect(to?.packages).toEqual(expect.arrayContaining(['libicu72', 'libldap-2.5-0']));
  });
});
