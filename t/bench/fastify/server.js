// SPDX-License-Identifier: Apache-2.0
// The career profile on Fastify, as its users would write it with an eye on speed: two workers, prepared statements,
// compiled schemas, pipelined Redis. Rules judge the merged profile and a save is guarded by the version, as in
// mod_career; there is no outbox.
//
// PORT, PGHOST, PGDATABASE, PGUSER, REDIS_SOCKET and JWT_SECRET come from the environment.
import cluster from 'node:cluster';
import Fastify from 'fastify';
import { createVerifier } from 'fast-jwt';
import { Redis } from 'ioredis';
import { checkProfile, profileSchema, recommend } from './profile.js';
import { Conflict, Profiles } from './store.js';

const WORKERS = 2;
const TRIES = 3;

function fail(status, code, message, details) {
  return Object.assign(new Error(message), { statusCode: status, body: { success: false, error: message, code, details } });
}

const verify = createVerifier({
  key: process.env.JWT_SECRET,
  algorithms: ['HS256'],
  allowedAud: 'authenticated',
  requiredClaims: ['sub', 'exp', 'role']
});

async function authenticate(request) {
  const header = request.headers.authorization;
  if (!header?.startsWith('Bearer ')) throw fail(401, 'no_token', 'Authentication required');
  try {
    request.user = verify(header.slice(7));
  } catch {
    throw fail(401, 'invalid_token', 'Authentication required');
  }
  if (request.user.role !== 'authenticated') throw fail(403, 'forbidden', 'Forbidden');
}

const tagOf = (profile) => `"${profile.version}"`;

async function read(request, reply) {
  const profile = await this.profiles.read(request.user.sub);
  if (!profile) throw fail(404, 'profile_not_found', 'Career profile not found');
  const tag = tagOf(profile);
  reply.header('etag', tag).header('cache-control', 'private, no-cache').header('vary', 'Authorization, Cookie, Origin')
    .header('last-modified', new Date(profile.lastUpdated).toUTCString()).header('x-content-type-options', 'nosniff');
  if (request.headers['if-none-match'] === tag) return reply.code(304).send();
  return { success: true, data: profile };
}

async function mergeAndSave(profiles, user, body) {
  for (let attempt = 1; ; attempt++) {
    const stored = await profiles.read(user);
    const merged = { ...stored, ...body };
    if (!checkProfile(merged)) throw fail(400, 'validation_failed', 'The profile is not valid', checkProfile.errors);
    try {
      return { created: !stored, ...(await profiles.save(user, stored, merged)) };
    } catch (error) {
      if (!(error instanceof Conflict) || attempt === TRIES) throw error;
    }
  }
}

async function save(request, reply) {
  const user = request.user.sub;
  const { created, changed, profile } = await mergeAndSave(this.profiles, user, request.body);
  let keys = 0;
  if (changed) keys = await this.redis.unlink(`recommendations:${user}`, `dashboard-analytics:${user}`);
  reply.code(created ? 201 : 200).header('etag', tagOf(profile)).header('cache-control', 'no-store')
    .header('content-location', '/api/profile/career').header('x-content-type-options', 'nosniff');
  return {
    success: true,
    data: profile,
    message: changed ? 'Career profile saved. Caches invalidated.' : 'Career profile unchanged.',
    cache: { status: changed ? 'invalidated' : 'unchanged', keys },
    recommendations: recommend(profile)
  };
}

function build() {
  const app = Fastify({ logger: false, bodyLimit: 65536 });
  const saved = {
    type: 'object',
    properties: {
      success: { type: 'boolean' },
      data: profileSchema,
      message: { type: 'string' },
      cache: { type: 'object', properties: { status: { type: 'string' }, keys: { type: 'integer' } } },
      recommendations: { type: 'array', items: { type: 'object', additionalProperties: true } }
    }
  };
  const shown = { type: 'object', properties: { success: { type: 'boolean' }, data: profileSchema } };
  app.decorate('profiles', new Profiles());
  app.decorate('redis', new Redis({ path: process.env.REDIS_SOCKET, enableAutoPipelining: true }));
  app.decorateRequest('user', null);
  app.addHook('onRequest', authenticate);
  app.setErrorHandler((error, request, reply) => {
    reply.code(error.statusCode ?? 500).header('cache-control', 'no-store')
      .send(error.body ?? { success: false, error: 'Internal error', code: 'internal_error' });
  });
  app.get('/api/profile/career', { schema: { response: { 200: shown } } }, read);
  app.put('/api/profile/career', { schema: { body: { type: 'object' }, response: { '2xx': saved } } }, save);
  return app;
}

if (cluster.isPrimary) {
  for (let i = 0; i < WORKERS; i++) cluster.fork();
  cluster.on('exit', () => process.exit(1));
} else {
  await build().listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
}
