-- What a career profile may contain, must contain and should contain. A running server picks an edit up within
-- about two seconds; one with an error changes nothing, is reported in the error log with its line, and the last
-- good rules stay in force. Try it first:
--   career-rules check DIR
--   career-rules try DIR profile.json [previous.json]
--
-- Every field has a kind:
--   field.text    { min = 1, max = 120 }        characters, without the blanks around them (unless trimmed = false);
--                                               matches = "^[A-Z]{2}$" a regular expression (Perl's, as in PCRE2);
--                                               format = "email", "url", "date", "date-time" or "uuid"
--   field.one_of  { "a", "b" }                  exactly one of these texts
--   field.list    { field.text {}, max = 20 }   items of one kind; min, max, unique = true
--   field.record  { name = field.text {} }      members of a fixed set; one with optional = true may be missing
--   field.integer { min = 0 }                   a whole number, and
--   field.number  { max = 1.5 }                 any number
--   field.boolean {}                            true or false
--   field.date    { min = "1970-01-01" }        a day; with time = true also a day with a time
-- and each of them may have
--   default = …        what is stored where a new profile leaves the field out or a client sends null (else [] for
--                      a list, null for the rest); profiles saved before the field was declared read so, too
--   label = "…"        what messages call it, instead of its name
--   message = "…"      what users are told instead of our sentences, or { too_long = "…", required = "…" }
--   nullable = true    an item of a list or a member of a record may be null
--
-- A field that is sent as null or as blank text is cleared. Three fields cannot be left out: currentRole, seniority
-- and industry; any other can. What is not declared here is not accepted, not returned and not touched. A field of
-- your own needs nothing but its line here: no recompiling, no migration, it is kept in the column "extra".

local skill = field.text { min = 1, max = 80 }

return {
  fields = {
    currentRole = field.text { min = 1, max = 120, label = "The current role" },

    seniority = field.one_of {
      "student", "entry-level", "junior", "mid-level", "senior", "staff", "principal", "lead", "manager",
      "senior-manager", "director", "vp", "cto", "founder", "consultant", "career-changer",
      label = "The seniority",
    },

    -- Free text; the application suggests Technology/Software, Healthcare/Biotech, Finance/FinTech and so on.
    industry = field.text { min = 1, max = 120, label = "The industry" },

    companyName = field.text { max = 120, label = "The company name" },

    companySize = field.one_of {
      "startup", "small", "medium", "large", "enterprise", "freelance", "consulting",
      default = "small", label = "The company size",
    },

    primarySkills = field.list { skill, max = 100, unique = true, label = "Primary skills" },
    skillsToLearn = field.list { skill, max = 100, unique = true, label = "Skills to learn" },
    interests     = field.list { skill, max = 100, unique = true, label = "Interests" },

    -- What somebody can do, how well and since when.
    skillTags = field.list {
      field.record {
        skill              = skill,
        proficiency        = field.one_of { "beginner", "intermediate", "advanced", "expert", optional = true },
        yearsOfExperience  = field.number { min = 0, max = 80 },
        lastUsed           = field.date { time = true },
        category           = field.text { max = 80, optional = true },
        order              = field.number { optional = true },   -- where the user has dragged it to
        pendingProficiency = field.boolean { optional = true },  -- the form has not asked for it yet
      },
      max = 100, label = "Skill tags",
    },

    careerGoals = field.list {
      field.one_of {
        "skill-development", "career-advancement", "role-transition", "leadership-growth", "entrepreneurship",
        "consulting", "specialization", "generalization", "networking", "industry-change", "work-life-balance",
        "salary-increase",
      },
      max = 12, unique = true, label = "Career goals",
    },

    timeframe = field.one_of {
      "immediate", "short-term", "medium-term", "long-term",
      default = "short-term", label = "The timeframe",
    },

    -- Free text; the application suggests Data Engineering, Machine Learning, Leadership & Strategy and others.
    targetPath = field.text { max = 120, label = "The target path" },

    learningStyle = field.list {
      field.one_of { "hands-on", "theoretical", "interactive", "networking", "case-studies", "peer-learning" },
      max = 6, unique = true, label = "Learning styles",
    },

    availableTime = field.one_of {
      "very-limited", "limited", "moderate", "flexible", "dedicated",
      default = "moderate", label = "The available time",
    },

    budget = field.one_of {
      "free-only", "low", "moderate", "high", "unlimited",
      default = "moderate", label = "The budget",
    },

    networkingGoals = field.list {
      field.one_of {
        "find-mentors", "find-mentees", "find-peers", "find-collaborators", "find-customers", "find-employers",
        "find-employees", "industry-insights", "thought-leadership",
      },
      max = 9, unique = true, label = "Networking goals",
    },

    preferredEventTypes = field.list {
      field.one_of {
        "conference", "workshop", "meetup", "webinar", "hackathon", "summit", "bootcamp", "certification",
        "panel", "keynote", "networking", "trade-show",
      },
      max = 12, unique = true, label = "Preferred event types",
    },

    -- One of your own:
    -- certifications = field.list { field.text { min = 1, max = 120 }, max = 20, unique = true },
  },

  -- A save is refused while one of these is missing, null, blank or an empty list. A default does not fill it in.
  required = { "currentRole", "seniority", "industry" },

  -- Never in the way of a save: what is not met comes back with the answer as `recommendations`. How many items a
  -- list should have; { min = 3, message = "…" } has its own words.
  recommended = { primarySkills = 3, skillsToLearn = 2, careerGoals = 2, interests = 3 },

  -- Likewise, for what is merely good to have.
  enhancements = {
    skillTags           = "Skills with a level make the matching of events more precise",
    networkingGoals     = "With networking goals, events for meeting people can be picked out",
    preferredEventTypes = "With preferred event types, the formats that suit you are suggested first",
  },

  -- Rules that look at several fields are a function. It is called when everything above is met, and returns nil or
  -- a list of complaints. `profile` has every field (nil where it is empty), `previous` is the profile before this
  -- save or nil, `user` has id, role, aal and claims; career.now is the time in seconds since 1970, and
  -- matches(text, "regular expression") is true or false. Nothing else of the world can be seen from here.
  --
  -- validate = function(profile, previous, user)
  --   if profile.seniority == "manager" and #profile.careerGoals < 2 then
  --     return { { field = "careerGoals", code = "too_few", message = "Managers name at least two goals" } }
  --   end
  -- end,
}
