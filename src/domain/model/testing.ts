// The mind of the product for the model's tests, with what an API error means: that is known in another room.
import { type Meaning, meaningOf } from '../../controller/outcome.ts';
import { ApiError } from '../../kube/errors.ts';
import { decide } from '../decide.ts';
import { needs } from '../needs.ts';
import { tell } from '../status.ts';
import type { Mind } from './mind.ts';

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
