// Any content of flash, and any order of what is done with it: reading it ends, stays within bounds, and what
// is added to a log that was mounted can be read again.
#include "core/spool.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "require.h"

namespace {

constexpr uint32_t kSector = 512;
constexpr uint32_t kSectors = 4;
constexpr size_t kLeastRecord = 28;  ///< bytes of flash
constexpr size_t kMostRecords = kSector * kSectors / kLeastRecord;

/// NOR flash: writes clear bits, an erase sets those of a sector.
class Flash final : public hal::Flash {
 public:
  Flash() { bytes.fill(0xFF); }
  uint32_t size() const override { return kSector * kSectors; }
  uint32_t sector_size() const override { return kSector; }
  bool read(uint32_t offset, void* data, size_t size) override {
    require(offset <= bytes.size() && size <= bytes.size() - offset);
    std::memcpy(data, bytes.data() + offset, size);
    return true;
  }
  bool write(uint32_t offset, const void* data, size_t size) override {
    require(offset % 4 == 0 && size % 4 == 0);
    require(offset <= bytes.size() && size <= bytes.size() - offset);
    const auto* from = static_cast<const uint8_t*>(data);
    for (size_t at = 0; at < size; ++at) bytes[offset + at] &= from[at];
    return true;
  }
  bool erase(uint32_t sector) override {
    require(sector < kSectors);
    std::fill_n(bytes.begin() + sector * kSector, kSector, uint8_t{0xFF});
    return true;
  }

  std::array<uint8_t, size_t{kSector} * kSectors> bytes{};
};

/// The input, as numbers; zeros behind its end.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), left_(size) {}
  bool empty() const { return left_ == 0; }
  uint32_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  uint32_t two_bytes() {
    const uint32_t first = byte();
    return first * 256 + byte();
  }

 private:
  const uint8_t* data_;
  size_t left_;
};

/// Every record, in order, and as much of it as there is.
void read_all(const sensor::Spool& spool) {
  std::array<uint8_t, size_t{kSector} * kSectors> payload{};
  size_t records = 0;
  std::optional<sensor::Spool::Position> from;
  while (const auto record = spool.any(from)) {
    require(++records <= kMostRecords);
    require(spool.read(*record, {payload.data(), payload.size()}) <= record->size);
    require(spool.read(*record, {payload.data(), 1}) <= 1);
    const sensor::Spool::Position behind = spool.behind(*record);
    require(record->position < behind);
    from = behind;
  }
  from.reset();
  for (records = 0;; ++records) {
    require(records <= kMostRecords);
    const auto record = spool.next(from);
    if (!record) break;
    require(!record->held);
    from = spool.behind(*record);
  }
  require(records <= spool.not_held());
}

void add(sensor::Spool* spool, sensor::BatchKey key, size_t size) {
  std::array<uint8_t, size_t{kSector} * kSectors> payload{};
  for (size_t at = 0; at < size; ++at) payload[at] = static_cast<uint8_t>(key.sequence + at);
  sensor::Spool::Record record;
  if (!spool->add(key, {payload.data(), size}, &record)) return;
  std::array<uint8_t, size_t{kSector} * kSectors> found{};
  require(spool->read(record, {found.data(), found.size()}) == size);
  require(std::memcmp(found.data(), payload.data(), size) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  Flash flash;
  std::optional<sensor::Spool> spool;
  spool.emplace(flash);
  require(spool->mount());
  uint64_t sequence = 0;
  while (!input.empty()) {
    switch (input.byte() % 8) {
      case 0:
      case 1:
        add(&*spool, {input.byte() % 3, sequence++}, input.two_bytes() % (kSector * 2));
        break;
      case 2:
        if (const auto record = spool->next(std::nullopt)) {
          spool->set_held(*record);
        }
        break;
      case 3:  // whatever a power cut, a worn cell or another program left there
        for (uint32_t at = input.two_bytes(), left = input.byte(); left > 0; --left, ++at) {
          flash.bytes[at % flash.bytes.size()] = static_cast<uint8_t>(input.byte());
        }
        spool.emplace(flash);
        require(spool->mount());
        break;
      case 4:  // a bit
        flash.bytes[input.two_bytes() % flash.bytes.size()] ^= static_cast<uint8_t>(1U << input.byte() % 8);
        spool.emplace(flash);
        require(spool->mount());
        break;
      case 5:
        read_all(*spool);
        break;
      case 6:
        if (const auto record = spool->find({input.byte() % 3, input.byte()})) {
          spool->give_up(*record);
        }
        break;
      default:
        spool->oldest_sequence(input.byte() % 3);
        spool.emplace(flash);
        require(spool->mount());
    }
  }
  read_all(*spool);
  return 0;
}
