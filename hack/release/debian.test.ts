// Every shared library in the image has the version of its Debian package, or the release is refused.
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { debianPackages, ownerIn } from './debian.ts';

describe('ownerIn', () => {
  it.each([
    ['libc6:amd64: /lib/x86_64-linux-gnu/libc.so.6\n', 'libc6:amd64'],
    ['tar: /bin/tar\n', 'tar'],
    ['libstdc++6:arm64: /usr/lib/aarch64-linux-gnu/libstdc++.so.6\n', 'libstdc++6:arm64'],
    ['diversion by dash from: /bin/sh\ndash: /bin/sh\n', 'dash'],
    ['one, two: /usr/share/doc\n', undefined],
    ['', undefined],
  ])('reads %j', (listing, owner) => {
    expect(ownerIn(listing)).toBe(owner);
  });
});

describe('debianPackages', () => {
  it('names package, version, source and copyright of a file, also by the path that a merged /usr gives it', async () => {
    for (const path of ['/bin/tar', '/usr/bin/tar']) {
      const [found, ...others] = await debianPackages([path]);
      expect(others).toEqual([]);
      expect(found).toMatchObject({ name: 'tar', source: 'tar', files: [path] });
      expect(found?.version).toMatch(/^\d/);
      expect(found?.distribution).toMatch(/^debian-\d+$/);
      expect(found?.copyright).toContain('GPL');
    }
  });

  it('refuses a file that is from no package', async () => {
    const path = `/tmp/debian-test-${process.pid}`;
    await writeFile(path, '');
    await expect(debianPackages([path])).rejects.toThrow(`${path} goes into the image and is from no Debian package`);
  });
});
