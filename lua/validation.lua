-- What a career profile must and should contain. Running servers pick up a change within about two seconds;
-- a file with an error is reported in the error log, and the last good rules stay in force. Try an edit first:
--   career-rules check DIR          career-rules try DIR profile.json
--
-- `field` is the vocabulary:
--   field.text    { min =, max = (characters), matches = "regular expression", format = "url"|"email"|"date" }
--   field.one_of  { "a", "b", default = "a" }
--   field.list    { kind of the items, min =, max =, unique = true }
--   field.record  { name = kind, … }
--   field.integer {}  field.number { min =, max = }  field.boolean {}  field.date {}
-- Every kind also takes default =, label = (how messages call it), message = (instead of ours), and inside a
-- record optional = true. Texts lose the blanks around them.

local name = field.text { min = 1, max = 80 }

return {
  fields = {
    currentRole = field.text { min = 1, max = 120, label = "The job title" },

    seniority = field.one_of {
      "student", "entry-level", "junior", "mid-level", "senior", "staff", "principal", "lead", "manager",
      "senior-manager", "director", "vp", "cto", "founder", "consultant", "career-changer",
    },

    industry = field.text { min = 1, max = 120 },

    companyName = field.text { max = 120 },

    companySize = field.one_of {
      "startup", "small", "medium", "large", "enterprise", "freelance", "consulting",
      default = "small",
    },

    primarySkills = field.list { name, max = 100, unique = true },
    skillsToLearn = field.list { name, max = 100, unique = true },
    interests = field.list { name, max = 100, unique = true },

    skillTags = field.list {
      field.record {
        skill = name,
        proficiency = field.one_of { "beginner", "intermediate", "advanced", "expert", optional = true },
        yearsOfExperience = field.number { min = 0, max = 80 },
        lastUsed = field.date {},
        category = field.text { max = 80, optional = true },
        order = field.number { optional = true },
        pendingProficiency = field.boolean { optional = true },
      },
      max = 100,
    },

    careerGoals = field.list {
      field.one_of {
        "skill-development", "career-advancement", "role-transition", "leadership-growth", "entrepreneurship",
        "consulting", "specialization", "generalization", "networking", "industry-change", "work-life-balance",
        "salary-increase",
      },
      max = 12, unique = true,
    },

    timeframe = field.one_of {
      "immediate", "short-term", "medium-term", "long-term",
      default = "short-term",
    },

    targetPath = field.text { max = 120 },

    learningStyle = field.list {
      field.one_of { "hands-on", "theoretical", "interactive", "networking", "case-studies", "peer-learning" },
      max = 6, unique = true,
    },

    availableTime = field.one_of {
      "very-limited", "limited", "moderate", "flexible", "dedicated",
      default = "moderate",
    },

    budget = field.one_of {
      "free-only", "low", "moderate", "high", "unlimited",
      default = "moderate",
    },

    networkingGoals = field.list {
      field.one_of {
        "find-mentors", "find-mentees", "find-peers", "find-collaborators", "find-customers", "find-employers",
        "find-employees", "industry-insights", "thought-leadership",
      },
      max = 9, unique = true,
    },

    preferredEventTypes = field.list {
      field.one_of {
        "conference", "workshop", "meetup", "webinar", "hackathon", "summit", "bootcamp", "certification",
        "panel", "keynote", "networking", "trade-show",
      },
      max = 12, unique = true,
    },

    -- A field of your own, kept in the column "extra" (no migration):
    -- certifications = field.list { field.text { min = 1, max = 120 }, max = 20, unique = true },
  },

  -- Present and neither null, blank nor empty; the first three cannot be left out.
  required = { "currentRole", "seniority", "industry" },

  -- Never fails a save: what is missing comes back as `recommendations`.
  recommended = { primarySkills = 3, skillsToLearn = 2, careerGoals = 2, interests = 3 },

  enhancements = {
    skillTags = "Skill tags with a proficiency make skill matching more precise",
    networkingGoals = "Networking goals help to pick events for meeting the right people",
    preferredEventTypes = "Preferred event types decide which formats are suggested first",
  },

  -- Rules across fields are a function. It gets copies: every declared field, null as nil; `previous` is nil
  -- when the profile is new; `user` has id, role, aal and claims; career.now() is the time in seconds.
  --
  -- validate = function(profile, previous, user)
  --   if profile.seniority == "manager" and #profile.careerGoals < 2 then
  --     return { { field = "careerGoals", code = "too_few", message = "Managers name at least two goals" } }
  --   end
  -- end,
}
