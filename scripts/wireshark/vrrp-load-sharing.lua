-- Messages of types 2 to 8 that routers of a VRRP group exchange when they share the load, and advertisements with a list
-- of units, as docs/vrrp-load-sharing.md draws them. Other advertisements go to Wireshark's own dissector.
--
--   tshark -X lua_script:scripts/wireshark/vrrp-load-sharing.lua -r FILE
--   or copy it to the folder of personal Lua plugins (Help > About Wireshark > Folders)

local proto = Proto("vrrp_ls", "VRRP Load Sharing")

local TYPES = {
  [1] = "Advertisement with unit list", [2] = "Response", [3] = "Allocation", [4] = "Allocation confirmation",
  [5] = "Report", [6] = "Review request", [7] = "Flow request", [8] = "Flow response",
}
local STATES = { [0] = "working", "suspended", "fault", "server", "server at fault" }
local MODES = { [0] = "timer", "sequence", "exact" }
local STATUS = { [0] = "recorded", "fragments missing", "base missing" }
local KINDS = { [0] = "flows", "forwarded packets" }
local MARKS = { [0] = "first not forwarded", "not found", "last forwarded" }

local f = {
  version = ProtoField.uint8("vrrp_ls.version", "Version", base.DEC, nil, 0xf0),
  type = ProtoField.uint8("vrrp_ls.type", "Type", base.DEC, TYPES, 0x0f),
  vrid = ProtoField.uint8("vrrp_ls.vrid", "Virtual router ID"),
  priority = ProtoField.uint8("vrrp_ls.priority", "Priority of the sender"),
  count = ProtoField.uint8("vrrp_ls.count", "Count of records"),
  auth_type = ProtoField.uint8("vrrp_ls.auth_type", "Authentication type", base.DEC, { [0] = "none", "simple text" }),
  seconds = ProtoField.uint8("vrrp_ls.interval_s", "Advertisement interval, seconds"),
  hundredths = ProtoField.uint16("vrrp_ls.interval_cs", "Advertisement interval, 1/100 seconds"),
  reserved = ProtoField.bytes("vrrp_ls.reserved", "Reserved"),
  checksum = ProtoField.uint16("vrrp_ls.checksum", "Checksum", base.HEX),
  good = ProtoField.string("vrrp_ls.checksum.status", "Checksum covers"),
  password = ProtoField.bytes("vrrp_ls.authentication", "Authentication data"),
  unit4 = ProtoField.ipv4("vrrp_ls.unit", "Unit"),
  unit6 = ProtoField.ipv6("vrrp_ls.unit6", "Unit"),
  condition4 = ProtoField.ipv4("vrrp_ls.condition", "Condition"),
  condition6 = ProtoField.ipv6("vrrp_ls.condition6", "Condition"),
  src4 = ProtoField.ipv4("vrrp_ls.src", "Source"),
  src6 = ProtoField.ipv6("vrrp_ls.src6", "Source"),
  dst4 = ProtoField.ipv4("vrrp_ls.dst", "Destination"),
  dst6 = ProtoField.ipv6("vrrp_ls.dst6", "Destination"),
  state = ProtoField.uint8("vrrp_ls.state", "State", base.DEC, STATES),
  generation = ProtoField.uint32("vrrp_ls.generation", "Generation"),
  base = ProtoField.uint32("vrrp_ls.base", "Base generation"),
  fragment = ProtoField.uint16("vrrp_ls.fragment", "Fragment"),
  fragments = ProtoField.uint16("vrrp_ls.fragments", "Fragments"),
  mode = ProtoField.uint8("vrrp_ls.mode", "Hand-over", base.DEC, MODES),
  prefix = ProtoField.uint8("vrrp_ls.prefix_length", "Prefix length"),
  orphan = ProtoField.bool("vrrp_ls.orphan", "Orphan", 8, nil, 0x01),
  status = ProtoField.uint8("vrrp_ls.status", "Status", base.DEC, STATUS),
  first = ProtoField.uint16("vrrp_ls.missing.first", "First missing"),
  last = ProtoField.uint16("vrrp_ls.missing.last", "Last missing"),
  stopped = ProtoField.uint32("vrrp_ls.stopped_ago_us", "Stopped so many microseconds ago"),
  kind = ProtoField.uint8("vrrp_ls.kind", "Records are", base.DEC, KINDS),
  mark = ProtoField.uint8("vrrp_ls.mark", "Packet", base.DEC, MARKS),
  protocol = ProtoField.uint8("vrrp_ls.protocol", "Protocol"),
  src_port = ProtoField.uint16("vrrp_ls.src_port", "Source port"),
  dst_port = ProtoField.uint16("vrrp_ls.dst_port", "Destination port"),
  sequence = ProtoField.uint32("vrrp_ls.sequence", "Sequence number"),
  digest = ProtoField.uint64("vrrp_ls.digest", "Digest", base.HEX),
  before = ProtoField.uint32("vrrp_ls.before_stop_us", "Microseconds before the stop"),
  review = ProtoField.uint32("vrrp_ls.review", "Review"),
  overflows = ProtoField.uint32("vrrp_ls.overflows", "Overflows"),
  unit_time = ProtoField.uint32("vrrp_ls.overflow_ms", "in so many milliseconds"),
  rate = ProtoField.uint64("vrrp_ls.bits_per_second", "Bits per second"),
  magic = ProtoField.string("vrrp_ls.trailer", "Trailer"),
  trailer_version = ProtoField.uint8("vrrp_ls.trailer.version", "Version"),
  key = ProtoField.uint8("vrrp_ls.trailer.key", "Key"),
  counter = ProtoField.uint64("vrrp_ls.trailer.counter", "Counter"),
  hmac = ProtoField.bytes("vrrp_ls.trailer.hmac", "HMAC-SHA256"),
}
local fields = {}
for _, field in pairs(f) do fields[#fields + 1] = field end
proto.fields = fields

local wrong_sum = ProtoExpert.new("vrrp_ls.checksum_bad", "Wrong checksum", expert.group.CHECKSUM, expert.severity.ERROR)
local wrong_count = ProtoExpert.new("vrrp_ls.count_bad", "The count is not that of the records, or the length is wrong",
                                    expert.group.MALFORMED, expert.severity.ERROR)
local not_zero = ProtoExpert.new("vrrp_ls.reserved_bad", "A reserved field is not zero",
                                 expert.group.PROTOCOL, expert.severity.WARN)
proto.experts = { wrong_sum, wrong_count, not_zero }

local HEADER, AUTHENTICATION, TRAILER = 8, 8, 44

local function has_authentication(type) return type ~= 4 and type ~= 6 and type ~= 7 end

-- Bytes of the values behind the list of an advertisement.
local function states_size(count) return math.ceil((2 + count) / 4) * 4 end

-- Reads one field after the other, and adds each to a tree.
local Cursor = {}
Cursor.__index = Cursor
function Cursor.new(tvb, family) return setmetatable({ tvb = tvb, at = HEADER, family = family }, Cursor) end
function Cursor:add(tree, field, size)
  local range = self.tvb(self.at, size)
  self.at = self.at + size
  return tree:add(field, range), range
end
function Cursor:address(tree, name)
  if self.family == 4 then return self:add(tree, f[name .. "4"], 4) end
  return self:add(tree, f[name .. "6"], 16)
end
function Cursor:zeros(tree, size)
  local item, range = self:add(tree, f.reserved, size)
  if range:bytes():tohex():find("[^0]") then item:add_proto_expert_info(not_zero) end
end
function Cursor:record(tree, size, name) return tree:add(self.tvb(self.at, size), name) end

local function fragment(c, tree)
  c:add(tree, f.fragment, 2)
  c:add(tree, f.fragments, 2)
end

-- Fixed size, record size, and what adds them, by type. `a` is the size of an address.
local BODIES = {
  [1] = {
    fixed = function(_, count) return states_size(count) + 4 end,
    record = function(a) return a end,
    add = function(c, tree, count)
      for _ = 1, count do c:address(tree, "unit") end
      local start = c.at
      c.at = c.at + 2
      for _ = 1, count do c:add(tree, f.state, 1) end
      local padding = states_size(count) - (c.at - start)
      if padding > 0 then c:zeros(tree, padding) end
      c.at = c.at + 2
      c:add(tree, f.mode, 1)
      c:zeros(tree, 1)
    end,
  },
  [2] = {
    fixed = function() return 12 end,
    record = function(a) return a end,
    add = function(c, tree, count)
      for _ = 1, count do c:address(tree, "unit") end
      c.at = c.at + 2
      c:add(tree, f.state, 1)
      c:zeros(tree, 1)
      c.at = c.at + 2
      c:add(tree, f.generation, 4)
      c:zeros(tree, 2)
    end,
  },
  [3] = {
    fixed = function() return 16 end,
    record = function(a) return 2 * a + 4 end,
    add = function(c, tree, count, a)
      c:add(tree, f.generation, 4)
      c:add(tree, f.base, 4)
      fragment(c, tree)
      c:add(tree, f.mode, 1)
      c:zeros(tree, 3)
      for i = 1, count do
        local t = c:record(tree, 2 * a + 4, "Charge " .. i)
        c:address(t, "unit")
        c:address(t, "condition")
        c:add(t, f.prefix, 1)
        c:add(t, f.orphan, 1)
        c:zeros(t, 2)
      end
    end,
  },
  [4] = {
    fixed = function(a) return a + 8 end,
    record = function() return 4 end,
    add = function(c, tree, count)
      c:add(tree, f.generation, 4)
      c:address(tree, "unit")
      c:add(tree, f.status, 1)
      c:zeros(tree, 3)
      for i = 1, count do
        local t = c:record(tree, 4, "Missing " .. i)
        c:add(t, f.first, 2)
        c:add(t, f.last, 2)
      end
    end,
  },
  [5] = {
    fixed = function() return 16 end,
    record = function(a, tvb) return tvb(HEADER + 12, 1):uint() == 0 and 3 * a + 20 or 12 end,
    add = function(c, tree, count, a)
      c:add(tree, f.generation, 4)
      fragment(c, tree)
      c:add(tree, f.stopped, 4)
      local _, kind = c:add(tree, f.kind, 1)
      c:zeros(tree, 3)
      for i = 1, count do
        if kind:uint() == 0 then
          local t = c:record(tree, 3 * a + 20, "Flow " .. i)
          c:address(t, "condition")
          c:add(t, f.mark, 1)
          c:add(t, f.protocol, 1)
          c:zeros(t, 2)
          c:address(t, "src")
          c:address(t, "dst")
          c:add(t, f.src_port, 2)
          c:add(t, f.dst_port, 2)
          c:add(t, f.sequence, 4)
          c:add(t, f.digest, 8)
        else
          local t = c:record(tree, 12, "Forwarded packet " .. i)
          c:add(t, f.digest, 8)
          c:add(t, f.before, 4)
        end
      end
    end,
  },
  [6] = {
    fixed = function() return 4 end,
    record = function() return 0 end,
    add = function(c, tree) c:add(tree, f.generation, 4) end,
  },
  [7] = {
    fixed = function() return 8 end,
    record = function() return 0 end,
    add = function(c, tree)
      c:add(tree, f.generation, 4)
      c:add(tree, f.review, 4)
    end,
  },
  [8] = {
    fixed = function() return 20 end,
    record = function(a) return a + 8 end,
    add = function(c, tree, count, a)
      c:add(tree, f.generation, 4)
      c:add(tree, f.review, 4)
      fragment(c, tree)
      c:add(tree, f.overflows, 4)
      c:add(tree, f.unit_time, 4)
      for i = 1, count do
        local t = c:record(tree, a + 8, "Flow " .. i)
        c:address(t, "condition")
        c:add(t, f.rate, 8)
      end
    end,
  },
}

local function sum(bytes, total)
  for i = 0, bytes:len() - 1 do
    total = total + bytes:get_index(i) * (i % 2 == 0 and 256 or 1)
  end
  return total
end

local function folded(total)
  while total > 0xffff do total = total % 0x10000 + math.floor(total / 0x10000) end
  return total
end

-- The bytes of an address of the packet, out of the IP header's text.
local function network_bytes(field) return field.range:bytes() end
local ip_src, ip_dst = Field.new("ip.src"), Field.new("ip.dst")
local ipv6_src, ipv6_dst = Field.new("ipv6.src"), Field.new("ipv6.dst")

-- "message", "message and pseudo header", or nil.
local function covered(tvb, version, family)
  local total = sum(tvb:range():bytes(), 0)
  if (version == 2 or family == 4) and folded(total) == 0xffff then return "message" end
  if version == 2 then return nil end
  local src, dst = ip_src(), ip_dst()
  if family == 6 then src, dst = ipv6_src(), ipv6_dst() end
  total = sum(network_bytes(dst), sum(network_bytes(src), total)) + tvb:len() + 112
  return folded(total) == 0xffff and "message and pseudo header" or nil
end

local function add_header(tvb, tree, version, type, family)
  tree:add(f.version, tvb(0, 1))
  tree:add(f.type, tvb(0, 1))
  tree:add(f.vrid, tvb(1, 1))
  tree:add(f.priority, tvb(2, 1))
  tree:add(f.count, tvb(3, 1))
  if type <= 2 and version == 3 then
    tree:add(f.hundredths, tvb(4, 2), tvb(4, 2):uint() % 4096)
  elseif has_authentication(type) then
    tree:add(f.auth_type, tvb(4, 1))
    tree:add(type <= 2 and f.seconds or f.reserved, tvb(5, 1))
  else
    tree:add(f.reserved, tvb(4, 2))
  end
  local item = tree:add(f.checksum, tvb(6, 2))
  local what = covered(tvb, version, family)
  if what then
    tree:add(f.good, tvb(6, 2), what):set_generated()
  else
    item:add_proto_expert_info(wrong_sum)
  end
  return item
end

local function add_trailer(tvb, tree, at)
  local t = tree:add(tvb(at, TRAILER), "Trailer")
  t:add(f.magic, tvb(at, 2))
  t:add(f.trailer_version, tvb(at + 2, 1))
  t:add(f.key, tvb(at + 3, 1))
  t:add(f.counter, tvb(at + 4, 8))
  t:add(f.hmac, tvb(at + 12, 32))
end

-- How long a message without a trailer is by its count, or nil when it is too short to tell.
local function expected_size(tvb, type, a)
  local body, count = BODIES[type], tvb(3, 1):uint()
  local fixed = body.fixed(a, count)
  if tvb:len() < HEADER + fixed then return nil end
  return HEADER + fixed + count * body.record(a, tvb) + (has_authentication(type) and AUTHENTICATION or 0)
end

function proto.dissector(tvb, pinfo, root)
  local version, type = math.floor(tvb(0, 1):uint() / 16), tvb(0, 1):uint() % 16
  local family = tostring(pinfo.net_src):find(":") and 6 or 4
  local a = family == 4 and 4 or 16
  pinfo.cols.protocol = "VRRP-LS"
  pinfo.cols.info = string.format("%s (VRID %d)", TYPES[type], tvb(1, 1):uint())
  local tree = root:add(proto, tvb(), string.format("VRRP Load Sharing, %s", TYPES[type]))
  add_header(tvb, tree, version, type, family)
  local size = expected_size(tvb, type, a)
  if size == nil or (tvb:len() ~= size and tvb:len() ~= size + TRAILER) then
    tree:add_proto_expert_info(wrong_count)
    return tvb:len()
  end
  local cursor = Cursor.new(tvb, family)
  BODIES[type].add(cursor, tree, tvb(3, 1):uint(), a)
  if has_authentication(type) then cursor:add(tree, f.password, AUTHENTICATION) end
  if tvb:len() == size + TRAILER then add_trailer(tvb, tree, size) end
  return tvb:len()
end

-- In front of the dissector that was there: what is not of the extension goes on to it.
local table_112 = DissectorTable.get("ip.proto")
local original = table_112:get_dissector(112)
local wrapper = Proto("vrrp_ls_or_vrrp", "VRRP, of either kind")

local function is_unit_list(tvb, pinfo)
  if tvb(0, 1):uint() % 16 ~= 1 then return false end
  local size = expected_size(tvb, 1, tostring(pinfo.net_src):find(":") and 16 or 4)
  return size ~= nil and (tvb:len() == size or tvb:len() == size + TRAILER)
end

function wrapper.dissector(tvb, pinfo, root)
  if tvb:len() >= HEADER then
    local type = tvb(0, 1):uint() % 16
    if (type >= 2 and type <= 8) or is_unit_list(tvb, pinfo) then return proto.dissector(tvb, pinfo, root) end
  end
  return original:call(tvb, pinfo, root)
end
table_112:add(112, wrapper)
