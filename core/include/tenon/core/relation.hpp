#pragma once
// Related<T> and RelatedMany<T>: the members of a model that hold rows of another one. What they hold is loaded when a
// query asks for it by with<&User::project>(), never in secret: until then they raise NotLoaded. They are no columns,
// so they are left out of BOOST_DESCRIBE_STRUCT, and they play no part when two models are compared. Threads: values;
// what a Related<T> points to is shared by its copies and must not be changed while others read it.

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <tenon/interface/error.hpp>

namespace tenon {

namespace detail {
[[noreturn]] TENON_VISIBLE void throw_not_loaded();
[[noreturn]] TENON_VISIBLE void throw_no_related();
} // namespace detail

/// One row of another table, or none: belongs_to and has_one.
template <class T> class Related {
public:
  [[nodiscard]] bool loaded() const noexcept { return loaded_; }
  /// The row, or null where there is none (or it is hidden, as soft-deleted rows are). Errors: NotLoaded.
  [[nodiscard]] const T* find() const {
    if (!loaded_) detail::throw_not_loaded();
    return row_.get();
  }
  /// Errors: NotLoaded; NotFound where there is none.
  [[nodiscard]] const T& get() const {
    const T* const row = find();
    if (row == nullptr) detail::throw_no_related();
    return *row;
  }
  [[nodiscard]] const T& operator*() const { return get(); }
  [[nodiscard]] const T* operator->() const { return &get(); }
  /// Whether there is one. Errors: NotLoaded.
  [[nodiscard]] explicit operator bool() const { return find() != nullptr; }

  /// For the loading of relations; parents of one row share it.
  void assign(std::shared_ptr<T> row) noexcept {
    row_ = std::move(row);
    loaded_ = true;
  }
  [[nodiscard]] T* row() noexcept { return row_.get(); }

  friend bool operator==(const Related&, const Related&) noexcept { return true; }

private:
  std::shared_ptr<T> row_;
  bool loaded_ = false;
};

/// The rows of another table that belong to this one, by their primary key: has_many and many_to_many.
template <class T> class RelatedMany {
public:
  [[nodiscard]] bool loaded() const noexcept { return loaded_; }
  /// Errors: NotLoaded; so do the others.
  [[nodiscard]] const std::vector<T>& get() const {
    if (!loaded_) detail::throw_not_loaded();
    return rows_;
  }
  [[nodiscard]] std::size_t size() const { return get().size(); }
  [[nodiscard]] bool empty() const { return get().empty(); }
  [[nodiscard]] auto begin() const { return get().begin(); }
  [[nodiscard]] auto end() const { return get().end(); }
  [[nodiscard]] const T& operator[](std::size_t position) const { return get()[position]; }

  /// For the loading of relations.
  [[nodiscard]] std::vector<T>& start() noexcept {
    rows_.clear();
    loaded_ = true;
    return rows_;
  }
  [[nodiscard]] std::vector<T>& rows() noexcept { return rows_; }

  friend bool operator==(const RelatedMany&, const RelatedMany&) noexcept { return true; }

private:
  std::vector<T> rows_;
  bool loaded_ = false;
};

} // namespace tenon
