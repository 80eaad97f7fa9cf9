-- A field of your own: certifications, each with its year. It is kept in the column "extra": no migration.
return {
  fields = {
    currentRole = field.text { min = 1, max = 120 },
    seniority = field.one_of { "junior", "senior", "manager" },
    industry = field.text { min = 1, max = 120 },

    certifications = field.list {
      field.record {
        name = field.text { min = 1, max = 120, label = "The name of a certification" },
        year = field.integer { min = 1970, max = 2100 },
        link = field.text { format = "url", max = 300, optional = true },
      },
      max = 20, unique = true, label = "Certifications",
    },
  },

  required = { "currentRole", "seniority", "industry" },
  enhancements = { certifications = "Certifications vouch for what you know" },
}
