#include <iostream>

#include <tenon/tenon.hpp>

struct Note : tenon::Model<Note> { // id, is_active, created_at and updated_at come with it
  std::string title, text;
};
BOOST_DESCRIBE_STRUCT(Note, (tenon::Model<Note>), (title, text))

int main() {
  auto store = tenon::open("storage.yaml"); // this file says where the data is
  store.create_tables<Note>();
  store.transaction([](tenon::Session& s) { // commits on return, rolls back on throw
    tenon::Repository<Note>{s}.create({.title = "hello", .text = "the same code on every backend"});
  });
  auto s = store.session();
  for (const Note& note : tenon::Repository<Note>{s}.query().where(tenon::col<&Note::title> == "hello").all())
    std::cout << note.title << ": " << note.text << '\n';
}
