// The value of a tree. Recursion is bounded by the parser's, time and memory by the steps. Internal to expression*.cpp.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "model/expression.h"
#include "model/expression_tree.h"
#include "model/expression_value.h"

namespace pawl::expression {

// A value of its own, or one within the tree or the context, which must then outlive it: a payload of a megabyte is
// looked into, not copied.
class Operand {
 public:
  explicit Operand(Json owned) : owned_(std::move(owned)) {}
  explicit Operand(const Json* borrowed) : borrowed_(borrowed) {}
  [[nodiscard]] const Json& operator*() const { return borrowed_ != nullptr ? *borrowed_ : owned_; }
  [[nodiscard]] const Json* operator->() const { return &**this; }

 private:
  Json owned_;
  const Json* borrowed_ = nullptr;
};

// Errors: kInvalid, kTooLarge.
[[nodiscard]] Result<Operand> evaluate(const Tree& tree, const ExpressionContext& context,
                                       Steps& steps);

}  // namespace pawl::expression
