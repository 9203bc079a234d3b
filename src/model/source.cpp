#include "model/source.h"

namespace pawl {

std::string Problem::text() const {
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line);
  if (line > 0 && column > 0) text += ":" + std::to_string(column);
  return text + (file.empty() ? "error: " : ": error: ") + message;
}

}  // namespace pawl
