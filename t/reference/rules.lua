-- SPDX-License-Identifier: Apache-2.0
-- rules.lua SEED SETS DOCUMENTS: makes up sets of rules and saves, and judges them. Slow, plain, and written from
-- lua/README.md and the contract alone, so that it knows nothing of how the server does it; test_reference.c asks
-- the server's own code and compares. Prints one line for each:
--   R validation.lua            the rules, for what follows
--   P JSON                      the profile before the save; an empty line when there is none
--   D JSON                      what is sent
--   E field TAB code TAB …      what is wrong with it
--   A field have want TAB …     what is recommended; only where nothing is wrong
--   S JSON                      what the profile is after the save; likewise

local seed, sets, documents = math.tointeger(arg[1]), math.tointeger(arg[2]), math.tointeger(arg[3])
math.randomseed(seed)

local function chance(percent) return math.random(100) <= percent end
local function one_of(list) return list[math.random(#list)] end

-- As pairs, but in the order of the names, so that a seed means the same each time.
local function in_order(members)
  local names = {}
  for name in pairs(members) do names[#names + 1] = name end
  table.sort(names)
  local i = 0
  return function()
    i = i + 1
    return names[i], members[names[i]]
  end
end

-- ---------------------------------------------------------------------------------------- values
-- Texts, numbers and booleans are Lua's own; the rest are tables that tell what they are.

local null = { is = "null" }
local function array(items) return { is = "array", items = items } end
local function object(names, members) return { is = "object", names = names, members = members } end

local function type_of(value)
  return type(value) == "table" and value.is or type(value)
end

local function json_text(text)
  return '"' .. text:gsub('[%c"\\]', function(c) return ("\\u%04x"):format(c:byte()) end) .. '"'
end

local function json(value)
  local kind, parts = type_of(value), {}
  if kind == "null" then return "null" end
  if kind == "string" then return json_text(value) end
  if kind == "number" then return math.type(value) == "integer" and ("%d"):format(value) or ("%.1f"):format(value) end
  if kind == "boolean" then return tostring(value) end
  if kind == "array" then
    for i, item in ipairs(value.items) do parts[i] = json(item) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for i, name in ipairs(value.names) do parts[i] = json_text(name) .. ":" .. json(value.members[name]) end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function lua_text(text)
  return '"' .. text:gsub('[^%w ._^$*+?()%[%]{},|%-]', function(c) return ("\\%03d"):format(c:byte()) end) .. '"'
end

-- As it is written in a rules file; nil where that cannot say it: null, and a record without members.
local function lua(value)
  local kind, parts = type_of(value), {}
  if kind == "null" then return nil end
  if kind == "string" then return lua_text(value) end
  if kind == "number" then return json(value) end
  if kind == "boolean" then return tostring(value) end
  if kind == "array" then
    for i, item in ipairs(value.items) do
      parts[i] = lua(item)
      if not parts[i] then return nil end
    end
    return "{ " .. table.concat(parts, ", ") .. " }"
  end
  for i, name in ipairs(value.names) do
    parts[i] = lua(value.members[name])
    if not parts[i] then return nil end
    parts[i] = ("[%s] = %s"):format(lua_text(name), parts[i])
  end
  return #parts > 0 and "{ " .. table.concat(parts, ", ") .. " }" or nil
end

local function equal(a, b)
  local kind = type_of(a)
  if kind ~= type_of(b) then return false end
  if kind == "array" then
    if #a.items ~= #b.items then return false end
    for i, item in ipairs(a.items) do
      if not equal(item, b.items[i]) then return false end
    end
    return true
  elseif kind == "object" then
    if #a.names ~= #b.names then return false end
    for _, name in ipairs(a.names) do
      if b.members[name] == nil or not equal(a.members[name], b.members[name]) then return false end
    end
    return true
  end
  return a == b
end

-- ---------------------------------------------------------------------------------------- texts

local blanks = { " ", "\t", "\n", "\u{a0}", "\u{2003}", "\u{3000}" }

local function trim(text)
  local again = true
  while again do
    again = false
    for _, blank in ipairs(blanks) do
      if text:sub(1, #blank) == blank then text, again = text:sub(#blank + 1), true end
      if #text > 0 and text:sub(-#blank) == blank then text, again = text:sub(1, -#blank - 1), true end
    end
  end
  return text
end

-- Expressions, and what they mean.
local patterns = {
  { "^[A-Z]{2}$", function(text) return text:match("^[A-Z][A-Z]$") end },
  { "a+b", function(text) return text:find("a+b") end },
  { "^.{2,3}$", function(text) local n = utf8.len(text) return n >= 2 and n <= 3 and not text:find("\n") end },
  { "^x|[yY]$", function(text) return text:find("^x") or text:find("[yY]$") end },
  { "[0-9]{4}", function(text) return text:find("%d%d%d%d") end },
  { "^[^@]*$", function(text) return not text:find("@") end },
}

-- Texts that are of a format; every other text is of none. A zero stands for a form that two formats share.
local of_format = {
  date = { "2024-02-29", "2000-02-29", "1970-01-01", "0000-12-31", "2026-06-15" },
  ["date-time"] = { "2024-02-29T00:00:00Z", "2026-06-15T23:59:60.5+02:00", "2026-06-15t12:30:00z" },
  email = { "a@b.c", "first.last+tag@example.org", "a@b" },
  url = { "http://a", "https://example.org:80/x?y#z", "HTTPS://[::1]/" },
  uuid = { "01234567-89ab-cdef-0123-456789ABCDEF" },
}
local formats = { "date", "date-time", "email", "url", "uuid" }
local near = {
  "2023-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-6-15", "2026-06-15T24:00:00Z",
  "2026-06-15T12:00Z", "2026-06-15T12:00:00", "2026-06-15 12:00:00Z", "@b", "a@", "a b@c", "a@b@c", "ftp://a", "http://",
  "https://a b", "http://u@h", "01234567-89ab-cdef-0123-456789ABCDE", "01234567x89ab-cdef-0123-456789ABCDEF",
}

local function is_of(format, text)
  for _, good in ipairs(of_format[format]) do
    if good == text then return true end
  end
  return false
end

-- ---------------------------------------------------------------------------------------- the judgement

local judge

-- Adds to `found` what is wrong, and returns the value as it would be kept.
local function judge_text(kind, value, path, found)
  local text = kind.trimmed == false and value or trim(value)
  local length = utf8.len(text)
  if kind.min and length < kind.min then
    found(path, "too_short")
  elseif kind.max and length > kind.max then
    found(path, "too_long")
  elseif kind.format and not is_of(kind.format, text) then
    found(path, "bad_format")
  elseif kind.pattern and not kind.pattern[2](text) then
    found(path, "bad_format")
  end
  return text
end

local function judge_date(kind, value, path, found)
  local text = trim(value)
  local day = text:sub(1, 10)
  if not is_of("date", text) and not (kind.time and is_of("date-time", text)) then
    found(path, "bad_format")
  elseif kind.min and day < kind.min or kind.max and day > kind.max then
    found(path, "out_of_range")
  end
  return text
end

local function judge_list(kind, value, path, found)
  local kept = {}
  if kind.min and #value.items < kind.min then found(path, "too_few") end
  if #value.items > (kind.max or 1000) then
    found(path, "too_many")
    return value
  end
  for i, item in ipairs(value.items) do
    local at = path .. "[" .. i - 1 .. "]"
    kept[i] = item
    if item ~= null then
      kept[i] = judge(kind.of, item, at, found)
    elseif not kind.of.nullable then
      found(at, "wrong_type")
    end
    for j = 1, i - 1 do
      if kind.unique and equal(kept[j], kept[i]) then
        found(at, "duplicate")
        break
      end
    end
  end
  return array(kept)
end

local function judge_record(kind, value, path, found)
  local kept = {}
  for _, name in ipairs(value.names) do
    local member, inner = value.members[name], kind.members[name]
    local at = path .. "." .. name
    kept[name] = member
    if not inner then
      found(at, "unknown_field")
    elseif member ~= null then
      kept[name] = judge(inner, member, at, found)
    elseif not inner.nullable and not inner.optional then
      found(at, "required")
    end
  end
  for name, inner in in_order(kind.members) do
    if value.members[name] == nil and not inner.optional then found(path .. "." .. name, "required") end
  end
  return object(value.names, kept)
end

local wanted = {
  text = "string", date = "string", one_of = "string", integer = "number", number = "number", boolean = "boolean",
  list = "array", record = "object",
}

function judge(kind, value, path, found)
  if type_of(value) ~= wanted[kind.kind] or kind.kind == "integer" and value ~= math.floor(value) then
    found(path, "wrong_type")
  elseif kind.kind == "text" then
    return judge_text(kind, value, path, found)
  elseif kind.kind == "date" then
    return judge_date(kind, value, path, found)
  elseif kind.kind == "one_of" then
    for _, allowed in ipairs(kind.values) do
      if allowed == value then return value end
    end
    found(path, "not_allowed")
  elseif kind.kind == "integer" or kind.kind == "number" then
    if kind.min and value < kind.min or kind.max and value > kind.max then found(path, "out_of_range") end
  elseif kind.kind == "list" then
    return judge_list(kind, value, path, found)
  elseif kind.kind == "record" then
    return judge_record(kind, value, path, found)
  end
  return value
end

local function is_blank(kind, value)
  if type_of(value) == "array" then return #value.items == 0 end
  if type_of(value) ~= "string" then return false end
  return (kind.trimmed == false and value or trim(value)) == ""
end

-- ---------------------------------------------------------------------------------------- a save

local read_only = { userId = true, profileId = true, lastUpdated = true }

-- The members of a body that are fields, null being none; what is none is found to be unknown.
local function fields_of(rules, body, into, sent, found)
  for _, name in ipairs(body.names) do
    if rules.fields[name] then
      into[name] = body.members[name]
      if into[name] == null then into[name] = nil end
      sent[name] = true
    elseif not read_only[name] then
      found(name, "unknown_field")
    end
  end
end

-- One field of the merged profile: judged, and if it was sent, brought into the form in which it is kept.
local function judge_field(rules, name, merged, sent, found)
  local kind, value = rules.fields[name], merged[name]
  local blank = value ~= nil and is_blank(kind, value)
  if rules.required[name] and (value == nil or blank and kind.kind ~= "record") then return found(name, "required") end
  if value == nil then return end
  local keeps_text = kind.kind == "text" or kind.kind == "date"
  if blank and keeps_text and type(value) == "string" then
    if sent[name] then merged[name] = nil end
    return
  end
  local kept = judge(kind, value, name, found)
  if not sent[name] then return end
  merged[name] = kept
  if keeps_text and is_blank(kind, kept) then merged[name] = nil end
end

local function recommend(rules, merged)
  local advice = {}
  for _, name in ipairs(rules.names) do
    local value, have = merged[name], 0
    if value ~= nil and not is_blank(rules.fields[name], value) then
      have = type_of(value) == "array" and #value.items or 1
    end
    local want = rules.recommended[name]
    if want and have < want then
      advice[#advice + 1] = ("%s %d %d"):format(name, have, want)
    elseif rules.enhancements[name] and have == 0 then
      advice[#advice + 1] = name .. " 0 1"
    end
  end
  return advice
end

local function whole(rules, merged)
  local members = {}
  for _, name in ipairs(rules.names) do
    local kind = rules.fields[name]
    members[name] = merged[name]
    if members[name] == nil then
      members[name] = kind.default
      if kind.default == nil then members[name] = kind.kind == "list" and array {} or null end
    end
  end
  return object(rules.names, members)
end

local function save(rules, previous, body)
  local merged, sent, wrong = {}, {}, {}
  local function found(path, code) wrong[#wrong + 1] = path .. "\t" .. code end
  if previous then fields_of(rules, previous, merged, {}, function() end) end
  fields_of(rules, body, merged, sent, found)
  for _, name in ipairs(rules.names) do judge_field(rules, name, merged, sent, found) end
  print("E " .. table.concat(wrong, "\t"))
  if #wrong == 0 then
    print("A " .. table.concat(recommend(rules, merged), "\t"))
    print("S " .. json(whole(rules, merged)))
  end
end

-- ---------------------------------------------------------------------------------------- made-up rules

local letters = { "a", "b", "x", "y", "Y", "A", "B", "7", "\u{e4}", "\u{1f600}", " ", "\n" }

local function any_text()
  local parts = {}
  for i = 1, math.random(0, 6) do parts[i] = one_of(letters) end
  return table.concat(parts)
end

local function range(kind, lowest, highest, odds)
  if chance(odds) then kind.min = math.random(lowest, highest) end
  if chance(odds) then kind.max = math.random(kind.min or lowest, highest) end
end

local choices = { "a", "b", "junior", "a b", "\u{e4}", " a", "A" }
local member_names = { "skill", "level", "x", "min", "label", "message", "default", "optional", "nullable" }

local make_kind
local makers = {}

function makers.text(kind)
  if chance(20) then kind.trimmed = chance(30) end
  if chance(20) then kind.format = one_of(formats) end
  if chance(20) then kind.pattern = one_of(patterns) end
  range(kind, 0, 6, (kind.format or kind.pattern) and 5 or 50) -- few texts meet several of them
end

function makers.date(kind)
  kind.time = chance(40) or nil
  if chance(30) then kind.min = one_of(of_format.date) end
  if chance(20) then kind.max = one_of(of_format.date) end
  if kind.min and kind.max and kind.min > kind.max then kind.min, kind.max = kind.max, kind.min end
end

function makers.one_of(kind)
  local taken = {}
  kind.values = {}
  for _ = 1, math.random(5) do
    local value = one_of(choices)
    if not taken[value] then kind.values[#kind.values + 1] = value end
    taken[value] = true
  end
end

function makers.integer(kind) range(kind, -5, 5, 50) end

function makers.number(kind)
  range(kind, -5, 5, 50)
  if kind.max and chance(50) then kind.max = kind.max + 0.5 end
end

function makers.boolean() end

function makers.list(kind, level)
  kind.of = make_kind(level + 1)
  kind.of.nullable = chance(20) or nil
  range(kind, 0, 4, 40)
  kind.unique = chance(40) or nil
end

function makers.record(kind, level)
  kind.members = {}
  for _ = 1, math.random(4) do
    local member = make_kind(level + 1)
    member.optional = chance(30) or nil
    member.nullable = chance(20) or nil
    kind.members[one_of(member_names)] = member
  end
end

local simple = { "text", "text", "date", "one_of", "integer", "number", "boolean" }
local textual = { "text", "text", "one_of", "date" }

function make_kind(level, names)
  local kind = { kind = names and one_of(names) or chance(level < 4 and 35 or 0) and one_of { "list", "record" } or one_of(simple) }
  makers[kind.kind](kind, level)
  kind.label = chance(20) and "The thing" or nil
  kind.message = chance(10) and (chance(50) and '"No."' or '{ required = "Please.", bad_format = "No." }') or nil
  return kind
end

local make_value

-- A default that meets the rule itself, where one comes to mind.
local function add_default(kind)
  local good, value = true, make_value(kind, 0)
  if not lua(value) or kind.members and kind.members.default then return end
  local kept = judge(kind, value, "", function() good = false end)
  if good then kind.default, kind.written = kept, lua(value) end
end

local function write(kind)
  local parts = {}
  local function add(name, text)
    if text ~= nil then parts[#parts + 1] = ("[%q] = %s"):format(name, tostring(text)) end
  end
  for _, name in ipairs { "min", "max" } do
    if kind[name] then add(name, lua(kind[name])) end
  end
  for _, name in ipairs { "trimmed", "time", "unique", "nullable", "optional" } do add(name, kind[name]) end
  if kind.format then add("format", lua(kind.format)) end
  if kind.pattern then add("matches", lua(kind.pattern[1])) end
  -- a member of a record may have the name of an option, which the record itself then does not have
  if kind.label and not (kind.members and kind.members.label) then add("label", lua(kind.label)) end
  if not (kind.members and kind.members.message) then add("message", kind.message) end
  add("default", kind.written)
  for _, value in ipairs(kind.values or {}) do parts[#parts + 1] = lua(value) end
  if kind.of then parts[#parts + 1] = write(kind.of) end
  for name, member in in_order(kind.members or {}) do add(name, write(member)) end
  return ("field.%s { %s }"):format(kind.kind, table.concat(parts, ", "))
end

-- The names of members that stand in the way of the record's own options of that name.
local function settle_names(kind)
  if kind.of then settle_names(kind.of) end
  if not kind.members then return end
  for _, name in ipairs { "optional", "nullable" } do
    if kind.members[name] then kind[name] = nil end
  end
  for _, member in in_order(kind.members) do settle_names(member) end
end

local columns = {
  currentRole = textual, seniority = textual, industry = textual, companyName = textual, companySize = textual,
  targetPath = textual, budget = textual, primarySkills = "list", interests = "list", careerGoals = "list",
  skillTags = "records",
}
local own = { "certifications", "remote", "x1", "Zeta", "hobby" }

local function make_column(shape)
  if shape == textual then return make_kind(0, textual) end
  local kind = make_kind(0, { "list" })
  kind.of = make_kind(1, shape == "list" and textual or { "record" })
  return kind
end

local function make_rules()
  local rules = { names = {}, fields = {}, required = {}, recommended = {}, enhancements = {} }
  local function add(name, kind)
    settle_names(kind)
    if chance(25) then add_default(kind) end
    rules.fields[name] = kind
    rules.names[#rules.names + 1] = name
  end
  for _, name in ipairs { "currentRole", "seniority", "industry" } do
    add(name, make_column(textual))
    rules.required[name] = true
  end
  for name, shape in in_order(columns) do
    if not rules.fields[name] and chance(30) then add(name, make_column(shape)) end
  end
  for _, name in ipairs(own) do
    if chance(50) then add(name, make_kind(0)) end
  end
  table.sort(rules.names)
  for _, name in ipairs(rules.names) do
    local kind = rules.fields[name]
    if chance(15) then rules.required[name] = true end
    if not rules.required[name] and not (kind.members and kind.members.nullable) then kind.nullable = chance(10) or nil end
    local most = kind.kind == "list" and math.min(kind.max or 5, 5) or 1
    if chance(25) and most > 0 then rules.recommended[name] = math.random(most) end
    rules.enhancements[name] = chance(20) or nil
  end
  return rules
end

local function write_rules(rules)
  local fields, required, recommended, enhancements = {}, {}, {}, {}
  for i, name in ipairs(rules.names) do
    fields[i] = name .. " = " .. write(rules.fields[name])
    if rules.required[name] then required[#required + 1] = lua(name) end
    if rules.recommended[name] then recommended[#recommended + 1] = ("%s = %d"):format(name, rules.recommended[name]) end
    if rules.enhancements[name] then enhancements[#enhancements + 1] = name .. ' = "It is good."' end
  end
  return ("return { fields = { %s }, required = { %s }, recommended = { %s }, enhancements = { %s } }"):format(
    table.concat(fields, ", "), table.concat(required, ", "), table.concat(recommended, ", "),
    table.concat(enhancements, ", "))
end

-- ---------------------------------------------------------------------------------------- made-up documents

local function any_value(level)
  local what = math.random(8)
  if what == 1 then return null end
  if what == 2 then return chance(50) end
  if what == 3 then return math.random(-6, 6) end
  if what == 4 then return math.random(-12, 12) / 2 end
  if what == 5 and level < 4 then return array { any_value(level + 1), chance(50) and any_value(level + 1) or nil } end
  if what == 6 and level < 4 then return object({ "skill" }, { skill = any_value(level + 1) }) end
  return chance(50) and any_text() or one_of(near)
end

local values = {}

function values.text(kind)
  local text = any_text()
  for _ = 1, 8 do -- most of them are long enough, and not too long
    local length = utf8.len(kind.trimmed == false and text or trim(text))
    if length >= (kind.min or 0) and length <= (kind.max or length) then break end
    text = any_text()
  end
  if kind.format or chance(10) then text = one_of(of_format[kind.format or one_of(formats)]) end
  if chance(2) then text = one_of(near) end
  if kind.pattern and chance(60) then text = one_of { "AB", "aab", "xab", "\u{e4}y", "2024", "aby" } end
  if chance(15) then text = one_of(blanks) .. text .. one_of(blanks) end
  return text
end

function values.date(kind)
  local text = one_of(of_format[kind.time and chance(50) and "date-time" or "date"])
  if chance(3) then text = one_of(near) end
  if chance(10) then text = one_of(blanks) .. text end
  return text
end

function values.one_of(kind) return chance(97) and one_of(kind.values) or one_of(choices) end

function values.integer(kind)
  local value = math.random((kind.min or -5) - (chance(10) and 1 or 0), (kind.max or 5) + (chance(10) and 1 or 0))
  return chance(20) and value + 0.0 or chance(5) and value + 0.5 or value
end

function values.number(kind)
  local least, most = 2 * (kind.min or -5) // 1, 2 * (kind.max or 5) // 1
  return math.random(least - (chance(10) and 1 or 0), most + (chance(10) and 1 or 0)) / 2
end

function values.boolean() return chance(50) end

function values.list(kind, level)
  local items, least, most = {}, kind.min or 0, math.min(kind.max or 4, 4)
  local count = math.random(least, math.max(least, most))
  if chance(8) then count = math.max(0, count + one_of { -1, 1 }) end
  for i = 1, count do
    items[i] = make_value(kind.of, level + 1)
    if i > 1 and chance(10) then items[i] = items[1] end
    if chance(kind.of.nullable and 15 or 2) then items[i] = null end
  end
  return array(items)
end

function values.record(kind, level)
  local names, members = {}, {}
  for name, member in in_order(kind.members) do
    if not (member.optional and chance(40)) and not chance(3) then
      names[#names + 1] = name
      members[name] = chance((member.nullable or member.optional) and 20 or 2) and null or make_value(member, level + 1)
    end
  end
  if chance(3) then
    names[#names + 1] = "other"
    members.other = any_value(level + 1)
  end
  return object(names, members)
end

function make_value(kind, level)
  if chance(2) then return any_value(level) end
  return values[kind.kind](kind, level)
end

local function make_body(rules, odds)
  local names, members = {}, {}
  for _, name in ipairs(rules.names) do
    if chance(rules.required[name] and 97 or odds) then
      names[#names + 1] = name
      members[name] = chance(2) and null or chance(2) and "" or make_value(rules.fields[name], 0)
    end
  end
  for _, name in ipairs { "userId", "lastUpdated", "unheard", "timeframe" } do
    if chance(3) and members[name] == nil then
      names[#names + 1] = name
      members[name] = any_value(0)
    end
  end
  return object(names, members)
end

for _ = 1, sets do
  local rules = make_rules()
  print("R " .. write_rules(rules))
  for _ = 1, documents do
    local previous = chance(40) and make_body(rules, 60) or nil
    local body = make_body(rules, previous and 30 or 60)
    print("P " .. (previous and json(previous) or ""))
    print("D " .. json(body))
    save(rules, previous, body)
  end
end
