// Ten models and fifty queries: what compile_time_test.sh measures. Written as applications write it, and kept varied,
// because equal queries would share their instantiations.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tenon/core/batch.hpp>
#include <tenon/core/relations.hpp>
#include <tenon/core/repository.hpp>
#include <tenon/core/sql_query.hpp>

namespace shop {

struct Customer;
struct Address;
struct Order;
struct Line;
struct Product;
struct Category;
struct Supplier;
struct Invoice;
struct Payment;
struct Review;

struct Customer : tenon::Model<Customer> {
  std::string name;
  std::optional<std::string> note;
  int rank = 0;
  double weight = 0;
  tenon::Decimal price;
  std::optional<tenon::Timestamp> due;
  tenon::Json extra;
  tenon::RelatedMany<Address> addresses;
  tenon::RelatedMany<Order> orders;
};
BOOST_DESCRIBE_STRUCT(Customer, (tenon::Model<Customer>), (name, note, rank, weight, price, due, extra))

struct Address : tenon::Model<Address> {
  std::string name;
  std::optional<std::string> note;
  int rank = 0;
  double weight = 0;
  tenon::Decimal price;
  std::optional<tenon::Timestamp> due;
  tenon::Json extra;
  std::int64_t parent_id = 0;
  tenon::Related<Customer> parent;
};
BOOST_DESCRIBE_STRUCT(Address, (tenon::Model<Address>), (name, note, rank, weight, price, due, extra, parent_id))

struct Order : tenon::Model<Order> {
  std::string name;
  std::optional<std::string> note;
  int rank = 0;
  double weight = 0;
  tenon::Decimal price;
  std::optional<tenon::Timestamp> due;
  tenon::Json extra;
  std::int64_t parent_id = 0;
  tenon::Related<Customer> parent;
  tenon::RelatedMany<Line> lines;
  tenon::RelatedMany<Invoice> invoices;
};
BOOST_DESCRIBE_STRUCT(Order, (tenon::Model<Order>), (name, note, rank, weight, price, due, extra, parent_id))

struct Line : tenon::Model<Line> {
  std::string name;
  std::optional<std::string> note;
  int rank = 0;
  double weight = 0;
  tenon::Decimal price;
  std::optional<tenon::Timestamp> due;
  tenon::Json extra;
  std::int64_t parent_id = 0;
  tenon::Related<Order> parent;
};
BOOST_DESCRIBE_STRUCT(Line, (tenon::Model<Line>), (name, note, rank, weight, price, due, extra, parent_id))

struct Product : tenon::Model<Product> {
  std::string name;
  std::optional<std::string> note;
  int rank = 0;
  double weight = 0;
  tenon::Decimal price;
  std::optional<tenon::Timestamp> due;
  tenon::Json extra;
  std::int64_t parent_id = 0;
  tenon::Related<Category> parent;
  tenon::RelatedMany<Review> reviews;
};
BOOST_DESCRIBE_STRUCT(Product, (tenon::Model<Product>), (name, note, rank, weight, price, due, extra, parent_id))

struct Category : tenon::Model<Category> {
  std::string name;
  std::optional<std::string> note;
  int rank = 0;
  double weight = 0;
  tenon::Decimal price;
  std::optional<tenon::Timestamp> due;
  tenon::Json extra;
  tenon::RelatedMany<Product> products;
};
BOOST_DESCRIBE_STRUCT(Category, (tenon::Model<Category>), (name, note, rank, weight, price, due, extra))

struct Supplier : tenon::Model<Supplier> {
  std::string name;
  std::optional<std::string> note;
  int rank = 0;
  double weight = 0;
  tenon::Decimal price;
  std::optional<tenon::Timestamp> due;
  tenon::Json extra;
};
BOOST_DESCRIBE_STRUCT(Supplier, (tenon::Model<Supplier>), (name, note, rank, weight, price, due, extra))

struct Invoice : tenon::Model<Invoice> {
  std::string name;
  std::optional<std::string> note;
  int rank = 0;
  double weight = 0;
  tenon::Decimal price;
  std::optional<tenon::Timestamp> due;
  tenon::Json extra;
  std::int64_t parent_id = 0;
  tenon::Related<Order> parent;
  tenon::RelatedMany<Payment> payments;
};
BOOST_DESCRIBE_STRUCT(Invoice, (tenon::Model<Invoice>), (name, note, rank, weight, price, due, extra, parent_id))

struct Payment : tenon::Model<Payment> {
  std::string name;
  std::optional<std::string> note;
  int rank = 0;
  double weight = 0;
  tenon::Decimal price;
  std::optional<tenon::Timestamp> due;
  tenon::Json extra;
  std::int64_t parent_id = 0;
  tenon::Related<Invoice> parent;
};
BOOST_DESCRIBE_STRUCT(Payment, (tenon::Model<Payment>), (name, note, rank, weight, price, due, extra, parent_id))

struct Review : tenon::Model<Review> {
  std::string name;
  std::optional<std::string> note;
  int rank = 0;
  double weight = 0;
  tenon::Decimal price;
  std::optional<tenon::Timestamp> due;
  tenon::Json extra;
  std::int64_t parent_id = 0;
  tenon::Related<Product> parent;
};
BOOST_DESCRIBE_STRUCT(Review, (tenon::Model<Review>), (name, note, rank, weight, price, due, extra, parent_id))

struct Brief {
  std::string name;
  int rank = 0;
};
BOOST_DESCRIBE_STRUCT(Brief, (), (name, rank))

} // namespace shop

template <> struct tenon::Table<shop::Customer> {
  using T = shop::Customer;
  static constexpr auto spec =
      tenon::table("customers", tenon::unique<&T::name>, tenon::has_many<&T::addresses, &shop::Address::parent_id>,
                   tenon::has_many<&T::orders, &shop::Order::parent_id>);
};
template <> struct tenon::Table<shop::Address> {
  using T = shop::Address;
  static constexpr auto spec = tenon::table("addresses", tenon::unique<&T::name>,
                                            tenon::belongs_to<&T::parent, &T::parent_id>(tenon::OnDelete::cascade));
};
template <> struct tenon::Table<shop::Order> {
  using T = shop::Order;
  static constexpr auto spec = tenon::table(
      "orders", tenon::unique<&T::name>, tenon::belongs_to<&T::parent, &T::parent_id>(tenon::OnDelete::cascade),
      tenon::has_many<&T::lines, &shop::Line::parent_id>, tenon::has_many<&T::invoices, &shop::Invoice::parent_id>);
};
template <> struct tenon::Table<shop::Line> {
  using T = shop::Line;
  static constexpr auto spec = tenon::table("lines", tenon::unique<&T::name>,
                                            tenon::belongs_to<&T::parent, &T::parent_id>(tenon::OnDelete::cascade));
};
template <> struct tenon::Table<shop::Product> {
  using T = shop::Product;
  static constexpr auto spec = tenon::table("products", tenon::unique<&T::name>,
                                            tenon::belongs_to<&T::parent, &T::parent_id>(tenon::OnDelete::cascade),
                                            tenon::has_many<&T::reviews, &shop::Review::parent_id>);
};
template <> struct tenon::Table<shop::Category> {
  using T = shop::Category;
  static constexpr auto spec =
      tenon::table("categories", tenon::unique<&T::name>, tenon::has_many<&T::products, &shop::Product::parent_id>);
};
template <> struct tenon::Table<shop::Supplier> {
  using T = shop::Supplier;
  static constexpr auto spec = tenon::table("suppliers", tenon::unique<&T::name>);
};
template <> struct tenon::Table<shop::Invoice> {
  using T = shop::Invoice;
  static constexpr auto spec = tenon::table("invoices", tenon::unique<&T::name>,
                                            tenon::belongs_to<&T::parent, &T::parent_id>(tenon::OnDelete::cascade),
                                            tenon::has_many<&T::payments, &shop::Payment::parent_id>);
};
template <> struct tenon::Table<shop::Payment> {
  using T = shop::Payment;
  static constexpr auto spec = tenon::table("payments", tenon::unique<&T::name>,
                                            tenon::belongs_to<&T::parent, &T::parent_id>(tenon::OnDelete::cascade));
};
template <> struct tenon::Table<shop::Review> {
  using T = shop::Review;
  static constexpr auto spec = tenon::table("reviews", tenon::unique<&T::name>,
                                            tenon::belongs_to<&T::parent, &T::parent_id>(tenon::OnDelete::cascade));
};

namespace shop {

using tenon::col;

std::size_t queries(tenon::Session& session, const std::string& text, int number) {
  std::size_t n = 0;

  tenon::Repository<Customer> customers{session};
  tenon::Repository<Address> addresses{session};
  tenon::Repository<Order> orders{session};
  tenon::Repository<Line> lines{session};
  tenon::Repository<Product> products{session};
  tenon::Repository<Category> categories{session};
  tenon::Repository<Supplier> suppliers{session};
  tenon::Repository<Invoice> invoices{session};
  tenon::Repository<Payment> payments{session};
  tenon::Repository<Review> reviews{session};
  n += customers.query()
           .where(col<&Customer::name> == text && col<&Customer::rank> > number)
           .order_by(col<&Customer::rank>.desc())
           .limit(10)
           .all()
           .size();
  n += customers.query().where(col<&Customer::note>.icontains(text) || col<&Customer::due>.is_null()).count();
  n += customers.query().select<&Customer::name, &Customer::price>().all().size();
  n += customers.query().order_by(col<&Customer::name>.asc()).page(text).items.size();
  n += customers.update(col<&Customer::rank> == number, {tenon::set<&Customer::rank>(col<&Customer::rank> + 1)});
  n += addresses.query()
           .where(col<&Address::name> == text && col<&Address::rank> > number)
           .order_by(col<&Address::rank>.desc())
           .limit(10)
           .all()
           .size();
  n += addresses.query().where(col<&Address::note>.icontains(text) || col<&Address::due>.is_null()).count();
  n += addresses.query().into<Brief>().all().size();
  n += addresses.query()
           .join<&Address::parent>()
           .where(col<&Customer::name> == text)
           .with<&Address::parent>()
           .all()
           .size();
  n += addresses.find_many({number, number + 1}).size() + addresses.create({.name = text}).name.size();
  n += orders.query()
           .where(col<&Order::name> == text && col<&Order::rank> > number)
           .order_by(col<&Order::rank>.desc())
           .limit(10)
           .all()
           .size();
  n += orders.query().where(col<&Order::note>.icontains(text) || col<&Order::due>.is_null()).count();
  n += orders.query()
           .group_by<&Order::rank>()
           .having(tenon::count() > number)
           .select(tenon::key<&Order::rank>, tenon::sum<&Order::weight>())
           .all()
           .size();
  n += orders.query().join<&Order::parent>().where(col<&Customer::name> == text).with<&Order::parent>().all().size();
  n += orders.update(col<&Order::rank> == number, {tenon::set<&Order::rank>(col<&Order::rank> + 1)});
  n += lines.query()
           .where(col<&Line::name> == text && col<&Line::rank> > number)
           .order_by(col<&Line::rank>.desc())
           .limit(10)
           .all()
           .size();
  n += lines.query().where(col<&Line::note>.icontains(text) || col<&Line::due>.is_null()).count();
  n += lines.query().select<&Line::name, &Line::price>().all().size();
  n += lines.query().join<&Line::parent>().where(col<&Order::name> == text).with<&Line::parent>().all().size();
  n += lines.find_many({number, number + 1}).size() + lines.create({.name = text}).name.size();
  n += products.query()
           .where(col<&Product::name> == text && col<&Product::rank> > number)
           .order_by(col<&Product::rank>.desc())
           .limit(10)
           .all()
           .size();
  n += products.query().where(col<&Product::note>.icontains(text) || col<&Product::due>.is_null()).count();
  n += products.query().into<Brief>().all().size();
  n += products.query()
           .join<&Product::parent>()
           .where(col<&Category::name> == text)
           .with<&Product::parent>()
           .all()
           .size();
  n += products.update(col<&Product::rank> == number, {tenon::set<&Product::rank>(col<&Product::rank> + 1)});
  n += categories.query()
           .where(col<&Category::name> == text && col<&Category::rank> > number)
           .order_by(col<&Category::rank>.desc())
           .limit(10)
           .all()
           .size();
  n += categories.query().where(col<&Category::note>.icontains(text) || col<&Category::due>.is_null()).count();
  n += categories.query()
           .group_by<&Category::rank>()
           .having(tenon::count() > number)
           .select(tenon::key<&Category::rank>, tenon::sum<&Category::weight>())
           .all()
           .size();
  n += categories.query().order_by(col<&Category::name>.asc()).page(text).items.size();
  n += categories.find_many({number, number + 1}).size() + categories.create({.name = text}).name.size();
  n += suppliers.query()
           .where(col<&Supplier::name> == text && col<&Supplier::rank> > number)
           .order_by(col<&Supplier::rank>.desc())
           .limit(10)
           .all()
           .size();
  n += suppliers.query().where(col<&Supplier::note>.icontains(text) || col<&Supplier::due>.is_null()).count();
  n += suppliers.query().select<&Supplier::name, &Supplier::price>().all().size();
  n += suppliers.query().order_by(col<&Supplier::name>.asc()).page(text).items.size();
  n += suppliers.update(col<&Supplier::rank> == number, {tenon::set<&Supplier::rank>(col<&Supplier::rank> + 1)});
  n += invoices.query()
           .where(col<&Invoice::name> == text && col<&Invoice::rank> > number)
           .order_by(col<&Invoice::rank>.desc())
           .limit(10)
           .all()
           .size();
  n += invoices.query().where(col<&Invoice::note>.icontains(text) || col<&Invoice::due>.is_null()).count();
  n += invoices.query().into<Brief>().all().size();
  n += invoices.query().join<&Invoice::parent>().where(col<&Order::name> == text).with<&Invoice::parent>().all().size();
  n += invoices.find_many({number, number + 1}).size() + invoices.create({.name = text}).name.size();
  n += payments.query()
           .where(col<&Payment::name> == text && col<&Payment::rank> > number)
           .order_by(col<&Payment::rank>.desc())
           .limit(10)
           .all()
           .size();
  n += payments.query().where(col<&Payment::note>.icontains(text) || col<&Payment::due>.is_null()).count();
  n += payments.query()
           .group_by<&Payment::rank>()
           .having(tenon::count() > number)
           .select(tenon::key<&Payment::rank>, tenon::sum<&Payment::weight>())
           .all()
           .size();
  n += payments.query()
           .join<&Payment::parent>()
           .where(col<&Invoice::name> == text)
           .with<&Payment::parent>()
           .all()
           .size();
  n += payments.update(col<&Payment::rank> == number, {tenon::set<&Payment::rank>(col<&Payment::rank> + 1)});
  n += reviews.query()
           .where(col<&Review::name> == text && col<&Review::rank> > number)
           .order_by(col<&Review::rank>.desc())
           .limit(10)
           .all()
           .size();
  n += reviews.query().where(col<&Review::note>.icontains(text) || col<&Review::due>.is_null()).count();
  n += reviews.query().select<&Review::name, &Review::price>().all().size();
  n += reviews.query().join<&Review::parent>().where(col<&Product::name> == text).with<&Review::parent>().all().size();
  n += reviews.find_many({number, number + 1}).size() + reviews.create({.name = text}).name.size();
  return n;
}

} // namespace shop
