// Go's version strings, and the handling of the user's GOFLAGS.
import { describe, expect, it } from '@jest/globals';
import { explainGoFailure, moduleGroup } from './go.ts';
import { harmlessGoFlags, isNewEnough, parseGoVersion, requiredVersion } from './go-version.ts';
import { imageReferences } from './image-recipes.ts';

describe('parseGoVersion', () => {
  it.each([
    ['go1.26.8', [1, 26], true],
    ['go1.26', [1, 26], true],
    ['go1.27rc1', [1, 27], true],
    ['devel go1.28-abcdef Mon', [1, 28], true],
    ['go2.0', [2, 0], true],
    ['go1.19.8', [1, 19], false],
  ] as const)('%s', (text, version, enough) => {
    const parsed = parseGoVersion(text);
    expect(parsed).toEqual(version);
    expect(parsed !== undefined && isNewEnough(parsed)).toBe(enough);
  });

  it('does not guess', () => {
    expect(parseGoVersion('gccgo 12')).toBeUndefined();
  });
});

describe('requiredVersion', () => {
  const goMod =
    'module x\n\nrequire k8s.io/kubernetes v1.36.3\n\nrequire (\n\tk8s.io/api v0.36.3 // indirect\n)\nreplace k8s.io/cri => k8s.io/cri v0.1.0\n';

  it('reads both forms of require, and no replace', () => {
    expect(requiredVersion(goMod, 'k8s.io/kubernetes')).toBe('v1.36.3');
    expect(requiredVersion(goMod, 'k8s.io/api')).toBe('v0.36.3');
    expect(() => requiredVersion(goMod, 'k8s.io/cri')).toThrow('does not require k8s.io/cri');
  });

  it('finds the versions that the images are named after', () => {
    const cnpg = requiredVersion(moduleGroup('cnpg').goMod, 'github.com/cloudnative-pg/cloudnative-pg');
    const barman = requiredVersion(moduleGroup('barman').goMod, 'github.com/cloudnative-pg/plugin-barman-cloud');
    expect(imageReferences.cnpg).toMatch(new RegExp(`:${cnpg.slice(1)}$`));
    expect(imageReferences['barman-plugin']).toMatch(new RegExp(`:${barman}$`));
    expect(imageReferences['barman-sidecar']).toMatch(new RegExp(`:${barman}$`));
  });

  it('keeps the libraries of Kubernetes at its own version', () => {
    const { goMod: text } = moduleGroup('kubernetes');
    const version = requiredVersion(text, 'k8s.io/kubernetes').replace('v1.', 'v0.');
    const replaced = [...text.matchAll(/^\tk8s\.io\/\S+ => k8s\.io\/\S+ (\S+)$/gm)].map(([, found]) => found);
    expect(replaced.length).toBeGreaterThan(20);
    expect(new Set(replaced)).toEqual(new Set([version]));
  });
});

describe('harmlessGoFlags', () => {
  it('keeps how Go works and drops what it would build', () => {
    expect(harmlessGoFlags('-buildvcs=false -p=2 -modcacherw')).toBe('-buildvcs=false -p=2 -modcacherw');
    expect(harmlessGoFlags('-mod=mod -race --tags=x -coverpkg=./... -p=1 -modfile=a -ldflags=-s -o=x')).toBe('-p=1');
    expect(harmlessGoFlags('')).toBe('');
  });
});

describe('explainGoFailure', () => {
  it("reports Go's message and a remedy if a module is not available", () => {
    const said =
      'k8s.io/api/core/v1\ngo: downloading k8s.io/api v0.36.3\ngo: k8s.io/api@v0.36.3: reading https://proxy.example.test/k8s.io/api/@v/v0.36.3.zip: 404 Not Found';
    const sentence = explainGoFailure('kubelet', said);
    expect(sentence).toMatch(/^kubelet: a Go module could not be downloaded\. .*GOPROXY/);
    expect(sentence).toContain('go: k8s.io/api@v0.36.3: reading https://proxy.example.test');
    expect(sentence).not.toContain('k8s.io/api/core/v1');
  });

  it('distinguishes a full disk, an old Go and a compile error', () => {
    expect(explainGoFailure('etcd', 'write x: no space left on device')).toContain('go clean -cache');
    expect(
      explainGoFailure('etcd', 'go: go.mod requires go >= 1.26.8 (running go 1.26.1; GOTOOLCHAIN=local)'),
    ).toContain('too old');
    expect(explainGoFailure('etcd', './main.go:3:1: syntax error')).toMatch(
      /could not build it\. Go says:\n\.\/main\.go/,
    );
  });
});
