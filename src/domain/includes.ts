// Checks whether a live object already has the desired fields. Fields that are not in the desired object belong to others and are ignored.
import { record } from '../api/raw.ts';
import { compareQuantities } from './quantity.ts';

/**
 * True when every member of `desired` is in `live`. A member that is undefined must be absent; arrays must hold every
 * desired element, in any order; texts that are quantities are compared by value, since admission may rewrite them.
 */
export function includes(live: unknown, desired: unknown): boolean {
  if (desired === undefined) return live === undefined || live === null;
  if (Array.isArray(desired)) {
    return Array.isArray(live) && desired.every((wanted) => live.some((element) => includes(element, wanted)));
  }
  if (typeof desired === 'object' && desired !== null) {
    return Object.entries(desired).every(([key, value]) => includes(record(live)[key], value));
  }
  if (live === desired) return true;
  return typeof live === 'string' && typeof desired === 'string' && compareQuantities(live, desired) === 0;
}
