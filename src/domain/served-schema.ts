// Compares the schema that the API server has with the one that this version needs: the CRD can be older than the operator. An unknown
// field is dropped without an error, so nothing else would notice.
import { type Raw, record } from '../api/raw.ts';
import type { Schema } from '../api/schema.ts';
import type { Verdict } from './verdict.ts';

/** How much of what is missing a message names. */
const mostNamed = 8;

/**
 * What the served schema lacks, in words: fields, values and rules. Something that it has beyond the needed one is missing nowhere, except
 * a field that it requires.
 * @param path of both schemas in the object; empty for the whole object
 */
export function missingFrom(served: Schema, needed: Schema, path = ''): readonly string[] {
  const inside = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const isUnknown = (value: unknown): boolean => served.enum !== undefined && !served.enum.includes(value);
  const rules = new Set(served['x-kubernetes-validations']?.map(({ rule }) => rule));
  const { properties: known } = served;
  return [
    ...(needed.enum ?? []).filter(isUnknown).map((value) => `${path}: the value ${JSON.stringify(value)}`),
    ...(needed['x-kubernetes-validations'] ?? [])
      .filter(({ rule }) => !rules.has(rule))
      .map(({ message, rule }) => `${path === '' ? 'the object' : path}: the rule "${message ?? rule}"`),
    ...(served.required ?? [])
      .filter((name) => needed.properties?.[name] === undefined)
      .map((name) => `${inside(name)} is required, and this version does not write it`),
    ...(served.items && needed.items ? missingFrom(served.items, needed.items, `${path}[]`) : []),
    ...(known === undefined ? [] : Object.entries(needed.properties ?? {})).flatMap(([name, schema]) => {
      const counterpart = known?.[name];
      return counterpart === undefined ? [inside(name)] : missingFrom(counterpart, schema, inside(name));
    }),
  ];
}

/**
 * What an API server with this schema stores of a value: without the fields and the values that the schema does not have. A part that
 * lacks a field then which the schema requires goes as a whole, since the API server would refuse everything for its sake.
 */
export function storable(value: unknown, served: Schema): unknown {
  const { items, properties } = served;
  if (Array.isArray(value)) {
    if (items === undefined) return value;
    const keys = served['x-kubernetes-list-map-keys'] ?? [];
    const all = { ...items, required: [...(items.required ?? []), ...keys] };
    return value.map((item) => partOf(item, all)).filter((item) => item !== undefined);
  }
  if (typeof value !== 'object' || value === null || properties === undefined) return value;
  const kept = Object.entries(value).flatMap(([name, member]) => {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const part = schema && partOf(member, schema);
    return part === undefined ? [] : [[name, part] as const];
  });
  return Object.fromEntries(kept);
}

/** What is stored of an item or a member; undefined if it has to be left out. */
function partOf(value: unknown, served: Schema): unknown {
  if (served.enum !== undefined && !served.enum.includes(value)) return undefined;
  const kept = storable(value, served);
  return isComplete(record(kept), record(value), served) ? kept : undefined;
}

/** A default fills in what is absent. What was left out would become another value by it. */
function isComplete(kept: Raw, whole: Raw, { required = [], properties }: Schema): boolean {
  return required.every((name) => {
    const isFilledIn = whole[name] === undefined && properties?.[name]?.default !== undefined;
    return kept[name] !== undefined || isFilledIn;
  });
}

/** @param missing from {@link missingFrom}; undefined if nothing is */
export function judgeSchema(missing: readonly string[]): Verdict | undefined {
  if (missing.length === 0) return undefined;
  const more = missing.length > mostNamed ? `, and ${missing.length - mostNamed} more` : '';
  const message = `the installed CRD postgresaddons.addons.paas.dev is not the one of this operator version, and lacks: ${missing.slice(0, mostNamed).join('; ')}${more}. What it lacks has no effect and is not reported. Install it: helm upgrade with crds.enabled=true, or kubectl apply --server-side --force-conflicts -f crds/ from this version`;
  return { reason: 'CRDOutdated', message };
}
