import { expect, it } from '@jest/globals';
import { rowOf } from '../../api/conditions.ts';
import { cnpgPhases, phaseMeaning } from './cnpg-phase.ts';

it('only one phase means success, and an unknown one never does', () => {
  expect(Object.entries(cnpgPhases).filter(([, meaning]) => meaning === 'healthy')).toEqual([
    ['Cluster in healthy state', 'healthy'],
  ]);
  for (const text of ['cluster in healthy state', 'Cluster in healthy state ', 'Ready', 'toString', undefined])
    expect(phaseMeaning(text)).toBe('working');
});

it('a phase that needs intervention has a reason that is stalled, or progressing with a warning', () => {
  for (const meaning of Object.values(cnpgPhases)) {
    if (meaning === 'healthy' || meaning === 'working') continue;
    const { state, warning } = rowOf(meaning);
    expect(state === 'stalled' || (state === 'progressing' && warning === true)).toBe(true);
  }
});
