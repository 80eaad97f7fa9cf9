-- Other words for what users are told: for every fault of a field, or for each of its codes.
return {
  fields = {
    currentRole = field.text {
      min = 2, max = 60,
      message = {
        required = "Please tell us what you do",
        too_long = "Sixty characters must do for a job title",
      },
    },
    seniority = field.one_of { "junior", "senior", "manager", message = "Choose one of the levels" },

    -- label changes only what our own sentences call the field: "The line of business is required"
    industry = field.text { max = 120, label = "The line of business" },

    primarySkills = field.list { field.text { min = 1, max = 80 }, max = 100 },
  },

  required = { "currentRole", "seniority", "industry" },
  recommended = { primarySkills = { min = 3, message = "Name three skills, and events fit you better" } },
}
