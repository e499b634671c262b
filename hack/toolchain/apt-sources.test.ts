// The two formats of apt's sources, and the choice of the archive to use.
import { describe, expect, it } from '@jest/globals';
import { chooseMirror, parseDeb822Sources, parseOneLineSources } from './apt-sources.ts';

const ONE_LINE = `
# deb http://commented.test/debian bookworm main
deb-src http://source.test/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/vendor.gpg] https://vendor.test/apt stable main
deb http://security.test/debian-security bookworm-security main # updates
deb http://mirror.test/debian bookworm main contrib # all
`;

const DEB822 = `# the archive
Types: deb deb-src
# a comment inside a stanza
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://off.test/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb
URIs: http://key.test/debian
Suites: trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----
`;

describe('parseOneLineSources', () => {
  it('reads enabled binary sources with their keyring', () => {
    expect(parseOneLineSources(ONE_LINE)).toEqual([
      {
        uri: 'https://vendor.test/apt',
        suites: ['stable'],
        components: ['main'],
        keyring: '/usr/share/keyrings/vendor.gpg',
      },
      { uri: 'http://security.test/debian-security', suites: ['bookworm-security'], components: ['main'] },
      { uri: 'http://mirror.test/debian', suites: ['bookworm'], components: ['main', 'contrib'] },
    ]);
  });
});

describe('parseDeb822Sources', () => {
  it('reads stanzas, continued lines and keyring files, and skips what is off', () => {
    expect(parseDeb822Sources(DEB822)).toEqual([
      {
        uri: 'http://mirror.test/debian',
        suites: ['bookworm', 'bookworm-updates'],
        components: ['main', 'contrib'],
        keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
      },
      { uri: 'http://key.test/debian', suites: ['trixie'], components: ['main'] },
    ]);
  });
});

describe('chooseMirror', () => {
  it('takes the archive that the machine itself comes from', () => {
    const sources = [...parseOneLineSources(ONE_LINE).slice(1), ...parseDeb822Sources(DEB822)];
    expect(chooseMirror(sources, 'bookworm').uri).toBe('http://mirror.test/debian');
    expect(chooseMirror(sources, 'trixie').uri).toBe('http://key.test/debian');
  });

  it('says what is missing when there is none', () => {
    const cdrom = parseOneLineSources('deb cdrom:[Debian]/ bookworm main');
    expect(() => chooseMirror(cdrom, 'bookworm')).toThrow(/sources[.]list/);
    expect(() => chooseMirror([], 'bookworm')).toThrow(/no Debian archive of bookworm/);
  });
});
