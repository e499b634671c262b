// The subject of the model's tests: the product's functions, with what an API error means, which only the controller knows.
import { classify } from '../controller/api-errors.ts';
import { decide } from '../domain/decide.ts';
import { needs } from '../domain/needs.ts';
import { statusOf } from '../domain/status.ts';
import { ApiError } from '../kube/errors.ts';
import type { Meaning, Subject } from './subject.ts';

/** What the product decides; a search asks for the meaning of the same errors again and again. */
export function productSubject(): Subject {
  const known = new Map<string, Meaning>();
  return {
    needs,
    decide,
    statusOf,
    classify: (error, action) => {
      const name = action.verb === 'delete' ? action.name : action.manifest.metadata.name;
      const key = `${error.code} ${error.message} ${action.verb} ${action.child} ${name}`;
      const meaning = known.get(key) ?? classify(new ApiError(error), action);
      known.set(key, meaning);
      return meaning;
    },
  };
}
