#include <doctest.h>

#include <map>
#include <set>

#include "store.h"

using sensor::BatchKey;
using sensor::Buffer;

namespace {

struct Order {
  bool operator()(const BatchKey& one, const BatchKey& other) const {
    return one.session != other.session ? one.session < other.session : one.sequence < other.sequence;
  }
};

struct Batch {
  size_t size = 0;
  bool held = false;
  bool wanted = true;  ///< not published since it was made, or asked for again
  bool under_way = false;
};

/// Everything that was ever made, and what is known of it outside the buffer.
class Model {
 public:
  Model(Store& store, sim::Random& random) : store_(store), random_(random) {}

  void add(bool one_size) {
    const BatchKey key{session_, sequence_++};
    const size_t size = one_size ? 40 : random_.between(1, random_.once_in(10) ? 400 : 60);
    batches_[key] = Batch{size};
    store_.add(key, size);
  }

  void next() {
    Buffer::Outgoing outgoing;
    const bool expected = store_.buffer->pending();
    const bool given = store_.buffer->next(&outgoing);
    REQUIRE(given == expected);
    if (!given) {
      return;
    }
    const auto found = batches_.find(outgoing.key);
    REQUIRE(found != batches_.end());
    Batch& batch = found->second;
    REQUIRE(sim::equal(outgoing.payload, sim::payload_of(outgoing.key, batch.size)));
    REQUIRE((batch.wanted || batch.held));  // what is held may come more often than was asked for
    REQUIRE_FALSE(batch.under_way);
    batch.wanted = false;
    batch.under_way = true;
    published_.insert(outgoing.key);
    under_way_.push_back(outgoing.key);
  }

  void answer(bool held) {
    if (under_way_.empty()) {
      return;
    }
    const size_t index = random_.below(static_cast<uint32_t>(under_way_.size()));
    const BatchKey key = under_way_[index];
    under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(index));
    Batch& batch = batches_[key];
    batch.under_way = false;
    if (held) {
      batch.held = true;
      store_.buffer->held(key);
    } else {
      batch.wanted = true;
      store_.buffer->again(key);
    }
  }

  void all_again() {
    for (const BatchKey key : under_way_) {
      batches_[key].under_way = false;
      batches_[key].wanted = true;
    }
    under_way_.clear();
    store_.buffer->all_again();
  }

  uint64_t resend(uint32_t session, uint64_t first, uint64_t last) {
    uint64_t made = 0;
    for (auto& [key, batch] : batches_) {
      if (key.session == session && first <= key.sequence && key.sequence <= last) {
        batch.wanted = batch.wanted || !batch.under_way;
        ++made;
      }
    }
    const uint64_t here = store_.buffer->resend(session, first, last);
    REQUIRE(here <= made);
    return here;
  }

  void resend_some() {
    const uint64_t first = random_.below(static_cast<uint32_t>(sequence_) + 1);
    resend(random_.between(1, session_), first, first + random_.below(10));
  }

  void reboot() {
    all_again();
    const size_t unsaved = store_.buffer->save();
    lost_before_ += store_.buffer->lost() + unsaved;
    const uint32_t not_held = store_.buffer->not_held();
    store_.boot();
    REQUIRE(store_.buffer->not_held() + unsaved == not_held);
    REQUIRE(store_.buffer->lost() == 0);
    ++session_;
    sequence_ = 0;
  }

  void check() const {
    REQUIRE(store_.buffer->under_way() == under_way_.size());
    REQUIRE(under_way_.size() <= sensor::kWindow);
    const uint64_t known = store_.buffer->not_held() + lost();
    REQUIRE(known <= held_by_nobody());
    REQUIRE(known + under_way_.size() >= held_by_nobody());
  }

  /// Everything is asked for once more, published and held: what does not come is what was lost.
  void finish() {
    all_again();
    REQUIRE(store_.buffer->not_held() + lost() == held_by_nobody());
    while (store_.buffer->pending()) {
      next();
      answer(true);
    }
    REQUIRE(store_.buffer->not_held() == 0);
    REQUIRE(lost() == held_by_nobody());
    for (uint32_t session = 1; session <= session_; ++session) {
      published_.clear();
      const auto oldest = store_.buffer->oldest(session);
      const uint64_t here = resend(session, 0, UINT64_MAX);
      while (store_.buffer->pending()) {
        next();
        answer(true);
      }
      REQUIRE(published_.size() == here);
      REQUIRE(oldest.has_value() == (here > 0));
      REQUIRE(
          (here == 0 || (published_.begin()->session == session && published_.begin()->sequence == *oldest)));
    }
    REQUIRE(lost() == held_by_nobody());
  }

  uint64_t lost() const { return lost_before_ + store_.buffer->lost(); }

 private:
  uint64_t held_by_nobody() const {
    return static_cast<uint64_t>(
        std::count_if(batches_.begin(), batches_.end(), [](const auto& one) { return !one.second.held; }));
  }

  Store& store_;
  sim::Random& random_;
  std::map<BatchKey, Batch, Order> batches_;
  std::vector<BatchKey> under_way_;
  std::set<BatchKey, Order> published_;
  uint32_t session_ = 1;
  uint64_t sequence_ = 0;
  uint64_t lost_before_ = 0;
};

}  // namespace

TEST_CASE("whatever happens, a batch is published until it is held, and what is lost is counted exactly") {
  uint64_t lost = 0;
  for (uint32_t seed = 0; seed < 1'000; ++seed) {
    CAPTURE(seed);
    sim::Random random(seed);
    Store store(random.between(100, 1'500), random.once_in(4) ? 0 : random.between(4, 10), seed);
    Model model(store, random);
    const bool one_size = random.once_in(2);
    const uint32_t busy = random.between(1, 6);
    for (int step = 0; step < 200; ++step) {
      const uint32_t action = random.below(20);
      if (action < busy) {
        model.add(one_size);
      } else if (action < 12) {
        model.next();
      } else if (action < 17) {
        model.answer(!random.once_in(3));
      } else if (action == 17) {
        model.resend_some();
      } else if (random.once_in(6)) {
        model.all_again();
      } else if (random.once_in(12)) {
        model.reboot();
      }
      model.check();
    }
    model.finish();
    lost += model.lost();
    REQUIRE(store.flash.misuses == 0);
  }
  CHECK(lost > 0);
}
