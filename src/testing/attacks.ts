// Texts that make a regular expression slow if any do: parts of what it matches, repeated. Product code must not import it.

interface Part {
  readonly text: string;
  /** Characters of the pattern itself, which belong together. */
  readonly literal: boolean;
}

/** What stands for a class of characters: the first of these that is in it. */
const candidates = ['a', '1', ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code))];

/**
 * @param pattern the source of a regular expression
 * @param length of each text, in characters
 * @returns a text for each part and each sequence of parts: repeated, alone and after what comes before it, with and without an end that
 * does not match
 */
export function attacksOn(pattern: string, flags: string, length: number): readonly string[] {
  const texts = new Set<string>();
  for (let choice = 0; choice < mostAlternatives(pattern); choice += 1) {
    const parts = new Parser(pattern, flags, choice).parts();
    for (let from = 0; from < parts.length; from += 1) {
      for (let to = from + 1; to <= parts.length; to += 1) {
        const pump = parts.slice(from, to).join('');
        for (const lead of ['', parts.slice(0, from).join('')])
          for (const end of ['', ' !\n']) texts.add(lead + pump.repeat(Math.ceil(length / pump.length)) + end);
      }
    }
  }
  return [...texts];
}

function mostAlternatives(pattern: string): number {
  return pattern.split('|').length;
}

/** Reads a pattern from left to right. Of each group it takes the alternative number `choice`, counted in circles. */
class Parser {
  readonly #pattern: string;
  readonly #flags: string;
  readonly #choice: number;
  #at = 0;

  constructor(pattern: string, flags: string, choice: number) {
    this.#pattern = pattern;
    this.#flags = flags;
    this.#choice = choice;
  }

  /** What a match consists of: texts that are not empty. */
  parts(): readonly string[] {
    return joined(this.#alternatives())
      .map(({ text }) => text)
      .filter((text) => text !== '');
  }

  #alternatives(): readonly Part[] {
    const all: Part[][] = [[]];
    while (this.#at < this.#pattern.length && this.#pattern[this.#at] !== ')') {
      if (this.#pattern[this.#at] === '|') {
        this.#at += 1;
        all.push([]);
      } else all.at(-1)?.push(...this.#quantified(this.#atom()));
    }
    return all[this.#choice % all.length] ?? [];
  }

  #atom(): readonly Part[] {
    const rest = this.#pattern.slice(this.#at);
    const group = /^\((?:\?(?:<?[=!]|:))?/.exec(rest)?.[0];
    if (group !== undefined) {
      this.#at += group.length;
      const inner = this.#alternatives();
      this.#at += 1;
      // What must not follow is no part of a match, and what comes before is there already.
      return group.endsWith('!') || group === '(?<=' ? [] : joined(inner);
    }
    const [source = ''] = /^(?:\[(?:\\.|[^\]\\])*\]|\\.|.)/s.exec(rest) ?? [];
    this.#at += source.length;
    if (['^', '$', '\\b', '\\B'].includes(source)) return [];
    if (/^\\\d$/.test(source)) return [{ text: '"', literal: false }];
    const isClass = source.startsWith('[') || source === '.' || /^\\[dDsSwW]$/.test(source);
    if (!isClass) return [{ text: source.replace('\\', ''), literal: true }];
    const one = new RegExp(`^${source}$`, this.#flags.replace('g', ''));
    const text = candidates.find((candidate) => one.test(candidate));
    if (text === undefined) throw new Error(`no candidate for ${source}`);
    return [{ text, literal: false }];
  }

  #quantified(parts: readonly Part[]): readonly Part[] {
    const quantifier = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/.exec(this.#pattern.slice(this.#at));
    if (quantifier === null) return parts;
    this.#at += quantifier[0].length;
    const [whole] = quantifier;
    if (whole.startsWith('?')) return parts;
    const times = Math.max(1, Number(quantifier[1] ?? 1));
    return [{ text: parts.map(({ text }) => text.repeat(times)).join(''), literal: false }];
  }
}

/** With the characters of the pattern that follow each other as one part. */
function joined(parts: readonly Part[]): readonly Part[] {
  const done: Part[] = [];
  for (const part of parts) {
    const last = done.at(-1);
    if (last?.literal === true && part.literal) done.splice(-1, 1, { text: last.text + part.text, literal: true });
    else done.push(part);
  }
  return done;
}
