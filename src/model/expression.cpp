#include "model/expression.h"

namespace pawl {

struct Template::Part {
  std::string text;
};

}  // namespace pawl
