-- Clear the scores of the user who saves, not everybody's.
return {
  "career-impact:v2:{user_id}:*",
  "recommendations:{user_id}:*",
  "dashboard-analytics:{user_id}:*",
}
