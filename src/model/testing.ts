// The subject of the model's tests: the product's functions, including the classification of API errors from the controller.
import { classify } from '../controller/api-errors.ts';
import { decide } from '../domain/decide.ts';
import { needs } from '../domain/needs.ts';
import { statusOf } from '../domain/status.ts';
import { transitions } from '../domain/transitions.ts';
import { ApiError } from '../kube/errors.ts';
import type { Meaning, Subject } from './subject.ts';

/** The product as a subject. Classifications are cached, since a search asks for the same ones very often. */
export function productSubject(): Subject {
  const known = new Map<string, Meaning>();
  return {
    needs,
    decide,
    statusOf,
    transitions,
    classify: (error, action) => {
      const name = action.verb === 'delete' ? action.name : action.manifest.metadata.name;
      const key = `${error.code} ${error.message} ${action.verb} ${action.child} ${name}`;
      const meaning = known.get(key) ?? classify(new ApiError(error), action);
      known.set(key, meaning);
      return meaning;
    },
  };
}
