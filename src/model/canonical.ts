// Computes a key that is equal for equivalent states: of uids, resourceVersions and passwords only equality counts, of times only
// whether they are long ago.
import { roles } from '../domain/children.ts';
import { kindOf, type Slot, type Stored, slots } from './objects.ts';
import { type Feed, longWait, nowOf, type State } from './state.ts';

/** The text of a value without its tokens, and the tokens; both as numbers. */
interface Form {
  readonly template: number;
  readonly tokens: readonly number[];
}

/** Times of an addon that are never compared with others: only whether they are long ago counts. */
const lonelyTimes: readonly string[] = ['creationTimestamp', 'deletionTimestamp', 'lastTransitionTime', 'to'];
const token = /\b(?:uid|rv|pw)-\d+\b|\bdb-team-a-shop-[0-9a-f]{8}\b|(?:ago!)?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g;
const time = /\d{4}-.*Z$/;

const nothing = {};
const viewed: readonly Exclude<Slot, 'source' | 'backup'>[] = ['addon', ...roles];

/** Computes the keys of states. Each search needs its own, since it caches. */
export class Canonical {
  readonly #templates = new Map<string, number>();
  readonly #forms = new WeakMap<object, Form>();
  readonly #wholes = new WeakMap<Stored, Form>();
  /** The objects that are in the key already. */
  readonly #met: Stored[] = [];
  readonly #numbers = new Map<string, number>();
  /** By the number of a token: the time, if it is one; and whether its identity does not count. */
  readonly #times: (number | undefined)[] = [];
  readonly #lonely: boolean[] = [];
  /** By the number of a token: its name in the current key, if the round is the current one. */
  readonly #names: number[] = [];
  readonly #rounds: number[] = [];
  #round = 0;
  #used = 0;
  #longAgo = 0;
  #text = '';

  /** The key of a state. */
  keyOf(state: State): string {
    const { left } = state;
    return `${left.steps},${left.resyncs},${left.travels}|${this.keyWithoutBudget(state)}`;
  }

  /** The key of a state without its budget. */
  keyWithoutBudget(state: State): string {
    this.#round += 1;
    this.#used = 0;
    this.#longAgo = nowOf(state) - (longWait * 1000) / 2;
    this.#text = `${state.ending ? 'ending' : ''}${state.refused.join()}`;
    this.#met.length = 0;
    for (const slot of slots) this.#feed(state.objects[slot]);
    this.#value(state.memory);
    const { process } = state;
    if (process.kind === 'idle') return `${this.#text}${process.resyncDue ? 'resyncDue' : ''}`;
    const { from, seen, observed, next, result, tried, resyncDue, decision } = process;
    for (const view of [from, seen]) for (const slot of viewed) this.#object(view[slot]);
    const { children, source, authority, backup, volumes, live, resync } = observed;
    // What was read of a child is in the view.
    for (const role of roles) this.#text += children[role].kind;
    for (const read of [source, authority, live, backup])
      if (read.kind === 'found') this.#object(read.object);
      else this.#text += read.kind;
    if (volumes.kind === 'found') this.#value(volumes.object);
    this.#value(result);
    return `${this.#text}${next}/${decision.actions.length}${tried}${resync}${resyncDue}${observed.gone}`;
  }

  #feed({ versions, at, deleted = [] }: Feed): void {
    this.#text += `<${at}`;
    for (const version of versions) this.#object(version);
    this.#text += '>';
    for (const addon of deleted) this.#object(addon);
  }

  #object(object: Stored | undefined): void {
    if (object === undefined) {
      this.#text += '-';
      return;
    }
    const at = this.#met.indexOf(object);
    if (at >= 0) {
      this.#text += `=${at},`;
      return;
    }
    this.#met.push(object);
    let form = this.#wholes.get(object);
    if (form === undefined) {
      form = this.#wholeOf(object);
      this.#wholes.set(object, form);
    }
    this.#form(form);
  }

  /** Computed part by part, since most versions of an object share most parts. */
  #wholeOf({ kind, metadata, spec, status, data, managed, inside }: Stored): Form {
    const forms = [
      this.#formOf(metadata, kind),
      ...[spec, data, managed, inside].map((part) => this.#formOf(part ?? nothing, undefined)),
      this.#formOf(status ?? nothing, kind),
    ];
    const text = forms.map(({ template }) => template).join();
    return { template: this.#templateOf(text), tokens: forms.flatMap(({ tokens }) => tokens) };
  }

  #value(value: object | undefined): void {
    if (value === undefined) this.#text += '-';
    else this.#form(this.#formOf(value, undefined));
  }

  #form({ template, tokens }: Form): void {
    let text = `${template}:`;
    for (const number of tokens) text += `${this.#nameOf(number)},`;
    this.#text += text;
  }

  #nameOf(number: number): string | number {
    const at = this.#times[number];
    const isOld = at !== undefined && at < this.#longAgo;
    if (this.#lonely[number] === true) return isOld ? 'o' : 'r';
    if (this.#rounds[number] !== this.#round) {
      this.#rounds[number] = this.#round;
      this.#names[number] = this.#used;
      this.#used += 1;
    }
    const name = this.#names[number] ?? 0;
    return isOld ? `o${name}` : name;
  }

  #formOf(value: object, kind: string | undefined): Form {
    const known = this.#forms.get(value);
    if (known !== undefined) return known;
    const tokens: number[] = [];
    const text = JSON.stringify(value, kind === kindOf.addon ? withoutLonelyTimes : inPlainText).replace(
      token,
      (found) => {
        tokens.push(this.#numberOf(found));
        return '#';
      },
    );
    const form = { template: this.#templateOf(text), tokens };
    this.#forms.set(value, form);
    return form;
  }

  #templateOf(text: string): number {
    let template = this.#templates.get(text);
    if (template === undefined) {
      template = this.#templates.size;
      this.#templates.set(text, template);
    }
    return template;
  }

  #numberOf(text: string): number {
    let number = this.#numbers.get(text);
    if (number !== undefined) return number;
    number = this.#numbers.size;
    this.#numbers.set(text, number);
    const [when] = time.exec(text) ?? [];
    this.#times[number] = when === undefined ? undefined : Date.parse(when);
    this.#lonely[number] = text.startsWith('ago!');
    return number;
  }
}

function withoutLonelyTimes(key: string, value: unknown): unknown {
  return typeof value === 'string' && lonelyTimes.includes(key) ? `ago!${value}` : value;
}

/** Passwords are tokens, so data has to be decoded. */
function inPlainText(key: string, value: unknown): unknown {
  const isData =
    (key === 'DATABASE_URL' || key === 'password') && typeof value === 'string' && !value.startsWith('pw-');
  return isData ? Buffer.from(value, 'base64').toString() : value;
}
