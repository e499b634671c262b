// The zip reader against archives made here byte by byte.

import { crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { extractFromZip } from './zip.ts';

interface Member {
  readonly name: string;
  readonly content: Buffer;
  readonly method: 0 | 8 | 12;
}

/** Builds a zip archive; local headers get an extra field that the central directory does not have. */
function zip(members: readonly Member[], comment = ''): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const { name, content, method } of members) {
    const packed = method === 8 ? deflateRawSync(content) : content;
    const common = Buffer.alloc(22);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(content.length, 18);
    const lengths = (extra: number) => Buffer.from(new Uint16Array([Buffer.byteLength(name), extra]).buffer);
    const local = Buffer.concat([
      Buffer.from('PK\x03\x04'),
      common,
      lengths(4),
      Buffer.from(name),
      Buffer.from('xtra'),
      packed,
    ]);
    const position = Buffer.alloc(14);
    position.writeUInt32LE(offset, 10);
    centrals.push(
      Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.alloc(2), common, lengths(0), position, Buffer.from(name)]),
    );
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(Buffer.byteLength(comment), 20);
  return Buffer.concat([...locals, directory, end, Buffer.from(comment)]);
}

const text = Buffer.from('kubectl '.repeat(1000));
const archive = zip(
  [
    { name: 'helm/', content: Buffer.alloc(0), method: 0 },
    { name: 'helm/helm', content: Buffer.from('stored'), method: 0 },
    { name: 'kubectl/kubectl', content: text, method: 8 },
    { name: 'odd', content: text, method: 12 },
  ],
  'a comment after the end',
);

describe('extractFromZip', () => {
  it('reads stored and deflated files', () => {
    expect(extractFromZip(archive, 'helm/helm').toString()).toBe('stored');
    expect(extractFromZip(archive, 'kubectl/kubectl').equals(text)).toBe(true);
  });

  it('refuses what is not there or not understood', () => {
    expect(() => extractFromZip(archive, 'missing')).toThrow('no file missing');
    expect(() => extractFromZip(archive, 'odd')).toThrow('method 12');
    expect(() => extractFromZip(Buffer.from('not a zip archive at all'), 'x')).toThrow('not a zip archive');
  });

  it('notices a changed byte', () => {
    const changed = Buffer.from(archive);
    changed.write('S', changed.indexOf('stored'));
    expect(() => extractFromZip(changed, 'helm/helm')).toThrow('damaged');
  });
});
