#pragma once
// A header that relies on what others include: what headers_alone.sh has to find.

inline std::vector<int> numbers() { return {}; }
