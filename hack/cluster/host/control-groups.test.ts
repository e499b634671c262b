import { describe, expect, it } from '@jest/globals';
import { parseMounts } from './control-groups.ts';

describe('parseMounts', () => {
  it('finds the hierarchies of both versions and nothing else', () => {
    const mounts = `proc /proc proc rw 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
/dev/vda / ext4 rw 0 0
`;
    expect(parseMounts(mounts)).toEqual([
      { mountPoint: '/sys/fs/cgroup/memory', version: 1 },
      { mountPoint: '/sys/fs/cgroup/unified', version: 2 },
    ]);
  });
});
