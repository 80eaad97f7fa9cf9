-- Two goals, but of managers only: a rule across fields is a function. It is called when the rules above it are met.
return {
  fields = {
    currentRole = field.text { min = 1, max = 120 },
    seniority = field.one_of { "junior", "senior", "manager" },
    industry = field.text { min = 1, max = 120 },

    careerGoals = field.list {
      field.one_of { "skill-development", "career-advancement", "leadership-growth", "networking" },
      max = 4, unique = true,
    },
  },

  required = { "currentRole", "seniority", "industry" },

  validate = function(profile, previous, user)
    if profile.seniority == "manager" and #profile.careerGoals < 2 then
      return {
        { field = "careerGoals", code = "too_few", message = "Managers name at least two goals" },
      }
    end
  end,
}
