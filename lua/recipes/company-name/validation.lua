-- Require a company name. The fields that this recipe is not about are left out here; leave yours in.
return {
  fields = {
    currentRole = field.text { min = 1, max = 120 },
    seniority = field.one_of { "junior", "senior", "manager" },
    industry = field.text { min = 1, max = 120 },

    -- min is not needed: what is required is never blank
    companyName = field.text { max = 120, label = "The company name" },
  },

  required = { "currentRole", "seniority", "industry", "companyName" },
}
