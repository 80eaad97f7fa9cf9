// SPDX-License-Identifier: Apache-2.0
// What a profile may hold, as JSON Schema: compiled once by Ajv for checking and by Fastify for writing.
import { Ajv } from 'ajv';

const list = (items) => ({ type: 'array', items, maxItems: 100 });
const text = { type: 'string', minLength: 1, maxLength: 120 };
const oneOf = (...values) => ({ type: 'string', enum: values });

const fields = {
  currentRole: text,
  seniority: oneOf('student', 'entry-level', 'junior', 'mid-level', 'senior', 'staff', 'principal', 'lead', 'manager',
    'senior-manager', 'director', 'vp', 'cto', 'founder', 'consultant', 'career-changer'),
  industry: text,
  companyName: { ...text, type: ['string', 'null'] },
  companySize: oneOf('startup', 'small', 'medium', 'large', 'enterprise', 'freelance', 'consulting'),
  primarySkills: list(text),
  skillsToLearn: list(text),
  interests: list(text),
  skillTags: list({
    type: 'object',
    required: ['skill', 'yearsOfExperience', 'lastUsed'],
    properties: {
      skill: text,
      proficiency: oneOf('beginner', 'intermediate', 'advanced', 'expert'),
      yearsOfExperience: { type: 'number', minimum: 0, maximum: 80 },
      lastUsed: { type: 'string' },
      category: text,
      order: { type: 'number' },
      pendingProficiency: { type: 'boolean' }
    },
    additionalProperties: false
  }),
  careerGoals: list(oneOf('skill-development', 'career-advancement', 'role-transition', 'leadership-growth',
    'entrepreneurship', 'consulting', 'specialization', 'generalization', 'networking', 'industry-change',
    'work-life-balance', 'salary-increase')),
  timeframe: oneOf('immediate', 'short-term', 'medium-term', 'long-term'),
  targetPath: { ...text, type: ['string', 'null'] },
  learningStyle: list(oneOf('hands-on', 'theoretical', 'interactive', 'networking', 'case-studies', 'peer-learning')),
  availableTime: oneOf('very-limited', 'limited', 'moderate', 'flexible', 'dedicated'),
  budget: oneOf('free-only', 'low', 'moderate', 'high', 'unlimited'),
  networkingGoals: list(oneOf('find-mentors', 'find-mentees', 'find-peers', 'find-collaborators', 'find-customers',
    'find-employers', 'find-employees', 'industry-insights', 'thought-leadership')),
  preferredEventTypes: list(oneOf('conference', 'workshop', 'meetup', 'webinar', 'hackathon', 'summit', 'bootcamp',
    'certification', 'panel', 'keynote', 'networking', 'trade-show'))
};

export const names = Object.keys(fields);

const readOnly = { userId: { type: 'string' }, profileId: { type: 'string' }, lastUpdated: { type: 'string' } };

// For writing: what the database holds is good, so that only the shape counts.
export const profileSchema = {
  type: 'object',
  properties: { ...readOnly, ...fields }
};

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
export const checkProfile = ajv.compile({
  type: 'object',
  required: ['currentRole', 'seniority', 'industry'],
  properties: { ...readOnly, ...fields, version: {} },
  additionalProperties: false
});

const wanted = { primarySkills: 3, skillsToLearn: 2, careerGoals: 2, interests: 3 };

export function recommend(profile) {
  const found = [];
  for (const [field, want] of Object.entries(wanted)) {
    const have = profile[field].length;
    if (have < want) found.push({ field, have, want, message: `${want} or more of ${field} make better matches` });
  }
  return found;
}
