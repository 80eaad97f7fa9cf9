-- What a save clears in Redis, after its commit. Running servers pick up a change within about two seconds.
--   career-rules check DIR          career-rules keys DIR USER_ID
--
-- An entry is an exact key, a glob (*, ?, [abc]), or a table:
--   { key = "career:gen:{user_id}", bump = true }   a generation that readers compare: moved to the row's version
--   { set = "career:keys:{user_id}" }               an index set: its members are the keys to delete
-- Placeholders: {user_id}, {version}, and the name of any declared field.
-- Exact keys, sets and generations cost next to nothing. A glob makes Redis look at all its keys; many saves share
-- one such sweep. A glob without {user_id} clears the entries of all users on every save.

return {
  -- the application's scores, as documented; "career-impact:v2:{user_id}:*" would clear only the user's own
  "career-impact:v2:*",
  "recommendations:{user_id}:*",
  "dashboard-analytics:{user_id}:*",
}
