// Models: what members may be, and a type of your own.
#include <cstdio>
#include <iostream>

#include <tenon/tenon.hpp>

enum class Size { small, large }; // described, so it is stored by its name
BOOST_DESCRIBE_ENUM(Size, small, large)
enum class Grade : std::int8_t { second = 2, first = 1 }; // not described, so it is stored by its number

struct Colour { // a type of your own: stored as text, "#ff8000"
  unsigned red = 0, green = 0, blue = 0;
};

template <> struct tenon::TypeMap<Colour> {
  static constexpr CellType type = CellType::text;
  static Cell write(const Colour& colour, Scratch& scratch) { // Scratch keeps what the cell points to
    char text[8];
    std::snprintf(text, sizeof text, "#%02x%02x%02x", colour.red & 255U, colour.green & 255U, colour.blue & 255U);
    return Cell::text(scratch.keep(text));
  }
  static void read(const Cell& cell, Colour& colour) {
    const std::string text(cell.bytes());
    if (std::sscanf(text.c_str(), "#%2x%2x%2x", &colour.red, &colour.green, &colour.blue) != 3) {
      throw_error(ErrorCode::data, "not a colour");
    }
  }
};

struct Maker {
  tenon::Id<Maker> id; // an integer that no other model's key is taken for; made by the database
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Maker, (), (id, name))

struct Shirt {
  tenon::Id<Shirt, tenon::Uuid> id; // made by create(), in the order of time
  tenon::Id<Maker> maker_id;
  std::string name;
  bool organic = false;
  std::uint8_t buttons = 0; // integers of all widths
  float weight = 0;
  double stretch = 0;
  Size size = Size::small;
  Grade grade = Grade::second;
  Colour colour;
  tenon::Decimal price;                // exact, up to 38 digits
  tenon::Timestamp made_at;            // UTC, microseconds
  std::chrono::seconds washing_time{}; // stored in microseconds
  std::optional<tenon::Date> sold_out; // optional: may be NULL
  tenon::Bytes picture;
  tenon::Json care = tenon::Json::trusted("{}");
  std::vector<std::string> tags; // arrays, where the backend has them
};
BOOST_DESCRIBE_STRUCT(Shirt, (),
                      (id, maker_id, name, organic, buttons, weight, stretch, size, grade, colour, price, made_at,
                       washing_time, sold_out, picture, care, tags))

int main() {
  using namespace std::chrono_literals;
  using tenon::col;
  auto store = tenon::open("storage.yaml");
  store.create_tables<Maker, Shirt>();
  auto session = store.session();
  tenon::Repository<Shirt> shirts{session};
  const auto maker = tenon::Repository<Maker>{session}.create({.name = "Weber"});
  const Shirt made = shirts.create({.maker_id = maker.id,
                                    .name = "plain",
                                    .buttons = 7,
                                    .weight = 0.25F,
                                    .size = Size::large,
                                    .grade = Grade::first,
                                    .colour = {255, 128, 0},
                                    .price = tenon::Decimal::parse("12345678901234567890123456789012345678"),
                                    .made_at = tenon::Timestamp{std::chrono::sys_days{1969y / 7 / 20}} + 1us,
                                    .washing_time = 45min,
                                    .picture = {0, 255, 0},
                                    .care = tenon::Json::parse(R"({"iron": false})"),
                                    .tags = {"cotton", "new, \"really\""}});
  const Shirt read = shirts.get(made.id);
  std::cout << read.name << ' ' << read.colour.green << ' ' << read.price.text() << ' ' << read.washing_time.count()
            << (read.sold_out ? " sold out" : " for sale") << '\n'
            << (read.made_at == made.made_at && read.picture == made.picture && read.care == made.care ? "exact"
                                                                                                       : "inexact")
            << ", " << read.tags.size() << " tags, " << read.tags.back() << '\n'
            << shirts.count(col<&Shirt::size> == Size::large && col<&Shirt::grade> == Grade::first &&
                            col<&Shirt::maker_id> == maker.id && col<&Shirt::made_at> < tenon::now())
            << " large of the first grade\n";

  // What does not fit is refused, never cut.
  try {
    shirts.create({.maker_id = maker.id, .stretch = std::numeric_limits<double>::quiet_NaN()});
  } catch (const tenon::DataError& error) {
    std::cout << error.message() << '\n';
  }

  // Text compares and sorts by code point, on every backend and in every locale.
  for (const char* name : {"\u00E9lan", "zebra", "Zoo"})
    shirts.create({.maker_id = maker.id, .name = name});
  for (const Shirt& shirt : shirts.query().order_by(col<&Shirt::name>.asc()).all())
    std::cout << shirt.name << '\n';
}
