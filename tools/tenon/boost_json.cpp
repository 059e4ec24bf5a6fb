// The one place where Boost.JSON, which is used from its headers alone, is compiled into the command.

#include <boost/json/src.hpp>
