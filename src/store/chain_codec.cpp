#include "store/chain_codec.h"

#include <algorithm>

#include "store/bytes.h"
#include "store/run_codec.h"

namespace pawl::store {
namespace {

constexpr std::string_view kNonsense = "its contents make no sense";
// Says what is signed, so that the key's signature on anything else is none on a head.
constexpr std::string_view kDomain = "pawl history chain 1\n";

// The first byte of a fact. The numbers are stored: never reorder, only append.
enum class FactKind : std::uint8_t { kRunSealed = 0, kAction = 1, kRunsPruned = 2 };
constexpr int kFactKindCount = 3;

template <typename Bytes>
std::string_view view_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <typename Bytes>
Bytes read_bytes(ByteReader& in) {
  Bytes bytes{};
  const std::string_view raw = in.raw(bytes.size());
  std::copy(raw.begin(), raw.end(), bytes.begin());
  return bytes;
}

void write(ByteWriter& out, const RunSealed& fact) {
  out.u8(static_cast<std::uint8_t>(FactKind::kRunSealed));
  out.u64(fact.run.value);
  out.raw(view_of(fact.digest));
}

void write(ByteWriter& out, const Action& action) {
  out.u8(static_cast<std::uint8_t>(FactKind::kAction));
  out.i64(action.at.ms);
  out.text(clip(action.actor, limits::kMessageBytes));
  out.text(clip(action.verb, limits::kMessageBytes));
  out.text(clip(action.subject, limits::kMessageBytes));
}

void write(ByteWriter& out, const RunsPruned& fact) {
  out.u8(static_cast<std::uint8_t>(FactKind::kRunsPruned));
  out.u32(static_cast<std::uint32_t>(fact.runs.size()));
  for (RunId run : fact.runs) out.u64(run.value);
}

Action read_action(ByteReader& in) {
  Action action;
  action.at.ms = in.i64();
  action.actor = in.text();
  action.verb = in.text();
  action.subject = in.text();
  return action;
}

RunsPruned read_pruned(ByteReader& in) {
  constexpr std::size_t kRunBytes = 8;
  RunsPruned fact;
  fact.runs.resize(in.count(kRunBytes));
  for (RunId& run : fact.runs) run.value = in.u64();
  return fact;
}

ChainFact read_fact(ByteReader& in) {
  switch (in.choice<FactKind>(kFactKindCount)) {
    case FactKind::kAction:
      return read_action(in);
    case FactKind::kRunsPruned:
      return read_pruned(in);
    case FactKind::kRunSealed:
      break;
  }
  const RunId run{in.u64()};
  return RunSealed{run, read_bytes<Sha256>(in)};
}

// All of a head that is signed.
std::string claims(const ChainHead& head) {
  ByteWriter out;
  for (const ChainPlace& place : {head.base, head.head}) {
    out.u64(place.sequence);
    out.raw(view_of(place.hash));
  }
  out.u64(head.outside.value);
  out.u64(head.trimmed_pruned);
  out.u64(head.trimmed_actions);
  out.raw(view_of(head.key));
  return out.take();
}

}  // namespace

Sha256 chain_hash(const Sha256& previous, std::string_view bytes) {
  std::string linked(view_of(previous));
  linked.append(bytes);
  return sha256(linked);
}

SealedEntry encode_chain_entry(std::uint64_t sequence, const Sha256& previous,
                               const ChainFact& fact) {
  ByteWriter bytes;
  std::visit([&](const auto& body) { write(bytes, body); }, fact);
  const Sha256 hash = chain_hash(previous, bytes.bytes());
  ByteWriter out;
  out.raw(view_of(hash));
  out.raw(bytes.bytes());
  std::string key = chain_key(sequence);
  std::string value = seal(Table::kChain, key, out.bytes());
  return {Record{Table::kChain, std::move(key), std::move(value)}, hash};
}

Result<ChainEntry> decode_chain_entry(std::string_view key, std::string_view value) {
  PAWL_TRY(const Body body, unseal(Table::kChain, key, value));
  ByteReader in(body.bytes);
  ChainEntry entry;
  entry.hash = read_bytes<Sha256>(in);
  if (!in.failed()) entry.bytes = body.bytes.substr(entry.hash.size());
  entry.fact = read_fact(in);
  if (!in.at_end() || !parse_chain_key(key)) return damaged(Table::kChain, key, kNonsense);
  return entry;
}

Record sign_chain_head(ChainHead& head, const SigningKey& key) {
  head.key = key.public_key();
  const std::string signed_part = claims(head);
  head.signature = key.sign(std::string(kDomain) + signed_part);
  ByteWriter out;
  out.raw(signed_part);
  out.raw(view_of(head.signature));
  return Record{Table::kMeta, std::string(kChainKey), seal(Table::kMeta, kChainKey, out.bytes())};
}

Result<ChainHead> decode_chain_head(std::string_view value) {
  PAWL_TRY(const Body body, unseal(Table::kMeta, kChainKey, value));
  ByteReader in(body.bytes);
  ChainHead head;
  for (ChainPlace* place : {&head.base, &head.head}) {
    place->sequence = in.u64();
    place->hash = read_bytes<Sha256>(in);
  }
  head.outside.value = in.u64();
  head.trimmed_pruned = in.u64();
  head.trimmed_actions = in.u64();
  head.key = read_bytes<PublicKey>(in);
  head.signature = read_bytes<Signature>(in);
  if (!in.at_end() || head.base.sequence > head.head.sequence) {
    return damaged(Table::kMeta, kChainKey, kNonsense);
  }
  return head;
}

bool has_good_signature(const ChainHead& head) {
  return is_signed_by(head.key, std::string(kDomain) + claims(head), head.signature);
}

}  // namespace pawl::store
