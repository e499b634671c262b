// Reads files out of a zip archive. It refuses what it does not understand, and never trusts a size or a checksum unchecked.
import { crc32, inflateRawSync } from 'node:zlib';

const END_OF_CENTRAL_DIRECTORY = 0x06054b50;
const CENTRAL_ENTRY = 0x02014b50;
const LOCAL_ENTRY = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;

/**
 * Extracts one file of a zip archive (APPNOTE.TXT 6.3; no zip64, no encryption).
 * @param archive the whole archive
 * @param name the file's full name inside the archive, for example `helm/helm`
 * @throws Error when the archive is damaged, has no such file, or uses a feature not read here
 */
export function extractFromZip(archive: Buffer, name: string): Buffer {
  const end = findEnd(archive);
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    if (archive.readUInt32LE(at) !== CENTRAL_ENTRY) throw new Error('zip: damaged central directory');
    const nameLength = archive.readUInt16LE(at + 28);
    const found = archive.toString('utf8', at + 46, at + 46 + nameLength);
    if (found === name) return content(archive, at, name);
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  throw new Error(`zip: no file ${name}`);
}

function findEnd(archive: Buffer): number {
  // The end record is 22 bytes, followed only by a comment of at most 65535 bytes.
  const lowest = Math.max(0, archive.length - 22 - 0xffff);
  for (let at = archive.length - 22; at >= lowest; at -= 1) {
    if (archive.readUInt32LE(at) === END_OF_CENTRAL_DIRECTORY) return at;
  }
  throw new Error('zip: not a zip archive');
}

function content(archive: Buffer, entry: number, name: string): Buffer {
  const method = archive.readUInt16LE(entry + 10);
  const checksum = archive.readUInt32LE(entry + 16);
  const packedSize = archive.readUInt32LE(entry + 20);
  const size = archive.readUInt32LE(entry + 24);
  const local = archive.readUInt32LE(entry + 42);
  if (archive.readUInt32LE(local) !== LOCAL_ENTRY) throw new Error(`zip: damaged entry ${name}`);
  // The local header repeats the name but may carry another extra field than the central directory.
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const packed = archive.subarray(start, start + packedSize);
  const unpacked = unpack(packed, method, name);
  if (unpacked.length !== size || crc32(unpacked) !== checksum) throw new Error(`zip: ${name} is damaged`);
  return unpacked;
}

function unpack(packed: Buffer, method: number, name: string): Buffer {
  if (method === STORED) return packed;
  if (method === DEFLATED) return inflateRawSync(packed);
  throw new Error(`zip: ${name} is packed by method ${method}, which is not read here`);
}
