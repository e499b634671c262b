// The commands of a document, as they stand there, and a place to run them as its reader would.
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { repositoryRoot } from '../../hack/toolchain/repository.ts';
import type { Real } from './real.ts';

export class Document {
  readonly #path: string;
  readonly #text: string;

  private constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  /** @param path in the repository */
  static async read(path: string): Promise<Document> {
    return new Document(path, await readFile(join(repositoryRoot, path), 'utf8'));
  }

  /** The part below a heading, up to the next one of the same or a higher level. @throws Error if there is no such heading */
  section(heading: string): Document {
    const level = /^#+/.exec(heading)?.[0].length ?? 0;
    const lines = this.#text.split('\n');
    const start = lines.indexOf(heading);
    if (start < 0) throw new Error(`${this.#path} has no heading "${heading}"`);
    const rest = lines.slice(start + 1);
    const end = rest.findIndex((line) => new RegExp(`^#{1,${level}} `).test(line));
    return new Document(`${this.#path}, ${heading}`, `${rest.slice(0, end < 0 ? rest.length : end).join('\n')}\n`);
  }

  /** The code blocks of a language. */
  blocks(language: string): readonly string[] {
    const block = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms');
    return [...this.#text.matchAll(block)].map(([, inside = '']) => inside);
  }

  /** The commands of the blocks for a shell, in their order; of a session, the lines after the prompt. */
  commands(): readonly string[] {
    const sessions = this.blocks('console').flatMap((block) =>
      [...block.matchAll(/^\$ (.*)$/gm)].map(([, line = '']) => line),
    );
    const scripts = this.blocks('sh').flatMap((block) => block.replaceAll('\\\n', ' ').trim().split('\n'));
    return [...sessions, ...scripts];
  }

  /** The command that begins so. @throws Error if there is none, or another one */
  command(beginning: string): string {
    const [found, ...others] = this.commands().filter((line) => line.startsWith(beginning));
    if (found === undefined || others.length > 0) throw new Error(`${this.#path} has not one command "${beginning}"`);
    return found;
  }
}

/** Where a reader runs the commands: a folder with the charts and a copy of the examples, and a kubeconfig of its own. */
export class Desk {
  readonly #real: Real;
  readonly #namespace: string;
  readonly folder: string;
  /** Its own copy, which says as whom the commands are run. */
  readonly kubeconfig: string;

  private constructor(real: Real, namespace: string, folder: string) {
    this.#real = real;
    this.#namespace = namespace;
    this.folder = folder;
    this.kubeconfig = join(folder, 'kubeconfig');
  }

  /** @param namespace that stands for `team-a` of the documents, and is the present one */
  static async set(real: Real, namespace: string): Promise<Desk> {
    const folder = await mkdtemp(join(tmpdir(), 'desk-'));
    real.atEnd(() => rm(folder, { recursive: true }));
    await symlink(join(repositoryRoot, 'charts'), join(folder, 'charts'));
    await cp(join(repositoryRoot, 'examples'), join(folder, 'examples'), { recursive: true });
    const desk = new Desk(real, namespace, folder);
    await writeFile(desk.kubeconfig, await readFile(real.cluster.kubeconfig), { mode: 0o600 });
    return desk;
  }

  /** Runs commands, up to the first that fails. @returns what they printed @throws with their words */
  async run(...commands: readonly string[]): Promise<string> {
    const { stdout } = await execa('bash', ['-c', this.#script(commands)], this.#options());
    return stdout;
  }

  /**
   * Starts a command that goes on until it is stopped, as in a terminal of its own.
   * @returns its process, in a group of its own with what it starts; it never throws
   */
  start(command: string) {
    const options = { ...this.#options(), stdin: 'ignore', buffer: false, reject: false, detached: true } as const;
    return execa('bash', ['-c', this.#script([command])], options);
  }

  #script(commands: readonly string[]): string {
    const here = 'kubectl config set-context --current --namespace team-a >/dev/null';
    return ['set -e', here, ...commands].join('\n').replaceAll('team-a', this.#namespace);
  }

  #options() {
    const { bin } = this.#real.cluster;
    const env = { KUBECONFIG: this.kubeconfig, PATH: `${bin}${delimiter}${process.env.PATH}` };
    return { cwd: this.folder, env };
  }
}
