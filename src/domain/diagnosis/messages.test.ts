// Messages of other components, normalized for the status.
import { describe, expect, it } from '@jest/globals';
import { normalize, wordsOnImage, wordsOnRefusal, wordsOnScheduling } from './messages.ts';

describe('normalize', () => {
  it.each([
    [
      'dial tcp: lookup ghcr.io on 192.0.2.53:53: read udp 192.0.2.1:59480->192.0.2.53:53: i/o timeout',
      'dial tcp: lookup ghcr.io on 192.0.2.53:53: i/o timeout',
    ],
    [
      'Get "https://r.example/v2/blobs/sha256:ab?X-Amz-Signature=secret&e=1": EOF',
      'Get "https://r.example/v2/blobs/sha256:ab": EOF',
    ],
    ['rpc error: code = DeadlineExceeded desc = context deadline exceeded.', 'context deadline exceeded'],
    ['/pods/d0c76e71-be2f-49aa-88a0-0031ec8e43d1/volumes', '/pods/<uid>/volumes'],
    ['two\nlines\tand  blanks ', 'two lines and blanks'],
    ['volume "a" : gone', 'volume "a": gone'],
    ['(combined from similar events): no room', 'no room'],
  ])('%s', (words, expected) => expect(normalize(words)).toBe(expected));

  it('truncates a long message', () => {
    expect(normalize('x'.repeat(5000))).toHaveLength(300);
  });
});

describe('wordsOnImage', () => {
  it.each([
    [
      'rpc error: code = NotFound desc = failed to pull and unpack image "r/p:1": failed to resolve reference "r/p:1": r/p:1: not found',
      'failed to resolve reference "r/p:1": r/p:1: not found',
    ],
    [
      'Back-off pulling image "r/p:1": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "r/p:1": r/p:1: not found',
      'r/p:1: not found',
    ],
    ['Failed to pull image "r/p:1": unauthorized', 'unauthorized'],
    ['Back-off pulling image "r/p:1"', ''],
  ])('%s', (message, expected) => expect(wordsOnImage(message)).toBe(expected));
});

describe('wordsOnScheduling', () => {
  it.each([
    [
      '0/5 nodes are available: 2 node(s) had untolerated taint {a: b, c}, 3 Insufficient memory. preemption: 0/5 nodes',
      'Insufficient memory, node(s) had untolerated taint {a: b, c}',
    ],
    ['0/1 nodes are available: 1 Too many pods.', 'Too many pods'],
    ['no nodes available to schedule pods', 'no nodes available to schedule pods'],
  ])('%s', (message, expected) => expect(wordsOnScheduling(message)).toBe(expected));
});

describe('wordsOnRefusal', () => {
  it('omits the name of the pod and the current use of a quota', () => {
    const message =
      'Error creating: pods "db-1-initdb-x7k2p" is forbidden: exceeded quota: small, requested: limits.memory=1Gi,pods=1, used: limits.memory=3Gi,pods=3, limited: limits.memory=3Gi,pods=3';
    expect(wordsOnRefusal(message, 'db-1-initdb')).toBe(
      'pods "db-1-initdb" is forbidden: exceeded quota: small, requested: limits.memory=1Gi,pods=1, limited: limits.memory=3Gi,pods=3',
    );
  });

  it.each(['ask the platform team', 'disks, used: 3 of 3', 'disks, limited: 3'])(
    'keeps the message of a webhook: %s',
    (words) => {
      const denied = `admission webhook "guard-hooks" denied the request: ${words}`;
      expect(wordsOnRefusal(`Error creating: ${denied}`, 'db-1-initdb')).toBe(denied);
    },
  );
});
