// Finds which bytes of a stream belong to one of many patterns, however the stream is cut: Aho-Corasick. One step a
// byte, amortised, whatever the patterns; about 16 bytes of memory for each of theirs. Immutable once made; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pawl {

class PatternSearch {
 public:
  // Where a stream stands: how much of its end may be the beginning of a pattern. 0: none.
  using Place = std::uint32_t;

  // Empty patterns and repeated ones mean nothing.
  explicit PatternSearch(const std::vector<std::string>& patterns);

  [[nodiscard]] Place step(Place place, unsigned char byte) const;
  // Of the bytes up to here: how many could still become a match. A later match begins with them or after.
  [[nodiscard]] std::size_t pending(Place place) const { return nodes_[place].depth; }
  // The length of the longest pattern that ends here; 0: none does.
  [[nodiscard]] std::size_t matched(Place place) const { return nodes_[place].matched; }
  // Whether no pattern begins with the byte.
  [[nodiscard]] bool is_foreign(unsigned char byte) const { return root_[byte] == 0; }

 private:
  struct Node {
    Place fallback = 0;         // the longest other pattern's beginning that ends here
    std::uint32_t depth = 0;    // of the bytes on the way here
    std::uint32_t matched = 0;  // the longest pattern that ends here
    unsigned char byte = 0;     // the last one on the way
    bool leads_on = false;      // the next node is a child
  };

  void insert(std::string_view pattern, std::vector<Place>& parents);
  void link(const std::vector<Place>& parents);
  [[nodiscard]] Place child(Place place, unsigned char byte) const;

  std::vector<Node> nodes_{1};
  std::array<Place, 256> root_{};
  std::unordered_map<std::uint64_t, Place> branches_;  // children that are not the next node
};

}  // namespace pawl
