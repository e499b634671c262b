// Reads the environment and the plan file into one frozen, validated configuration. Nothing else in the program reads process.env.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { noStores, type Stores } from './domain/backup/stores.ts';
import { defaultPlans, type PlanTable } from './domain/database/plans.ts';
import { imageFor, isUnsupported } from './domain/database/version.ts';
import { compareQuantities, nanos } from './domain/quantity.ts';
import { storesFile } from './stores-file.ts';

const quantity = z
  .string()
  .refine((text) => (nanos(text) ?? 0n) > 0n, { error: 'must be a Kubernetes quantity greater than 0, such as 10Gi' });

const profile = z.strictObject({
  instances: z.int().min(1).max(9),
  storage: quantity,
  memory: quantity,
  backup: z.enum(['none', 'daily', 'pitr']),
  sharedBuffers: z.string().regex(/^[1-9]\d*(kB|MB|GB)$/, { error: 'must be a PostgreSQL size such as 256MB' }),
  maxConnections: z.int().min(10).max(10_000),
  sidecarMemory: z.strictObject({ request: quantity, limit: quantity }),
});

const plansFile = z.strictObject({
  free: profile.partial().optional(),
  standard: profile.partial().optional(),
  pro: profile.partial().optional(),
});

const namespaceName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * CNPG takes the tag without the digest, and of it the digits and dots at the beginning (reference.New and version.FromTag in its
 * machinery): "17.0-r1" is 17.0, and "17.-r1" an error. A digest would give every version the same image.
 */
const versionedTag = /^[^\s:@]+(?::\d+\/[^\s:@]+)?:\{version\}(?:\.\d+)*(?:[A-Za-z_-][\w.-]*)?$/;

const environment = z.object({
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  /** Comma-separated; empty means all. */
  WATCH_NAMESPACES: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    )
    .refine((names) => names.every((name) => namespaceName.test(name)), {
      error: 'must be a comma-separated list of namespace names',
    }),
  LEASE_NAME: z.string().default('postgres-addon-operator'),
  POD_NAME: z.string().default('postgres-addon-operator'),
  POD_NAMESPACE: z.string().regex(namespaceName, { error: 'must be a namespace name' }).default('default'),
  /** 0 selects a free port, which is logged. */
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  WORKERS: z.coerce.number().int().min(1).max(256).default(16),
  /** How many restore drills run at once, of all addons. */
  DRILLS_AT_ONCE: z.coerce.number().int().min(1).max(64).default(2),
  DEFAULT_POSTGRES_VERSION: z
    .string()
    .regex(/^1[4-8](\.\d{1,2})?$/, { error: 'must be a PostgreSQL major version from 14 to 18, or major.minor' })
    .default('17'),
  IMAGE_PATTERN: z
    .string()
    .refine((text) => versionedTag.test(text), {
      error:
        'must be an image without a digest whose tag begins with {version}, such as ' +
        'ghcr.io/cloudnative-pg/postgresql:{version}-standard-trixie: CloudNativePG reads the version from the beginning of the tag',
    })
    .refine((text) => !isUnsupported(imageFor(text, '17')), {
      error:
        'makes tags that are Debian 11, such as 17, which have not been built since 2026-09-10, or 17-bullseye; use ' +
        'ghcr.io/cloudnative-pg/postgresql:{version}-standard-trixie. Databases keep their image until IMAGE_ROLLOUT is Now',
    })
    .default('ghcr.io/cloudnative-pg/postgresql:{version}-standard-trixie'),
  /** Whether a changed IMAGE_PATTERN changes the images of existing databases, all at once. */
  IMAGE_ROLLOUT: z.enum(['Never', 'Now']).default('Never'),
  /** Whether a login with the published DATABASE_URL is required for `running`, only reported, or not attempted. */
  READINESS_CONNECTION_CHECK: z.enum(['Required', 'Advisory', 'Off']).default('Required'),
  PLANS_FILE: z.string().optional(),
  STORES_FILE: z.string().optional(),
});

export interface Config extends Readonly<Omit<z.infer<typeof environment>, 'PLANS_FILE' | 'STORES_FILE'>> {
  readonly plans: PlanTable;
  readonly stores: Stores;
}

/** An invalid configuration: one line per problem, each with the name of the variable or field. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(`invalid configuration:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** @throws ConfigError with all problems */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(set);
  if (!parsed.success) throw new ConfigError(problemsOf(parsed.error));
  const { PLANS_FILE, STORES_FILE, ...rest } = parsed.data;
  const plans = PLANS_FILE === undefined ? defaultPlans : loadPlans(PLANS_FILE);
  const stores = STORES_FILE === undefined ? noStores : load('STORES_FILE', STORES_FILE, storesFile);
  return Object.freeze({ ...rest, plans, stores });
}

/** The default table with the changes from the file, which can set any part of a plan. */
function loadPlans(path: string): PlanTable {
  const { free, standard, pro } = load('PLANS_FILE', path, plansFile);
  const plans = {
    free: { ...defaultPlans.free, ...defined(free) },
    standard: { ...defaultPlans.standard, ...defined(standard) },
    pro: { ...defaultPlans.pro, ...defined(pro) },
  };
  const exceeds = (a: string, b: string): boolean => (compareQuantities(a, b) ?? 0) > 0;
  const problems = Object.entries(plans).flatMap(([name, { sharedBuffers, memory, sidecarMemory }]) => [
    ...(exceeds(postgresToKubernetes(sharedBuffers), memory)
      ? [`${name}.sharedBuffers exceeds ${name}.memory, which CloudNativePG rejects`]
      : []),
    ...(exceeds(sidecarMemory.request, sidecarMemory.limit)
      ? [`${name}.sidecarMemory.request exceeds its limit, which Kubernetes rejects`]
      : []),
  ]);
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `PLANS_FILE ${path}: ${problem}`));
  return plans;
}

/** The content of a YAML file. @throws ConfigError with all problems, each with the variable, the path and the field */
function load<T>(variable: string, path: string, schema: z.ZodType<T>): T {
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError([`${variable} ${path}: ${(error as Error).message}`]);
  }
  const parsed = schema.safeParse(content ?? {});
  if (parsed.success) return parsed.data;
  throw new ConfigError(problemsOf(parsed.error).map((problem) => `${variable} ${path}: ${problem}`));
}

/** PostgreSQL's kB, MB and GB are powers of two. */
function postgresToKubernetes(size: string): string {
  return size.replace(/(k|M|G)B$/, (_, unit: string) => `${unit === 'k' ? 'K' : unit}i`);
}

function defined<T extends object>(partial: T | undefined): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(partial ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

function problemsOf(error: z.ZodError): readonly string[] {
  return error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`);
}
