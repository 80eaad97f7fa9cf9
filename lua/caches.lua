-- What a save clears in Redis, after its commit. A running server picks an edit up within about two seconds; one
-- with an error changes nothing and is reported in the error log. Try it first:
--   career-rules check DIR
--   career-rules keys DIR USER_ID [profile.json]
--
-- An entry of the list is one of
--   "dashboard:{user_id}"                             the key of that name
--   "dashboard:{user_id}:*"                           every key that the pattern matches: * ? [abc] as in SCAN
--   { key = "odd*name:{user_id}" }                    a key again, in which * ? [ are nothing special
--   { set = "career:keys:{user_id}" }                 an index set: the keys that are its members, and the set
--   { key = "career:gen:{user_id}", bump = true }     a number that readers keep beside what they store: it is
--                                                     raised to the profile's version, nothing is deleted
--
-- {user_id}, {version} and the name of any field that holds a single value ({industry}) are filled in. A value is
-- taken literally: it cannot widen a pattern. An entry whose field is empty is left out. When the field has just
-- changed, the keys of its old value are cleared too. A brace or wildcard itself is written \\{ or \\*.
--
-- What it costs: a key, set or number next to nothing, however many keys Redis holds. A pattern makes Redis look
-- at every key it has, some 0.65 s of its time per million, in small steps; saves that come meanwhile share one
-- such walk. A pattern without {user_id} moreover clears the entries of all users whenever one of them saves.

return {
  -- The scores of events, under the keys that the application documents: those of all users.
  -- "career-impact:v2:{user_id}:*" clears only the user's own, which is enough for a change of one profile.
  "career-impact:v2:*",

  "recommendations:{user_id}:*",
  "dashboard-analytics:{user_id}:*",
}

-- Instead of a list the file may return a function that makes one for each save:
--
--   return function(user, profile, previous)
--     local list = { "recommendations:{user_id}:*" }
--     if previous and previous.seniority ~= profile.seniority then
--       list[#list + 1] = "peers:" .. literal(profile.seniority) .. ":*"
--     end
--     return list
--   end
--
-- Texts it takes from a profile go through literal(), as above. A clearing that was interrupted is done again later
-- by the same function, which then knows only user.id and the profile as it is by then (nil if it was deleted).
