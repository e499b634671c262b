import { expect, it } from '@jest/globals';
import { rowOf } from '../../api/conditions.ts';
import { cnpgPhases, phaseMeaning } from './cnpg-phase.ts';

it('only one text of CNPG is success, and an unknown one never is', () => {
  expect(Object.entries(cnpgPhases).filter(([, meaning]) => meaning === 'healthy')).toEqual([
    ['Cluster in healthy state', 'healthy'],
  ]);
  for (const text of ['cluster in healthy state', 'Cluster in healthy state ', 'Ready', undefined])
    expect(phaseMeaning(text)).toBe('working');
});

it('a phase that needs somebody to act has a reason that stalls, or that warns until it has lasted too long', () => {
  for (const meaning of Object.values(cnpgPhases)) {
    if (meaning === 'healthy' || meaning === 'working') continue;
    const { state, warning } = rowOf(meaning);
    expect(state === 'stalled' || (state === 'progressing' && warning === true)).toBe(true);
  }
});
