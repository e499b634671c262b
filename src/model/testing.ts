// The mind of the product for the model's tests, with what an API error means: that is known in another room.
import { type Meaning, meaningOf } from '../controller/api-errors.ts';
import { decide } from '../domain/decide.ts';
import { needs } from '../domain/needs.ts';
import { tell } from '../domain/status.ts';
import { ApiError } from '../kube/errors.ts';
import type { Mind } from './subject.ts';

/** What the product thinks; a search asks for the meaning of the same errors again and again. */
export function productMind(): Mind {
  const known = new Map<string, Meaning>();
  return {
    needs,
    decide,
    tell,
    meaningOf: (error, action) => {
      const name = action.verb === 'delete' ? action.name : action.manifest.metadata.name;
      const key = `${error.code} ${error.message} ${action.verb} ${action.child} ${name}`;
      const meaning = known.get(key) ?? meaningOf(new ApiError(error), action);
      known.set(key, meaning);
      return meaning;
    },
  };
}
