-- Clear the scores only when what they are computed from has changed: a function that makes the list for each save.
-- previous is the profile before this save, and nil when there was none.

return function(user, profile, previous)
  local list = { "recommendations:{user_id}:*", "dashboard-analytics:{user_id}:*" }
  if not previous or previous.currentRole ~= profile.currentRole or previous.seniority ~= profile.seniority then
    list[#list + 1] = "career-impact:v2:{user_id}:*"
  end
  return list
end
