#include "elf_file.hpp"

#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <system_error>
#include <vector>

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "refusal.hpp"

namespace tenon::host {

namespace {

#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
#endif
constexpr unsigned char kByteOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

using Header = ElfW(Ehdr);
using Section = ElfW(Shdr);
using Symbol = ElfW(Sym);

/// An open file that is read at positions; a short read is a refusal.
class File {
public:
  explicit File(const std::string& path) : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (descriptor_ < 0) unreadable(errno);
    struct stat status {};
    if (fstat(descriptor_, &status) != 0) {
      const int failed = errno;
      close(descriptor_);
      unreadable(failed);
    }
    regular_ = S_ISREG(status.st_mode);
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { close(descriptor_); }

  [[nodiscard]] bool regular() const noexcept { return regular_; }
  [[nodiscard]] bool holds(std::uint64_t offset, std::uint64_t size) const noexcept {
    return offset <= size_ && size <= size_ - offset;
  }
  /// Returns false behind the end of the file.
  template <class T> [[nodiscard]] bool read(std::uint64_t offset, T& into) const {
    if (!holds(offset, sizeof into)) return false;
    const ssize_t got = pread(descriptor_, &into, sizeof into, static_cast<off_t>(offset));
    if (got < 0) unreadable(errno);
    return got == static_cast<ssize_t>(sizeof into);
  }

private:
  [[noreturn]] static void unreadable(int error) {
    throw Refusal{LoadCode::load_failed, "the file cannot be read: " + std::generic_category().message(error),
                  "check the permissions of the file and its folders"};
  }
  int descriptor_;
  bool regular_ = false;
  std::uint64_t size_ = 0;
};

[[noreturn]] void not_a_plugin(std::string reason) {
  throw Refusal{LoadCode::not_a_plugin, std::move(reason), "install a Tenon backend plugin under this name"};
}

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_386: return "x86";
    case EM_X86_64: return "x86-64";
    case EM_ARM: return "ARM";
    case EM_AARCH64: return "AArch64";
    case EM_RISCV: return "RISC-V";
    case EM_PPC: return "PowerPC";
    case EM_PPC64: return "PowerPC 64";
    case EM_S390: return "S/390";
    case EM_MIPS: return "MIPS";
    case EM_SPARCV9: return "SPARC V9";
    default: return fmt::format("machine {}", machine);
  }
}

std::string architecture(std::uint16_t machine, unsigned char elf_class, unsigned char byte_order) {
  return fmt::format("{} ({}-bit, {}-endian)", machine_name(machine), elf_class == ELFCLASS64 ? 64 : 32,
                     byte_order == ELFDATA2LSB ? "little" : "big");
}

void check_architecture(const Header& header) {
  const unsigned char elf_class = header.e_ident[EI_CLASS];
  const unsigned char byte_order = header.e_ident[EI_DATA];
  // e_machine stands at the same place in every class, in the file's own byte order.
  const auto machine = byte_order == kByteOrder
                           ? header.e_machine
                           : static_cast<std::uint16_t>(header.e_machine << 8 | header.e_machine >> 8);
  constexpr unsigned char kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
  if (elf_class == kClass && byte_order == kByteOrder && machine == kMachine) return;
  throw Refusal{LoadCode::wrong_architecture,
                fmt::format("built for {}; this process runs on {}", architecture(machine, elf_class, byte_order),
                            architecture(kMachine, kClass, kByteOrder)),
                "install the build of the plugin for " + machine_name(kMachine)};
}

/// What Boost.DLL follows without looking: section headers, the contents of sections, the size of symbol tables.
void check_sections(const File& file, const Header& header) {
  const char* const damaged = "the file is damaged or cut short: its section table does not fit the file";
  if (header.e_shnum == 0) not_a_plugin("an ELF file without sections, so without the section of a Tenon ABI tag");
  if (header.e_shentsize != sizeof(Section) || header.e_shstrndx >= header.e_shnum) not_a_plugin(damaged);
  for (std::uint64_t i = 0; i < header.e_shnum; ++i) {
    Section section;
    // The offset cannot wrap round: e_shnum has 16 bits, and a start behind the end of the file is refused at once.
    if (!file.holds(header.e_shoff, 0) || !file.read(header.e_shoff + i * sizeof section, section)) {
      not_a_plugin(damaged);
    }
    if (section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL) continue;
    if (!file.holds(section.sh_offset, section.sh_size)) not_a_plugin(damaged);
    if ((section.sh_type == SHT_SYMTAB || section.sh_type == SHT_DYNSYM) && section.sh_size < sizeof(Symbol)) {
      not_a_plugin(damaged);
    }
  }
}

} // namespace

void check_elf(const std::string& path) {
  const File file(path);
  if (!file.regular()) not_a_plugin("not a regular file");
  std::array<unsigned char, EI_NIDENT> identity{};
  if (!file.read(0, identity) || std::memcmp(identity.data(), ELFMAG, SELFMAG) != 0) not_a_plugin("not an ELF file");
  Header header{};
  if (!file.read(0, header)) not_a_plugin("the file is damaged or cut short: it ends within the ELF header");
  check_architecture(header);
  if (header.e_type != ET_DYN) not_a_plugin("an ELF file, but not a shared library");
  check_sections(file, header);
}

} // namespace tenon::host
