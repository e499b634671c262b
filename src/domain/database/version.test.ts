import { describe, expect, it } from '@jest/globals';
import { imageFor, isLower, versionOfImage } from './version.ts';

it.each([
  ['16', '17', true],
  ['17', '16', false],
  ['17', '17', false],
  ['17.3', '17.4', true],
  ['17.4', '17.4', false],
  ['17', '17.4', false],
  ['17.2', '17', false],
  ['18', '17.9', false],
  ['18.1', '17.4', false],
  ['latest', '17', false],
  ['16', 'latest', false],
])('%s over a running %s is lower: %s', (wanted, running, lower) => {
  expect(isLower(wanted, running)).toBe(lower);
});

describe('images', () => {
  const pattern = 'ghcr.io/cloudnative-pg/postgresql:{version}';
  it.each([
    [pattern, 'ghcr.io/cloudnative-pg/postgresql:17', '17'],
    [pattern, 'ghcr.io/cloudnative-pg/postgresql:17.4', '17.4'],
    [pattern, 'registry.example:5000/pg:16.2-standard-trixie', '16.2'],
    ['r/pg:{version}-minimal', 'r/pg:18-minimal', '18'],
    ['r/pg:{version}-minimal', 'other16/pg:18-minimal', '18'],
    [pattern, 'r/pg:17.5.0-debian-12-r0', '17.5'],
    [pattern, 'r/pg:17.20261101', '17'],
    [pattern, 'r/pg:17beta1', '17'],
    [pattern, 'r/pg:1700', undefined],
    ['r/pg:{version}.0-r1', 'r/pg:17.0-r1', '17'],
    [pattern, 'r/pg@sha256:0123', undefined],
    [pattern, 'r/pg:latest', undefined],
  ])('%s, %s: %s', (from, image, version) => {
    expect(versionOfImage(from, image)).toBe(version);
  });
  it('come from the pattern', () => {
    expect(imageFor(pattern, '17.4')).toBe('ghcr.io/cloudnative-pg/postgresql:17.4');
  });
});
