// What each role of an addon may do in its database: statements, and who may run them. The same table is tried on every PostgreSQL that
// a test has.
import { type RoleLevel, roleLevels } from '../../src/api/login.ts';

/**
 * Runs a script of psql by a login of the level, without its settings file: `psql --no-psqlrc "$DATABASE_URL" <script 2>&1 >/dev/null`.
 * @param database another one than the addon's
 * @returns what psql writes to its standard error
 */
export type Psql = (level: RoleLevel, script: string, database?: 'postgres') => Promise<string>;

interface Row {
  readonly statement: string;
  readonly allowed: Readonly<Record<RoleLevel, boolean>>;
  /** Another database than the addon's. */
  readonly database?: 'postgres';
}

/** Those in which the roles get rights. Another one, "private", is not among them. */
export const openSchemas = ['public', 'Open "Schema'] as const;
const open = '"Open ""Schema"';

/** One of each kind of object, whose names end alike. @param schema quoted */
function objects(schema: string, suffix: string): readonly string[] {
  const name = (kind: string): string => `${schema}."My ${kind}${suffix}"`;
  return [
    `CREATE TABLE ${name('table')} (id integer PRIMARY KEY, word text)`,
    `INSERT INTO ${name('table')} VALUES (1, 'one')`,
    `CREATE TABLE ${name('parts')} (id integer) PARTITION BY RANGE (id)`,
    `CREATE TABLE ${name('part')} PARTITION OF ${name('parts')} FOR VALUES FROM (0) TO (100)`,
    `CREATE VIEW ${name('view')} AS SELECT * FROM ${name('table')}`,
    `CREATE MATERIALIZED VIEW ${name('copy')} AS SELECT * FROM ${name('table')}`,
    `CREATE SEQUENCE ${name('sequence')}`,
    `CREATE TABLE ${name('rows')} (id integer GENERATED ALWAYS AS IDENTITY, number serial, word text)`,
    `CREATE TYPE ${name('type')} AS (word text)`,
    `CREATE FUNCTION ${name('function')}(of ${name('type')}) RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
    `REVOKE EXECUTE ON FUNCTION ${name('function')} FROM PUBLIC`,
    `CREATE PROCEDURE ${name('procedure')}(a integer, OUT b integer) LANGUAGE plpgsql AS 'BEGIN b := a; END'`,
    `REVOKE EXECUTE ON PROCEDURE ${name('procedure')} FROM PUBLIC`,
    `CREATE AGGREGATE ${name('aggregate')}(integer) (SFUNC = int4pl, STYPE = integer)`,
    `REVOKE EXECUTE ON FUNCTION ${name('aggregate')} FROM PUBLIC`,
  ];
}

/** What the owner runs before the roles get their rights. */
export const before: readonly string[] = [
  `CREATE SCHEMA ${open}`,
  `GRANT CREATE ON SCHEMA ${open} TO PUBLIC`,
  'CREATE SCHEMA private',
  'CREATE TABLE private.secrets (id integer)',
  ...objects('public', ''),
  ...objects(open, ''),
];

/** What the owner creates once they have them. A REVOKE of EXECUTE from PUBLIC leaves those of the roles. */
export const later: readonly string[] = [...objects('public', ' later'), ...objects(open, ' later')];

/** What a login with the role admin creates. */
export const byAdmin: readonly string[] = [...objects('public', ' of admin'), ...objects(open, ' of admin')];

const everybody = { read: true, write: true, admin: true };
const writers = { read: false, write: true, admin: true };
const adminOnly = { read: false, write: false, admin: true };
const nobody = { read: false, write: false, admin: false };

/** @param owner the role that the database belongs to */
export function roleRights(owner: string): readonly Row[] {
  const ofOwner = `"${owner.replaceAll('"', '""')}"`;
  const row = (allowed: Row['allowed'], ...statements: readonly string[]): readonly Row[] =>
    statements.map((statement) => ({ statement, allowed }));
  const schemas = ['public', open];
  const suffixes = ['', ' later', ' of admin'];
  const ofObjects = schemas.flatMap((schema) =>
    suffixes.flatMap((suffix) => {
      const name = (kind: string): string => `${schema}."My ${kind}${suffix}"`;
      const text = (kind: string): string => `'${name(kind)}'`;
      return [
        ...row(
          everybody,
          ...['table', 'parts', 'part', 'view', 'copy', 'rows'].map((kind) => `SELECT * FROM ${name(kind)}`),
          `COPY ${name('table')} TO STDOUT`,
          `SELECT last_value FROM ${name('sequence')}`,
          `SELECT ${name('function')}(NULL)`,
          `SELECT ${name('aggregate')}(1)`,
          `CALL ${name('procedure')}(1, NULL)`,
        ),
        ...row(
          writers,
          `INSERT INTO ${name('table')} VALUES (2, 'two')`,
          `UPDATE ${name('table')} SET word = 'other'`,
          `DELETE FROM ${name('table')}`,
          `TRUNCATE ${name('table')}`,
          `TRUNCATE ${name('parts')}`,
          `SELECT * FROM ${name('table')} FOR UPDATE`,
          `INSERT INTO ${name('table')} VALUES (1, 'uno') ON CONFLICT (id) DO UPDATE SET word = excluded.word`,
          `LOCK TABLE ${name('table')}`,
          `INSERT INTO ${name('parts')} VALUES (1)`,
          `INSERT INTO ${name('part')} VALUES (2)`,
          `INSERT INTO ${name('view')} VALUES (3, 'three')`,
          `INSERT INTO ${name('rows')} (word) VALUES ('one') RETURNING id, number`,
          `SELECT nextval(${text('sequence')}), currval(${text('sequence')})`,
          `SELECT setval(${text('sequence')}, 7)`,
        ),
        ...row(
          adminOnly,
          `REFRESH MATERIALIZED VIEW ${name('copy')}`,
          `ALTER TABLE ${name('table')} ADD COLUMN more integer`,
          `ALTER TABLE ${name('table')} OWNER TO ${ofOwner}`,
          `DROP TABLE ${name('parts')}`,
          `DROP SEQUENCE ${name('sequence')}`,
          `DROP FUNCTION ${name('function')}`,
          `CREATE INDEX ON ${name('table')} (word)`,
          `CREATE RULE quiet AS ON INSERT TO ${name('table')} DO INSTEAD NOTHING`,
          `CREATE TRIGGER loud BEFORE UPDATE ON ${name('table')} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
          `CREATE TEMPORARY TABLE mine (id integer); CREATE TABLE ${schema}.child (id integer REFERENCES ${name('table')})`,
        ),
      ];
    }),
  );
  return [
    ...ofObjects,
    ...schemas.flatMap((schema) =>
      row(
        adminOnly,
        `CREATE TABLE ${schema}.another (id integer)`,
        `CREATE FUNCTION ${schema}.another() RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
      ),
    ),
    ...row(writers, 'CREATE TEMPORARY TABLE mine (id integer)'),
    ...row(
      adminOnly,
      'CREATE SCHEMA another',
      `DROP SCHEMA ${open} CASCADE`,
      'SELECT * FROM private.secrets',
      'INSERT INTO private.secrets VALUES (1)',
      `SET ROLE ${ofOwner}`,
      // Whoever may act as the owner may change its settings and its password.
      `ALTER ROLE ${ofOwner} PASSWORD 'another'`,
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${ofOwner} REVOKE SELECT ON TABLES FROM PUBLIC`,
    ),
    ...row(
      nobody,
      'SELECT * FROM pg_authid',
      'SELECT * FROM pg_shadow',
      'CREATE ROLE another',
      "SELECT pg_read_file('PG_VERSION')",
      "COPY (SELECT 1) TO PROGRAM 'true'",
      'SET ROLE postgres',
      'CREATE EXTENSION file_fdw',
      'CREATE TABLE pg_catalog.another (id integer)',
    ),
    // PUBLIC may log in to it, and only a superuser could change that.
    { statement: 'SELECT 1', database: 'postgres', allowed: everybody },
    { statement: 'CREATE TABLE public.another (id integer)', database: 'postgres', allowed: nobody },
  ];
}

/**
 * Tries every statement as every role; what it does is rolled back.
 * @returns what is not as the table says
 */
export async function triedRights(owner: string, psql: Psql): Promise<readonly string[]> {
  const differences: string[] = [];
  for (const level of roleLevels)
    for (const database of [undefined, 'postgres'] as const) {
      const rows = roleRights(owner).filter((row) => row.database === database);
      const told = failuresIn(await psql(level, scriptOf(rows), database));
      for (const [index, { statement, allowed }] of rows.entries()) {
        // insufficient_privilege: a statement that fails for another reason proves nothing.
        const expected = allowed[level] ? 'none' : '42501';
        const seen = told.get(index) ?? 'not run';
        if (seen !== expected) differences.push(`${level}: ${statement}: ${seen}, not ${expected}`);
      }
    }
  return differences;
}

/** Writes the number of each statement to the standard error before it, where the errors go too. */
function scriptOf(rows: readonly Row[]): string {
  const tries = rows.map(({ statement }, index) => `\\warn number ${index}\nBEGIN;\n${statement};\nROLLBACK;\n`);
  return `\\set VERBOSITY sqlstate\nSET client_min_messages = error;\n${tries.join('')}\\warn number ${rows.length}\n`;
}

/** For each statement that psql has come past, the SQLSTATE of its first error, or "none". */
function failuresIn(complaints: string): ReadonlyMap<number, string> {
  const parts = complaints.split(/^number (\d+)$/m).slice(1, -2);
  const pairs = parts.flatMap((part, at) => (at % 2 === 0 ? [[Number(part), parts[at + 1] ?? ''] as const] : []));
  return new Map(pairs.map(([index, text]) => [index, /(?:ERROR|FATAL): +(\w{5})/.exec(text)?.[1] ?? 'none']));
}
