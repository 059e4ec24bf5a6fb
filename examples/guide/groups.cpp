// Aggregates: over all rows, by groups, over joined rows.
#include <iostream>

#include <tenon/tenon.hpp>

struct Branch {
  std::int64_t id = 0;
  std::string city;
};
BOOST_DESCRIBE_STRUCT(Branch, (), (id, city))

struct Sale {
  std::int64_t id = 0;
  std::int64_t branch_id = 0;
  std::optional<std::string> customer;
  int pieces = 0;
  tenon::Decimal amount;
  tenon::Related<Branch> branch;
};
BOOST_DESCRIBE_STRUCT(Sale, (), (id, branch_id, customer, pieces, amount))
template <> struct tenon::Table<Sale> {
  static constexpr auto spec = tenon::table("guide_sales", tenon::belongs_to<&Sale::branch, &Sale::branch_id>);
};

struct Turnover {
  std::string city;
  std::uint64_t sales = 0;
  tenon::Decimal amount;
};
BOOST_DESCRIBE_STRUCT(Turnover, (), (city, sales, amount))

int main() {
  using tenon::avg, tenon::col, tenon::count, tenon::count_distinct, tenon::key, tenon::max, tenon::min, tenon::sum;
  auto store = tenon::open("storage.yaml");
  store.create_tables<Branch, Sale>();
  auto session = store.session();
  tenon::Repository<Sale> sales{session};
  const auto branches = tenon::Repository<Branch>{session}.create_many({{.city = "Graz"}, {.city = "Wien"}});
  const auto money = [](const char* text) { return tenon::Decimal::parse(text); };
  sales.create_many(
      {{.branch_id = branches[0].id, .customer = "ada", .pieces = 2, .amount = money("19.90")},
       {.branch_id = branches[1].id, .customer = "ada", .pieces = 1, .amount = money("99999999999999999999.05")},
       {.branch_id = branches[1].id, .customer = "bob", .pieces = 5, .amount = money("0.15")},
       {.branch_id = branches[1].id, .pieces = 4, .amount = money("7")}});

  // Over all rows that match: of none there is no value.
  std::cout << sales.query().sum<&Sale::amount>()->text() << " in all, " << *sales.query().avg<&Sale::pieces>()
            << " pieces each, " << sales.query().max<&Sale::pieces>().value_or(0) << " at most, "
            << (sales.query().where(col<&Sale::pieces> > 9).sum<&Sale::pieces>() ? "some" : "none") << " of 10\n";
  const auto [rows, named, different, least] =
      sales.query()
          .select(count(), count<&Sale::customer>(), count_distinct<&Sale::customer>(), min<&Sale::pieces>())
          .one();
  std::cout << rows << " sales, " << named << " to somebody known, " << different << " customers, at least " << *least
            << " piece\n";

  // One row for each group, NULL being one; having chooses groups, an order may be by what is computed.
  for (const auto& [customer, bought, average] :
       sales.query()
           .where(col < &Sale::pieces >> 0)
           .group_by<&Sale::customer>()
           .having(count() > 1 || sum<&Sale::pieces>() == 4)
           .select(key<&Sale::customer>, sum<&Sale::pieces>(), avg<&Sale::pieces>())
           .order_by(sum<&Sale::pieces>().desc())
           .all()) {
    std::cout << customer.value_or("somebody") << ' ' << bought << ' ' << average << '\n';
  }

  // Over what is joined, into structs.
  for (const Turnover& one : sales.query()
                                 .join<&Sale::branch>()
                                 .group_by<&Branch::city>()
                                 .select(key<&Branch::city>, count(), sum<&Sale::amount>())
                                 .order_by(key<&Branch::city>.asc())
                                 .into<Turnover>()
                                 .all()) {
    std::cout << one.city << ' ' << one.sales << ' ' << one.amount.text() << '\n';
  }
}
