// Gives roles their rights in a database, as its owner. It writes only what is missing, touches only what the owner may grant rights on,
// and stops early in a database with very many objects, so that none of them holds up a login.
import type { Client } from 'pg';
import type { RoleAnswer, RoleLevel, RolesQuestion } from '../api/login.ts';
import { refusalOf } from './failure.ts';

/** What rights are about; `table` includes views and foreign tables. */
type Kind = 'database' | 'schema' | 'table' | 'materializedView' | 'sequence' | 'routine';
type Rights = Readonly<Partial<Record<Kind, readonly string[]>>>;

const read = {
  database: ['CONNECT'],
  schema: ['USAGE'],
  table: ['SELECT'],
  materializedView: ['SELECT'],
  sequence: ['SELECT'],
  routine: ['EXECUTE'],
} as const satisfies Rights;

const rights: Readonly<Record<RoleLevel, Rights>> = {
  read,
  write: {
    ...read,
    database: ['CONNECT', 'TEMPORARY'],
    table: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'],
    sequence: ['SELECT', 'USAGE', 'UPDATE'],
  },
  // Everything else it has as a member of the owner.
  admin: { database: ['CONNECT', 'TEMPORARY'] },
};

/** In one login. The statements also end two seconds after the first, and are kept. */
const mostStatements = 5_000;

/**
 * Whatever the settings of the role and the database are. A warning for each object would be more than a conversation may hold, and to
 * compile the query takes longer than to run it.
 */
const begin = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL jit = off;
SET LOCAL client_min_messages = error;
SET LOCAL lock_timeout = '1s';
SET LOCAL statement_timeout = '4s'`;

const existingQuery = 'SELECT rolname::text AS name FROM pg_roles WHERE rolname::text = ANY ($1::text[])';

const enterQuery = "SELECT set_config('role', $1, true), set_config('postgres_addon.grants', $2, true)";

/**
 * Grants what is missing. A DO block takes no parameters; it gets them by a setting. Where something is granted already it must not be
 * granted again: that writes a row of the catalog, and every session has to read it again.
 */
const grantMissing = `DO $grants$
DECLARE
  question CONSTANT jsonb := current_setting('postgres_addon.grants');
  statement text;
  started timestamptz;
  made integer := 0;
BEGIN
  FOR statement IN
    WITH wanted AS (
      SELECT role.oid AS grantee, role.rolname AS name, kind, privilege
      FROM jsonb_to_recordset(question->'roles') AS asked(name text, rights jsonb)
      JOIN pg_roles AS role ON role.rolname::text = asked.name
      CROSS JOIN jsonb_each(asked.rights) AS kinds(kind, privileges)
      CROSS JOIN jsonb_array_elements_text(privileges) AS privilege
    ), schema AS (
      SELECT * FROM pg_namespace WHERE question->'schemas' ? nspname::text
    ), object(kind, prefix, name, owner, acl) AS (
      SELECT 'database', '', format('DATABASE %I', datname), datdba, coalesce(datacl, acldefault('d', datdba))
      FROM pg_database WHERE datname = current_database()
      UNION ALL
      SELECT 'schema', '', format('SCHEMA %I', nspname), nspowner, coalesce(nspacl, acldefault('n', nspowner))
      FROM schema
      UNION ALL
      SELECT future.kind, format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I ', nspname), future.name, me.oid,
        coalesce(defaclacl, ARRAY[makeaclitem(me.oid, me.oid, 'SELECT', false)])
      FROM schema
      JOIN pg_roles AS me ON me.rolname = current_user
      CROSS JOIN (VALUES ('table', 'TABLES', 'r'::"char"), ('sequence', 'SEQUENCES', 'S'), ('routine', 'ROUTINES', 'f'))
        AS future(kind, name, type)
      LEFT JOIN pg_default_acl
        ON defaclrole = me.oid AND defaclnamespace = schema.oid AND defaclobjtype = future.type
      WHERE has_schema_privilege(schema.oid, 'CREATE')
      UNION ALL
      SELECT relation.kind, '', format('%s %I.%I', relation.word, nspname, relname), relowner,
        coalesce(relacl, acldefault(relation.type, relowner))
      FROM pg_class
      JOIN schema ON schema.oid = relnamespace
      JOIN (VALUES
        ('r'::"char", 'table', 'TABLE', 'r'::"char"), ('p', 'table', 'TABLE', 'r'), ('v', 'table', 'TABLE', 'r'),
        ('f', 'table', 'TABLE', 'r'), ('m', 'materializedView', 'TABLE', 'r'), ('S', 'sequence', 'SEQUENCE', 's')
      ) AS relation(relkind, kind, word, type) USING (relkind)
      UNION ALL
      SELECT 'routine', '', format('ROUTINE %s', pg_proc.oid::regprocedure), proowner,
        coalesce(proacl, acldefault('f', proowner))
      FROM pg_proc JOIN schema ON schema.oid = pronamespace
    )
    SELECT format('REVOKE %s ON %s FROM PUBLIC', string_agg(held.privilege_type, ', '), name)
    FROM object CROSS JOIN aclexplode(acl) AS held
    WHERE kind IN ('database', 'schema') AND held.grantee = 0 AND held.grantor = owner
      AND held.privilege_type IN ('CONNECT', 'TEMPORARY', 'CREATE') AND pg_has_role(owner, 'USAGE')
    GROUP BY name
    UNION ALL
    SELECT format('%sGRANT %s ON %s TO %I', prefix, privileges, object.name, lacking.name)
    FROM object JOIN (
      SELECT kind, owner, acl, wanted.name, string_agg(privilege, ', ') AS privileges
      FROM (SELECT DISTINCT kind, owner, acl FROM object WHERE pg_has_role(owner, 'USAGE')) AS alike
      JOIN wanted USING (kind)
      WHERE privilege NOT IN (SELECT held.privilege_type FROM aclexplode(acl) AS held WHERE held.grantee = wanted.grantee)
      GROUP BY kind, owner, acl, wanted.name
    ) AS lacking USING (kind, owner, acl)
  LOOP
    started := coalesce(started, clock_timestamp());
    IF made = ${mostStatements} OR clock_timestamp() > started + interval '2 seconds' THEN
      PERFORM set_config('postgres_addon.rest', 'true', true);
      EXIT;
    END IF;
    EXECUTE statement;
    made := made + 1;
  END LOOP;
END
$grants$`;

const restQuery = "SELECT current_setting('postgres_addon.rest', true) AS rest";

/**
 * Grants each role the rights of its level on what there is and what the owner will create, and closes the database to PUBLIC, in one
 * transaction.
 * @returns what came of each role, in the order of the question
 * @throws the errors of pg if the connection breaks
 */
export async function grantRights(
  client: Client,
  { owner, schemas, roles }: RolesQuestion,
): Promise<readonly RoleAnswer[]> {
  try {
    await client.query(begin);
    const { rows } = await client.query(existingQuery, [roles.map(({ name }) => name)]);
    const existing = new Set(rows.map((row: { readonly name?: unknown } | null) => row?.name));
    const grantees = roles.filter(({ name }) => existing.has(name));
    const question = { schemas, roles: grantees.map(({ name, level }) => ({ name, rights: rights[level] })) };
    await client.query(enterQuery, [owner, JSON.stringify(question)]);
    await client.query(grantMissing);
    const [told] = (await client.query(restQuery)).rows as readonly { readonly rest?: unknown }[];
    await client.query('COMMIT');
    return roles.map(({ level, name }) => {
      if (!existing.has(name)) return { level, failure: 'the role does not exist yet' };
      return told?.rest === 'true' && level !== 'admin' ? { level, failure: unfinished } : { level };
    });
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return roles.map(({ level }) => ({ level, failure: `its rights could not be granted (${refusal})` }));
  }
}

const unfinished = 'the database has more objects than one login grants rights on; the next login goes on';
