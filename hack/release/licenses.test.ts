// A package that may not go into the image is named, and so is one whose license is not there.
import { describe, expect, it } from '@jest/globals';
import { allowedLicense, licenseInReadme, licensesText } from './licenses.ts';

describe('allowedLicense', () => {
  it('returns a license that asks for nothing but its text', () => {
    expect(allowedLicense('a 1.0.0', ['MIT'])).toBe('MIT');
  });

  it.each([
    ['none', [], 'a 1.0.0 goes into the image and its package.json names no license'],
    ['another one', ['GPL-3.0-only'], 'a 1.0.0 goes into the image and has the license GPL-3.0-only. Allowed are'],
    ['one that is not allowed beside one that is', ['MIT', 'GPL-3.0-only'], 'a 1.0.0 goes into the image and has'],
    ['an expression, which nobody has read', ['(MIT OR GPL-3.0-only)'], 'has the license (MIT OR GPL-3.0-only)'],
  ])('refuses %s', (_, declared, words) => {
    expect(() => allowedLicense('a 1.0.0', declared)).toThrow(words);
  });
});

describe('licenseInReadme', () => {
  it.each([
    ['at the end', '# a\n\nText.\n\n## License\n\nCopyright X\n\nPermission\n'],
    ['before another chapter', '# a\n## license\nCopyright X\n\nPermission\n\n## Links\n\n- b\n'],
    ['with line breaks of Windows', '# a\r\n\r\n## License\r\n\r\nCopyright X\n\nPermission\r\n'],
  ])('finds the chapter %s', (_, readme) => {
    expect(licenseInReadme(readme)).toBe('Copyright X\n\nPermission');
  });

  it.each([
    ['no such chapter', '# a\n\nThe license is MIT.\n'],
    ['a chapter without a text', '# a\n\n## License\n\n## Links\n'],
  ])('finds nothing in a readme with %s', (_, readme) => {
    expect(licenseInReadme(readme)).toBeUndefined();
  });
});

describe('licensesText', () => {
  const entry = { name: 'a', version: '1.0.0', license: 'MIT', text: '\n   Title\n\nPermission\n\n' };

  it('has name, version, license and text of each', () => {
    const text = licensesText('All', [entry, { ...entry, name: 'b' }]);
    expect(text).toMatch(/^All\n\n=+\na 1[.]0[.]0\nLicense: MIT\n-+\n {3}Title\n\nPermission\n\n=+\nb 1[.]0[.]0\n/);
    expect(text).toMatch(/Permission\n$/);
  });

  it('names one without a text', () => {
    expect(() => licensesText('All', [entry, { ...entry, name: 'b', text: ' \n' }])).toThrow('package b 1.0.0');
  });
});
