// SPDX-License-Identifier: Apache-2.0
// Profiles in Postgres. Statements are named, so that each connection prepares them once.
import pg from 'pg';
import { names } from './profile.js';

const defaults = { companySize: 'small', timeframe: 'short-term', availableTime: 'moderate', budget: 'moderate' };

const columnOf = (name) => (name === 'currentRole' ? '"current_role"' : name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`));
const columns = names.map(columnOf);
const shown = [...columns.map((column, i) => `${column} AS "${names[i]}"`), 'version', 'updated_at'].join(', ');

const READ = `SELECT ${shown} FROM career_profiles WHERE user_id = $1`;
const INSERT = `INSERT INTO career_profiles (user_id, ${columns.join(', ')}, version)
  VALUES ($1, ${names.map((_, i) => `$${i + 2}`).join(', ')}, nextval('career_profiles_version_seq'))
  ON CONFLICT (user_id) DO NOTHING RETURNING ${shown}`;
const UPDATE = `UPDATE career_profiles SET ${columns.map((column, i) => `${column} = $${i + 3}`).join(', ')},
  version = nextval('career_profiles_version_seq'), updated_at = now()
  WHERE user_id = $1 AND version = $2 RETURNING ${shown}`;

// Somebody else has written in between.
export class Conflict extends Error {}

const forDatabase = (name, value) => (name === 'skillTags' ? JSON.stringify(value ?? []) : value);
const same = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);

function profileOf(user, row) {
  const profile = { userId: user, profileId: `profile_${user}`, lastUpdated: row.updated_at.toISOString(), version: row.version };
  for (const name of names) profile[name] = row[name] ?? defaults[name] ?? null;
  return profile;
}

const listNames = new Set(['primarySkills', 'skillsToLearn', 'interests', 'skillTags', 'careerGoals', 'learningStyle',
  'networkingGoals', 'preferredEventTypes']);
const valueOf = (profile, name) => forDatabase(name, profile[name] ?? (listNames.has(name) ? [] : null));

export class Profiles {
  #pool = new pg.Pool({ max: 10 });

  async read(user) {
    const { rows } = await this.#pool.query({ name: 'read', text: READ, values: [user] });
    return rows.length ? profileOf(user, rows[0]) : null;
  }

  // stored is null where there is no profile yet. Resolves to { changed, profile }.
  async save(user, stored, merged) {
    if (stored && names.every((name) => same(stored[name], merged[name]))) return { changed: false, profile: stored };
    const values = names.map((name) => valueOf(merged, name));
    const { rows } = await this.#pool.query(stored
      ? { name: 'update', text: UPDATE, values: [user, stored.version, ...values] }
      : { name: 'insert', text: INSERT, values: [user, ...values] });
    if (!rows.length) throw new Conflict();
    return { changed: true, profile: profileOf(user, rows[0]) };
  }
}
