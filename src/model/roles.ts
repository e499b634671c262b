// The login roles besides the owner as the model's CNPG makes them: as a DatabaseRole and the Secret with the password say.
import { type RoleAnswer, type RolesQuestion, roleLevels } from '../api/login.ts';
import { partsOf, type Role } from '../domain/children.ts';
import { type Fields, passwordIn, type Stored, textOf } from './objects.ts';
import { edit } from './server.ts';
import { live, type State } from './state.ts';

const slots = roleLevels.map((level) => partsOf[level]);

/** The next role that CNPG makes or changes; undefined if there is none. */
export function afterRole(state: State, cluster: Stored): State | undefined {
  for (const { role, login } of slots) {
    const made = live(state, role);
    if (made === undefined || made.metadata.deletionTimestamp !== undefined || made.spec?.name === undefined) continue;
    const { passwordSecret } = made.spec;
    const secret = passwordSecret === undefined ? undefined : live(state, login);
    const password = textOf(secret, 'password');
    if (passwordSecret !== undefined && password === undefined) continue;
    const version = secret?.metadata.resourceVersion;
    const status = {
      applied: true,
      observedGeneration: made.metadata.generation,
      ...(version === undefined ? {} : { secretResourceVersion: version }),
    };
    const inside = { cluster: cluster.metadata.uid, ...(password === undefined ? {} : { password }) };
    if (JSON.stringify([made.status, made.inside]) === JSON.stringify([status, inside])) continue;
    return edited(state, role, { status, inside });
  }
  return undefined;
}

/** The next role that CNPG reports to be gone with its Cluster; undefined if there is none. */
export function afterLoss(state: State): State | undefined {
  const lost = slots.find(({ role }) => live(state, role)?.status?.applied === true);
  const status = { applied: false, observedGeneration: 0, message: 'cluster resource has been deleted' };
  return lost && edited(state, lost.role, { status, inside: {} });
}

function edited(
  state: State,
  role: Role,
  change: { readonly status: Fields; readonly inside: Fields },
): State | undefined {
  const answer = edit(state, role, (object) => ({ ...object, ...change }));
  return answer.kind === 'done' ? answer.state : undefined;
}

/** What comes of each role at a login to a Cluster. */
export function answersTo({ roles }: RolesQuestion, state: State, cluster: Stored | undefined): readonly RoleAnswer[] {
  return roles.map(({ level, url }) => {
    const { password, cluster: uid } = live(state, partsOf[level].role)?.inside ?? {};
    const isIn = password !== undefined && password === passwordIn(url) && uid === cluster?.metadata.uid;
    return isIn ? { level } : { level, failure: 'the login fails (SQLSTATE 28P01)' };
  });
}
