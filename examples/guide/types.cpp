// Models: what members may be, and a type of your own.
#include <iostream>

#include <tenon/tenon.hpp>

enum class Size { small, large }; // described, so it is stored by its name
BOOST_DESCRIBE_ENUM(Size, small, large)

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

struct Shirt {
  tenon::Id<Shirt, tenon::Uuid> id; // made by create(); no other model's key is taken for it
  std::string name;
  Size size = Size::small;
  Colour colour;
  tenon::Decimal price;                // exact, up to 38 digits
  std::chrono::seconds washing_time{}; // stored in microseconds
  std::optional<tenon::Date> sold_out; // optional: may be NULL
  tenon::Json care = tenon::Json::trusted("{}");
};
BOOST_DESCRIBE_STRUCT(Shirt, (), (id, name, size, colour, price, washing_time, sold_out, care))

int main() {
  using namespace std::chrono_literals;
  auto store = tenon::open("storage.yaml");
  store.create_tables<Shirt>();
  auto session = store.session();
  tenon::Repository<Shirt> shirts{session};
  const Shirt made = shirts.create({.name = "plain",
                                    .size = Size::large,
                                    .colour = {255, 128, 0},
                                    .price = tenon::Decimal::parse("19.90"),
                                    .washing_time = 45min});
  const Shirt read = shirts.get(made.id);
  std::cout << read.name << ' ' << read.colour.green << ' ' << read.price.text() << ' ' << read.washing_time.count()
            << (read.sold_out ? " sold out" : " for sale") << '\n'
            << shirts.count(tenon::col<&Shirt::size> == Size::large) << " large\n";
}
