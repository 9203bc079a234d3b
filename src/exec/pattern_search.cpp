// Nearly all nodes have one child, made right after them: that edge is a flag. Rejected: a table of 256 edges a node,
// for a private key in all its spellings would take 30 MB.
#include "exec/pattern_search.h"

#include <algorithm>
#include <numeric>

namespace pawl {
namespace {

std::uint64_t branch_key(std::uint32_t place, unsigned char byte) {
  return (static_cast<std::uint64_t>(place) << 8) | byte;
}

}  // namespace

PatternSearch::PatternSearch(const std::vector<std::string>& patterns) {
  std::vector<Place> parents{0};
  for (const std::string& pattern : patterns) insert(pattern, parents);
  nodes_.shrink_to_fit();
  link(parents);
}

void PatternSearch::insert(std::string_view pattern, std::vector<Place>& parents) {
  Place place = 0;
  for (const char c : pattern) {
    const auto byte = static_cast<unsigned char>(c);
    Place next = child(place, byte);
    if (next == 0) {
      next = static_cast<Place>(nodes_.size());
      if (place == 0) {
        root_[byte] = next;
      } else if (place + 1 == next) {
        nodes_[place].leads_on = true;
      } else {
        branches_.emplace(branch_key(place, byte), next);
      }
      Node node;
      node.depth = nodes_[place].depth + 1;
      node.byte = byte;
      nodes_.push_back(node);
      parents.push_back(place);
    }
    place = next;
  }
  nodes_[place].matched = nodes_[place].depth;
}

// By depth: a fallback is always less deep.
void PatternSearch::link(const std::vector<Place>& parents) {
  std::vector<Place> order(nodes_.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [this](Place a, Place b) { return nodes_[a].depth < nodes_[b].depth; });
  for (const Place place : order) {
    Node& node = nodes_[place];
    if (node.depth > 1) node.fallback = step(nodes_[parents[place]].fallback, node.byte);
    if (node.matched == 0) node.matched = nodes_[node.fallback].matched;
  }
}

PatternSearch::Place PatternSearch::child(Place place, unsigned char byte) const {
  if (place == 0) return root_[byte];
  if (nodes_[place].leads_on && nodes_[place + 1].byte == byte) return place + 1;
  if (branches_.empty()) return 0;
  const auto found = branches_.find(branch_key(place, byte));
  return found == branches_.end() ? 0 : found->second;
}

PatternSearch::Place PatternSearch::step(Place place, unsigned char byte) const {
  while (true) {
    if (const Place next = child(place, byte); next != 0) return next;
    if (place == 0) return 0;
    place = nodes_[place].fallback;
  }
}

}  // namespace pawl
