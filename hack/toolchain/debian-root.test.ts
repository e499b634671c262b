// What dpkg's status file says about a package, as far as an image's tag depends on it.
import { describe, expect, it } from '@jest/globals';
import { versionIn } from './debian-root.ts';

const status = `Package: postgresql-17-extra
Version: 9.9-1

Package: postgresql-17
Status: install ok installed
Depends: postgresql-client-17
Version: 17.11-0+deb13u1

Package: zlib1g
Version: 1:1.3.dfsg+really1.3.1-1+b1

Package: tzdata
Version: 2026f
`;

describe('versionIn', () => {
  it.each([
    ['postgresql-17', '17.11'],
    ['zlib1g', '1.3.dfsg+really1.3.1'],
    ['tzdata', '2026f'],
  ])('%s is %s, without epoch and revision', (name, version) => {
    expect(versionIn(status, name)).toBe(version);
  });

  it('does not take another package for the one that is missing', () => {
    expect(() => versionIn(status, 'postgresql-18')).toThrow('no package postgresql-18');
    expect(() => versionIn(status, 'postgresql')).toThrow('no package postgresql ');
  });
});
